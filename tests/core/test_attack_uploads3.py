"""The worst for uploads: cut off, without end, too large, to links that are worth nothing, on a disk without room."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from running_services import Served, serving
from test_attack_second_processes3 import _Usage
from unit_record_requests import Asker, asker, refusal_of

from core.service import ServiceOptions

_USER = {"user": "Ada"}


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Someone whose uploads the unit's record takes."""
    return await asker(served, **_USER)


def _files(served: Served) -> list[str]:
    """Names of files that hold uploads, finished or under way."""
    folders = (served.service.data_dir / "unit_record" / "attachments", served.service.data_dir / ".work")
    return [path.name for folder in folders if folder.is_dir() for path in folder.iterdir()]


async def _nothing_left(served: Served, count: int = 0) -> None:
    async with asyncio.timeout(10):
        while len(_files(served)) != count:  # noqa: ASYNC110 - it is the service that clears up
            await asyncio.sleep(0.02)


async def _announced(ada: Asker) -> dict[str, Any]:
    made: dict[str, Any] = await ada.ok("POST", "/attachments", {"name": "curve.csv"})
    return made


async def _endless(*parts: bytes, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if then is not None:
        await then.wait()


@contextlib.asynccontextmanager
async def _connection(served: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that is cut at the end of the block."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _head(served: Served, url: str, *lines: str) -> bytes:
    path = url.removeprefix(served.url)
    return "\r\n".join([f"PUT {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


async def test_what_is_deleted_while_it_is_uploaded_leaves_no_file(served: Served, ada: Asker) -> None:
    made, go_on = await _announced(ada), asyncio.Event()
    putting = asyncio.create_task(served.http.put(made["upload_url"], content=_endless(b"a" * 100_000, then=go_on)))
    async with asyncio.timeout(10):
        while not _files(served):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await ada.ok("DELETE", "/attachments", ids=[made["id"]])
    go_on.set()
    refusal_of(await putting, 404)
    await _nothing_left(served)
    refusal_of(await served.http.put(made["upload_url"], content=b"again"), 404)
    await _nothing_left(served)


async def test_an_upload_that_is_cut_leaves_nothing_and_can_be_done_again(
    served: Served, ada: Asker, caplog: pytest.LogCaptureFixture
) -> None:
    made = await _announced(ada)
    for sent in (b"", b"x", b"x" * 3_000_000):
        async with _connection(served) as (_, writer), asyncio.timeout(10):
            writer.write(_head(served, made["upload_url"], "Content-Length: 9000000") + sent)
            await writer.drain()
            while sent and not _files(served):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await _nothing_left(served)
    await ada.refused(400, "POST", f"/attachments/{made['id']}/finalize")
    assert (await served.http.put(made["upload_url"], content=b"whole")).status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_upload_that_stops_coming_is_given_up(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http_server._KEEP_ALIVE_S", 1)
    async with serving(ServiceOptions(data_dir)) as served:
        ada = await asker(served, **_USER)
        made = await _announced(ada)
        async with _connection(served) as (reader, writer), asyncio.timeout(10):
            writer.write(_head(served, made["upload_url"], "Content-Length: 9000000") + b"x" * 2_000_000)
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
        await _nothing_left(served)


@pytest.mark.parametrize("is_announced", [True, False])
async def test_what_is_too_large_is_refused_and_leaves_nothing(
    served: Served, ada: Asker, monkeypatch: pytest.MonkeyPatch, is_announced: bool
) -> None:
    monkeypatch.setattr("core.traceability.attachments_routes.MOST_BYTES", 3_000_000)
    made = await _announced(ada)
    if is_announced:
        async with _connection(served) as (reader, writer), asyncio.timeout(5):
            writer.write(_head(served, made["upload_url"], "Content-Length: 3000001"))
            assert b" 413 " in await reader.readline(), "it is refused before it comes"
    else:
        refusal_of(await served.http.put(made["upload_url"], content=_endless(*[b"x" * 100_000] * 40)), 413)
    await _nothing_left(served)
    assert (await served.http.put(made["upload_url"], content=b"x" * 3_000_000)).status_code == 200


async def test_a_link_that_has_expired_is_worth_nothing(
    served: Served, ada: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.traceability.attachment_links._VALID_S", {"upload": -1, "download": -1})
    made = await _announced(ada)
    refused = refusal_of(await served.http.put(made["upload_url"], content=b"x"), 403)
    assert "expired" in refused["message"]
    assert _files(served) == []


async def test_a_link_used_many_times_at_once_keeps_one_whole_file(served: Served, ada: Asker) -> None:
    made = await _announced(ada)
    contents = [bytes([65 + number]) * 200_000 for number in range(8)]
    answers = await asyncio.gather(*(served.http.put(made["upload_url"], content=each) for each in contents))
    assert {answer.status_code for answer in answers} == {200}
    url = (await ada.ok("POST", f"/attachments/{made['id']}/finalize"))["url"]
    assert (await served.http.get(url)).content in contents
    await _nothing_left(served, 1)


async def test_no_upload_takes_the_room_that_the_records_need(
    served: Served, ada: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await _announced(ada)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**9, 10**9 - 10**6, 10**6))
    refused = refusal_of(await served.http.put(made["upload_url"], content=b"x" * 100), 500)
    assert "disk" in " ".join(issue["message"] for issue in refused["issues"]) + refused["message"]
    files = {"archive": ("x.zip", b"x" * 2_000_000, "application/zip")}
    answer = await served.http.post("/unit_api/import_zipped_dot_pioreactor", files=files)
    assert answer.status_code == 500
    assert "MiB" in answer.json()["error_info"]["cause"]
    await _nothing_left(served)
    monkeypatch.undo()
    assert (await served.http.put(made["upload_url"], content=b"x" * 100)).status_code == 200


async def test_a_form_whose_headers_never_end_takes_no_memory(served: Served) -> None:
    begin = b'--b\r\nContent-Disposition: form-data; name="archive"; x="'
    before = psutil.Process().memory_info().rss
    answer = await served.http.post(
        "/unit_api/import_zipped_dot_pioreactor",
        content=_endless(begin, *[b"y" * 1_000_000] * 60),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 400, answer.text
    assert psutil.Process().memory_info().rss - before < 40_000_000
    await _nothing_left(served)
