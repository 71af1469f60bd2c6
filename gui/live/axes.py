"""Axes people can read: round local clock times or hours since the start, and plain numbers on a logarithmic scale."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_STEPS_S = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0,
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY,
)  # fmt: skip
_HOUR_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_LABEL_PX = 84
# Half the width of a label such as 21 Nov 12:00.
_OVERHANG_PX = 44.0
# A decade at least this high has room for the labels 2 and 5 too.
_DECADE_PX = 84
# A value axis has about a label for each of these pixels; with fewer labels than that one could not read the scale.
_TICK_PX = 32
_FEW_TICKS = 3
# One label alone tells nothing of the scale; closer together than this they would touch.
_LEAST_TICKS, _CLOSEST_PX = 2, 14


def step_for(span: float, length_px: float, steps: tuple[float, ...], label_px: float = _LABEL_PX) -> float:
    """Return the smallest round step that leaves `label_px` for each label."""
    wanted = span * label_px / max(length_px, 1.0)
    return next((step for step in steps if step >= wanted), steps[-1])


def local_midnight_s(utc_s: float) -> float:
    """Return the beginning of the local day that holds `utc_s`, in UTC seconds."""
    return datetime.fromtimestamp(utc_s).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


class TimeAxis(pg.AxisItem):  # type: ignore[misc]
    """UTC seconds shown as local clock time, or as hours since `start_utc_s`."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.enableAutoSIPrefix(False)
        self.start_utc_s: float | None = None
        self.in_hours = False

    def boundingRect(self) -> QRectF:
        """Leave room at the left, below the value axis: the first grid line has its label too."""
        whole: QRectF = super().boundingRect()
        return whole.adjusted(-_OVERHANG_PX, 0.0, 0.0, 0.0)

    def words(self) -> str:
        """Return what the axis shows, with the zone of local time."""
        if self.in_hours and self.start_utc_s is not None:
            return "Hours since the start"
        moment = datetime.fromtimestamp(self.range[1], UTC).astimezone()
        return f"Local time, UTC{moment.isoformat()[-6:]}" if moment.utcoffset() else "Local time, UTC"

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Return round times, one level, so that every grid line has its label."""
        span = high - low
        if span <= 0:
            return []
        if self.in_hours and self.start_utc_s is not None:
            step = step_for(span / _HOUR, size, _HOUR_STEPS) * _HOUR
            origin = self.start_utc_s
        else:
            step = step_for(span, size, _STEPS_S)
            origin = local_midnight_s(low)
        first, last = math.ceil((low - origin) / step), math.floor((high - origin) / step)
        return [(step, [origin + index * step for index in range(first, last + 1)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return `14:05`, `14:05:30` under a minute's step, the day where it changes; or hours."""
        if self.in_hours and self.start_utc_s is not None:
            decimals = max(0, math.ceil(-math.log10(spacing / _HOUR) - 1e-9))
            return [f"{(value - self.start_utc_s) / _HOUR:.{decimals}f}" for value in values]
        return [_clock(value, spacing, first=index == 0) for index, value in enumerate(values)]


def _clock(utc_s: float, step_s: float, *, first: bool) -> str:
    moment = datetime.fromtimestamp(round(utc_s))
    is_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
    if step_s >= _DAY or is_midnight or (first and step_s >= _HOUR):
        day = f"{moment.day} {moment:%b}"
        return day if step_s >= _DAY or is_midnight else f"{day} {moment:%H:%M}"
    return f"{moment:%H:%M:%S}" if step_s < _MINUTE else f"{moment:%H:%M}"


class ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """A value axis with few round ticks; on a logarithmic scale (values are log10) labels read 0.01 0.1 1 10."""

    def __init__(self, side: str = "left", tick_px: float | None = None) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)
        self.is_log = False
        self._tick_px = tick_px or (_TICK_PX if side == "left" else _LABEL_PX)

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Return labelled ticks first; on a logarithmic scale of few decades the 2 and 5 are labelled too."""
        if not self.is_log:
            step = _round_step(high - low, size, self._tick_px)
            if step <= 0:
                return []
            ticks, finer = _multiples(step, low, high), _finer(step)
            while len(ticks) < _LEAST_TICKS and size * finer / (high - low) >= _CLOSEST_PX:
                step, finer = finer, _finer(finer)
                ticks = _multiples(step, low, high)
            return [(step, ticks)]
        decades = range(math.floor(low), math.ceil(high) + 1)
        between = (2, 5) if size / (high - low) > _DECADE_PX else ()
        ticks = [decade + math.log10(part) for decade in decades for part in (1, *between)]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) < _FEW_TICKS:
            inside = [math.log10(value) for value in _linear_ticks(10**low, 10**high, size)]
        return [(1.0, inside)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return plain decimals, no powers of ten."""
        if self.is_log:
            return [f"{10**value:.4g}" for value in values]
        decimals = max(0, math.ceil(-math.log10(spacing) - 1e-9)) if spacing > 0 else 0
        texts = [f"{value if abs(value) > spacing * 1e-6 else 0.0:.{decimals}f}" for value in values]
        return [text.replace("-", "−") for text in texts]


def _round_step(span: float, size_px: float, tick_px: float = _TICK_PX) -> float:
    if not np.isfinite(span) or span <= 0:
        return 0.0
    wanted = span / max(_FEW_TICKS, size_px / tick_px)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * part for part in (1, 2, 5, 10) if power * part >= wanted * (1 - 1e-9))


def _finer(step: float) -> float:
    """Return the next smaller round step: 0.5 for 1, 1 for 2, 2 for 5."""
    power = 10.0 ** math.floor(math.log10(step * (1 + 1e-9)))
    return power * {1: 0.5, 2: 1, 5: 2}[round(step / power)]


def _multiples(step: float, low: float, high: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _linear_ticks(low: float, high: float, size_px: float) -> list[float]:
    step = _round_step(high - low, size_px)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [index * step for index in range(max(1, first), last + 1)]
