"""Asking the unit's record of a running service: by plain HTTP with a key, and what a run needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from running_services import Served

UNKNOWN = "00000000-0000-4000-8000-000000000000"
STARTED = "2031-02-03T04:05:06.123456Z"
ENDED = "2031-02-03T04:10:06.123456Z"


@dataclass
class Asker:
    """Someone with a key."""

    http: httpx.AsyncClient
    key: str
    base: str = "/v2"

    async def raw(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask and return the answer."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return await self.http.request(method, f"{self.base}{path}", headers=headers, **request)

    async def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Ask, insist on 200, return the JSON answer."""
        answer = await self.raw(method, path, json=body, params=query or None)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        return answer.json()

    async def refused(self, status: int, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Ask, insist on an error of that status in the one form, return it."""
        answer = await self.raw(method, path, json=body, params=query or None)
        return refusal_of(answer, status)

    async def unit(self, serial_number: str, **more: Any) -> str:
        """Create a unit of part P1, revision A; return its id."""
        body = {"serial_number": serial_number, "part_number": "P1", "revision_number": "A", **more}
        made: str = (await self.ok("POST", "/units", body))["id"]
        return made

    async def run(self, procedure: str, serial_number: str = "S1", **more: Any) -> str:
        """Store a run; return its id."""
        body = {"outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED,
                "serial_number": serial_number, "part_number": "P1", **more}  # fmt: skip
        made: str = (await self.ok("POST", "/runs", body))["id"]
        return made


_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "BAD_REQUEST",
    422: "UNPROCESSABLE_CONTENT",
    500: "INTERNAL_SERVER_ERROR",
}


def refusal_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is an error in the record's form; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body: dict[str, Any] = answer.json()
    assert set(body) == {"message", "code", "issues"}
    assert body["code"] == _CODES[status]
    assert body["message"]
    assert all(set(issue) == {"message"} for issue in body["issues"])
    return body


async def make_key(served: Served, **whose: str) -> str:
    """Make a key for `user` or `station`."""
    made: str = (await served.json("POST", "/keys", 201, json=whose))["key"]
    return made


async def asker(served: Served, **whose: str) -> Asker:
    """Make a key and return who asks with it."""
    return Asker(served.http, await make_key(served, **whose))
