"""The worst for dry runs and exports: cancelled at each moment, killed, no room on the disk, everything at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from profile_texts import STIRRING
from running_services import Served, serving
from test_dry_run import DOSING, ENDLESS, PROFILES, over
from test_experiment_export import EXPORT, readings
from test_experiment_export_task import SLOW, left_in, small_disk, under_way

from core.bent_loop import BentLoop
from core.dry_run.plan import DryRunPlan
from core.dry_run.rehearsal import rehearse
from core.dry_run.unit_copy import copy_unit
from core.experiment_export.exports import Exports
from core.service import ServiceOptions

_DRY_RUN = f"{PROFILES}/test.yaml/dry_run"


@pytest.fixture
async def unit(data_dir: Path) -> AsyncIterator[Served]:
    """A service with an experiment of a few readings, and a dataset that never ends."""
    (data_dir / "exportable_datasets").mkdir(parents=True)
    (data_dir / "exportable_datasets" / "slow.yaml").write_text(SLOW, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", "/experiments", 201, json={"experiment": "second"})
        readings(served, "temperature", 30.0)
        yield served


def _children(word: str) -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if word in each.cmdline()]


async def _begun(word: str) -> psutil.Process:
    async with asyncio.timeout(30):
        while not (found := _children(word)):  # noqa: ASYNC110 - a process tells nobody that it has begun
            await asyncio.sleep(0.02)
    return found[0]


async def _cancel(served: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    await served.http.post(f"/unit_api/task_results/{accepted['task_id']}/cancel")
    return await over(served, accepted)


def _left(data_dir: Path) -> list[Path]:
    work = data_dir / ".work"
    return list(work.iterdir()) if work.exists() else []


async def test_an_export_cancelled_at_any_moment_is_there_as_a_whole_or_not_at_all(
    unit: Served, data_dir: Path
) -> None:
    for wait_s in (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5):
        accepted = await unit.json("POST", EXPORT, 202, json={"datasets": ["temperature_readings"]})
        await asyncio.sleep(wait_s)
        task = await _cancel(unit, accepted)
        kept = (await unit.json("GET", "/exports"))["exports"]
        assert len(kept) == (task["status"] == "complete"), task
        assert (await unit.json("GET", "/exports"))["under_way"] is None
        assert _left(data_dir) == []
        for each in kept:
            await unit.json("DELETE", f"/exports/{each['name']}")
    assert _children("export-datasets") == []


async def test_an_export_cancelled_while_it_gets_its_name_is_not_kept(
    unit: Served, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, keep, loop = asyncio.Event(), Exports._keep, asyncio.get_running_loop()

    def slow(exports: Exports, made: Path, name: str) -> Path:
        kept = keep(exports, made, name)
        loop.call_soon_threadsafe(begun.set)
        asyncio.run(asyncio.sleep(0.5))
        return kept

    monkeypatch.setattr(Exports, "_keep", slow)
    accepted = await unit.json("POST", EXPORT, 202, json={"datasets": ["temperature_readings"]})
    await begun.wait()
    task = await _cancel(unit, accepted)
    assert task["error"] == "This was cancelled."
    assert left_in(data_dir) == []


async def test_a_dry_run_cancelled_at_any_moment_leaves_nothing_and_makes_room_for_the_next(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        for wait_s in (0.0, 0.01, 0.05, 0.2, 0.6, 1.2, 2.0):
            accepted = await served.json("POST", _DRY_RUN, 202, json={"text": ENDLESS, "hours": 744})
            await asyncio.sleep(wait_s)
            assert (await _cancel(served, accepted))["error"] == "This was cancelled."
            assert _left(data_dir) == []
        assert _children("rehearse") == []
        task = await over(served, await served.json("POST", _DRY_RUN, 202, json={"text": STIRRING}))
        assert task["status"] == "complete"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_dry_run_whose_process_is_killed_says_so_and_leaves_nothing(data_dir: Path, number: int) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        accepted = await served.json("POST", _DRY_RUN, 202, json={"text": ENDLESS, "hours": 744})
        os.kill((await _begun("rehearse")).pid, number)
        task = await over(served, accepted)
        assert task["status"] == "failed"
        assert "Nothing real has moved" in task["error"]
        assert task["error_info"]["remediation"]
        assert _left(data_dir) == []
        assert (await served.json("GET", "/jobs/running"))[0]["job_name"] == "monitor"


async def test_everything_ends_with_a_service_that_ends_in_the_middle(data_dir: Path) -> None:
    (data_dir / "exportable_datasets").mkdir(parents=True)
    (data_dir / "exportable_datasets" / "slow.yaml").write_text(SLOW, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", _DRY_RUN, 202, json={"text": ENDLESS, "hours": 744})
        await served.json("POST", EXPORT, 202, json={"datasets": ["endless"]})
        await under_way(served)
        await _begun("rehearse")
    assert _children("rehearse") == _children("export-datasets") == []
    assert _left(data_dir) == []
    assert left_in(data_dir) == []


async def test_a_dry_run_on_a_small_disk_fails_or_is_whole_and_leaves_nothing(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        for size_bytes in (100, 5_000, 100_000):
            with small_disk(size_bytes):
                task = await over(served, await served.json("POST", _DRY_RUN, 202, json={"text": DOSING}))
            assert task["status"] in ("complete", "failed")
            if task["status"] == "failed":
                assert task["error_info"]["remediation"]
            assert _left(data_dir) == []
        task = await over(served, await served.json("POST", _DRY_RUN, 202, json={"text": DOSING}))
        assert task["status"] == "complete"


class _Usage(NamedTuple):
    """What shutil.disk_usage tells."""

    total: int
    used: int
    free: int


@pytest.fixture
def nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**9, 10**9 - 10**6, 10**6))


@pytest.mark.usefixtures("nearly_full")
async def test_neither_takes_the_room_that_the_records_need(unit: Served, data_dir: Path) -> None:
    for path, body in ((_DRY_RUN, {"text": STIRRING}), (EXPORT, {"datasets": ["logs"]})):
        task = await over(unit, await unit.json("POST", path, 202, json=body))
        assert task["status"] == "failed"
        assert "MiB" in task["error_info"]["cause"]
        assert "disk" in task["error_info"]["remediation"]
        assert _left(data_dir) == []
    readings(unit, "temperature", 31.0)
    await unit.service.records.flush()


@pytest.mark.usefixtures("nearly_full")
async def test_a_rehearsal_ends_when_the_disk_runs_out_of_room(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    plan = DryRunPlan("p.yaml", STIRRING, str(tmp_path / "data"), str(tmp_path / "work"))
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(tmp_path / "data")

    def rehearsed() -> None:
        with asyncio.Runner(loop_factory=lambda: BentLoop(float("inf"))) as runner:
            runner.run(rehearse(plan, 1.9e9, lambda *_: None))

    with pytest.raises(OSError, match="MiB"):
        await asyncio.to_thread(rehearsed)


async def test_a_dry_run_begins_with_what_can_be_in_the_vial(unit: Served, data_dir: Path, tmp_path: Path) -> None:
    service = unit.service
    change = {"values": {"current_volume_ml": 17.0}}
    await unit.json("PATCH", "/bioreactor/experiments/second", json=change)
    await unit.json("POST", "/experiments/second/end")
    await unit.json("POST", "/experiments", 201, json={"experiment": "third"})
    await unit.json("PATCH", "/bioreactor/experiments/third", json={"values": {"alt_media_fraction": 0.5}})
    assert service.bioreactor.fill_ml("third") == 17
    await service.records.flush()
    copied = copy_unit(data_dir, tmp_path / "copy", "u", "third")
    assert copied.volumes["current_volume_ml"] == 17
