"""The loop whose time can be bent: `speed` times as fast as the wall clock, or from timer to timer (`math.inf`).

A week's experiment runs in minutes. Time never advances while anything is ready to run, therefore a slow computer makes
a bent experiment take longer, never different.
"""

# ruff: noqa: SLF001 - timers and handles are asyncio's, and this takes the place of its loop

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

_T = TypeVar("_T")

# How far bent time may lag behind its pace before it stops trying to catch up, in wall-clock seconds.
_CATCH_UP_S = 1.0
# At a finite speed time is held for work in threads at most this long, in wall-clock seconds: a dry run takes minutes.
_HOLD_S = 1.0
# A timer this much ahead is due: sums of seconds are not exact.
_EARLY_S = 1e-9
# At infinite speed signals are looked for once in so many jumps, about every 10 ms.
_LOOK_EVERY = 256
# Cancelled timers are cleared away when there are more than this, and more than half of all.
_MANY_CANCELLED = 100


class _BentSelector(selectors.DefaultSelector):
    """Counts what is watched for input.

    Attributes:
        watched: files and sockets registered, the loop's own pipe among them.
    """

    watched = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self.watched += 1
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        self.watched -= 1
        return key


class _Timer(asyncio.TimerHandle):
    """A timer; whether it still waits among the loop's is noted where asyncio looks for it."""

    __slots__ = ()
    _scheduled: bool


class BentLoop(asyncio.SelectorEventLoop):
    """An event loop on which time runs `speed` times as fast; `math.inf` jumps to the next timer at once.

    Work in other threads (`run_in_executor`, `asyncio.to_thread`) holds time still until it is done, so that what
    happens, and when, does not depend on the speed of the disk; at a finite speed for a second at most, so that the
    unit lives on while long work is under way. Timers for the same moment run in the order in which they were set.

    A week has some ten million timers and callbacks, so what asyncio does for each is done here with fewer calls: this
    replaces the turn of its loop as CPython 3.11 has it.
    """

    _closed = True  # until it is made: asyncio looks at it even when a loop is thrown away half made
    _ready: deque[asyncio.Handle]
    _stopping: bool
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]

    def __init__(self, speed: float) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self._speed = speed
        self._jumps = math.isinf(speed)
        self._now = 0.0
        self._in_threads = 0
        self._hold_until = 0.0
        self._paced_from = (0.0, time.monotonic())
        self._timers: list[tuple[float, int, _Timer]] = []
        self._timers_set = 0
        self._timers_cancelled = 0
        self._advances = 0
        self._watch = _BentSelector()
        super().__init__(self._watch)

    def time(self) -> float:
        """Return bent time in seconds since the loop was made."""
        return self._now

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call `callback` at the loop's time `when`."""
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = _Timer(when, callback, args, self, context)
        timer._scheduled = True
        self._timers_set += 1
        heappush(self._timers, (when, self._timers_set, timer))
        return timer

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Call `callback` on the next turn of the loop."""
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., _T], *args: Any
    ) -> asyncio.Future[_T]:
        """Run `func` in a thread, and hold bent time meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        if not self._in_threads:
            self._hold_until = time.monotonic() + _HOLD_S
        self._in_threads += 1
        future.add_done_callback(self._left_thread)
        return future

    def close(self) -> None:
        """Close the loop; its timers are forgotten."""
        super().close()
        self._timers.clear()

    def _left_thread(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1

    def _timer_handle_cancelled(self, timer: _Timer) -> None:
        """Called by a timer that is cancelled; those far ahead must not fill the memory."""
        if not timer._scheduled:
            return  # it has run already
        self._timers_cancelled += 1
        if self._timers_cancelled > _MANY_CANCELLED and 2 * self._timers_cancelled > len(self._timers):
            timer._cancelled = True
            self._timers[:] = [each for each in self._timers if not each[2]._cancelled]
            heapify(self._timers)
            self._timers_cancelled = 0

    def _run_once(self) -> None:
        """Take one turn: let time go on if nothing is ready, then run what was ready when the turn began."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
            self._timers_cancelled -= 1
        if not ready and not self._stopping:
            self._let_time_pass(timers[0][0] if timers else None)
        due_s = self._now + _EARLY_S
        while timers and timers[0][0] <= due_s:
            timer = heappop(timers)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                ready.append(timer)
        for _ in range(len(ready)):
            handle: Any = ready.popleft()
            if handle._cancelled:
                continue
            try:
                handle._context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as asyncio does: told, and the loop goes on
                self.call_exception_handler(
                    {"message": f"Exception in callback {handle!r}", "exception": error, "handle": handle}
                )

    def _let_time_pass(self, next_s: float | None) -> None:
        """Go to the next timer's time `next_s`, or as far as the pace allows, unless input comes first."""
        if next_s is None:
            self._take_input(None)
            return
        if self._in_threads and self._hold():
            return
        if self._jumps:
            # Signals come in through the loop's own pipe; asking the system for them at each jump takes longer than
            # most jumps. What other threads want called is ready at once.
            self._advances += 1
            looks = self._watch.watched > 1 or self._advances % _LOOK_EVERY == 0
            if not (looks and self._take_input(0.0)) and not self._ready:
                self._now = max(self._now, next_s)
        else:
            self._keep_pace(next_s)

    def _hold(self) -> bool:
        """Wait for work in threads; return False, at once, when it has been waited for long enough."""
        timeout = None if self._jumps else self._hold_until - time.monotonic()
        if timeout is not None and timeout <= 0:
            return False
        self._take_input(timeout)
        return True

    def _keep_pace(self, next_s: float) -> None:
        bent, wall = self._paced_from
        wall_now = time.monotonic()
        due = wall + (next_s - bent) / self._speed
        if wall_now - due > _CATCH_UP_S:
            self._paced_from = (next_s, wall_now)
        if not self._take_input(max(0.0, due - wall_now)):
            self._now = max(self._now, next_s)
            return
        bent, wall = self._paced_from
        paced = bent + (time.monotonic() - wall) * self._speed
        self._now = max(self._now, min(paced, next_s))

    def _take_input(self, timeout: float | None) -> bool:
        """Wait for input at most this long, None for ever; return whether there was any."""
        events = self._watch.select(timeout)
        self._process_events(events)
        return bool(events)
