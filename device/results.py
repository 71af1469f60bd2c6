"""Results that come later than the answer to their command: bursts and pump runs.

The board reports each as telemetry, which may be lost; so a result that is late is asked for.
"""

from __future__ import annotations

import asyncio
import secrets

from device.board import BoardError, CommandRefusedError, CommandTimeoutError, NotConnectedError
from device.bursts import Fields
from device.firmware import messages
from device.link import Link, RefusedByBoardError

# A result is asked for when it is this late; the board needs some milliseconds beside the times it was given.
LATE_S = 0.25
# A board still busy this long after the time it was given is not going to finish.
STUCK_S = 5.0

_REPORTS = {messages.BURST: "burst_id", messages.PUMP_DONE: "run_id"}
_ASK = {messages.BURST: messages.GET_BURST, messages.PUMP_DONE: messages.GET_PUMP_RUN}


class Results:
    """The results expected from one board, by message (BURST, PUMP_DONE) and the number the host gave."""

    def __init__(self) -> None:
        self._expected: dict[tuple[int, int], asyncio.Future[Fields]] = {}
        # The board remembers the latest runs: a program started anew must not begin with their numbers.
        self._number = secrets.randbits(16)

    def next_number(self) -> int:
        """Return a number for a new burst or run."""
        self._number = (self._number + 1) & 0xFFFF
        return self._number

    def expect(self, message: int, number: int) -> asyncio.Future[Fields]:
        """Return the future of a result; expect it before its command is sent."""
        result: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._expected[message, number] = result
        return result

    def forget(self, message: int, number: int) -> None:
        """End expecting a result."""
        self._expected.pop((message, number), None)

    def arrived(self, message: int, fields: Fields) -> None:
        """Take a report that may be a result."""
        if message in _REPORTS:
            result = self._expected.get((message, int(fields[_REPORTS[message]])))
            if result is not None and not result.done():
                result.set_result(fields)

    def fail(self, detail: str, remedy: str) -> None:
        """Tell whoever waits that the link is lost."""
        for result in self._expected.values():
            _fail(result, NotConnectedError(detail, remedy))

    def given_up(self, message: int, why: str) -> None:
        """Tell whoever waits for results of this kind that the board gave them up because it was told to."""
        for (expected, _), result in self._expected.items():
            if expected == message:
                _fail(result, CommandRefusedError(why, "Measure again."))

    async def collect(self, link: Link, message: int, number: int, takes_s: float) -> Fields:
        """Return an expected result that takes `takes_s` from now; raise as `Link.request`."""
        loop = asyncio.get_running_loop()
        result = self._expected[message, number]
        stuck_s = loop.time() + takes_s + STUCK_S
        wait_s = takes_s + LATE_S
        while loop.time() < stuck_s:
            if await _done_within(result, wait_s):
                return result.result()
            try:
                return await link.ask(_ASK[message], number)
            except RefusedByBoardError as refusal:
                if refusal.status != messages.BUSY:
                    raise
            wait_s = LATE_S
        raise CommandTimeoutError("the board does not finish what it began", "Restart the board.")


async def _done_within(result: asyncio.Future[Fields], wait_s: float) -> bool:
    """Wait for a result, at most this long; return whether it is there. It is not cancelled with who waits."""
    if not result.done():
        waiter = result.get_loop().create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        result.add_done_callback(wake)
        timer = result.get_loop().call_later(wait_s, wake)
        try:
            await waiter
        finally:
            timer.cancel()
            result.remove_done_callback(wake)
    return result.done()


def _fail(result: asyncio.Future[Fields], error: BoardError) -> None:
    if not result.done():
        result.set_exception(error)
        result.exception()  # marked as seen: its command may have failed already
