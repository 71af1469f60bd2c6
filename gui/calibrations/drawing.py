"""What a plot of calibrations draws: curves with the points they were fitted to, and the words of its axes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor

from gui import theme
from gui.calibrations.calibration import Calibration
from gui.calibrations.curve import Values, domain, evaluate

_DRAWN_POINTS = 200
_SMALLEST_LOG = 1e-9
_ANGLE = re.compile(r"\bod(45|90|135)\b")
_NOTHING = np.empty(0)


def _tr(text: str) -> str:
    return QCoreApplication.translate("calibrations", text)


@dataclass(frozen=True)
class Line:
    """One curve as it is drawn: its colour and name, its own points, and those measured.

    Attributes:
        x, y: the curve; empty while there is none.
        points_x, points_y: what was measured.
        fitted_y: the curve at `points_x`, empty without a curve.
    """

    name: str
    colour: QColor
    x: Values
    y: Values
    points_x: Values
    points_y: Values
    fitted_y: Values

    @property
    def residuals(self) -> Values:
        """What the measured points are off by; empty without a curve."""
        return self.points_y - self.fitted_y if len(self.fitted_y) else _NOTHING


@dataclass(frozen=True)
class Drawing:
    """Lines over common axes.

    Attributes:
        name: what is drawn, for screen readers.
        x, y, residual: words of the axes, with units.
        is_log: whether values are log10 of what the axes say.
    """

    name: str
    lines: tuple[Line, ...]
    x: str
    y: str
    residual: str
    is_log: bool = False

    @property
    def has_residuals(self) -> bool:
        """Whether measured points can be compared with a curve."""
        return any(len(line.residuals) for line in self.lines)


def drawing_of_calibration(calibration: Calibration) -> Drawing:
    """Draw a calibration, or an estimator with a line for each angle."""
    if calibration.is_estimator:
        lines = _lines_of_estimator(calibration)
        words = _tr("Optical density (OD600)"), _tr("Photodiode signal (V)"), _tr("Residual (log₁₀)")
        return Drawing(calibration.name, lines, *words, is_log=True)
    x, y = calibration.axes
    points_x, points_y = calibration.points
    curve = calibration.data.get("curve_data_") or {}
    line = _line(calibration.name, _colour(calibration.device), curve, points_x, points_y)
    return Drawing(calibration.name, (line,), x, y, _residual(y))


def drawing_of_chart(chart: dict[str, Any], device: str) -> Drawing:
    """Draw a chart of a guided calibration's step; its series are points, some with a curve."""
    lines = []
    for series in chart.get("series") or []:
        points = series.get("points") or []
        name = str(series.get("label") or series.get("id"))
        angle = _ANGLE.search(name)
        colour = _colour(f"od{angle[1]}" if angle else device)
        x, y = ([float(point[axis]) for point in points] for axis in ("x", "y"))
        lines.append(_line(name, colour, series.get("curve"), x, y))
    x_words, y_words = str(chart.get("x_label") or "x"), str(chart.get("y_label") or "y")
    return Drawing(str(chart.get("title") or ""), tuple(lines), x_words, y_words, _residual(y_words))


def _line(name: str, colour: QColor, curve: dict[str, Any] | None, x: list[float], y: list[float]) -> Line:
    points_x, points_y = np.asarray(x, float), np.asarray(y, float)
    if curve is None:
        return Line(name, colour, _NOTHING, _NOTHING, points_x, points_y, _NOTHING)
    across = np.linspace(*domain(curve, x), _DRAWN_POINTS)
    return Line(name, colour, across, evaluate(curve, across), points_x, points_y, evaluate(curve, points_x))


def _lines_of_estimator(calibration: Calibration) -> tuple[Line, ...]:
    """Return a line for each angle: log10 of volts over log10 of optical density."""
    data, lines = calibration.data, []
    recorded = (data.get("recorded_data") or {}).get("by_angle") or {}
    span = float(data.get("min_logc", -1.0)), float(data.get("max_logc", 0.0))
    across = np.linspace(*span, _DRAWN_POINTS)
    for angle in data.get("angles") or []:
        curve = (data.get("mu_splines") or {}).get(angle) or {}
        pairs = np.asarray(recorded.get(angle) or [], float).reshape(-1, 2)
        pairs = np.log10(np.clip(pairs, _SMALLEST_LOG, None))
        # The spline gives the natural logarithm of the signal; the axis shows decades.
        drawn, fitted = evaluate(curve, across) / math.log(10), evaluate(curve, pairs[:, 0]) / math.log(10)
        lines.append(Line(f"{angle}°", theme.colour_of("", angle), across, drawn, pairs[:, 0], pairs[:, 1], fitted))
    return tuple(lines)


def _residual(y: str) -> str:
    measure = y.rpartition("(")[2].rstrip(")") if "(" in y else ""
    return _tr("Residual ({})").format(measure) if measure else _tr("Residual")


def _colour(device: str) -> QColor:
    if device.startswith("od"):
        return theme.colour_of("od", device.removeprefix("od"))
    return theme.colour_of("measured_rpm" if device == "stirring" else device)
