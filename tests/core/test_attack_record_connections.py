"""More connections than the system gives: those that are there go on, and the loop is not held up by the rest."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest
from running_services import Served

from core.http_server import MOST_CONNECTIONS


async def test_connections_beyond_the_limit_are_closed_and_the_others_go_on(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    await served.json("GET", "/jobs/running")  # a connection that is kept
    host, _, port = served.url.removeprefix("http://").partition(":")
    opened = []
    for _ in range(MOST_CONNECTIONS + 40):
        with contextlib.suppress(ConnectionResetError):
            opened.append(await asyncio.open_connection(host, int(port)))
    closed = 0
    async with asyncio.timeout(20):
        for reader, _ in opened[MOST_CONNECTIONS:]:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            closed += 1
    assert closed >= len(opened) - MOST_CONNECTIONS
    assert not opened[0][0].at_eof()
    assert await served.json("GET", "/jobs/running")
    for _, writer in opened:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /unit_api/jobs/running HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"200" in await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
