"""Exclusive operations: what must not run beside itself, or beside one of the others.

Whoever asks for such an operation while one is in the way is told so (202 `in_progress`, with `Retry-After`), and
nothing is queued. A lock is held for a second at least, so that a double click never acts twice. Everything here is of
the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.clock import Clock

_HELD_AT_LEAST_S = 1.0


class Lock(StrEnum):
    """The locks, by the names that answers give them."""

    UPDATE = "update-lock"
    POWER = "power-lock"
    CLOCK = "clock-lock"
    WEB_RESTART = "web-restart-lock"
    IMPORT = "import-dot-pioreactor-lock"
    REPAIR = "repair-system-lock"


# How long whoever finds a lock held is told to wait, in seconds.
_RETRY_AFTER_S = {Lock.CLOCK: 1, Lock.UPDATE: 10, Lock.IMPORT: 5}
_USUAL_RETRY_AFTER_S = 2


class InProgressError(Exception):
    """An exclusive operation is in the way of the one that was asked for."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(f"{lock.value} is held.")
        self.lock = lock
        self.retry_after_s = _RETRY_AFTER_S.get(lock, _USUAL_RETRY_AFTER_S)


async def tell_in_progress(_: Request, error: Exception) -> JSONResponse:
    """Answer whoever is excluded: 202, but nothing was queued."""
    assert isinstance(error, InProgressError)  # noqa: S101 - what this is registered for
    body = {"status": "in_progress", "lock": error.lock.value, "retry_after_s": error.retry_after_s}
    return JSONResponse(body, 202, {"Retry-After": str(error.retry_after_s)})


class ExclusiveOperations:
    """Knows which exclusive operations are under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[Lock, float] = {}

    @property
    def held(self) -> list[Lock]:
        """The locks that are held now, the oldest first."""
        return list(self._held)

    def refuse(self, lock: Lock) -> None:
        """Raise InProgressError when something is in the way; the clock is in nobody's but its own."""
        for held in self._held:
            if held is lock or (Lock.CLOCK not in (held, lock)):
                raise InProgressError(held)

    def take(self, lock: Lock) -> None:
        """Take a lock; raise InProgressError when something is in the way."""
        self.refuse(lock)
        self._held[lock] = self._clock.monotonic_s()

    def free(self, lock: Lock) -> None:
        """Give a lock back, a second after it was taken at the earliest."""
        left_s = self._held[lock] + _HELD_AT_LEAST_S - self._clock.monotonic_s()
        asyncio.get_running_loop().call_later(max(0.0, left_s), self._held.pop, lock, None)

    def holding(
        self, lock: Lock, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]
    ) -> Callable[[], Coroutine[Any, Any, dict[str, Any]]]:
        """Take a lock now, and return `work` in a form that gives it back when done.

        Raises:
            InProgressError: something is in the way.
        """
        self.take(lock)

        async def run() -> dict[str, Any]:
            try:
                return await work()
            finally:
                self.free(lock)

        return run
