"""Updates: a program installed by pip is really replaced, and everything else says plainly how it is done."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import Served, ServiceProcess, serving, write_config
from system_requests import done, over

import core
from core.embedded import EmbeddedService, ServiceAddress
from core.service import ServiceOptions
from core.version import VERSION

pytestmark = pytest.mark.programs

_ROOT = Path(core.__file__).parents[1]


def wheel(version: str, name: str = "vialdesk", whole: bool = False) -> bytes:
    """Return a wheel of the program in another version; with nothing in it unless `whole`."""
    buffer = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(buffer, "w") as archive:
        for folder in ("core", "device", "resources") if whole else ():
            for path in sorted((_ROOT / folder).rglob("*")):
                if path.is_file() and path.suffix != ".pyc" and path.name != "version.py":
                    archive.writestr(path.relative_to(_ROOT).as_posix(), path.read_bytes())
        if whole:
            text = (_ROOT / "core" / "version.py").read_text().replace(VERSION, version)
            archive.writestr("core/version.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        about = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", about)
        names = [*archive.namelist(), f"{info}/RECORD"]
        archive.writestr(f"{info}/RECORD", "".join(f"{each},,\n" for each in names))
    return buffer.getvalue()


@pytest.fixture
async def full(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Run a service on a simulated board with archives in its data folder."""
    # The environment these tests run in is not theirs: should the service ever start the installer, it only looks.
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    write_config(data_dir, "")
    (data_dir / "vialdesk-9.9.9-py3-none-any.whl").write_bytes(wheel("9.9.9"))
    (data_dir / "other-9.9.9-py3-none-any.whl").write_bytes(wheel("9.9.9", "other"))
    (data_dir / "broken.whl").write_bytes(b"not a wheel")
    text = b"Metadata-Version: 2.1\nName: Vialdesk\nVersion: 8.8.8\n"
    with tarfile.open(data_dir / "vialdesk-8.8.8.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("vialdesk-8.8.8/PKG-INFO")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await served.service.board_link.current.wait_until_usable(10)  # type: ignore[union-attr]
        yield served


async def updated(served: Served, target: str = "/app", **options: Any) -> dict[str, Any]:
    """Return the task of an update, once the lock of the last one is free."""
    async with asyncio.timeout(10):
        while served.service.exclusive.held:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    return await over(served.http, await served.json("POST", f"/system/update{target}", 202, json={"options": options}))


@pytest.mark.parametrize(
    ("source", "version"), [("vialdesk-9.9.9-py3-none-any.whl", "9.9.9"), ("vialdesk-8.8.8.tar.gz", "8.8.8")]
)
async def test_a_look_at_a_source_tells_its_version_and_changes_nothing(
    full: Served, source: str, version: str
) -> None:
    found = await updated(full, "", source=source, dry_run=None, branch="main", **{"no-deps": None})
    assert found["result"] == {
        "target": "app",
        "from_version": VERSION,
        "to_version": version,
        "changed": False,
        "restart_required": False,
        "ignored_options": ["branch", "no_deps"],
    }


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"source": "other-9.9.9-py3-none-any.whl"}, "other"),
        ({"source": "broken.whl"}, "zip"),
        ({"source": "vialdesk-9.9.9-py3-none-any.whl", "version": "1.0"}, "9.9.9"),
        ({}, "update_index_url"),
    ],
)
async def test_a_source_that_is_none_fails_the_task_with_the_reason(
    full: Served, options: dict[str, Any], cause: str
) -> None:
    found = await updated(full, dry_run=True, **options)
    assert found["status"] == "failed"
    assert cause in found["error_info"]["cause"]
    assert found["error_info"]["remediation"]


async def test_a_source_checkout_is_not_overwritten(full: Served) -> None:
    found = await updated(full, source="vialdesk-9.9.9-py3-none-any.whl")
    assert found["status"] == "failed"
    assert "checkout" in found["error"]
    assert "version control" in found["error_info"]["remediation"]


async def test_the_firmware_is_told_and_how_it_is_updated(full: Served) -> None:
    looked = await updated(full, "/firmware", dry_run=None)
    assert looked["result"]["from_version"] == looked["result"]["to_version"] == "0.1.0"
    found = await updated(full, "/firmware")
    assert found["status"] == "failed"
    assert "no command" in found["error_info"]["cause"]
    assert ".uf2" in found["error_info"]["remediation"]


async def test_the_firmware_is_left_alone_while_jobs_use_the_board_or_there_is_none(full: Served) -> None:
    await full.json("POST", "/jobs/run/job_name/od_reading", 202, json={})
    await full.json("POST", "/system/update/firmware", 409, json={})
    await full.json("POST", "/system/update/firmware", 202, json={"options": {"dry_run": None}})
    await full.json("PATCH", "/jobs/stop/all", 202)


async def test_without_a_board_there_is_no_firmware_to_update(served: Served) -> None:
    await served.json("POST", "/system/update/firmware", 503, json={})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"options": []}, 400),
        ({"args": "x"}, 400),
        ({"args": [1]}, 400),
        ({"env": {"a": 1}}, 400),
        ({"option": {}}, 400),
        ({"options": {"source": 5}}, 400),
        ({"options": {"source": ""}}, 400),
        ({"options": {"version": "--pre"}}, 400),
        ({"options": {"dry_run": "maybe"}}, 400),
        ({"options": {"source": "storage"}}, 400),
        ({"options": {"source": "../x.whl"}}, 403),
        ({"options": {"source": "/etc/passwd"}}, 403),
        ({"options": {"source": "nope.whl"}}, 404),
    ],
)
async def test_a_request_that_does_not_fit_is_refused(full: Served, body: object, status: int) -> None:
    await full.json("PATCH", "/system/update", status, json=body)
    await full.json("POST", "/system/update/app", status, json=body)


async def test_an_unknown_target_is_told_before_the_body_is_read(full: Served) -> None:
    answer = await full.json("POST", "/system/update/ui", 404, content=b"{oops")
    assert answer["error_info"]["known"] == ["app", "firmware"]


@pytest.fixture
def installed(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], ServiceProcess]]:
    """Install the program by pip into an environment of its own, and return what starts it there."""
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True, timeout=60)
    python = place / "bin" / "python"
    site = next((place / "lib").glob("python*")) / "site-packages"
    (site / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    first = tmp_path / f"vialdesk-{VERSION}-py3-none-any.whl"
    first.write_bytes(wheel(VERSION, whole=True))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--quiet", str(first)]
    subprocess.run(pip, check=True, timeout=60)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    started: list[ServiceProcess] = []

    def start() -> ServiceProcess:
        started.append(ServiceProcess(data_dir, "--port", "0"))
        return started[-1]

    yield start
    for process in started:
        process.clean_up()


async def test_an_installed_program_is_replaced_and_runs_after_a_reboot(
    installed: Callable[[], ServiceProcess], data_dir: Path
) -> None:
    write_config(data_dir, "")
    (data_dir / "vialdesk-9.9.9-py3-none-any.whl").write_bytes(wheel("9.9.9", whole=True))
    process = installed()
    url = process.url()
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=False) as http:
        body = {"options": {"source": "vialdesk-9.9.9-py3-none-any.whl"}}
        result = await done(http, "/system/update", json=body)
        assert (result["from_version"], result["to_version"]) == (VERSION, "9.9.9")
        assert result["changed"]
        assert result["restart_required"]
        assert (await http.get("/unit_api/versions/app")).json() == {"version": VERSION}
        async with asyncio.timeout(5):
            while "task_id" not in (accepted := (await http.post("/unit_api/system/reboot")).json()):
                continue  # the lock is held for a second
        assert (await over(http, accepted))["status"] == "complete"
        assert (await http.get("/unit_api/versions/app")).json() == {"version": "9.9.9"}
    assert process.line() == url  # the new program says where it answers: where it was
    assert process.process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        assert process.end() == 0


async def test_the_window_starts_its_service_again_as_the_updated_program(
    installed: Callable[[], ServiceProcess], data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        write_config(data_dir, f"[http]\nport = {probe.getsockname()[1]}\n")
    service = EmbeddedService(data_dir)
    ended, back = asyncio.Queue[str](), asyncio.Queue[ServiceAddress]()
    service.watch(ended.put_nowait, back.put_nowait)
    try:
        address = await service.start("", "stop")
        put_in_place(tmp_path / "environment", "9.9.9")
        async with httpx.AsyncClient(base_url=address.url, timeout=60, trust_env=False, verify=False) as http:
            assert (await done(http, "/system/reboot"))["service"] == "restarted"
            assert (await http.get("/unit_api/versions/app")).json() == {"version": "9.9.9"}
        async with asyncio.timeout(30):
            assert "was updated" in await ended.get()
            assert await back.get() == address
        assert service.is_ours
    finally:
        await service.stop()


def put_in_place(environment: Path, version: str) -> None:
    """Make the installed program another version, as an installer does."""
    site = next((environment / "lib").glob("python*")) / "site-packages"
    for path in (site / "core" / "version.py", next(site.glob("vialdesk-*.dist-info")) / "METADATA"):
        path.write_text(path.read_text().replace(VERSION, version))
