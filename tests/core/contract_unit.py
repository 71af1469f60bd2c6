"""A whole unit for one case of the contract: `vialdesk serve` in this loop, on a simulated board, in bent time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raw_http import Answer, RawClient

from core.serve import ServeOptions, serve
from core.service import ServiceOptions

_EPOCH_UTC_S = 1_900_000_000.0
_TASK_WITHIN_S = 2400.0


class _FirstLine(io.StringIO):
    """Where the service says its address."""

    def __init__(self) -> None:
        super().__init__()
        self.said = asyncio.Event()

    def flush(self) -> None:
        super().flush()
        self.said.set()


@dataclass
class Unit:
    """A running unit, what is known of it, and ways to ask it."""

    data_dir: Path
    client: RawClient
    known: dict[str, Any] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Ask under /unit_api with a JSON body."""
        raw = None if body is None else json.dumps(body).encode()
        headers = {} if raw is None else {"Content-Type": "application/json"}
        return await self.client.ask(method, f"/unit_api{path}", raw, headers)

    async def done(self, method: str, path: str, body: object = None) -> Any:
        """Ask for something that must be accepted, and return the result of its task."""
        answer = await self.ask(method, path, body)
        assert answer.status == 202, answer.body
        task = await self.task(answer.json()["task_id"])
        assert task["status"] == "complete", task
        return task["result"]

    async def task(self, task_id: str) -> Any:
        """Return what a task says when it is over; the service may be away for a while meanwhile."""
        async with asyncio.timeout(_TASK_WITHIN_S):
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    answer = await self.ask("GET", f"/task_results/{task_id}")
                    if answer.status == 200:
                        return answer.json()
                    assert answer.status in (202, 503), answer.body
                await asyncio.sleep(0.25)

    async def settings(self, job_name: str) -> dict[str, Any]:
        """Return the settings of a running job, {} when it does not run."""
        answer = await self.ask("GET", f"/jobs/settings/job_name/{job_name}")
        return dict(answer.json()["settings"]) if answer.status == 200 else {}


@contextlib.asynccontextmanager
async def contract_unit(data_dir: Path) -> AsyncIterator[Unit]:
    """Run a unit until the block ends; its board is connected when it begins."""
    out, errors = _FirstLine(), io.StringIO()
    service = ServiceOptions(data_dir, "simulated:", epoch_utc_s=_EPOCH_UTC_S, speed=math.inf)
    running = asyncio.create_task(serve(ServeOptions(service, "127.0.0.1", 0, out=out, err=errors)))
    said = asyncio.create_task(out.said.wait())
    await asyncio.wait([running, said], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        said.cancel()
        running.result()
    host, _, port = out.getvalue().strip().removeprefix("http://").rpartition(":")
    unit = Unit(data_dir, RawClient(host, int(port)))
    try:
        while (await unit.ask("GET", "/health")).json()["board"] == "disconnected":  # noqa: ASYNC110 - bent time
            await asyncio.sleep(0.1)
        yield unit
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
