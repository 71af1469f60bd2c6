"""A board's pump runs: begun, awaited also over a lost link, and stopped before anything else that waits.

The board times a run by itself. What was pumped must not stay unknown, and a stop must not be lost: both outlive the
link they were begun on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from device.arguments import microseconds, percent, runs_pump
from device.board import BoardError, CommandTimeoutError, NotConnectedError
from device.bursts import Fields
from device.firmware import messages
from device.link import Link, RefusedByBoardError
from device.results import Results

# After a lost link, a pump run's result is still asked for this long after the run must have ended.
RUN_RESULT_S = 15.0
# A stop needs a frequency too; any the board accepts will do.
STOP_FREQUENCY_HZ = 200.0


class PumpRuns:
    """The pump runs of one board.

    Args:
        results: where the board's reports of runs arrive.
        usable_link: returns the open link, or raises NotConnectedError saying why there is none.
        open_link: returns the link while it is open, usable or not, or None.
        wait_until_usable: returns when there is a usable link; raises NotConnectedError after the seconds given.
    """

    def __init__(
        self,
        results: Results,
        usable_link: Callable[[], Link],
        open_link: Callable[[], Link | None],
        wait_until_usable: Callable[[float], Awaitable[None]],
    ) -> None:
        self._results = results
        self._usable_link = usable_link
        self._open_link = open_link
        self._wait_until_usable = wait_until_usable
        self._to_stop: set[int] = set()

    async def run(self, channel: int, duty_percent: float, frequency_hz: float, duration_s: float) -> Fields:
        """Run a pump for a time the board keeps; return the board's report of it. Cancelling stops the pump."""
        run_id, link = self._results.next_number(), self._usable_link()
        run = (run_id, channel, percent(duty_percent), frequency_hz, microseconds(duration_s))
        self._results.expect(messages.PUMP_DONE, run_id)
        end_s = asyncio.get_running_loop().time() + duration_s
        try:
            try:
                await link.request(messages.RUN_PUMP, *run)
                return await self._results.collect(link, messages.PUMP_DONE, run_id, duration_s)
            except (NotConnectedError, CommandTimeoutError) as lost:
                return await self._after_loss(run_id, channel, end_s, lost)
        except asyncio.CancelledError:
            await self._stop(channel)
            raise
        finally:
            self._results.forget(messages.PUMP_DONE, run_id)

    async def _after_loss(self, run_id: int, channel: int, end_s: float, lost: BoardError) -> Fields:
        """Ask for a pump run whose link was lost, when it is back: what was pumped must not stay unknown."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wait_until_usable(max(0.0, end_s + RUN_RESULT_S - loop.time()))
            self._results.expect(messages.PUMP_DONE, run_id)
            remaining_s = max(0.0, end_s - loop.time())
            try:
                return await self._results.collect(self._usable_link(), messages.PUMP_DONE, run_id, remaining_s)
            except (NotConnectedError, CommandTimeoutError) as again:
                lost = again
                if loop.time() > end_s + RUN_RESULT_S:  # the board says for ever that it runs
                    await self._stop(channel)
                    raise
            except RefusedByBoardError as unknown:
                what = f"the link was lost while a pump was to run ({lost}), and the board knows nothing of the run"
                remedy = "Look at the vial: the pump may have run in part or not at all."
                raise NotConnectedError(what, remedy) from unknown

    async def stop(self, channel: int) -> None:
        """End a pump's run before anything else that waits, also one whose command waits to be sent."""
        link = self._open_link()
        if link is not None:
            link.withdraw(partial(runs_pump, channel), "the pump was stopped before it began to run")
        await self._stop(channel)

    async def _stop(self, channel: int) -> None:
        """Stop a pump before anything else that waits; at the next connection if there is none now."""
        self._to_stop.add(channel)
        link = self._open_link()
        if link is not None:
            await self.send_stops(link)

    async def send_stops(self, link: Link) -> None:
        """Send the stops that the board has not confirmed yet."""
        for channel in tuple(self._to_stop):
            stopped = link.post(messages.SET_PWM, channel, 0.0, STOP_FREQUENCY_HZ, 0, urgent=True)
            stopped.add_done_callback(partial(self._stopped, channel))
            await asyncio.wait((stopped,))

    def _stopped(self, channel: int, answer: asyncio.Future[bytes]) -> None:
        if not answer.cancelled() and not isinstance(answer.exception(), NotConnectedError | CommandTimeoutError):
            self._to_stop.discard(channel)
