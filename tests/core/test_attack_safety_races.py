"""Requests that race each other where outputs are at stake."""

from __future__ import annotations

import asyncio
from pathlib import Path

from running_services import serving

from core.service import ServiceOptions


async def test_a_start_that_was_on_its_way_when_everything_was_stopped_does_not_begin(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        body = b'{"options": {"duration": 5}}'
        head = (
            f"POST /unit_api/jobs/run/job_name/remove_waste HTTP/1.1\r\nhost: {served.url.removeprefix('http://')}\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
        writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body[:5])
        await writer.drain()
        await served.json("GET", "/health")
        stopped = await served.json("POST", "/jobs/stop/all", 202)
        assert stopped["status"] == "accepted"
        writer.write(body[5:])
        answer = (await reader.read()).decode()
        writer.close()
        assert " 409 " in answer.splitlines()[0]
        assert "stopped" in answer
        assert await served.json("GET", "/jobs/running/remove_waste") == []
        # The next one does.
        await served.json("POST", "/jobs/run/job_name/remove_waste", 202, json={"options": {"duration": 0.1}})
