"""The data folder out as a zip file and in again: all of it, nothing else, and as a whole or not at all."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract_needs import zip_of
from running_services import Served, ServiceProcess, serving, write_config
from system_requests import over

from core.service import ServiceOptions
from core.system.import_swap import Swap, recover_import, settle_import

_EXPORT = "/unit_api/zipped_dot_pioreactor"
_IMPORT = "/unit_api/import_zipped_dot_pioreactor"
_METADATA = "pioreactor_export_metadata.json"
_PUMP = "storage/calibrations/media_pump/cal1.yaml"


@pytest.fixture
async def full(data_dir: Path, tmp_path: Path) -> AsyncIterator[Served]:
    """Run a service named unit7 with something of everything in its data folder."""
    write_config(data_dir, "[unit]\nname = unit7\n")
    (data_dir / _PUMP).parent.mkdir(parents=True)
    (data_dir / _PUMP).write_text("calibration_name: cal1\n")
    (data_dir / "plugins" / "__pycache__").mkdir(parents=True)
    (data_dir / "plugins" / "__pycache__" / "x.pyc").write_text("cache")
    (data_dir / "backups" / "earlier").mkdir(parents=True)
    (data_dir / "backups" / "earlier" / "config.ini").write_text("")
    (data_dir / "exports").mkdir()
    (data_dir / "exports" / "earlier.zip").write_bytes(b"an archive of what the records have")
    (data_dir / "ui").mkdir()
    (data_dir / "ui" / "chart.yaml").write_text("mine")
    (data_dir / "large.bin").write_bytes(os.urandom(3_000_000))
    (tmp_path / "outside.txt").write_text("secret")
    (data_dir / "leaves").symlink_to(tmp_path / "outside.txt")
    (data_dir / "stays").symlink_to(data_dir / _PUMP)
    async with serving(ServiceOptions(data_dir)) as served:
        yield served


async def exported(http: httpx.AsyncClient) -> bytes:
    answer = await http.get(_EXPORT)
    assert answer.status_code == 200
    return answer.content


async def send(http: httpx.AsyncClient, content: bytes, field: str = "archive", name: str = "x.zip") -> httpx.Response:
    return await http.post(_IMPORT, files={field: (name, content, "application/zip")})


async def imported(http: httpx.AsyncClient, content: bytes) -> dict[str, Any]:
    answer = await send(http, content)
    assert answer.status_code == 202, answer.text
    return await over(http, answer.json())


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return what an import must leave alone when it fails: every file but the service's own."""
    own = ("service.", "backups", ".work", "storage/vialdesk.sqlite", "unit_record", "logs")
    kept: dict[str, bytes] = {}
    # The service removes work of its own meanwhile: its folders are not looked into.
    for place, folders, files in os.walk(folder):
        at = Path(place).relative_to(folder)
        folders[:] = [name for name in folders if not (at / name).as_posix().startswith(own)]
        names = [(at / name).as_posix() for name in files]
        kept |= {name: (folder / name).read_bytes() for name in names if not name.startswith(own)}
    return kept


async def test_an_export_has_everything_in_order_and_nothing_else(full: Served) -> None:
    answer = await full.http.get(_EXPORT)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="unit7_dot_pioreactor.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names == sorted(names)
        assert {"config.ini", _PUMP, "storage/", "storage/vialdesk.sqlite", "ui/chart.yaml", _METADATA} <= set(names)
        refused = (
            "leaves",
            "backups/",
            "exports/",
            "exports/earlier.zip",
            "service.lock",
            "plugins/__pycache__/",
            ".work/",
            "storage/vialdesk.sqlite-wal",
        )
        assert not set(refused) & set(names)
        assert archive.read("stays") == b"calibration_name: cal1\n"
        assert archive.read("large.bin") == (full.service.data_dir / "large.bin").read_bytes()
        metadata = json.loads(archive.read(_METADATA))
        assert metadata["metadata_version"] == 1
        assert (metadata["name"], metadata["leader_hostname"], metadata["is_leader"]) == ("unit7", "unit7", True)
        assert metadata["exported_at_utc"].endswith("Z")
    assert (await full.http.head(_EXPORT)).status_code == 200


async def test_the_database_in_an_export_is_whole_although_it_is_written_meanwhile(
    full: Served, tmp_path: Path
) -> None:
    await full.json("POST", "/experiments", 201, json={"experiment": "exp one"})
    await full.json("GET", "/experiments/exp one")  # waits until it is written
    with zipfile.ZipFile(io.BytesIO(await exported(full.http))) as archive:
        archive.extract("storage/vialdesk.sqlite", tmp_path)
    with closing(sqlite3.connect(tmp_path / "storage" / "vialdesk.sqlite")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM experiments").fetchone() == (1,)
    assert not list((full.service.data_dir / ".work").iterdir())


async def test_a_reader_that_goes_away_in_the_middle_leaves_nothing_behind(full: Served) -> None:
    async with full.http.stream("GET", _EXPORT) as answer:
        await anext(answer.aiter_bytes(1000))
    async with asyncio.timeout(10):
        while any((full.service.data_dir / ".work").glob("*")):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)


async def test_an_export_comes_back_as_it_was_and_the_former_content_is_kept(full: Served) -> None:
    await full.json("POST", "/experiments", 201, json={"experiment": "before"})
    await full.json("GET", "/experiments/before")
    content = await exported(full.http)
    data_dir = full.service.data_dir
    await full.json("POST", "/experiments/before/end", json={})
    await full.json("POST", "/experiments", 201, json={"experiment": "after"})
    (data_dir / _PUMP).write_text("changed")
    (data_dir / "new.txt").write_text("new")
    before = full.service
    found = await imported(full.http, content)
    assert found["status"] == "complete", found
    result = found["result"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/") and name != _METADATA]
    assert result["files"] == len(files)
    assert result["restarted"] is True
    assert full.service is not before
    assert (data_dir / _PUMP).read_text() == "calibration_name: cal1\n"
    assert not (data_dir / "new.txt").exists()
    assert (data_dir / "ui" / "chart.yaml").read_text() == "mine"
    assert [item["experiment"] for item in await full.json("GET", "/experiments")] == ["before"]
    backup = data_dir / result["backup"]
    assert (backup / _PUMP).read_text() == "changed"
    assert (backup / "new.txt").read_text() == "new"
    assert (backup / "storage" / "vialdesk.sqlite").exists()
    assert (data_dir / "backups" / "earlier").exists()
    assert not (data_dir / ".work").exists()


async def test_what_another_pioreactor_exported_comes_in_and_what_it_lacks_is_kept(full: Served) -> None:
    cal = (
        "calibration_type: simple_peristaltic_pump\ncalibration_name: theirs\nx: Duration\ny: Volume\nhz: 250.0\n"
        "calibrated_on_pioreactor_unit: unit7\ncreated_at: 2031-02-03T04:05:06Z\ndc: 100.0\nvoltage: 4.95\n"
        "curve_data_: {type: poly, coefficients: [0.0842, 0.0]}\nrecorded_data: {x: [6.0, 12.0], y: [0.51, 1.0]}\n"
    )
    theirs = {
        _METADATA: json.dumps({"metadata_version": 1, "name": ""}),
        "config.ini": "[unit]\nname = unit7\n[cluster.topology]\nleader_hostname = leader\n",
        "storage/calibrations/waste_pump/theirs.yaml": cal,
        "storage/pioreactor.sqlite": "",
        "hardware/hats/x.yaml": "x",
    }
    found = await imported(full.http, zip_of(theirs))
    assert found["status"] == "complete", found
    data_dir = full.service.data_dir
    assert (data_dir / "storage/calibrations/waste_pump/theirs.yaml").read_text() == cal
    assert not (data_dir / _PUMP).exists()
    assert (data_dir / "ui" / "chart.yaml").exists()
    [calibration] = await full.json("GET", "/calibrations/waste_pump")
    assert calibration["calibration_name"] == "theirs"
    assert (await full.json("GET", "/config/merged"))["cluster.topology"]["leader_hostname"] == "leader"


def lying(entries: dict[str, str]) -> bytes:
    """Return an archive whose content is not what it says."""
    return zip_of(entries).replace(b"true content", b"fake content", 1)


def bomb() -> bytes:
    """Return a small archive that says it unpacks to eight GiB."""
    content = bytearray(zip_of({"a": "x", "b": "x"}))
    at = -1
    for _ in range(2):
        at = content.index(b"PK\x01\x02", at + 1)
        content[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    return bytes(content)


def newer_records() -> bytes:
    """Return records as a later version would write them."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript("PRAGMA user_version = 9999; CREATE TABLE later (x);")
        return database.serialize()


_BAD: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "text": (b"not a zip", 400),
    "no entries": (zip_of({}), 400),
    "cut off": (zip_of({"a": "x" * 5000})[:2000], 400),
    "upwards": (zip_of({"../evil.txt": "x"}), 400),
    "upwards inside": (zip_of({"a/../../evil.txt": "x"}), 400),
    "absolute": (zip_of({"/etc/evil": "x"}), 400),
    "drive": (zip_of({"C:/evil": "x"}), 400),
    "backslash": (zip_of({"..\\evil.txt": "x"}), 400),
    "link": (zip_of({"a": "x"}, {"link": "/etc/passwd"}), 400),
    "two in one place": (zip_of({"a": "x", "a/b": "y"}), 400),
    "long part": (zip_of({"x" * 300: "x"}), 400),
    "long name": (zip_of({"/".join(["x" * 200] * 30): "x"}), 400),
    "control": (zip_of({"a\nb": "x"}), 400),
    "content": (lying({"a": "true content"}), 400),
    "metadata list": (zip_of({_METADATA: "[1]"}), 400),
    "metadata no json": (zip_of({_METADATA: "{"}), 400),
    "records no database": (zip_of({"storage/vialdesk.sqlite": "no database at all, but long enough to be one"}), 400),
    "records of a newer schema": (zip_of({"storage/vialdesk.sqlite": newer_records()}), 400),
    "other unit": (zip_of({_METADATA: '{"name": "someone-else"}'}), 400),
    "too large": (bomb(), 413),
    "too many": (zip_of({f"{number}": "" for number in range(100_001)}), 413),
}


@pytest.mark.parametrize("what", _BAD)
async def test_an_archive_that_cannot_be_imported_is_refused_before_anything_happens(full: Served, what: str) -> None:
    content, status = _BAD[what]
    before = snapshot(full.service.data_dir)
    answer = await send(full.http, content)
    assert answer.status_code == status, answer.text
    assert answer.json()["error_info"]["remediation"]
    assert not full.service.exclusive.held
    async with asyncio.timeout(5):
        while any((full.service.data_dir / ".work").glob("*")):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    assert snapshot(full.service.data_dir) == before


async def test_a_form_without_the_archive_is_refused(full: Served) -> None:
    content = zip_of({"config.ini": ""})
    assert (await send(full.http, content, field="file")).status_code == 400
    assert (await full.http.post(_IMPORT)).status_code == 400
    assert (await full.http.post(_IMPORT, content=content)).status_code == 400
    assert (await full.http.post(_IMPORT, json={"archive": "x"})).status_code == 400
    assert (await full.http.post(_IMPORT, data={"archive": "x"}, files={"b": b"x"})).status_code == 400
    headers = {"Content-Type": "multipart/form-data; boundary=xx"}
    cut = b'--xx\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n\r\n' + content
    assert (await full.http.post(_IMPORT, content=cut, headers=headers)).status_code == 400
    assert (await full.http.post(_IMPORT, content=b"rubbish", headers=headers)).status_code == 400


async def test_an_archive_beyond_the_limit_is_refused_by_its_announced_size(full: Served) -> None:
    host, _, port = full.service.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {_IMPORT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=xx\r\n"
    writer.write(f"{head}Content-Length: {2**30}\r\n\r\n".encode())
    assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_flag_files_outlive_an_import_and_keep_plugins_out(full: Served) -> None:
    data_dir = full.service.data_dir
    (data_dir / "DISALLOW_UI_INSTALLS").touch()
    (data_dir / "plugins" / "mine.py").write_text("")
    found = await imported(full.http, zip_of({"config.ini": "", "plugins/evil.py": ""}))
    assert found["status"] == "complete"
    assert (data_dir / "DISALLOW_UI_INSTALLS").exists()
    assert (data_dir / "plugins" / "mine.py").exists()
    assert not (data_dir / "plugins" / "evil.py").exists()


async def test_content_the_service_cannot_start_with_is_put_back(full: Served) -> None:
    before = snapshot(full.service.data_dir)
    found = await imported(full.http, zip_of({"storage": "a file where a folder must be", "config.ini": ""}))
    assert found["status"] == "failed"
    assert "does not start" in found["error_info"]["cause"]
    assert found["error_info"]["remediation"]
    assert snapshot(full.service.data_dir) == before
    assert await full.json("GET", "/experiments") == []
    assert not list((full.service.data_dir / "backups").glob("before-import*"))


async def test_jobs_do_not_start_while_an_import_is_under_way_but_they_stop(full: Served) -> None:
    accepted = (await send(full.http, zip_of({"config.ini": ""}))).json()
    await full.json("POST", "/jobs/run/job_name/od_reading", 503, json={})
    await full.json("POST", "/jobs/stop/all", 202)
    assert (await over(full.http, accepted))["status"] == "complete"


_KILLED = """
import os, signal, sys
from pathlib import Path
from core.system import import_swap
left, move = int(sys.argv[2]), import_swap._move
def dying(source, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    move(source, target)
import_swap._move = dying
import_swap.swap_in(Path(sys.argv[1]), import_swap.Swap(staged=".work/i/new", backup="backups/b", files=2))
"""


def prepare_swap(data_dir: Path) -> None:
    staged = data_dir / ".work" / "i" / "new"
    for folder, text in ((data_dir, "old"), (staged, "new")):
        (folder / "storage" / "calibrations").mkdir(parents=True)
        (folder / "storage" / "calibrations" / "cal.yaml").write_text(text)
        (folder / "config.ini").write_text(f"[{text}]\nx = {text}\n")
        (folder / "logs").mkdir()
        (folder / "logs" / "vialdesk.log").write_text(text)
    (data_dir / "only old").write_text("old")
    (data_dir / "logs" / "service.err").write_text("kept")
    (data_dir / "service.lock").write_text("")
    (staged / "only new").write_text("new")


@pytest.mark.parametrize("moves", range(8))
def test_killed_in_the_middle_of_the_swap_the_old_content_is_back_at_the_next_start(tmp_path: Path, moves: int) -> None:
    prepare_swap(tmp_path)
    before = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    before = {name: content for name, content in before.items() if name.parts[0] != ".work"}
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), str(moves)], check=False, timeout=20)
    assert killed.returncode == -signal.SIGKILL
    recover_import(tmp_path)
    recover_import(tmp_path)  # as after a kill in the middle of the recovery
    swap = settle_import(tmp_path)
    assert swap is not None
    assert swap.phase == "undone"
    after = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_the_program_starts_on_a_folder_whose_import_was_cut_off(
    start_service: Callable[..., ServiceProcess], data_dir: Path
) -> None:
    data_dir.mkdir()
    prepare_swap(data_dir)
    subprocess.run([sys.executable, "-c", _KILLED, str(data_dir), "2"], check=False, timeout=20)
    assert not (data_dir / "config.ini").exists()
    process = start_service()
    url = process.url()
    merged = httpx.get(f"{url}/unit_api/config/merged", trust_env=False).json()
    assert merged["old"] == {"x": "old"}
    assert process.end() == 0
    assert not (data_dir / ".work").exists()


def test_a_finished_swap_is_kept(tmp_path: Path) -> None:
    prepare_swap(tmp_path)
    subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), "-1"], check=True, timeout=20)
    recover_import(tmp_path)
    swap = settle_import(tmp_path)
    assert swap is not None
    assert asdict(swap)["phase"] == "swapped"
    assert (tmp_path / "config.ini").read_text().startswith("[new]")
    assert (tmp_path / "backups" / "b" / "only old").read_text() == "old"
    assert (tmp_path / "logs" / "service.err").read_text() == "kept"
    assert isinstance(swap, Swap)
