"""Watches the link to the board, and the faults that the board has latched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.alarms.limits import AlarmLimits
from core.board_link import BoardLink
from core.bus import AlarmBegan, AlarmEnded, BoardChanged, Bus
from core.jobs.job import Job
from device.board import BoardEvent, StatusReported

_LINK = "link"
_ENDS_LATE_S = 0.001
# What the board's faults mean, and what to do; their names are the board's.
_FAULTS = {
    "heater cut-off": (
        "The board switched its heater off: it was too hot.",
        "Let the heater board cool down, look for the cause, then clear the fault.",
    ),
    "thermometer missing": (
        "The heater board's thermometer does not answer, so the board does not heat.",
        "Look at the cable of the heater board, then clear the fault.",
    ),
    "photodiode saturated": (
        "A photodiode was saturated: an optical density was cut off.",
        "Lower the intensity of the infrared LED or keep light out, then clear the fault.",
    ),
    "low supply": (
        "The board's supply is low: pumps and stirrer do less than they are told.",
        "Use a stronger USB supply or a shorter cable, then clear the fault.",
    ),
}
_ONLY_WARN = ("photodiode saturated", "low supply")


class UnitWatch:
    """Raises alarms for what befalls the board.

    Args:
        jobs: returns the jobs that run.
    """

    def __init__(self, limits: AlarmLimits, bus: Bus, board_link: BoardLink, jobs: Callable[[], list[Job]]) -> None:
        self._limits = limits
        self._bus = bus
        self._board_link = board_link
        self._jobs = jobs
        self._waiting: asyncio.TimerHandle | None = None
        self._faults: tuple[str, ...] = ()
        bus.listen(BoardChanged, self._on_board)
        board_link.listen(self._hear)

    def close(self) -> None:
        """Wait for nothing any more."""
        self._wait_no_more()

    def look_again(self, changed: list[str]) -> None:
        """Go by new limits from now on."""
        if _LINK in changed:
            self._wait_no_more()
            self._watch_link()

    def _on_board(self, _: BoardChanged) -> None:
        self._watch_link()
        if self._board_link.current is None:
            self._watch_faults(())

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, StatusReported) and event.status.faults != self._faults:
            self._watch_faults(event.status.faults)

    def _watch_link(self) -> None:
        limit = self._limits.of(_LINK)
        if self._board_link.is_usable or self._board_link.current is None or not limit.enabled:
            self._wait_no_more()
            self._bus.publish(AlarmEnded(_LINK))
        elif self._waiting is None:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(limit.delay_s + _ENDS_LATE_S, self._tell_lost, limit.delay_s)

    def _tell_lost(self, delay_s: float) -> None:
        needing = [job for job in self._jobs() if job.needs_board]
        if self._board_link.is_usable or not needing:
            return
        names = ", ".join(job.declaration.label for job in needing)
        self._bus.publish(
            AlarmBegan(
                _LINK,
                _LINK,
                self._limits.of(_LINK).severity,
                f"The board was not reached for {delay_s:g} s while jobs needed it: {names}. Its outputs went off.",
                "Look at the USB cable and the board's power. The jobs go on by themselves when the board is back.",
                experiment=needing[0].context.experiment,
            )
        )

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _watch_faults(self, faults: tuple[str, ...]) -> None:
        """Tell faults the board has latched, and those it has forgotten; while it does not report nothing is known."""
        for fault in self._faults:
            if fault not in faults:
                self._bus.publish(AlarmEnded(f"board:{fault}"))
        for fault in faults:
            if fault in self._faults:
                continue
            what, remedy = _FAULTS.get(fault, (f"The board reports a fault: {fault}.", "Clear the fault."))
            severity = "warning" if fault in _ONLY_WARN else "alarm"
            self._bus.publish(AlarmBegan(f"board:{fault}", "board", severity, what, remedy))
        self._faults = faults
