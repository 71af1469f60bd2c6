"""A server that means harm: what it answers must neither stop the push, nor fill memory, nor reach what is not its."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from faulty_server import Fault, FaultyServer, refusal
from pushing import Lab, upload
from running_services import Served
from unit_record_requests import UNKNOWN

from core.traceability.push import server as push_server

Raw = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


pytestmark = pytest.mark.usefixtures("short_push_waits")


@contextlib.asynccontextmanager
async def _answering(raw: Raw) -> AsyncIterator[str]:
    """A server that answers each request with these bytes, or as a function writes them; its address."""
    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if isinstance(raw, bytes):
                writer.write(raw)
                await writer.drain()
            else:
                await raw(writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*(task for task in answering if task))


def _answer(content: bytes | str, status: int = 200, *lines: str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    head = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(raw)}", *lines, "", ""]
    return "\r\n".join(head).encode() + raw


async def _tried(served: Served, url: str) -> dict[str, Any]:
    return dict(await served.json("POST", "/record/push/test", json={"url": url, "api_key": "k" * 20}))


_LATE = "Retry-After: Wed, 21 Oct 2015 07:28:00 +99999999999999"
_NONSENSE = {
    "deep": _answer("[" * 200_000),
    "a list": _answer("[]"),
    "nothing": _answer("{}"),
    "another form": _answer('{"organization": [1], "user": "x", "type": 5}'),
    "half a character in a name": _answer('{"type": "user", "user": {"name": "\\ud800"}, "organization": {}}'),
    "half a character in a refusal": _answer('{"message": "\\udfff", "code": "X"}', 400),
    "endless": _answer('{"type": "user", "user": {}, "organization": {"id": 1e999}}'),
    "late": _answer("", 503, _LATE, "Date: Wed, 21 Oct 2015 07:28:00 GMT"),
    "elsewhere": _answer("", 302, "Location: http://10.0.0.1/"),
}


@pytest.mark.parametrize("raw", _NONSENSE.values(), ids=_NONSENSE.keys())
async def test_nonsense_is_no_server_that_accepts_the_key(served: Served, raw: bytes) -> None:
    async with _answering(raw) as url:
        told = await _tried(served, url)
    assert not told["ok"]
    assert told["what"].isprintable()
    assert told["remedy"]


async def test_what_a_refusal_says_is_one_line_of_text(served: Served) -> None:
    async with _answering(_answer(json.dumps(refusal("No.\n\x1b[31mWARNING all is lost")), 403)) as url:
        what = (await _tried(served, url))["what"]
    assert what.isprintable()
    assert "No. [31mWARNING all is lost" in what


@pytest.mark.parametrize("number", ["1.2.3.999", "1.2.3", "127.0.0.1.5"])
async def test_an_address_of_numbers_must_be_one(served: Served, number: str) -> None:
    told = await served.json("POST", "/record/push/test", 400, json={"url": f"https://{number}", "api_key": "k"})
    assert told["error_info"]["fields"] == ["url"]


async def test_a_name_that_no_network_has_is_told(served: Served) -> None:
    told = await _tried(served, "https://xn--zz--.com")
    assert not told["ok"]
    assert "address" in told["remedy"]


async def test_an_answer_that_unfolds_to_more_than_memory_is_refused(served: Served) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 200_000_000, 9))
    before = psutil.Process().memory_info().rss
    async with _answering(_answer(bomb, 200, "Content-Encoding: gzip, gzip")) as url:
        told = await _tried(served, url)
    assert not told["ok"]
    assert "compressed" in told["what"]
    assert psutil.Process().memory_info().rss - before < 60_000_000


async def test_a_server_that_never_comes_to_an_end_is_left_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_server, "_ANSWER_WITHIN_S", 0.3)

    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"{")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with _answering(drips) as url:
        await lab.push(url)
        await lab.writer.ok("PATCH", "/units/S1", {"metadata": {"bench": 7}})
        state = await lab.until(lambda state: state["last_error"])
        await lab.unit.json("PATCH", "/record/push", json={"is_on": False})
    assert "come to an end" in state["last_error"]["what"]


async def test_a_refusal_that_cannot_be_kept_as_it_is_stops_nothing(lab: Lab, way: FaultyServer) -> None:
    way.faults = [Fault("POST", "/runs", 400, refusal("No \ud800."))]
    await lab.push(way.url)
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    for outcome in ("FAIL", "PASS"):
        await lab.writer.run(procedure, outcome=outcome)
    await lab.all_sent()
    assert {run["outcome"] for run in await lab.runs()} == {"FAIL", "PASS"}


@pytest.mark.parametrize("url", ["https://1.2.3.999/put", "https://a b/", "https://" + "x" * 70_000, "http://[", "/x"])
async def test_a_link_that_is_none_keeps_nothing_else_back(lab: Lab, way: FaultyServer, url: str) -> None:
    way.faults = [Fault("POST", "/attachments", 200, {"id": UNKNOWN, "upload_url": url})]
    await lab.push(way.url)
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    run = await lab.writer.run(procedure)
    await upload(lab.writer, f"runs/{run}", "a.csv", b"1")
    await lab.writer.run(procedure, outcome="FAIL")
    state = await lab.all_sent()
    if state["stopped_count"]:
        await lab.unit.json("POST", "/record/push/retry", json={})
        await lab.all_sent()
    there = await lab.runs()
    assert len(there) == 2
    files = [(await lab.reader.ok("GET", f"/runs/{each['id']}"))["attachments"] for each in there]
    assert sorted(len(each) for each in files) == [0, 1]


@pytest.mark.parametrize("cursor", [0, 100, "1"])
async def test_a_list_that_leads_nowhere_is_given_up(lab: Lab, way: FaultyServer, cursor: Any) -> None:
    page = {"data": [], "meta": {"has_more": True, "next_cursor": cursor}}
    way.faults = [Fault("GET", "/procedures", 200, page, times=100_000)]
    await lab.push(way.url)
    procedure = (await lab.writer.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
    await lab.writer.run(procedure)
    state = await lab.until(lambda state: state["last_error"])
    assert "without end" in state["last_error"]["what"]
    way.faults = []
    await lab.all_sent()
    assert len(await lab.runs()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0"])
async def test_a_server_elsewhere_learns_nothing_of_this_computer(tmp_path: Path, host: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"secret")
    settings = push_server.PushSettings("http://10.0.0.7", True, allows_plain_http=True)
    server = push_server.PushServer(settings, "key", connect_within_s=0.5)
    reached: list[bytes] = []

    async def note(writer: asyncio.StreamWriter) -> None:
        reached.append(b"x")
        writer.write(_answer("{}"))

    async with _answering(note) as url:
        port = url.rpartition(":")[2]
        for scheme in ("http", "https"):
            with pytest.raises(push_server.RefusedError, match="this computer"):
                await server.upload(f"{scheme}://{host}:{port}/unit_api/x", file, 6, "text/csv")
        await server.close()
    assert reached == []
