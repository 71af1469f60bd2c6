"""The unit's own runs while its record cannot be written: they wait, and what is given up at the end is named."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_services import Served, serving
from system_requests import over
from test_traceability_instrument import runs_of

from core.service import ServiceOptions
from core.traceability import waiting_changes


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.records.database._BUSY_TIMEOUT_S", 0.1)
    monkeypatch.setattr(waiting_changes, "_FIRST_WAIT_S", 0.05)


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the record as a program to look into databases may."""
    path = data_dir / "unit_record" / "record.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def check_hardware(served: Served) -> None:
    body = {"model_name": "pioreactor_20ml", "model_version": "1.5"}
    await over(served.http, await served.json("POST", "/hardware/check", 202, json=body))


async def has_unit(served: Served) -> None:
    """Wait until the board is in the record."""
    assert served.service.board_link.current is not None
    await served.service.board_link.current.wait_until_usable(10)
    async with asyncio.timeout(10):
        while not await served.service.unit_record.read(  # noqa: ASYNC110 - the record has no events
            lambda connection: connection.execute("SELECT 1 FROM units").fetchone()
        ):
            await asyncio.sleep(0.02)


async def told(served: Served, words: str) -> list[str]:
    """Return the log lines with these words, as soon as there is one."""
    async with asyncio.timeout(20):
        while True:
            lines = [line["message"] for line in (await served.json("GET", "/logs"))["logs"]]
            if found := [line for line in lines if words in line]:
                return found


async def test_runs_wait_until_the_record_can_be_written(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await has_unit(served)
        with held(data_dir):
            await check_hardware(served)
            await check_hardware(served)
            await told(served, "Another program holds it. What the unit wrote itself waits.")
            assert await runs_of(served.service) == []
        async with asyncio.timeout(20):
            while len(await runs_of(served.service)) < 2:  # noqa: ASYNC110 - the record has no events
                await asyncio.sleep(0.02)
        assert len(await told(served, "What the unit wrote itself waits.")) == 1, "told once"


async def test_the_end_of_the_service_names_each_run_it_gives_up(data_dir: Path) -> None:
    with contextlib.ExitStack() as stack:
        async with asyncio.timeout(30), serving(ServiceOptions(data_dir, "simulated:")) as served:
            await has_unit(served)
            stack.enter_context(held(data_dir))
            await check_hardware(served)
            await told(served, "What the unit wrote itself waits.")
    async with serving(ServiceOptions(data_dir)) as served:
        [lost] = await told(served, "was not written into the unit's record")
    assert lost.startswith("The run of Hardware check that ended at ")
    assert "Another program holds it." in lost
