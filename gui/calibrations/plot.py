"""The curve with its measured points, and below it what each point is off by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.calibrations.calibration import Calibration
from gui.calibrations.curve import Values, domain, evaluate
from gui.live.axes import ValueAxis

_DRAWN_POINTS = 200
_POINT_PX = 8
_AXIS_WIDTH_PX = 62
# The residuals' plot is low: its labels may stand closer.
_LOW_TICK_PX = 18
_SMALLEST_LOG = 1e-9


@dataclass(frozen=True)
class _Line:
    """One curve as it is drawn: its colour and name, its own points, and those measured."""

    name: str
    colour: QColor
    x: Values
    y: Values
    points_x: Values
    points_y: Values
    fitted_y: Values

    @property
    def residuals(self) -> Values:
        """What the measured points are off by."""
        return self.points_y - self.fitted_y


class _Pane:
    """An area with its two axes."""

    def __init__(self, layout: pg.GraphicsLayout, row: int, value_axis: ValueAxis) -> None:
        self.view = pg.ViewBox(enableMenu=False, enableMouse=False)
        self.view.setZValue(0)  # above the grid
        self.left, self.bottom = value_axis, ValueAxis("bottom")
        for axis in (self.left, self.bottom):
            axis.linkToView(self.view)
        self.left.setWidth(_AXIS_WIDTH_PX)
        layout.addItem(self.left, row, 0)
        layout.addItem(self.view, row, 1)
        layout.addItem(self.bottom, row + 1, 1)

    def restyle(self) -> None:
        """Take colours and font of the present theme."""
        colours = theme.current()
        font = theme.value_font(11)
        for axis in (self.left, self.bottom):
            axis.setPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTickPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTextPen(pg.mkPen(colours.colour("quiet")))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-100)  # the grid lies behind the curves
            axis.setGrid(255)

    def show_bottom(self, words: str) -> None:
        """Label the axis below; only its grid is left when there are no words."""
        self.bottom.setStyle(showValues=bool(words))
        self.bottom.setHeight(None if words else 1)
        self.bottom.setLabel(words)
        self.bottom.showLabel(bool(words))

    def set_log(self, across: bool, upwards: bool) -> None:
        """Read values as log10 of what the labels say."""
        self.bottom.is_log, self.left.is_log = across, upwards
        for axis in (self.bottom, self.left):
            axis.picture = None
            axis.update()


class CalibrationPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Draws one calibration or estimator: curve and points above, residuals below where points were measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Calibration | None = None
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(2)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._curve = _Pane(self.ci, 0, ValueAxis())
        self._residuals = _Pane(self.ci, 2, ValueAxis(tick_px=_LOW_TICK_PX))
        self._residuals.view.setXLink(self._curve.view)
        self._legend = pg.LegendItem(offset=(12, 8))
        self._legend.setParentItem(self._curve.view)
        theme.current().palette_changed.connect(self._restyle)
        self._restyle()

    def show_calibration(self, calibration: Calibration | None) -> None:
        """Draw a calibration; nothing when None."""
        self._shown = calibration
        for pane in (self._curve, self._residuals):
            pane.view.clear()
        self._legend.clear()
        if calibration is None:
            return
        lines = _lines_of_estimator(calibration) if calibration.is_estimator else [_line_of(calibration)]
        for line in lines:
            self._draw(line, named=len(lines) > 1)
        self._legend.setVisible(len(lines) > 1)
        has_points = any(len(line.points_x) for line in lines)
        self._name_axes(calibration, has_points)
        self._curve.set_log(calibration.is_estimator, calibration.is_estimator)
        self._residuals.set_log(calibration.is_estimator, False)
        self._fit(lines)

    def _draw(self, line: _Line, *, named: bool) -> None:
        pen = pg.mkPen(line.colour, width=1)
        drawn = pg.PlotCurveItem(line.x, line.y, pen=pen, antialias=True)
        self._curve.view.addItem(drawn)
        if named:
            self._legend.addItem(drawn, line.name)
        if not len(line.points_x):
            return
        for x, off in zip(line.points_x, line.residuals, strict=True):
            self._residuals.view.addItem(pg.PlotCurveItem([x, x], [0, off], pen=pen))
        edge = pg.mkPen(theme.current().colour("raised"), width=1)
        for pane, y in ((self._curve, line.points_y), (self._residuals, line.residuals)):
            brush = pg.mkBrush(line.colour)
            pane.view.addItem(pg.ScatterPlotItem(line.points_x, y, size=_POINT_PX, brush=brush, pen=edge))

    def _name_axes(self, calibration: Calibration, has_points: bool) -> None:
        x, y = calibration.axes
        measure = y.rpartition("(")[2].rstrip(")") if "(" in y else ""
        off = self.tr("Residual ({})").format(measure) if measure else self.tr("Residual")
        if calibration.is_estimator:
            x, y, off = (
                self.tr("Optical density (OD600)"),
                self.tr("Photodiode signal (V)"),
                self.tr("Residual (log₁₀)"),
            )
        self._curve.left.setLabel(y)
        self._residuals.left.setLabel(off)
        self._curve.show_bottom("" if has_points else x)
        self._residuals.show_bottom(x if has_points else "")
        for row, share in ((0, 5), (2, 2 if has_points else 0)):
            self.ci.layout.setRowStretchFactor(row, share)
        for item in (self._residuals.left, self._residuals.view, self._residuals.bottom):
            item.setVisible(has_points)
        self.ci.layout.setRowMaximumHeight(2, 16_777_215 if has_points else 0)
        self.setAccessibleName(f"{calibration.name}: {y} / {x}")

    def _fit(self, lines: list[_Line]) -> None:
        x = np.concatenate([part for line in lines for part in (line.x, line.points_x)])
        y = np.concatenate([part for line in lines for part in (line.y, line.points_y)])
        off = np.concatenate([line.residuals for line in lines])
        self._curve.view.setXRange(*_range(x), padding=0.04)
        self._curve.view.setYRange(*_range(y), padding=0.06)
        low, high = _range(off)
        # A perfect fit shows zeros, not the last digits of the arithmetic.
        largest = max(-low, high, 1e-6 * max(abs(end) for end in _range(y)), 1e-12)
        self._residuals.view.setYRange(-largest, largest, padding=0.15)

    def _restyle(self) -> None:
        self.setBackground(theme.current().colour("raised"))
        for pane in (self._curve, self._residuals):
            pane.restyle()
        self._legend.setLabelTextColor(theme.current().colour("quiet"))
        self.show_calibration(self._shown)


def _range(values: Values) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _line_of(calibration: Calibration) -> _Line:
    curve = calibration.data.get("curve_data_") or {}
    x, y = (np.asarray(values, float) for values in calibration.points)
    across = np.linspace(*domain(curve, list(x)), _DRAWN_POINTS)
    drawn, fitted = evaluate(curve, across), evaluate(curve, x)
    return _Line(calibration.name, _colour(calibration.device), across, drawn, x, y, fitted)


def _lines_of_estimator(calibration: Calibration) -> list[_Line]:
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
        lines.append(_Line(f"{angle}°", theme.colour_of("", angle), across, drawn, pairs[:, 0], pairs[:, 1], fitted))
    return lines


def _colour(device: str) -> QColor:
    if device.startswith("od"):
        return theme.colour_of("od", device.removeprefix("od"))
    return theme.colour_of("measured_rpm" if device == "stirring" else device)
