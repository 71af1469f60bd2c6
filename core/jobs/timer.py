"""An interval timer with a fixed phase: run k happens k intervals after the first, however long a run takes.

Runs that are already late are skipped instead of being bunched, a pause keeps the phase, and a run that raises is
logged while the timer lives on.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

from core.clock import Clock

# A wake-up this much too early still counts as in time: loops round their deadlines.
_EARLY_S = 1e-6


class IntervalTimer:
    """Runs `action` at fixed times.

    Args:
        sleep: waits the given seconds; whoever holds outputs renews them meanwhile.
        interval_s: time between runs, above 0.
        first_after_s: time from `run` to the first run.
    """

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        action: Callable[[], Awaitable[None]],
        log: logging.LoggerAdapter[Any],
        *,
        interval_s: float,
        first_after_s: float = 0.0,
    ) -> None:
        if not interval_s > 0:
            raise ValueError(f"an interval must be above 0 s, not {interval_s}")
        self.interval_s = interval_s
        self._clock = clock
        self._sleep = sleep
        self._action = action
        self._log = log
        self._first_after_s = first_after_s
        self.task: asyncio.Task[None] | None = None
        self._is_going = True

    def pause(self) -> None:
        """Skip runs from now on; one that is under way goes on."""
        self._is_going = False

    def resume(self) -> None:
        """Run again, from the next time of the old phase on."""
        self._is_going = True

    async def run(self) -> None:
        """Run until cancelled."""
        start = self._clock.monotonic_s() + self._first_after_s
        k = 0
        while True:
            await self._sleep(max(0.0, start + k * self.interval_s - self._clock.monotonic_s()))
            # A pause is waited through in the same way: it must not end the renewal of outputs.
            if self._is_going:
                await self._run_once()
            k = self._next(start, k + 1)

    def _next(self, start: float, least: int) -> int:
        elapsed = self._clock.monotonic_s() - start
        return max(least, math.ceil((elapsed - _EARLY_S) / self.interval_s))

    async def _run_once(self) -> None:
        try:
            await self._action()
        except Exception:  # noqa: BLE001 - the timer lives on, whatever a run does
            self._log.exception("This run went wrong; the next one comes in %g s.", self.interval_s)
