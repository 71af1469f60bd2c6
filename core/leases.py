"""Keeping outputs on: each has a lease, which is renewed only from the waiting of the very job that holds the output.

The board switches an output off when its lease ends. A job has several tasks that wait; whenever a renewal is due, one
of those that wait just then does it. A job that waits nowhere, because it hangs or is gone, loses its outputs.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.board_link import BoardLink
from core.clock import Clock
from core.output_holds import LedLocks
from device.board import Board, BoardError

_RENEWALS_PER_LEASE = 3


@dataclass
class Driven:
    """An output that is to be on: how to send its value again, and when that is due on the loop's clock."""

    send: Callable[[Board, float], Awaitable[float]]
    tell: Callable[[float], None]
    percent: float
    lease_s: float
    due_s: float
    darkenings: int
    sent_s: float = -math.inf
    is_shown_on: bool = False

    def confirmed(self, loop_s: float) -> None:
        """Note that the board has done it, and tell it where it was off."""
        self.sent_s = loop_s
        if not self.is_shown_on:
            self.is_shown_on = True
            self.tell(self.percent)


class _Sleeper:
    """A task that waits; it is woken to renew leases, or because its time is over."""

    __slots__ = ("is_over", "woken")

    def __init__(self, woken: asyncio.Future[None]) -> None:
        self.woken = woken
        self.is_over = False

    def wake(self) -> None:
        """Wake the task."""
        if not self.woken.done():
            self.woken.set_result(None)

    def end(self) -> None:
        """Wake the task for good."""
        self.is_over = True
        self.wake()


class Leases:
    """The leases of the outputs that one job wants to be on.

    Attributes:
        driven: what is to be on, by the output's name.
    """

    def __init__(self, board_link: BoardLink, clock: Clock, led_locks: LedLocks) -> None:
        self._board_link = board_link
        self._clock = clock
        self._led_locks = led_locks
        self._is_closed = False
        self._sleepers: dict[_Sleeper, None] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self.driven: dict[str, Driven] = {}

    def due_s(self, lease_s: float) -> float:
        """Return the loop time at which a lease given now is to be renewed."""
        return self._clock.monotonic_s() + lease_s / _RENEWALS_PER_LEASE

    def close(self) -> None:
        """Renew nothing any more."""
        self._is_closed = True

    def next_renewal_s(self) -> float:
        """Return the loop time of the next renewal, infinity when there is nothing to renew."""
        if self._is_closed or not self.driven:
            return math.inf
        return min([driven.due_s for driven in self.driven.values()])

    async def sleep_until(self, loop_s: float) -> None:
        """Wait until `loop_s`, and meanwhile renew what is due."""
        if self.next_renewal_s() <= self._clock.monotonic_s():
            await self.renew_due()
        loop = asyncio.get_running_loop()
        sleeper = _Sleeper(loop.create_future())
        timer = loop.call_at(loop_s, sleeper.end)
        try:
            while True:
                self._sleepers[sleeper] = None
                self.set_alarm()
                await sleeper.woken
                del self._sleepers[sleeper]
                if sleeper.is_over:
                    return
                sleeper.woken = loop.create_future()
                await self.renew_due()
        finally:
            timer.cancel()
            if self._sleepers.pop(sleeper, sleeper) is None:
                self.set_alarm()  # it was cut off, perhaps when it was just about to renew: another one does it

    def set_alarm(self) -> None:
        """Have one of the tasks that wait woken for the next renewal."""
        if not self.driven or not self._sleepers:
            return
        due_s = self.next_renewal_s()
        if due_s == math.inf:
            return
        if self._alarm is not None:
            if self._alarm.when() <= due_s:
                return
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(due_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self.next_renewal_s() > self._clock.monotonic_s():
            self.set_alarm()
            return
        for sleeper in self._sleepers:
            if not sleeper.woken.done():
                sleeper.wake()
                return

    async def renew_due(self) -> None:
        """Renew every lease that is due. Without a link nothing is sent; the board switches off by itself."""
        self._forget_darkened()
        for output, driven in tuple(self.driven.items()):
            if self._is_closed or self.driven.get(output) is not driven:
                continue  # while another output was renewed, the job ended or gave this one another value
            if driven.due_s <= self._clock.monotonic_s():
                driven.due_s = self.due_s(driven.lease_s)
                if self._board_link.is_usable:
                    with contextlib.suppress(BoardError):
                        await driven.send(self._board_link.board, driven.lease_s)
                        driven.confirmed(self._clock.monotonic_s())

    def _forget_darkened(self) -> None:
        """Let LEDs stay dark that went off because there was too much light, until their job lights them again."""
        for output, driven in tuple(self.driven.items()):
            if output.startswith("LED") and driven.darkenings != self._led_locks.darkenings:
                del self.driven[output]
