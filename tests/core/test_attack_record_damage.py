"""Damage to the record's own files: nothing is thrown away that could still be had, and it is told as what it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from running_services import Served, serving
from test_attack_second_processes3 import _Usage
from unit_record_requests import Asker, asker, refusal_of

from core.service import ServiceOptions


async def _with_a_file(served: Served) -> Asker:
    ada = await asker(served, user="Ada")
    await ada.ok("POST", "/parts", {"number": "P1"})
    await ada.unit("S1")
    made = await ada.ok("POST", "/units/S1/attachments", {"name": "certificate.txt"})
    await served.http.put(made["upload_url"], content=b"all is well")
    return ada


def _contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()] if folder.is_dir() else []


@pytest.mark.parametrize("damage", ["damaged", "newer", "lost"])
async def test_a_record_that_is_begun_anew_leaves_the_former_ones_attachments(data_dir: Path, damage: str) -> None:
    path = data_dir / "unit_record" / "record.sqlite"
    async with serving(ServiceOptions(data_dir)) as served:
        await _with_a_file(served)
    if damage == "damaged":
        path.write_bytes(b"no database at all, but bytes" * 100)
    elif damage == "newer":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 999")
    else:
        path.unlink()
    for _ in range(2):
        async with serving(ServiceOptions(data_dir)) as served:
            assert _contents(path.parent / "attachments") == []
            [kept] = path.parent.glob("attachments-*")
            assert kept.name in str(await served.json("GET", "/logs"))
        assert _contents(kept) == [b"all is well"]


async def test_damage_while_it_runs_is_told_as_such_to_who_has_a_key(served: Served) -> None:
    ada = await _with_a_file(served)
    folder = served.service.data_dir / "unit_record"
    for name in ("record.sqlite", "record.sqlite-wal", "record.sqlite-shm"):
        path = folder / name
        path.write_bytes(os.urandom(path.stat().st_size))
    for method, where in (("GET", "/units"), ("GET", "/whoami"), ("POST", "/parts")):
        told = refusal_of(await ada.raw(method, where, json={"number": "P2"}), 500)
        assert "record cannot be" in told["message"], told
        assert "restart" in told["message"]
    assert await served.json("GET", "/jobs/running")


async def test_nothing_put_into_the_record_takes_the_room_that_the_cultures_records_need(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await _with_a_file(served)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**9, 10**9 - 10**6, 10**6))
    for method, path, body in (
        ("POST", "/parts", {"number": "P2"}),
        ("PATCH", "/units/S1", {"metadata": {"k": "v" * 20_000}}),
        ("PUT", "/units/S1/children", {"child_serial_number": "S1"}),
    ):
        told = await ada.refused(500, method, path, body)
        assert "disk has less than" in told["message"]
        assert "space" in told["message"]
    assert (await ada.ok("GET", "/units/S1"))["metadata"] == {}
    # What makes room is done all the same, and so is what the unit itself writes.
    [file] = (await ada.ok("GET", "/units/S1"))["attachments"]
    await ada.ok("DELETE", "/units/S1/attachments", ids=[file["id"]])
    made = {"part_number": "P1"}
    await served.json("PUT", "/record/units/S1/children/S2", json=made)
    monkeypatch.undo()
    await ada.ok("POST", "/parts", {"number": "P2"})


async def test_a_record_that_another_program_holds_is_told_as_that(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.records.database._BUSY_TIMEOUT_S", 0.1)
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, user="Ada")
        path = data_dir / "unit_record" / "record.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            told = await ada.refused(500, "POST", "/parts", {"number": "P1"})
            assert (await ada.ok("GET", "/parts"))["data"] == []
            other.execute("ROLLBACK")
        assert "another program" in told["message"].lower()
        assert "restart" not in told["message"]
        await ada.ok("POST", "/parts", {"number": "P1"})
