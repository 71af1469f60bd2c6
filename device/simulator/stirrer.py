"""The stir bar: motor speed in closed form, and the hall sensor's edges, one per turn."""

from __future__ import annotations

import math

import numpy as np

_RPM_PER_PERCENT = 20.0
_OFFSET_PERCENT = 5.0  # friction: 30 % give 500 rpm
_STARTS_ABOVE_PERCENT = 19.0
_STALLS_BELOW_PERCENT = 11.0
_STANDSTILL_RPM = 30.0
_DECOUPLES_ABOVE_RPM = 1500.0
_KICK_PERCENT = 90.0
_WANDER_STEP_US = 5_000_000
_WANDER_SIGMA = 0.006
_TURN_JITTER = 0.01
_REMEMBERED_US = 10_000_000


class Stirrer:
    """A brushed motor with a magnet, its bar in the vial and the hall sensor beside it.

    Speed follows the duty with one time constant, and wanders by about half a percent. The bar starts only above 19 %,
    stalls below 11 % and can come loose or jam. Times are microseconds of board time and may only grow.

    Attributes:
        jammed: the bar does not move whatever the motor does.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._gain = math.exp(0.05 * rng.standard_normal())
        self._tau_s = rng.uniform(0.3, 0.6)
        self._wander = _WANDER_SIGMA * rng.standard_normal(1009)
        self._turn_jitter = _TURN_JITTER * np.clip(rng.standard_normal(4093), -3, 3)
        self._duty_percent = 0.0
        self._supply_v = 5.0
        self._load = 0.0
        self.jammed = False
        self._loose = False
        self._stopped_since_loose = False
        # (from when, turns until then, speed then, speed it tends to), oldest first; speeds in turns per second
        self._segments: list[tuple[int, float, float, float]] = [(0, 0.0, 0.0, 0.0)]

    def set_drive(self, now_us: int, duty_percent: float, supply_v: float, biomass_od: float) -> None:
        """Set the motor's duty in percent; viscosity of a dense culture slows it by up to 5 % at OD 10."""
        self._duty_percent = duty_percent
        self._supply_v = supply_v
        self._load = 0.0035 * min(biomass_od, 15.0)
        if self._loose and duty_percent == 0:
            self._stopped_since_loose = True
        elif self._loose and self._stopped_since_loose and duty_percent >= _KICK_PERCENT:
            self._loose = False
        self._begin_segment(now_us)

    def come_loose(self, now_us: int) -> None:
        """Throw the bar off: it stays still until the drive was stopped and a kick of at least 90 % follows."""
        self._loose, self._stopped_since_loose = True, False
        self._begin_segment(now_us)

    def jam(self, now_us: int) -> None:
        """Hold the bar fast until `free`."""
        self.jammed = True
        self._begin_segment(now_us)

    def free(self, now_us: int) -> None:
        """Undo `come_loose` and `jam`."""
        self.jammed = self._loose = False
        self._begin_segment(now_us)

    def rpm(self, now_us: int) -> float:
        """Return the bar's true speed."""
        return 60.0 * self._state(now_us)[1]

    def turns(self, now_us: int) -> int:
        """Return whole turns, hence hall edges, since the start."""
        return int(self._state(now_us)[0])

    def edge_times(self, since_us: int, now_us: int) -> list[int]:
        """Return when turns ended from `since_us` (at most 10 s back) to `now_us`, in board microseconds."""
        self._advance(now_us)
        ends = [segment[0] for segment in self._segments[1:]] + [now_us]
        times: list[int] = []
        for segment, end_us in zip(self._segments, ends, strict=True):
            begin_us = max(segment[0], since_us)
            if end_us > begin_us:
                times.extend(self._edges_within(segment, begin_us, end_us))
        return times

    def _edges_within(self, segment: tuple[int, float, float, float], begin_us: int, end_us: int) -> list[int]:
        start_us, turns, speed, target = segment
        grid_s = np.linspace((begin_us - start_us) * 1e-6, (end_us - start_us) * 1e-6, 257)
        angle = turns + target * grid_s + (speed - target) * self._tau_s * -np.expm1(-grid_s / self._tau_s)
        marks = np.arange(max(1, math.floor(angle[0]) - 1), math.ceil(angle[-1]) + 1)
        marks = marks + self._turn_jitter[marks % len(self._turn_jitter)]
        marks = marks[(marks > angle[0]) & (marks <= angle[-1])]
        return [start_us + int(second * 1e6) for second in np.interp(marks, angle, grid_s)]

    def _target(self, now_us: int, speed: float) -> float:
        """Return the speed the bar tends to, in turns per second."""
        duty = self._duty_percent
        standing = speed * 60.0 < _STANDSTILL_RPM
        if self.jammed or self._loose or duty < (_STARTS_ABOVE_PERCENT if standing else _STALLS_BELOW_PERCENT):
            return 0.0
        wander = self._wander[now_us // _WANDER_STEP_US % len(self._wander)]
        rpm = self._gain * _RPM_PER_PERCENT * (duty - _OFFSET_PERCENT) * self._supply_v / 5.0
        rpm *= (1.0 + wander) * (1.0 - self._load)
        return float(min(rpm, _DECOUPLES_ABOVE_RPM)) / 60.0

    def _begin_segment(self, now_us: int) -> None:
        turns, speed = self._state(now_us)
        self._segments.append((now_us, turns, speed, self._target(now_us, speed)))
        while len(self._segments) > 2 and self._segments[1][0] < now_us - _REMEMBERED_US:
            del self._segments[0]

    def _advance(self, now_us: int) -> None:
        """Begin a new segment wherever the wander changed since the last one."""
        start_us, _, _, target = self._segments[-1]
        if target == 0.0:
            return
        boundary_us = (start_us // _WANDER_STEP_US + 1) * _WANDER_STEP_US
        while boundary_us <= now_us:
            turns, speed = self._at(self._segments[-1], boundary_us)
            self._segments.append((boundary_us, turns, speed, self._target(boundary_us, speed)))
            boundary_us += _WANDER_STEP_US
        while len(self._segments) > 2 and self._segments[1][0] < now_us - _REMEMBERED_US:
            del self._segments[0]

    def _state(self, now_us: int) -> tuple[float, float]:
        self._advance(now_us)
        return self._at(self._segments[-1], now_us)

    def _at(self, segment: tuple[int, float, float, float], now_us: int) -> tuple[float, float]:
        """Return (turns, speed in turns per second) within a segment."""
        start_us, turns, speed, target = segment
        elapsed_s = (now_us - start_us) * 1e-6
        gone = -math.expm1(-elapsed_s / self._tau_s)
        excess = speed - target
        return turns + target * elapsed_s + excess * self._tau_s * gone, speed - excess * gone
