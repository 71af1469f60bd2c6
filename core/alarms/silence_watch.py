"""Watches for silence: a job that measures, runs, and gives no readings although the board can be reached."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.alarms.limits import AlarmLimits
from core.board_link import BoardLink
from core.bus import AlarmBegan, AlarmEnded, Bus, JobChanged, ReadingTaken
from core.clock import Clock
from core.jobs.state import JobState
from core.records.records import LIVE_ONLY_PREFIX
from device.board import BoardEvent, ConnectionChanged

_SIGNAL = "readings"
_TEMPERATURE_JOB = "temperature_automation"
# What a job gives at each of its measurements, and what a person calls it.
_GIVES = {
    **{f"od{channel}": ("od_reading", "Optical density") for channel in "1234"},
    "measured_rpm": ("stirring", "Stirring speed"),
    "temperature": (_TEMPERATURE_JOB, "Culture temperature"),
}
# Readings further apart than this belong to two measurements.
_APART_S = 0.5
# A measurement now and then fails for a reason of its own, which its job tells.
_INTERVALS_MISSED = 3.0
# How often a job measures is not known after its first reading; none measures more seldom.
_FIRST_INTERVAL_S = 300.0
_ENDS_LATE_S = 0.001


@dataclass
class _Source:
    """A job that gave a reading: when the last came by the loop's clock, how far apart they are, what waits for it."""

    label: str
    experiment: str
    last_s: float
    interval_s: float = _FIRST_INTERVAL_S
    timer: asyncio.TimerHandle | None = None
    is_told: bool = False


class SilenceWatch:
    """Watches each job that measures, from its first reading until it sleeps or ends.

    Its timers run out once for each silence they wait for, not with each reading.
    """

    def __init__(self, limits: AlarmLimits, bus: Bus, board_link: BoardLink, clock: Clock) -> None:
        self._limits = limits
        self._bus = bus
        self._board_link = board_link
        self._clock = clock
        self._sources: dict[str, _Source] = {}
        self._ready: set[str] = set()
        bus.listen(ReadingTaken, self._on_reading)
        bus.listen(JobChanged, self._on_job)
        board_link.listen(self._hear)

    def close(self) -> None:
        """Wait for nothing any more."""
        for job in tuple(self._sources):
            self._forget(job)

    def look_again(self, changed: list[str]) -> None:
        """Go by new limits from now on."""
        if _SIGNAL in changed:
            for job, source in self._sources.items():
                if not self._limits.of(_SIGNAL).enabled:
                    self._tell_over(job, source)
                self._wait(job, source)

    def _on_reading(self, event: ReadingTaken) -> None:
        given = _GIVES.get(event.series)
        if given is None:
            return
        now_s = self._clock.monotonic_s()
        job, label = given
        source = self._sources.get(job)
        if source is None:
            # A reading that was under way when its job fell asleep may come afterwards.
            if job in self._ready and not event.experiment.startswith(LIVE_ONLY_PREFIX):
                source = self._sources[job] = _Source(label, event.experiment, now_s)
                self._wait(job, source)
        elif now_s - source.last_s >= _APART_S:
            source.interval_s = now_s - source.last_s
            source.last_s = now_s
            self._tell_over(job, source)
            # Once armed, a timer is left as it is and looks again; it must not be too late for a new interval though.
            if source.timer is not None and source.timer.when() > now_s + self._allowed_s(source) + _APART_S:
                self._wait(job, source)

    def _hear(self, event: BoardEvent) -> None:
        """Give every job the time of one silence when the board is back."""
        if isinstance(event, ConnectionChanged):
            for source in self._sources.values():
                source.last_s = self._clock.monotonic_s()

    def _on_job(self, event: JobChanged) -> None:
        job = str(event.row["job_name"])
        if event.state == JobState.READY.value:
            self._ready.add(job)
        else:
            self._ready.discard(job)
            self._forget(job)

    def _wait(self, job: str, source: _Source) -> None:
        """Look again when the next reading is overdue."""
        if source.timer is not None:
            source.timer.cancel()
        wait_s = source.last_s + self._allowed_s(source) - self._clock.monotonic_s() + _ENDS_LATE_S
        source.timer = asyncio.get_running_loop().call_later(max(wait_s, _ENDS_LATE_S), self._look, job, source)

    def _allowed_s(self, source: _Source) -> float:
        return max(self._limits.of(_SIGNAL).delay_s, _INTERVALS_MISSED * source.interval_s)

    def _look(self, job: str, source: _Source) -> None:
        now_s = self._clock.monotonic_s()
        limit = self._limits.of(_SIGNAL)
        if self._is_told_otherwise(job):
            source.last_s = now_s
        silent_s = now_s - source.last_s
        if silent_s >= self._allowed_s(source) and limit.enabled and not source.is_told:
            source.is_told = True
            what = f"{source.label} was not read for {silent_s:.0f} s although its job ran."
            remedy = "Look at the job's state and at the log; stop the job and start it again."
            self._bus.publish(AlarmBegan(f"silent:{job}", _SIGNAL, limit.severity, what, remedy, source.experiment))
        if source.is_told or not limit.enabled:
            source.timer = asyncio.get_running_loop().call_later(self._allowed_s(source), self._look, job, source)
        else:
            self._wait(job, source)

    def _is_told_otherwise(self, job: str) -> bool:
        """Whether another alarm says why there are no readings: one cause shall not raise many."""
        board = self._board_link.current
        if board is None or not self._board_link.is_usable:
            return True
        is_without_thermometer = board.status is not None and board.status.heater_celsius is None
        return job == _TEMPERATURE_JOB and is_without_thermometer

    def _tell_over(self, job: str, source: _Source) -> None:
        if source.is_told:
            source.is_told = False
            self._bus.publish(AlarmEnded(f"silent:{job}"))

    def _forget(self, job: str) -> None:
        source = self._sources.pop(job, None)
        if source is not None:
            if source.timer is not None:
                source.timer.cancel()
            self._tell_over(job, source)
