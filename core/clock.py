"""The service's one source of time, and the loop whose time can be bent.

Everything in the service waits on the event loop's clock and reads UTC from a `Clock`. On a `BentLoop` that clock runs
`speed` times as fast as the wall clock, or jumps from timer to timer (`speed = math.inf`), so that a week's experiment
runs in seconds. Time never advances while anything is ready to run, therefore a slow computer makes a bent
experiment take longer, never different.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, TypeVar

_T = TypeVar("_T")

# How far bent time may lag behind its pace before it stops trying to catch up, in wall-clock seconds.
_CATCH_UP_S = 1.0


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
    milliseconds = round(utc_s * 1000)
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment.isoformat().removesuffix('+00:00')}.{milliseconds % 1000:03d}Z"


class _BentSelector(selectors.DefaultSelector):
    """Turns the loop's wait for its next timer into an advance of bent time."""

    advance: Callable[[float | None], float | None]
    settle: Callable[[bool], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []  # work is ready; input is looked for when it is done, before time goes on
        wait_s = self.advance(timeout)
        events: list[tuple[selectors.SelectorKey, int]] = super().select(wait_s)
        self.settle(bool(events))
        return events


class BentLoop(asyncio.SelectorEventLoop):
    """An event loop on which time runs `speed` times as fast; `math.inf` jumps to the next timer at once.

    Work in other threads (`run_in_executor`, `asyncio.to_thread`) holds time still until it is done, so that what
    happens, and when, does not depend on the speed of the disk.
    """

    def __init__(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        selector = _BentSelector()
        selector.advance = self._advance
        selector.settle = self._settle
        self._speed = speed
        self._now = 0.0
        self._target: float | None = None
        self._in_threads = 0
        self._paced_from = (0.0, time.monotonic())
        super().__init__(selector)

    def time(self) -> float:
        """Return bent time in seconds since the loop was made."""
        return self._now

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., _T], *args: Any
    ) -> asyncio.Future[_T]:
        """Run `func` in a thread, and hold bent time until it has returned."""
        future = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        future.add_done_callback(self._left_thread)
        return future

    def _left_thread(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    def _advance(self, timeout: float | None) -> float | None:
        """Return how long to really wait, at most, for input; remember where time goes when none comes."""
        self._target = None
        if timeout is None or timeout <= 0:
            return timeout
        if self._in_threads:
            return None
        self._target = self._now + timeout
        if math.isinf(self._speed):
            return 0
        bent, wall = self._paced_from
        wall_now = time.monotonic()
        due = wall + (self._target - bent) / self._speed
        if wall_now - due > _CATCH_UP_S:
            self._paced_from = (self._target, wall_now)
        return max(0.0, due - wall_now)

    def _settle(self, got_input: bool) -> None:
        if self._target is None:
            return
        if not got_input:
            self._now = self._target
        elif not math.isinf(self._speed):
            bent, wall = self._paced_from
            paced = bent + (time.monotonic() - wall) * self._speed
            self._now = max(self._now, min(paced, self._target))


def new_loop(speed: float = 1.0) -> asyncio.AbstractEventLoop:
    """Return the loop for a service: an ordinary one at speed 1, a bent one otherwise."""
    return asyncio.SelectorEventLoop() if speed == 1.0 else BentLoop(speed)
