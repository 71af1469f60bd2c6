"""A pump run that no hang of the host can prolong: the board times it, in pieces as long as a pump's lease at most.

A piece that is under way when the host hangs, is killed or unplugged ends by the board's own clock, and no other
follows. Between two pieces the pump rests for one round trip on the wire, a few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from core.board_link import BoardLink
from core.clock import Clock
from core.errors import ServiceError, UnavailableError
from core.outputs import HeldOutputs
from device.board import BoardError, BoardEvent, CommandRefusedError, ConnectionChanged

# The board's word for a run that came to its end.
_DONE = "done"
# Pieces are whole slices where they can be: what is told of a run and what the board runs then go side by side.
_GRAIN_S = 0.5


class TimedRun:
    """One run of one pump.

    Attributes:
        is_stopped: no further piece is begun.
        error: why it ended before its time and not by `stop`; None otherwise.
    """

    def __init__(self, outputs: HeldOutputs, board_link: BoardLink, clock: Clock, channel: int) -> None:
        self._outputs = outputs
        self._board_link = board_link
        self._clock = clock
        self._channel = channel
        self._ended_s = 0.0
        self._piece_began_s: float | None = None
        self._piece_s = 0.0
        self.is_stopped = False
        self.error: ServiceError | BoardError | None = None

    @property
    def ran_s(self) -> float:
        """How long the pump has run: what the board reported, and of a piece under way what should have passed."""
        if self._piece_began_s is None:
            return self._ended_s
        return self._ended_s + min(self._piece_s, self._clock.monotonic_s() - self._piece_began_s)

    async def run(
        self,
        duty_percent: float,
        frequency_hz: float,
        duration_s: float,
        safe_s: Callable[[], float] = lambda: math.inf,
        keep_piece: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Run the pump for `duration_s` (infinity: until it is stopped); returns when it has ended.

        Before each piece `safe_s` is asked how long it may be at most, if nobody could stop it; then `keep_piece` is
        told how long the pump will have run at its end, and has kept that for good when it returns.
        """
        unlisten = self._board_link.listen(self._hear)
        try:
            with self._outputs.pumping(self._channel, duty_percent):
                while not self.is_stopped and duration_s - self._ended_s > 1e-6:
                    longest_s = min(self._outputs.longest_pump_run_s, safe_s())
                    piece_s = next_piece_s(duration_s - self._ended_s, longest_s)
                    if keep_piece is not None and await self._stopped_while(keep_piece(self._ended_s + piece_s)):
                        break
                    await self._run_piece(duty_percent, frequency_hz, piece_s)
        except (ServiceError, BoardError) as error:
            self.error = self.error or error
        finally:
            unlisten()

    async def stop(self) -> None:
        """Stop the pump now; `run` returns when the board has said how long it ran."""
        self.is_stopped = True
        board = self._board_link.current
        if board is not None:
            await board.stop_pump(self._channel)

    def give_up(self) -> None:
        """Wait no longer for the board's word on a piece: without a link it runs to its end, else it was stopped."""
        if self._piece_began_s is not None:
            passed_s = self._clock.monotonic_s() - self._piece_began_s if self._board_link.is_usable else math.inf
            self._ended_s += min(self._piece_s, passed_s)
            self._piece_began_s = None

    async def _stopped_while(self, other: Awaitable[None]) -> bool:
        """Wait for something else; return whether the run was stopped meanwhile."""
        await other
        return self.is_stopped

    async def _run_piece(self, duty_percent: float, frequency_hz: float, piece_s: float) -> None:
        self._piece_began_s, self._piece_s = self._clock.monotonic_s(), piece_s
        try:
            run = await self._outputs.run_pump(self._channel, duty_percent, frequency_hz, piece_s)
        except CommandRefusedError:
            self._piece_began_s = None
            if not self.is_stopped:
                raise
            return
        except BoardError as unknown:
            # The board runs a piece to its end without a host too, unless it was restarted.
            self._ended_s += piece_s
            self._piece_began_s = None
            self.error = UnavailableError(
                f"The board was lost while a pump ran; its last {piece_s:g} s are counted as run, which nobody knows.",
                cause=str(unknown),
                remedy="Look at the vial, correct current_volume_ml if it is wrong, then dose what is missing.",
            )
            raise
        self._piece_began_s = None
        # The board's loop ends a run some microseconds late, as it did when the pump was calibrated.
        self._ended_s += min(run.ran_s, piece_s) if run.reason != _DONE else piece_s
        if run.reason != _DONE:
            if not self.is_stopped:
                self.error = self.error or UnavailableError(
                    f"The board ended the pump's run early: {run.reason}.",
                    remedy="Look at the log for what else happened, then dose what is missing.",
                )
            self.is_stopped = True

    def _hear(self, event: BoardEvent) -> None:
        """A run does not go on after the link was lost: nobody could stop it."""
        if isinstance(event, ConnectionChanged) and not event.connection.is_usable:
            self.is_stopped = True
            self.error = self.error or UnavailableError(
                "The link to the board was lost while a pump ran; the board stops it by itself.",
                cause=event.connection.detail,
                remedy="Connect the board again, then dose what is missing.",
            )


def next_piece_s(left_s: float, longest_s: float) -> float:
    """Return how long the next piece of a run is of which `left_s` are left; the last two share what they have."""
    if left_s <= longest_s:
        return left_s
    if math.isinf(left_s) or left_s >= 2 * longest_s:
        return longest_s
    return max(_GRAIN_S, math.floor(left_s / 2 / _GRAIN_S) * _GRAIN_S)
