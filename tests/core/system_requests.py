"""Asking a running service for what ends later, and waiting for its end, also across a restart."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

_WITHIN_S = 30


async def over(http: httpx.AsyncClient, accepted: dict[str, Any]) -> dict[str, Any]:
    """Return a task's answer when it is over; the service may be away meanwhile."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            try:
                answer = await http.get(accepted["result_url_path"])
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            assert answer.status_code == 202, answer.text


async def done(http: httpx.AsyncClient, path: str, **request: Any) -> dict[str, Any]:
    """Post under /unit_api what must be accepted and end well; return its result."""
    answer = await http.post(f"/unit_api{path}", **request)
    assert answer.status_code == 202, answer.text
    found = await over(http, answer.json())
    assert found["status"] == "complete", found
    result: dict[str, Any] = found["result"]
    return result
