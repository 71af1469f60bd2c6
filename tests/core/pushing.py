"""Two services: one that pushes its record, and one that is the TofuPilot server it pushes to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from running_services import Served, serving
from unit_record_requests import Asker, asker, make_key

from core.service import ServiceOptions

WITHIN_S = 30.0
STARTED, ENDED = "2031-02-03T04:05:06.123456Z", "2031-02-03T04:10:06.123456Z"


@dataclass
class Lab:
    """The unit that pushes, and somebody who writes to its record; the server, and somebody who reads there.

    Attributes:
        key: the server's, with which the unit pushes.
    """

    unit: Served
    writer: Asker
    server: Served
    reader: Asker
    key: str

    async def push(self, url: str | None = None, **more: Any) -> dict[str, Any]:
        """Switch pushing on."""
        body = {"url": url or self.server.url, "api_key": self.key, "is_on": True, **more}
        return dict(await self.unit.json("PATCH", "/record/push", json=body))

    async def state(self) -> dict[str, Any]:
        """Return how pushing stands."""
        return dict(await self.unit.json("GET", "/record/push"))

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the state is such; return it."""
        return await until(self.state, condition)

    async def all_sent(self) -> dict[str, Any]:
        """Wait until nothing waits any more; return the state."""
        return await self.until(lambda state: not waiting(state))

    async def pending(self, **query: Any) -> list[dict[str, Any]]:
        """Return what waits."""
        rows: list[dict[str, Any]] = (await self.unit.json("GET", "/record/push/pending", params=query))["data"]
        return rows

    async def runs(self) -> list[dict[str, Any]]:
        """Return the server's runs, oldest first."""
        return list((await self.reader.ok("GET", "/runs", sort_order="asc", limit=100))["data"])


def waiting(state: dict[str, Any]) -> int:
    """Return how many things wait for their turn."""
    return int(state["waiting_units"] + state["waiting_runs"] + state["waiting_files"])


async def until(ask: Callable[[], Any], condition: Callable[[Any], bool]) -> Any:
    """Ask again and again until the answer is as wanted; return it."""
    told: Any = None
    try:
        async with asyncio.timeout(WITHIN_S):
            while not condition(told := await ask()):
                pass
    except TimeoutError:
        raise AssertionError(f"It stays {told}.") from None
    return told


@contextlib.asynccontextmanager
async def lab_in(folder: Path) -> AsyncIterator[Lab]:
    """Run both services, in this process."""
    async with serving(ServiceOptions(folder / "server")) as server, serving(ServiceOptions(folder / "unit")) as unit:
        writer, reader = await asker(unit, user="ada@example.org"), await asker(server, user="quality@example.org")
        yield Lab(unit, writer, server, reader, await make_key(server, user="line-7@example.org"))


async def upload(who: Asker, holder: str, name: str, content: bytes) -> str:
    """Attach a file to `runs/ID` or `units/SERIAL`; return its id."""
    made = await who.ok("POST", f"/{holder}/attachments", {"name": name})
    answer = await who.http.put(made["upload_url"], content=content, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    return str(made["id"])


async def content_of(file: dict[str, Any], http: httpx.AsyncClient) -> bytes:
    """Return the bytes of an attachment."""
    answer = await http.get(file["download_url"])
    assert answer.status_code == 200
    return answer.content


def without_ids(value: Any) -> Any:
    """Return an answer without what is each server's own: ids, moments of storing, links, creators."""
    own = {"id", "created_at", "created_by_user", "created_by_station", "download_url", "metadata", "operated_by"}
    if isinstance(value, dict):
        return {key: without_ids(item) for key, item in value.items() if key not in own}
    return [without_ids(item) for item in value] if isinstance(value, list) else value
