"""Requests made to do harm: endless heads, numbers too long to read, impossible names, the ends of the calendar."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from pathlib import Path

import pytest
from bent_service import bent
from running_services import Served, serving
from test_http_rules import assert_error

from core.http_server import MOST_HEAD_BYTES
from core.service import ServiceOptions

_ENDLESS_DIGITS = "9" * 5000
_HEAD = b"GET /unit_api/health HTTP/1.1\r\nHost: localhost\r\n"


async def connect(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection that is spoken on byte by byte."""
    host, _, port = served.service.address.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def send_until_cut(served: Served, first: bytes, more: bytes) -> tuple[int, bytes]:
    """Send `first`, then `more` until the service has had enough; return how many bytes it took, and its answer."""
    reader, writer = await connect(served)
    writer.write(first)
    sent = 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            while not reader.at_eof() and sent < 100 * MOST_HEAD_BYTES:
                writer.write(more)
                sent += len(more)
                await writer.drain()
                await asyncio.sleep(0)
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return sent, answer


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (_HEAD + b"X-Endless: ", b"a" * 1000),
        (_HEAD, b"X-Many: a\r\n" * 100),
        (b"POST /unit_api/jobs/stop/all HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
         b"X-Trailer: a\r\n" * 100),
    ],
)  # fmt: skip
async def test_a_head_without_end_is_cut(served: Served, first: bytes, more: bytes) -> None:
    sent, _ = await send_until_cut(served, first, more)
    assert sent < 100 * MOST_HEAD_BYTES
    assert (await served.http.get("/unit_api/health")).status_code == 200


async def test_a_head_that_is_too_large_is_told_in_our_form(served: Served) -> None:
    reader, writer = await connect(served)
    writer.write(_HEAD + b"X-Large: " + b"a" * (MOST_HEAD_BYTES + 1))
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"error_info"' in answer


async def test_large_heads_within_the_limit_are_served(served: Served) -> None:
    answer = await served.http.get("/unit_api/health", headers={"X-Large": "a" * (MOST_HEAD_BYTES // 2)})
    assert answer.status_code == 200


async def test_requests_that_do_not_come_to_their_end_are_given_up(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.http_server._KEEP_ALIVE_S", 1)
    half_a_body = b"POST /unit_api/jobs/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{"

    async def answer_to(served: Served, begun: bytes) -> bytes:
        reader, writer = await connect(served)
        writer.write(begun)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = await reader.read()
        writer.close()
        return answer

    async with serving(ServiceOptions(data_dir)) as served, asyncio.timeout(8):
        begun = (b"", b"\r\n", b"GET /unit_api/he", _HEAD, half_a_body, _HEAD + b"\r\n" + _HEAD)
        answers = await asyncio.gather(*(answer_to(served, each) for each in begun))
    assert answers[:5] == [b""] * 5
    assert answers[5].startswith(b"HTTP/1.1 200 ")


async def test_lengths_too_long_to_read_are_no_fault(served: Served) -> None:
    reader, writer = await connect(served)
    length = "0" * 5000 + "2"
    head = f"POST /unit_api/jobs/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode() + b"{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_job_ids_too_long_to_read_are_refused_not_a_fault(served: Served) -> None:
    info = assert_error(await served.http.post("/unit_api/jobs/stop", json={"job_id": _ENDLESS_DIGITS}), 400)
    assert info["fields"]


async def test_nonsense_places_in_the_stream_use_up_no_streams(served: Served) -> None:
    for _ in range(70):
        headers = {"Last-Event-ID": _ENDLESS_DIGITS}
        async with served.http.stream("GET", "/unit_api/events", headers=headers) as answer:
            assert answer.status_code == 200
            async for chunk in answer.aiter_bytes():
                if b"event: snapshot" in chunk:
                    break


async def test_a_path_that_ends_in_a_line_break_leads_nowhere(served: Served) -> None:
    assert_error(await served.http.get("/unit_api/health%0A"), 404)


@pytest.mark.parametrize("name", [".", ".."])
async def test_no_experiment_has_a_name_that_no_path_can_hold(served: Served, name: str) -> None:
    assert_error(await served.http.post("/unit_api/experiments", json={"experiment": name}), 400)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
async def test_spans_may_reach_to_the_ends_of_the_calendar(served: Served, moment: str) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "e"})
    for name in ("from", "to"):
        await served.json("GET", f"/experiments/e/time_series/od2?{name}={moment}")
        await served.json("GET", f"/logs?{name}={moment}")


@pytest.mark.parametrize("url", ["simulated:\x00", "/dev/\nfake line", "x" * 2000])
async def test_addresses_that_can_be_none_are_refused(served: Served, url: str) -> None:
    assert_error(await served.http.patch("/unit_api/board", json={"url": url}), 400)


async def test_a_recording_that_never_ends_is_refused(served: Served, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path):
        assert_error(await served.http.patch("/unit_api/board", json={"url": f"replay:{path}"}), 400)


def test_an_upload_that_keeps_coming_may_take_long(data_dir: Path) -> None:
    part = b"x" * 2 * 1024 * 1024
    parts = 4
    begin = b'--b\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n\r\n'
    end = b"\r\n--b--\r\n"
    length = len(begin) + parts * len(part) + len(end)
    head = (
        "POST /unit_api/import_zipped_dot_pioreactor HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
    )

    async def upload() -> bytes:
        async with serving(ServiceOptions(data_dir, speed=math.inf)) as served:
            reader, writer = await connect(served)
            writer.write(head.encode() + begin)
            for _ in range(parts):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(50)  # bent: longer in all than a silent connection is kept
            writer.write(end)
            line = await reader.readline()
            writer.close()
            return line

    assert bent(upload()).startswith(b"HTTP/1.1 400 ")
