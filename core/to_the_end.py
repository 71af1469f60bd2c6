"""Blocking work that is never left half-way: whoever gives it up waits until it has really stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def to_the_end(work: Callable[[], _T], stop: Callable[[], None] = lambda: None) -> _T:
    """Do blocking work in a thread; when cancelled, call `stop` and wait for its end, so that nothing overlaps."""
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait({thread})
        if not thread.cancelled():
            thread.exception()
        raise
