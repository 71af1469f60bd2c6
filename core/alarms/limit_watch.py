"""Watches readings: raises an alarm when one stays beyond a limit for as long as the limit's delay says.

Readings come often, therefore one inside its limits costs no more than a look-up and two comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.alarms.limits import AlarmLimits
from core.alarms.signals import SIGNALS, SIGNALS_BY_KEY, Limit, WatchedSignal
from core.board_link import BoardLink
from core.bus import AlarmBegan, AlarmEnded, Bus, ExperimentChanged, JobChanged, ReadingTaken
from core.clock import Clock
from core.jobs.state import JobState
from core.records.records import LIVE_ONLY_PREFIX
from device.board import BoardEvent, StatusReported

_HEATER_BOARD = "heater_board"
_STIRRING = "stirring"
_PAUSED_OR_OVER = (JobState.SLEEPING.value, JobState.DISCONNECTED.value, JobState.LOST.value)


@dataclass
class _Course:
    """A series beyond its limits: on which side, since when by the loop's clock, and whether that was told."""

    signal: WatchedSignal
    series: str
    experiment: str | None
    value: float
    side: str
    since_s: float
    is_told: bool = False

    @property
    def key(self) -> str:
        """The key of its alarm."""
        return f"limit:{self.signal.key}:{self.series}:{self.side}"


class LimitWatch:
    """Watches every signal that has limits.

    Args:
        settings_of: returns the published settings of a running job, None when it does not run.
    """

    def __init__(
        self,
        limits: AlarmLimits,
        bus: Bus,
        board_link: BoardLink,
        clock: Clock,
        settings_of: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self._limits = limits
        self._bus = bus
        self._clock = clock
        self._settings_of = settings_of
        self._by_series = {series: signal for signal in SIGNALS for series in signal.series}
        self._beyond: dict[tuple[str, str], _Course] = {}
        self._heater_board = SIGNALS_BY_KEY[_HEATER_BOARD]
        bus.listen(ReadingTaken, self._on_reading)
        bus.listen(JobChanged, self._on_job)
        bus.listen(ExperimentChanged, self._on_experiment)
        board_link.listen(self._hear)

    def look_again(self, changed: list[str]) -> None:
        """Go by new limits from now on: what was beyond an old one and is not beyond the new one is over."""
        for place, course in tuple(self._beyond.items()):
            if course.signal.key in changed:
                limit = self._limits.of(course.signal.key)
                if not limit.enabled or _side(course.value, limit) != course.side:
                    self._forget(place)

    def _on_reading(self, event: ReadingTaken) -> None:
        signal = self._by_series.get(event.series)
        if signal is None or not self._limits.of(signal.key).enabled or event.experiment.startswith(LIVE_ONLY_PREFIX):
            return
        value = event.value
        if not math.isfinite(value):
            return  # whatever it is, it is no reading
        if signal.is_deviation:
            target = self._target()
            if target is None:
                self._forget((signal.key, event.series))
                return
            value -= target
        self._take(signal, event.series, value, event.experiment)

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, StatusReported) and event.status.heater_celsius is not None:
            self._take(self._heater_board, "board_temperature", event.status.heater_celsius, None)

    def _take(self, signal: WatchedSignal, series: str, value: float, experiment: str | None) -> None:
        limit = self._limits.of(signal.key)
        side = _side(value, limit) if limit.enabled else ""
        course = self._beyond.get((signal.key, series))
        if course is None and not side:
            return
        if course is not None and side != course.side and not _is_inside(value, limit, course):
            side = course.side  # within the hysteresis it still counts as beyond
        if course is not None and side != course.side:
            self._forget((signal.key, series))
            course = None
        if not side:
            return
        now_s = self._clock.monotonic_s()
        if course is None:
            course = self._beyond[signal.key, series] = _Course(signal, series, experiment, value, side, now_s)
        course.value = value
        if not course.is_told and now_s - course.since_s >= limit.delay_s:
            course.is_told = True
            self._tell(course, limit, experiment)

    def _tell(self, course: _Course, limit: Limit, experiment: str | None) -> None:
        signal, bound = course.signal, limit.low if course.side == "low" else limit.high
        remedy = signal.when_low if course.side == "low" else signal.when_high
        message = _words(course, bound or 0.0)
        self._bus.publish(
            AlarmBegan(
                course.key, signal.key, limit.severity, message, remedy, experiment, round(course.value, 6), bound
            )
        )

    def _target(self) -> float | None:
        """Return the speed stirring holds just now, None where it holds none."""
        settings = self._settings_of(_STIRRING) or {}
        target = settings.get("target_rpm")
        return float(target) if target and settings.get("duty_cycle") else None

    def _on_job(self, event: JobChanged) -> None:
        """Watch nothing that is not measured any longer."""
        if event.state in _PAUSED_OR_OVER:
            for place, course in tuple(self._beyond.items()):
                if course.signal.job == event.row["job_name"]:
                    self._forget(place)

    def _on_experiment(self, event: ExperimentChanged) -> None:
        """Watch nothing of an experiment that is over."""
        if event.experiment["ended_at"] is not None:
            for place, course in tuple(self._beyond.items()):
                if course.experiment == event.experiment["experiment"]:
                    self._forget(place)

    def _forget(self, place: tuple[str, str]) -> None:
        course = self._beyond.pop(place, None)
        if course is not None and course.is_told:
            self._bus.publish(AlarmEnded(course.key))


def _side(value: float, limit: Limit) -> str:
    """Return "low" or "high" when a value is beyond that limit, "" when it is inside."""
    if limit.high is not None and value > limit.high:
        return "high"
    if limit.low is not None and value < limit.low:
        return "low"
    return ""


def _is_inside(value: float, limit: Limit, course: _Course) -> bool:
    """Whether a value has come back far enough; no distance is asked as long as nothing was told."""
    if not course.is_told:
        return True
    hysteresis = course.signal.hysteresis
    if limit.low is not None and limit.high is not None:
        hysteresis = min(hysteresis, (limit.high - limit.low) / 4)
    if course.side == "high":
        return limit.high is None or value <= limit.high - hysteresis
    return limit.low is None or value >= limit.low + hysteresis


def _words(course: _Course, bound: float) -> str:
    """Return what is beyond which limit."""
    signal, where = course.signal, "above" if course.side == "high" else "below"
    name = f"{signal.label} ({course.series})" if len(signal.series) > 1 else signal.label
    value, at_most = _number(course.value), _number(bound)
    if signal.is_deviation:
        value, at_most = _number(abs(course.value)), _number(abs(bound))
        return f"{name} was {value} {signal.unit} {where} its target; {at_most} {signal.unit} are allowed."
    return f"{name} was {value} {signal.unit}, {where} the limit of {at_most} {signal.unit}."


def _number(value: float) -> str:
    """Return a number as a person reads it: three significant digits at least, no more than two decimals."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
