"""The curve with its measured points, and below it what each point is off by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.calibrations.calibration import Calibration
from gui.calibrations.curve import Values
from gui.calibrations.drawing import Drawing, Line, drawing_of_calibration, drawing_of_chart
from gui.live.axes import ValueAxis

_POINT_PX = 8
_AXIS_WIDTH_PX = 62
# The residuals' plot is low: its labels may stand closer.
_LOW_TICK_PX = 18
_LEAST_RESIDUAL_PX = 84


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
    """Draws calibrations: curves and points above, residuals below where points were measured and there is a curve.

    Attributes:
        drawing: what is drawn; None for nothing.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Callable[[], Drawing] | None = None
        self.drawing: Drawing | None = None
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
        self._show(None if calibration is None else lambda: drawing_of_calibration(calibration))

    def show_chart(self, chart: dict[str, Any], device: str) -> None:
        """Draw the chart of a guided calibration's step."""
        self._show(lambda: drawing_of_chart(chart, device))

    def _show(self, make: Callable[[], Drawing] | None) -> None:
        self._shown = make
        for pane in (self._curve, self._residuals):
            pane.view.clear()
        self._legend.clear()
        drawing = self.drawing = None if make is None else make()
        if drawing is None:
            return
        for line in drawing.lines:
            self._draw(line, named=len(drawing.lines) > 1)
        self._legend.setVisible(len(drawing.lines) > 1)
        self._name_axes(drawing)
        self._curve.set_log(drawing.is_log, drawing.is_log)
        self._residuals.set_log(drawing.is_log, False)
        self._fit(drawing.lines)

    def _draw(self, line: Line, *, named: bool) -> None:
        pen = pg.mkPen(line.colour, width=1)
        drawn = pg.PlotCurveItem(line.x, line.y, pen=pen, antialias=True)
        self._curve.view.addItem(drawn)
        if named:
            self._legend.addItem(drawn, line.name)
        for x, off in zip(line.points_x, line.residuals, strict=False):
            self._residuals.view.addItem(pg.PlotCurveItem([x, x], [0, off], pen=pen))
        edge = pg.mkPen(theme.current().colour("raised"), width=1)
        for pane, y in ((self._curve, line.points_y), (self._residuals, line.residuals)):
            if len(y):
                brush = pg.mkBrush(line.colour)
                pane.view.addItem(pg.ScatterPlotItem(line.points_x, y, size=_POINT_PX, brush=brush, pen=edge))

    def _name_axes(self, drawing: Drawing) -> None:
        has_residuals = drawing.has_residuals
        self._curve.left.setLabel(drawing.y)
        self._residuals.left.setLabel(drawing.residual)
        self._curve.show_bottom("" if has_residuals else drawing.x)
        self._residuals.show_bottom(drawing.x if has_residuals else "")
        for row, share in ((0, 5), (2, 2 if has_residuals else 0)):
            self.ci.layout.setRowStretchFactor(row, share)
        for item in (self._residuals.left, self._residuals.view, self._residuals.bottom):
            item.setVisible(has_residuals)
        self.ci.layout.setRowMinimumHeight(2, _LEAST_RESIDUAL_PX if has_residuals else 0)
        self.ci.layout.setRowMaximumHeight(2, 16_777_215 if has_residuals else 0)
        self.setAccessibleName(f"{drawing.name}: {drawing.y} / {drawing.x}")

    def _fit(self, lines: tuple[Line, ...]) -> None:
        # Without a curve the points are few, and their scatter looks large if the origin is not there.
        origin = [] if any(len(line.x) for line in lines) else [np.zeros(1)]
        x = np.concatenate(origin + [part for line in lines for part in (line.x, line.points_x)])
        y = np.concatenate(origin + [part for line in lines for part in (line.y, line.points_y)])
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
        self._show(self._shown)


def _range(values: Values) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
