"""Plug-ins over HTTP: listing, source, installing from files, uninstalling."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.service import ServiceOptions

DEMO = '__plugin_name__ = "demo-plugin"\n__plugin_version__ = "0.2.0"\n__plugin_summary__ = "blinks"\n'


def put(data_dir: Path, name: str, text: str) -> Path:
    """Write a file of the data folder."""
    path = data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


async def over(served: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a task."""
    async with asyncio.timeout(60):
        while True:
            answer = await served.http.get(accepted["result_url_path"])
            if answer.status_code == 200:
                return dict(answer.json())
            await asyncio.sleep(0.02)


async def install(served: Served, name: str, source: str | None = None) -> dict[str, Any]:
    """Install a plug-in and return how its task ended."""
    body: dict[str, Any] = {"args": [name]} | ({"options": {"source": source}} if source else {})
    return await over(served, await served.json("POST", "/plugins/install", 202, json=body))


async def uninstall(served: Served, name: str) -> dict[str, Any]:
    """Uninstall a plug-in and return how its task ended."""
    return await over(served, await served.json("POST", "/plugins/uninstall", 202, json={"args": [name]}))


async def listed(served: Served) -> dict[str, dict[str, Any]]:
    """Return the installed plug-ins by name."""
    return {item["name"]: item for item in await served.json("GET", "/plugins/installed")}


async def test_what_a_file_says_of_itself_is_listed_and_its_text_can_be_read(data_dir: Path) -> None:
    put(data_dir, "plugins/demo_plugin.py", DEMO)
    put(data_dir, "plugins/__init__.py", "raise SystemExit")
    async with serving(ServiceOptions(data_dir)) as served:
        (item,) = await served.json("GET", "/plugins/installed")
        expected = {
            "name": "demo-plugin",
            "version": "0.2.0",
            "description": "blinks",
            "homepage": None,
            "author": None,
        }
        assert item.items() >= (expected | {"source": "plugins/demo_plugin.py", "state": "loaded"}).items()
        answer = await served.http.get("/unit_api/plugins/installed/demo_plugin.py")
        assert answer.text == DEMO
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["nope.py", "..%2Fconfig.py", "notes.txt", "folder.py", "away.py", ".py", "%00.py"])
async def test_only_files_of_the_folder_can_be_read(data_dir: Path, name: str) -> None:
    put(data_dir, "config.py", "secret = 1")
    put(data_dir, "plugins/notes.txt", "secret")
    (data_dir / "plugins" / "folder.py").mkdir()
    (data_dir / "plugins" / "away.py").symlink_to(data_dir / "config.py")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("GET", f"/plugins/installed/{name}", 404)


async def test_a_file_is_installed_loaded_and_uninstalled(served: Served, data_dir: Path) -> None:
    put(data_dir, "incoming/demo_plugin.py", DEMO)
    task = await install(served, "demo_plugin", "incoming/demo_plugin.py")
    assert task["status"] == "complete", task
    expected = {
        "name": "demo-plugin",
        "version": "0.2.0",
        "source": "plugins/demo_plugin.py",
        "restart_required": False,
    }
    assert task["result"].items() >= expected.items()
    assert (await listed(served))["demo-plugin"]["state"] == "loaded"
    task = await uninstall(served, "demo_plugin")
    assert task["result"] == {"name": "demo-plugin", "removed": True, "restart_required": True}
    assert not (data_dir / "plugins/demo_plugin.py").exists()
    await served.json("POST", "/plugins/uninstall", 404, json={"args": ["demo_plugin"]})


@pytest.mark.parametrize(
    "args",
    [[], [""], ["a", "b"], ["-r"], ["--index-url=x"], ["https://x.example/y.whl"], ["../x"], ["a/b"], ["a b"], ["a\n"],
     ["a[b]"], ["a;b"], ["a>=1"], ["a==-1"], ["a @ file:///x"], ["é"], [5], "a", None],
)  # fmt: skip
async def test_what_is_no_name_is_refused(served: Served, args: Any) -> None:
    for path in ("/plugins/install", "/plugins/uninstall"):
        await served.json("POST", path, 400, json={"args": args})


@pytest.mark.parametrize(
    ("source", "status"),
    [("incoming/none.whl", 404), ("../x.py", 403), ("/etc/passwd", 403), ("~/x.py", 404), ("incoming", 404), (5, 400),
     ("", 400), ("notes.txt", 400), ("link.py", 403), ("a\0.py", 400), ("x" * 5000 + ".py", 404)],
)  # fmt: skip
async def test_a_source_must_be_a_file_of_the_data_folder(
    served: Served, data_dir: Path, source: Any, status: int
) -> None:
    put(data_dir, "notes.txt", "text")
    put(data_dir, "incoming/x.py", DEMO)
    (data_dir / "link.py").symlink_to("/etc/hostname")
    await served.json("POST", "/plugins/install", status, json={"args": ["x"], "options": {"source": source}})


async def test_the_flag_file_switches_installing_and_uninstalling_off(served: Served, data_dir: Path) -> None:
    put(data_dir, "DISALLOW_UI_INSTALLS", "")
    for path in ("/plugins/install", "/plugins/uninstall"):
        await served.json("POST", path, 403, content=b"{broken")
        await served.json("PATCH", path, 403, json={"args": ["demo"]})


async def test_a_file_that_is_no_python_is_not_installed_and_the_former_one_stays(data_dir: Path) -> None:
    place = put(data_dir, "plugins/demo_plugin.py", DEMO)
    put(data_dir, "incoming/demo_plugin.py", "def broken(:\n")
    async with serving(ServiceOptions(data_dir)) as served:
        task = await install(served, "demo_plugin", "incoming/demo_plugin.py")
        assert task["status"] == "failed"
        assert "line 1" in task["error_info"]["cause"]
    assert place.read_text() == DEMO
    assert [path.name for path in (data_dir / "plugins").iterdir()] == ["demo_plugin.py"]


async def test_built_in_routes_stay_theirs(served: Served) -> None:
    answer = await served.http.post("/unit_api/plugins/installed/x.py")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    await served.json("GET", "/plugins/nobody/here", 404)
    await served.json("POST", "/plugins/installed", 405)


async def test_what_is_done_to_the_folder_by_hand_is_seen_and_not_run(data_dir: Path) -> None:
    place = put(data_dir, "plugins/demo_plugin.py", DEMO)
    async with serving(ServiceOptions(data_dir)) as served:
        put(data_dir, "plugins/by_hand.py", f"open({str(data_dir / 'ran')!r}, 'w').close()\n")
        place.write_text(DEMO.replace("0.2.0", "0.3.0"))
        plugins = await listed(served)
        assert (plugins["by_hand"]["state"], plugins["by_hand"]["restart_required"]) == ("not loaded", False)
        assert (plugins["demo-plugin"]["version"], plugins["demo-plugin"]["restart_required"]) == ("0.3.0", True)
        assert not (data_dir / "ran").exists()
        task = await uninstall(served, "by_hand")
        assert task["result"] == {"name": "by_hand", "removed": True, "restart_required": False}
        place.unlink()
        assert "Its file is gone" in (await listed(served))["demo-plugin"]["reason"]
