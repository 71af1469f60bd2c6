"""Plug-ins that are packages: installed from wheels and an index, cut off half-way, upgraded, uninstalled."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import Served, ServiceProcess, is_alive, serving, write_config
from test_plugins_routes import install, listed, over, put, uninstall

from core.plugins.environment import plugin_environment
from core.service import ServiceOptions

MODULE = "from core.plugins.api import Chart, Plugin\nplugin = Plugin(charts=[Chart('{chart}', 'C', {{'s': 'S'}})])\n"


def wheel(
    folder: Path, name: str, version: str = "1.0", *, group: str = "vialdesk.plugins", needs: str = "",
    code: str | None = None, file_name: str = "",
) -> Path:  # fmt: skip
    """Write a wheel (the binary distribution format, version 1.0) of a plug-in with one module and one chart."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{module}.py": code or MODULE.format(chart=f"{module}_{version.replace('.', '_')}"),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: a chart\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[{group}]\n{module} = {module}\n",
    }
    path = folder / (file_name or f"{module}-{version}-py3-none-any.whl")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in files.items():
            archive.writestr(place, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{place},,\n" for place in (*files, f"{info}/RECORD")))
    return path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Path]:
    """Serve a package index on this computer; a package is a folder with its files, listed by `index.html`."""
    folder = tmp_path / "index"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    (folder / "url").write_text(f"http://127.0.0.1:{server.server_address[1]}")
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Serve a file; one called `never` is announced and never comes."""
        if "never" not in self.path:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        (Path(self.directory) / "asked").write_text("yes")
        while self.rfile.read(1):
            pass


def offer(index: Path, data_dir: Path, *wheels: Path) -> None:
    """Offer wheels in the index, and have the unit use it."""
    write_config(data_dir, f"[plugins]\npackage_index = {(index / 'url').read_text()}\n")
    for each in wheels:
        name = each.name.split("-")[0].replace("_", "-")
        (index / name).mkdir(exist_ok=True)
        place = index / name / each.name
        place.write_bytes(each.read_bytes())
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        links = "".join(f'<a href="{path.name}">{path.name}</a>\n' for path in (index / name).glob("*.whl"))
        (index / name / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html><!-- {digest} -->")


def offer_endless(index: Path, data_dir: Path) -> None:
    """Offer the package `slow-one`, whose download never ends."""
    offer(index, data_dir)
    (index / "slow-one").mkdir()
    link = '<a href="slow_one-1.0-py3-none-any.whl?never">slow</a>'
    (index / "slow-one" / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")


def installed_files(data_dir: Path) -> set[str]:
    """Return every file below the plug-in environment, without compiled modules."""
    root = plugin_environment(data_dir).root
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {str(path) for path in files if "__pycache__" not in path.parts and path.name != "loading.json"}


async def test_a_wheel_is_installed_loaded_and_uninstalled_without_a_trace(served: Served, data_dir: Path) -> None:
    wheel(data_dir / "incoming", "chart-one")
    task = await install(served, "chart_one", "incoming/chart_one-1.0-py3-none-any.whl")
    assert task["status"] == "complete", task
    expected = {"name": "chart-one", "version": "1.0", "source": "entry_points", "restart_required": False}
    assert task["result"].items() >= expected.items()
    item = (await listed(served))["chart-one"]
    assert (item["state"], item["description"], item["adds"]["charts"]) == ("loaded", "a chart", ["chart_one_1_0"])
    assert [chart["chart_key"] for chart in await served.json("GET", "/charts/descriptors")] == ["chart_one_1_0"]
    own = sys.path.index(str(plugin_environment(data_dir).folders[0]))
    assert own == len(sys.path) - 1
    logs = (await served.json("GET", "/logs?source=plugins"))["logs"]
    assert any("Successfully installed chart-one-1.0" in line["message"] for line in logs)
    task = await uninstall(served, "chart-one")
    assert task["result"] == {"name": "chart-one", "removed": True, "restart_required": True}
    assert installed_files(data_dir) == set()
    assert await served.json("GET", "/plugins/installed") == []
    assert await served.json("GET", "/charts/descriptors") == []


async def test_a_package_comes_by_name_and_version_with_its_needs(data_dir: Path, tmp_path: Path, index: Path) -> None:
    helper = wheel(tmp_path, "helper-of-two", "0.1", group="other")
    versions = wheel(tmp_path, "chart-two", "1.0", needs="helper-of-two"), wheel(tmp_path, "chart-two", "2.0")
    offer(index, data_dir, helper, *versions)
    async with serving(ServiceOptions(data_dir)) as served:
        task = await install(served, "chart-two==1.0")
        assert task["status"] == "complete", task
        assert task["result"]["version"] == "1.0"
        assert "packages/chart-two/helper_of_two.py" in installed_files(data_dir)
        task = await install(served, "Chart_Two")
        assert (task["result"]["version"], task["result"]["restart_required"]) == ("2.0", True)
        assert "packages/chart-two/helper_of_two.py" not in installed_files(data_dir)
        assert (await listed(served))["chart-two"]["adds"]["charts"] == ["chart_two_1_0"]
    async with serving(ServiceOptions(data_dir)) as served:
        item = (await listed(served))["chart-two"]
        assert (item["restart_required"], item["adds"]["charts"]) == (False, ["chart_two_2_0"])


async def test_what_cannot_be_installed_leaves_nothing(data_dir: Path, tmp_path: Path, index: Path) -> None:
    wants_more, wants_old = wheel(tmp_path, "wants-more", needs="not-there"), wheel(tmp_path, "old", needs="numpy<1")
    offer(index, data_dir, wheel(tmp_path, "no-plugin", group="other"), wants_more, wants_old)
    put(data_dir, "incoming/broken.whl", "no zip")
    async with serving(ServiceOptions(data_dir)) as served:
        for name, cause in [
            ("nobody-has-this", "No matching distribution found for nobody-has-this"),
            ("no-plugin", "None of its entry points"),
            ("wants-more", "No matching distribution found for not-there"),
            ("old", "numpy"),
        ]:
            task = await install(served, name)
            assert task["status"] == "failed", task
            assert cause in task["error_info"]["cause"]
            assert str(tmp_path) not in json.dumps(task)
        task = await install(served, "broken", "incoming/broken.whl")
        assert task["error"] == "broken.whl is no wheel."
        assert installed_files(data_dir) == set()
        assert await served.json("GET", "/plugins/installed") == []


async def test_the_program_own_packages_cannot_be_shadowed(served: Served, data_dir: Path) -> None:
    code = "import json, core.version\nassert 'shadow' not in (json.__file__ + core.version.__file__)\n" + MODULE
    wheel(data_dir, "shadow-json", code=code.format(chart="shadow"))
    with zipfile.ZipFile(data_dir / "shadow_json-1.0-py3-none-any.whl", "a") as archive:
        archive.writestr("json/__init__.py", "raise SystemExit")
        archive.writestr("core/__init__.py", "raise SystemExit")
    task = await install(served, "shadow-json", "shadow_json-1.0-py3-none-any.whl")
    assert (task["status"], task["result"]["state"]) == ("complete", "loaded"), task


async def test_a_wheel_may_have_any_file_name(served: Served, data_dir: Path) -> None:
    wheel(data_dir, "chart-three", file_name="demo.whl")
    task = await install(served, "demo-plugin", "demo.whl")
    assert (task["status"], task["result"]["name"]) == ("complete", "chart-three"), task


async def test_an_install_can_be_cancelled_and_the_next_one_waits_for_its_turn(data_dir: Path, index: Path) -> None:
    offer_endless(index, data_dir)
    put(data_dir, "incoming/after.py", "x = 1\n")
    async with serving(ServiceOptions(data_dir)) as served:
        slow = await served.json("POST", "/plugins/install", 202, json={"args": ["slow-one"]})
        body = {"args": ["after"], "options": {"source": "incoming/after.py"}}
        after = await served.json("POST", "/plugins/install", 202, json=body)
        await asyncio.to_thread(wait_until, (index / "asked").exists)
        assert (await served.http.get(after["result_url_path"])).json()["status"] == "running"
        assert not (data_dir / "plugins/after.py").exists()
        await served.json("POST", f"/task_results/{slow['task_id']}/cancel")
        task = await served.json("GET", f"/task_results/{slow['task_id']}")
        assert (task["status"], task["error"]) == ("failed", "This was cancelled.")
        assert (await over(served, after))["status"] == "complete"
        assert installed_files(data_dir) == set()
        await served.json("POST", f"/task_results/{slow['task_id']}/cancel", 409)
        await served.json("POST", "/task_results/nobody/cancel", 404)


async def test_the_end_of_the_service_ends_an_install(data_dir: Path, index: Path) -> None:
    offer_endless(index, data_dir)
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", "/plugins/install", 202, json={"args": ["slow-one"]})
        await asyncio.to_thread(wait_until, (index / "asked").exists)
        (installer,) = children(os.getpid())
    assert not is_alive(installer)
    assert installed_files(data_dir) == set()


def test_an_install_dies_with_a_service_that_is_killed_and_leaves_nothing_half(
    data_dir: Path, index: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    offer_endless(index, data_dir)
    service = start_service()
    body = {"args": ["slow-one"]}
    assert httpx.post(f"{service.url()}/unit_api/plugins/install", json=body, trust_env=False).status_code == 202
    wait_until((index / "asked").exists)
    (installer,) = children(service.process.pid)
    service.end(signal.SIGKILL)
    wait_until(lambda: not is_alive(installer))
    service = start_service()
    assert httpx.get(f"{service.url()}/unit_api/plugins/installed", trust_env=False).json() == []
    assert installed_files(data_dir) == set()


def test_a_replacement_that_was_cut_off_is_put_right(data_dir: Path) -> None:
    environment = plugin_environment(data_dir)
    environment.tidy()
    put(environment.root, "outgoing/cut-off/old.py", "")
    put(environment.root, "outgoing/replaced/old.py", "")
    put(environment.root, "packages/replaced/new.py", "")
    put(environment.root, "incoming/packages/half.py", "")
    environment.tidy()
    assert installed_files(data_dir) == {"packages/cut-off/old.py", "packages/replaced/new.py"}


def children(pid: int) -> list[int]:
    """Return the processes a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    done = threading.Event()
    for _ in range(1000):
        if condition():
            return
        done.wait(0.02)
    raise AssertionError("not within 20 s")
