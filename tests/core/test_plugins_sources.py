"""Plug-ins from a folder, from an index that the request names, and from a file that was sent."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from multipart_body import multipart
from raw_http import RawClient
from running_services import Served, serving
from test_plugins_packages import index, installed_files, offer, wheel
from test_plugins_routes import DEMO, install, listed, over, put, uninstall

from core.plugins.upload import MOST_BYTES
from core.service import ServiceOptions

__all__ = ["index"]

# A build backend (the interface of PEP 517) inside the source itself: nothing has to come over a network.
BACKEND = """\
import zipfile


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    open("built_here", "w").close()
    name = "tree_plugin-1.5-py3-none-any.whl"
    info = "tree_plugin-1.5.dist-info/"
    files = {
        "tree_plugin.py": open("tree_plugin.py").read(),
        info + "METADATA": "Metadata-Version: 2.1\\nName: tree-plugin\\nVersion: 1.5\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[vialdesk.plugins]\\ntree = tree_plugin\\n",
    }
    with zipfile.ZipFile(wheel_directory + "/" + name, "w") as archive:
        for place, text in files.items():
            archive.writestr(place, text)
        archive.writestr(info + "RECORD", "".join(place + ",,\\n" for place in files))
    return name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
CODE = "from core.plugins.api import Chart, Plugin\nplugin = Plugin(charts=[Chart('tree', 'T', {'s': 'S'})])\n"


def source_tree(data_dir: Path, backend: str = BACKEND) -> Path:
    """Write the source of a package into the data folder."""
    put(data_dir, "incoming/tree/pyproject.toml", PYPROJECT)
    put(data_dir, "incoming/tree/backend.py", backend)
    return put(data_dir, "incoming/tree/tree_plugin.py", CODE).parent


async def test_a_folder_with_a_package_is_built_installed_and_left_as_it_was(served: Served, data_dir: Path) -> None:
    tree = source_tree(data_dir)
    before = sorted(path.name for path in tree.iterdir())
    task = await install(served, "tree-plugin", "incoming/tree")
    assert task["status"] == "complete", task
    assert task["result"].items() >= {"name": "tree-plugin", "version": "1.5", "source": "entry_points"}.items()
    assert (await listed(served))["tree-plugin"]["adds"]["charts"] == ["tree"]
    assert sorted(path.name for path in tree.iterdir()) == before
    assert (await uninstall(served, "tree-plugin"))["status"] == "complete"
    assert installed_files(data_dir) == set()


async def test_a_folder_that_cannot_be_built_says_why_and_leaves_nothing(served: Served, data_dir: Path) -> None:
    source_tree(data_dir, "def build_wheel(*_, **__):\n    raise RuntimeError('the reagent is missing')\n")
    task = await install(served, "tree-plugin", "incoming/tree")
    assert task["status"] == "failed"
    assert "the reagent is missing" in task["error_info"]["cause"]
    assert installed_files(data_dir) == set()
    assert await served.json("GET", "/plugins/installed") == []


async def test_a_folder_without_a_package_and_the_data_folder_itself_are_refused(
    served: Served, data_dir: Path
) -> None:
    put(data_dir, "incoming/only/one.py", DEMO)
    put(data_dir, "pyproject.toml", PYPROJECT)
    for source in ("incoming/only", ".", "incoming/.."):
        body = {"args": ["x"], "options": {"source": source}}
        answer = await served.json("POST", "/plugins/install", 404, json=body)
        assert "pyproject.toml" in answer["error_info"]["remediation"]


async def test_a_package_comes_from_the_index_that_the_request_names(
    data_dir: Path, tmp_path: Path, index: Path
) -> None:
    helper = wheel(tmp_path, "helper-of-five", "0.1", group="other")
    offer(index, data_dir, wheel(tmp_path, "chart-five", "3.0", needs="helper-of-five"), helper)
    put(data_dir, "config.ini", "[plugins]\npackage_index = http://127.0.0.1:9/nothing-listens\n")
    async with serving(ServiceOptions(data_dir)) as served:
        body = {"args": ["chart-five"], "options": {"index_url": (index / "url").read_text()}}
        task = await over(served, await served.json("POST", "/plugins/install", 202, json=body))
        assert task["status"] == "complete", task
        assert task["result"]["version"] == "3.0"
        assert "packages/chart-five/helper_of_five.py" in installed_files(data_dir)
        task = await install(served, "chart-five")
        assert task["status"] == "failed", "the configured index answered"


@pytest.mark.parametrize(
    "url",
    ["", " ", "pypi.org/simple", "file:///etc", "ftp://x/y", "https://", "http://pypi.example/simple", 5, ["https://x"],
     "https://x y/", "https://x/\n", "https://x:99999/", "https://x:0/", "https://x/?a=b", "https://x/#f", "--pre",
     "https://é.example/", "https://x\\y/", "https://[x/", "https://" + "x" * 2000, "https://@x/simple"],
)  # fmt: skip
async def test_what_is_no_safe_index_is_refused(served: Served, url: Any) -> None:
    body = {"args": ["x"], "options": {"index_url": url}}
    answer = await served.json("POST", "/plugins/install", 400, json=body)
    assert answer["error_info"]["fields"] == ["options.index_url"]


async def test_a_password_in_an_index_is_refused_and_kept_nowhere(served: Served, data_dir: Path) -> None:
    for text in ('"https://me:s3cret-pw@x.example/simple"', '"https:\\/\\/me:s3cret-pw@x.example\\/simple"'):
        body = f'{{"args": ["x"], "options": {{"index_url": {text}}}}}'
        answer = await served.json("POST", "/plugins/install", 400, content=body)
        assert "s3cret-pw" not in json.dumps(answer)
    await served.service.records.read(lambda _: None)  # everything told so far is written
    with sqlite3.connect(data_dir / "storage" / "vialdesk.sqlite") as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM actions")]
    connection.close()
    assert len(bodies) == 2
    assert all("s3cret-pw" not in body and "x.example" in body for body in bodies)
    assert "s3cret-pw" not in json.dumps(await served.json("GET", "/logs"))


async def test_a_file_is_sent_and_installed_from(served: Served, data_dir: Path) -> None:
    body, kind = multipart("file", "demo_plugin.py", DEMO.encode())
    sent = await served.json("POST", "/plugins/upload", 201, content=body, headers={"Content-Type": kind})
    assert sent == {"source": "incoming/demo_plugin.py", "size_bytes": len(DEMO)}
    assert (data_dir / "incoming/demo_plugin.py").read_text() == DEMO
    assert (await install(served, "demo_plugin", sent["source"]))["status"] == "complete"
    assert list((data_dir / ".work").glob("upload-*")) == []


@pytest.mark.parametrize("name", ["notes.txt", ".hidden.py", "-r.py", "a b.py", "../", "x" * 300 + ".py", "é.py", "py"])
async def test_a_file_of_another_kind_is_not_taken(served: Served, data_dir: Path, name: str) -> None:
    body, kind = multipart("file", name, b"x = 1\n")
    answer = await served.json("POST", "/plugins/upload", 400, content=body, headers={"Content-Type": kind})
    assert answer["error_info"]["fields"] == ["file"]
    assert not (data_dir / "incoming").exists() or list((data_dir / "incoming").iterdir()) == []


async def test_a_sent_file_stays_in_the_data_folder_and_within_bounds(served: Served, data_dir: Path) -> None:
    body, kind = multipart("file", "..\\..\\deep/../x.py", b"x = 1\n")
    sent = await served.json("POST", "/plugins/upload", 201, content=body, headers={"Content-Type": kind})
    assert sent["source"] == "incoming/x.py"
    announced = {"content-type": kind, "content-length": str(MOST_BYTES * 2)}
    raw = RawClient("127.0.0.1", int(served.url.rpartition(":")[2]))
    assert (await raw.ask("POST", "/unit_api/plugins/upload", None, announced)).status == 413
    await served.json("POST", "/plugins/upload", 400, content=b"", headers={"Content-Type": "text/plain"})
    put(data_dir, "DISALLOW_UI_INSTALLS", "")
    await served.json("POST", "/plugins/upload", 403, content=body, headers={"Content-Type": kind})
