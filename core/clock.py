"""The service's one source of time.

Everything in the service waits on the event loop's clock and reads UTC from a `Clock`. On a `BentLoop` that clock runs
faster than the wall clock, or jumps from timer to timer.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from functools import lru_cache

from core.bent_loop import BentLoop


class Clock:
    """UTC on the event loop's clock.

    Args:
        epoch_utc_s: UTC now, seconds since 1970; the wall clock's when left out.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch_utc_s: float | None = None) -> None:
        self._loop = loop
        self._follows_host = epoch_utc_s is None and not isinstance(loop, BentLoop)
        self._offset_s = (time.time() if epoch_utc_s is None else epoch_utc_s) - loop.time()

    def utc_s(self) -> float:
        """Return UTC in seconds since 1970."""
        if self._follows_host:
            return time.time()
        return self._loop.time() + self._offset_s

    def utc(self) -> datetime:
        """Return UTC as an aware datetime."""
        return datetime.fromtimestamp(self.utc_s(), UTC)

    def monotonic_s(self) -> float:
        """Return the loop's clock in seconds: for durations and deadlines."""
        return self._loop.time()


def timestamp(utc_s: float) -> str:
    """Return UTC seconds as the API writes them: `2031-02-03T04:05:06.789Z`."""
    seconds, milliseconds = divmod(round(utc_s * 1000), 1000)
    return f"{_to_the_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=16)  # a reading is told and stored in several places, each with its time
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().removesuffix("+00:00")


def new_loop(speed: float = 1.0) -> asyncio.AbstractEventLoop:
    """Return the loop for a service: an ordinary one at speed 1, a bent one otherwise."""
    return asyncio.SelectorEventLoop() if speed == 1.0 else BentLoop(speed)
