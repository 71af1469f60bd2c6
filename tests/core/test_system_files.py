"""Browsing, reading and removing files of the data folder: what is there is told as it is, and nothing leads out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from raw_http import RawClient
from running_services import Served, serving

from core.service import ServiceOptions

_PATH = "/unit_api/system/path/"


@pytest.fixture
async def full(data_dir: Path, tmp_path: Path) -> AsyncIterator[Served]:
    """Run a service on a data folder with all kinds of things in it."""
    (data_dir / "notes dir").mkdir(parents=True)
    (data_dir / "notes dir" / "hello.txt").write_text("hello\n")
    (data_dir / "notes dir" / "__pycache__").mkdir()
    (data_dir / "binary.bin").write_bytes(b"\x00\xff\x10")
    (data_dir / "large.csv").write_bytes(b"0123456789" * 300_000)
    (data_dir / "probe.sqlite").write_bytes(b"SQLite format 3\x00")
    (data_dir / "+plus é.txt").write_text("plus")
    (data_dir / ".hidden").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("secret")
    (data_dir / "links").mkdir()
    (data_dir / "links" / "inside").symlink_to(data_dir / "notes dir")
    (data_dir / "links" / "file inside").symlink_to(data_dir / "binary.bin")
    (data_dir / "links" / "outside").symlink_to(tmp_path / "secret")
    (data_dir / "links" / "nowhere").symlink_to(data_dir / "gone")
    (data_dir / "links" / "circle").symlink_to(data_dir / "links" / "circle")
    os.mkfifo(data_dir / "links" / "pipe")
    async with serving(ServiceOptions(data_dir)) as served:
        yield served


def listing(current: str, dirs: list[str], files: list[str]) -> dict[str, Any]:
    return {"current": current, "dirs": dirs, "files": files}


async def test_a_folder_is_listed_in_order_with_links_under_what_they_point_to(full: Served) -> None:
    files = ["circle", "file inside", "nowhere", "outside", "pipe"]
    assert await full.json("GET", "/system/path/links") == listing("links", ["inside"], files)
    assert await full.json("GET", "/system/path/links/") == listing("links", ["inside"], files)
    assert await full.json("GET", "/system/path/links/inside") == listing("notes dir", [], ["hello.txt"])
    assert await full.json("GET", "/system/path/.hidden") == listing(".hidden", [], [])
    root = await full.json("GET", "/system/path/")
    assert root["current"] == ""
    assert {"notes dir", "storage"} <= set(root["dirs"])
    assert root["files"] == sorted(root["files"])
    assert "+plus é.txt" in root["files"]


async def test_a_name_that_is_no_text_is_listed_and_does_not_break_the_answer(full: Served) -> None:
    with open(os.fsencode(full.service.data_dir) + b"/links/\xff.txt", "w"):  # noqa: ASYNC230
        pass
    assert "\ufffd.txt" in (await full.json("GET", "/system/path/links"))["files"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("notes%20dir/hello.txt", b"hello\n"),
        ("binary.bin", b"\x00\xff\x10"),
        ("large.csv", b"0123456789" * 300_000),
        ("links/file%20inside", b"\x00\xff\x10"),
        ("+plus%20%C3%A9.txt", b"plus"),
    ],
)
async def test_a_file_is_read_byte_by_byte_as_plain_text(full: Served, path: str, content: bytes) -> None:
    answer = await full.http.get(_PATH + path, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == "inline"
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await full.http.head(_PATH + path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(content)))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("%2e%2e/%2e%2e/etc/passwd", 403),
        ("..%5C..%5Cetc%5Cpasswd", 403),
        ("%2Fetc%2Fpasswd", 403),
        ("/etc/passwd", 403),
        ("/", 403),
        ("C:%5CWindows", 403),
        ("storage/../storage", 403),
        ("links/outside", 403),
        ("links/outside/key.txt", 403),
        ("probe.sqlite", 403),
        ("storage/vialdesk.sqlite", 403),
        ("storage/vialdesk.sqlite-wal", 403),
        ("links/nowhere", 404),
        ("links/circle", 404),
        ("links/pipe", 404),
        ("binary.bin/", 404),
        ("binary.bin/x", 404),
        ("storage//calibrations", 404),
        ("storage/./calibrations", 404),
        ("storage/%00", 404),
        ("nope.txt", 404),
        ("x" * 400, 404),
        ("%252e%252e/x", 404),
    ],
)
async def test_what_is_not_there_or_not_to_be_seen_is_refused(full: Served, path: str, status: int) -> None:
    host, _, port = full.service.address.rpartition(":")
    answer = await RawClient(host, int(port)).ask("GET", _PATH + path)  # which sends the path as it is
    assert answer.status == status, answer.body
    assert answer.json()["error_info"]["status"] == status
    assert str(full.service.data_dir).encode() not in answer.body


async def test_without_the_slash_the_way_is_told(full: Served) -> None:
    answer = await full.json("GET", "/system/path", 404)
    assert "/unit_api/system/path/" in answer["error_info"]["remediation"]


async def test_a_file_is_removed_by_relative_or_absolute_path(full: Served) -> None:
    for path in ("notes dir/hello.txt", str(full.service.data_dir / "binary.bin")):
        answer = await full.json("POST", "/system/remove_file", 202, json={"filepath": path})
        result = await finished(full, answer)
        assert result["status"] == "complete"
        assert result["result"]["size_bytes"] in (6, 3)
        removed = result["result"]["removed"]
        assert not (full.service.data_dir / removed).exists()
        await full.json("GET", f"/system/path/{removed}", 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 400),
        ("notes dir", 400),
        ("links/inside", 400),
        ("../secret/key.txt", 403),
        ("notes dir/../binary.bin", 403),
        ("links/outside/key.txt", 403),
        ("/etc/passwd", 403),
        (".", 403),
        ("probe.sqlite", 403),
        ("probe.SQLITE", 403),
        ("service.lock", 403),
        ("DISALLOW_UI_INSTALLS", 403),
        ("nope.txt", 404),
        ("~/nope.txt", 404),
        ("a\0b", 404),
        ("x" * 400, 404),
    ],
)
async def test_what_must_not_be_removed_stays(full: Served, path: str, status: int) -> None:
    (full.service.data_dir / "DISALLOW_UI_INSTALLS").touch()
    before = sorted(full.service.data_dir.rglob("*"))
    await full.json("PATCH", "/system/remove_file", status, json={"filepath": path})
    assert not set(before) - set(full.service.data_dir.rglob("*"))


async def test_the_data_folder_itself_is_never_removed(full: Served) -> None:
    body = {"filepath": str(full.service.data_dir)}
    await full.json("POST", "/system/remove_file", 403, json=body)


async def test_the_flag_switches_the_file_system_off_at_once_and_before_the_body_is_read(full: Served) -> None:
    flag = full.service.data_dir / "DISALLOW_UI_FILE_SYSTEM"
    flag.touch()
    await full.json("GET", "/system/path/", 403)
    await full.json("POST", "/system/remove_file", 403, content=b"{oops")
    await full.json("POST", "/system/remove_file", 403, content=b"x" * 2_000_000)
    flag.unlink()
    await full.json("GET", "/system/path/")


async def finished(served: Served, accepted: dict[str, Any]) -> Any:
    """Return a task's answer when it is over."""
    while True:
        answer = await served.http.get(accepted["result_url_path"])
        if answer.status_code == 200:
            return answer.json()
