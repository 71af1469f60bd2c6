"""What the unit's record has answered is on the disk: through kill -9, an export, leftovers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import Served, ServiceProcess, serving
from system_requests import over
from unit_record_requests import ENDED, STARTED, Asker, asker, make_key

from core.cli import run_command
from core.service import ServiceOptions

_ASKERS = 4
_CREATES = 250


def keys_command(data_dir: Path, *arguments: str, code: int = 0) -> str:
    """Run `vialdesk keys` as a process and return what it prints."""
    # Starting is three times as fast when compiled modules may be kept.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "core.cli", "keys", *arguments, "--data", str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=env)
    assert done.returncode == code, done.stderr
    return done.stdout


def create_until_killed(
    url: str, key: str, procedure: str, number: int, told: list[Any], enough: threading.Event
) -> None:
    """Create runs with everything, units and attachments as fast as answers come; keep what was answered."""
    measurements = [{"name": f"m{each}", "outcome": "PASS", "measured_value": each} for each in range(5)]
    phase = {"name": "P", "outcome": "PASS", "started_at": STARTED, "ended_at": ENDED, "measurements": measurements}
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=5, verify=False) as http:
        try:
            for each in range(_CREATES):
                body = {"outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED,
                        "serial_number": f"S-{number}-{each}", "part_number": f"P{each % 7}", "phases": [phase] * 3,
                        "logs": [{"level": "INFO", "timestamp": STARTED, "message": "m", "source_file": "f",
                                  "line_number": 1}]}  # fmt: skip
                run = http.post("/v2/runs", json=body).json()["id"]
                told.append(("run", run, body["serial_number"]))
                if len(told) > _ASKERS * _CREATES // 3:
                    enough.set()
                if each % 5 == 0:
                    made = http.post(f"/v2/runs/{run}/attachments", json={"name": "a.bin"}).json()
                    put = http.put(made["upload_url"], content=bytes([number]) * 40_000)
                    if put.status_code == 200:
                        told.append(("attachment", run, made["id"]))
        except (httpx.HTTPError, json.JSONDecodeError):
            return


async def test_kill_9_loses_nothing_that_was_answered(
    data_dir: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    process = start_service()
    url = process.url()
    key = keys_command(data_dir, "create", "--user", "ada").strip()
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, verify=False) as http:
        procedure = (await http.post("/v2/procedures", json={"name": "P"})).json()["id"]
    told: list[tuple[str, str, str]] = []
    enough = threading.Event()
    threads = [
        threading.Thread(target=create_until_killed, args=(url, key, procedure, number, told, enough))
        for number in range(_ASKERS)
    ]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(enough.wait)
    process.process.kill()
    for thread in threads:
        thread.join()
    process.wait()
    assert len(told) < _ASKERS * _CREATES  # it was killed in the middle

    async with serving(ServiceOptions(data_dir)) as served:
        ada = Asker(served.http, key)
        for kind, run, what in told:
            read = await ada.ok("GET", f"/runs/{run}")
            if kind == "run":
                assert read["unit"]["serial_number"] == what
            else:
                [file] = [each for each in read["attachments"] if each["id"] == what]
                assert len((await served.http.get(file["download_url"])).content) == file["size"] == 40_000
        await served.service.unit_record.read(assert_whole)
        on_disk = set((data_dir / "unit_record" / "attachments").iterdir())
        uploads = sum(1 for kind, *_ in told if kind == "attachment")
        assert uploads <= len(on_disk) <= uploads + _ASKERS


def assert_whole(connection: sqlite3.Connection) -> None:
    """Check that there is no half run, and nothing that points at nothing."""
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    for table, count in (("phases", 3), ("logs", 1)):
        sql = f"SELECT count(*) FROM {table} WHERE run = runs.id"
        assert connection.execute(f"SELECT 1 FROM runs WHERE ({sql}) <> ?", (count,)).fetchone() is None
    sql = "SELECT count(*) FROM measurements WHERE phase = phases.id"
    assert connection.execute(f"SELECT 1 FROM phases WHERE ({sql}) <> 5").fetchone() is None
    assert connection.execute("SELECT 1 FROM units WHERE run_count <> 1 OR created_during IS NULL").fetchone() is None


async def test_a_run_that_is_refused_leaves_nothing_behind(served: Served) -> None:
    ada = await asker(served, user="ada")
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    await ada.refused(404, "POST", "/runs", {
        "outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED, "serial_number": "S1",
        "part_number": "P1", "batch_number": "B1", "procedure_version": "1", "sub_units": ["nobody"],
    })  # fmt: skip
    for path in ("/units", "/parts", "/batches", "/runs"):
        assert (await ada.ok("GET", path))["data"] == [], path
    await ada.refused(404, "GET", f"/procedures/{procedure}/versions/1")


def test_keys_are_made_listed_and_revoked_from_the_command_line(
    data_dir: Path, start_service: Callable[..., ServiceProcess], capfd: pytest.CaptureFixture[str]
) -> None:
    def keys(*arguments: str, code: int = 0) -> str:
        assert run_command(["keys", *arguments, "--data", str(data_dir)]) == code
        said = capfd.readouterr()
        return said.err if code else said.out.strip()

    before = keys("create", "--user", "ada@example.org")
    process = start_service()
    url = process.url()
    beside = keys_command(data_dir, "create", "--station", "Bench").strip()
    for key, kind in ((before, "user"), (beside, "station")):
        headers = {"Authorization": f"Bearer {key}"}
        assert httpx.get(f"{url}/v2/whoami", headers=headers, trust_env=False).json()["type"] == kind
    assert "user ada@example.org" in keys("list")
    assert beside.rpartition("_")[2] not in keys("list")
    keys("revoke", beside.rpartition("_")[0])
    headers = {"Authorization": f"Bearer {beside}"}
    assert httpx.get(f"{url}/v2/whoami", headers=headers, trust_env=False).status_code == 401
    assert "There is no key" in keys("revoke", "nope", code=1)
    assert process.end() == 0
    assert "revoked" in keys("list")


@pytest.mark.parametrize("whose", [(), ("--user", " "), ("--user", "a", "--station", "b")])
def test_a_key_is_for_one_user_or_one_station(data_dir: Path, whose: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(["keys", "create", *whose, "--data", str(data_dir)])
    assert ended.value.code == 2
    assert not data_dir.exists()


async def test_an_export_carries_the_record_and_an_import_brings_it_back(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, user="ada")
        await ada.ok("POST", "/parts", {"number": "P1"})
        await ada.unit("S1")
        made = await ada.ok("POST", "/units/S1/attachments", {"name": "certificate.txt"})
        await served.http.put(made["upload_url"], content=b"all is well")
        archive = (await served.http.get("/unit_api/zipped_dot_pioreactor")).content
        await ada.unit("S2")
        files = {"archive": ("x.zip", archive, "application/zip")}
        accepted = await served.http.post("/unit_api/import_zipped_dot_pioreactor", files=files)
        assert (await over(served.http, accepted.json()))["status"] == "complete"
        await ada.refused(404, "GET", "/units/S2")
        [file] = (await ada.ok("GET", "/units/S1"))["attachments"]
        assert (await served.http.get(file["download_url"])).content == b"all is well"

        without = io.BytesIO()
        with zipfile.ZipFile(without, "w") as target:
            target.writestr("config.ini", "")
        files = {"archive": ("x.zip", without.getvalue(), "application/zip")}
        accepted = await served.http.post("/unit_api/import_zipped_dot_pioreactor", files=files)
        assert (await over(served.http, accepted.json()))["status"] == "complete"
        await ada.ok("GET", "/units/S1")


async def test_a_start_puts_attachments_in_order(data_dir: Path) -> None:
    folder = data_dir / "unit_record" / "attachments"
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, user="ada")
        await ada.ok("POST", "/parts", {"number": "P1"})
        await ada.unit("S1")
        for name in ("kept.txt", "lost.txt"):
            made = await ada.ok("POST", "/units/S1/attachments", {"name": name})
            await served.http.put(made["upload_url"], content=name.encode())
        unused = await ada.ok("POST", "/attachments", {"name": "unused.txt"})
    with closing(sqlite3.connect(data_dir / "unit_record" / "record.sqlite")) as connection:
        lost = connection.execute("SELECT file FROM attachments WHERE name = 'lost.txt'").fetchone()[0]
        connection.execute("UPDATE attachments SET created_us = created_us - 90000000000")
        connection.commit()
    (folder / lost).unlink()
    (folder / "nobodys").write_bytes(b"left by a kill")
    async with serving(ServiceOptions(data_dir)) as served:
        ada = Asker(served.http, ada.key)
        files = {file["name"]: file for file in (await ada.ok("GET", "/units/S1"))["attachments"]}
        assert (await served.http.get(files["kept.txt"]["download_url"])).content == b"kept.txt"
        assert (files["lost.txt"]["size"], files["lost.txt"]["download_url"]) == (None, None)
        await ada.refused(404, "POST", f"/attachments/{unused['id']}/finalize")
        assert len(list(folder.iterdir())) == 1
        await make_key(served, user="ada")


async def test_a_record_that_cannot_be_read_is_kept_and_a_new_one_begun(data_dir: Path) -> None:
    path = data_dir / "unit_record" / "record.sqlite"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all, but bytes" * 100)
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, user="ada")
        assert (await ada.ok("GET", "/units"))["data"] == []
        assert list(path.parent.glob("record-unreadable-*.sqlite"))
