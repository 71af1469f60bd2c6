"""One measurement over a unit's runs: a point for each, limits as dashed lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.live.axes import TimeAxis, ValueAxis
from gui.record.limits import Limits, limits_of, number_words, with_units
from gui.record.outcomes import outcome_shown
from gui.record.run import exact_words
from gui.unit import utc_s_of

_POINT_PX, _RING_PX = 9, 18
_LEFT_PX = 70
# Around a single point, in seconds.
_ALONE_S = 3600.0
_SHAPES = {"PASS": "o", "FAIL": "x"}


@dataclass(frozen=True)
class Point:
    """The measurement in one run."""

    run: str
    utc_s: float
    value: float
    outcome: str
    limits: Limits


def read_points(rows: list[dict[str, Any]]) -> list[Point]:
    """Return the numbers among measurements as the service lists them, oldest first."""
    points = [
        Point(row["run_id"], utc_s_of(row["started_at"]), float(row["value"]), row["measurement_outcome"],
              limits_of(row["validators"]))
        for row in rows
        if row["value"] is not None and row["started_at"] is not None
    ]  # fmt: skip
    return sorted(points, key=lambda point: point.utc_s)


class Trend(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Draws the points.

    Signals:
        opened: a point was clicked; carries its run's id.
    """

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: list[Point] = []
        self._run, self._name, self._units = "", "", ""
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(130)
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(2)
        self.view = pg.ViewBox(enableMenu=False, enableMouse=False)
        self.view.setZValue(0)
        self._left, self._bottom = ValueAxis(), TimeAxis()
        self._left.setWidth(_LEFT_PX)
        for axis, row, column in ((self._left, 0, 0), (self._bottom, 1, 1)):
            axis.linkToView(self.view)
            self.ci.addItem(axis, row, column)
        self.ci.addItem(self.view, 0, 1)
        theme.current().palette_changed.connect(self._restyle)
        self._restyle()

    def show_points(self, points: list[Point], run: str, name: str, units: str) -> None:
        """Draw a measurement's points; that of `run` is ringed."""
        self._points, self._run, self._name, self._units = points, run, name, units
        self._draw()

    def limit_lines(self) -> list[float]:
        """Return the limits drawn, from below."""
        lines = [item.value() for item in self.view.addedItems if isinstance(item, pg.InfiniteLine)]
        return sorted(float(value) for value in lines)

    def _draw(self) -> None:
        self.view.clear()
        # The name stands above; beside a low plot there is no room for it.
        self._left.setLabel(self._units)
        self._left.showLabel(bool(self._units))
        if not self._points:
            return
        colours = theme.current()
        x = np.array([point.utc_s for point in self._points])
        y = np.array([point.value for point in self._points])
        self.view.addItem(pg.PlotCurveItem(x, y, pen=pg.mkPen(colours.colour("line"), width=1), antialias=True))
        newest = self._points[-1].limits
        limits = [limit for limit in (newest.low, newest.high) if limit is not None]
        dashed = pg.mkPen(colours.colour("faint"), width=1, style=Qt.PenStyle.DashLine)
        for limit in limits:
            self.view.addItem(pg.InfiniteLine(limit, angle=0, pen=dashed))
        scatter = pg.ScatterPlotItem([self._spot(point) for point in self._points], hoverable=True, tip=self._tip)
        scatter.sigClicked.connect(self._on_clicked)
        ringed = [point for point in self._points if point.run == self._run]
        ring = pg.mkPen(colours.colour("text"), width=1.5)
        spots = [{"pos": (point.utc_s, point.value), "size": _RING_PX} for point in ringed]
        self.view.addItem(pg.ScatterPlotItem(spots, symbol="o", brush=pg.mkBrush(None), pen=ring))
        self.view.addItem(scatter)
        spread_s = _ALONE_S if len(x) < 2 or x[0] == x[-1] else 0.0
        self.view.setXRange(x[0] - spread_s, x[-1] + spread_s, padding=0.04)
        low, high = min([*y, *limits]), max([*y, *limits])
        room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
        self.view.setYRange(low - room, high + room, padding=0)
        self._bottom.setLabel(self._bottom.words())
        self.setAccessibleName(self.tr("{} over {} runs").format(self._name, len(self._points)))

    def _spot(self, point: Point) -> dict[str, Any]:
        colour = theme.current().colour(outcome_shown(point.outcome)[2])
        return {
            "pos": (point.utc_s, point.value),
            "data": point,
            "size": _POINT_PX,
            "symbol": _SHAPES.get(point.outcome, "s"),
            "brush": pg.mkBrush(colour),
            "pen": pg.mkPen(colour, width=1),
        }

    def _tip(self, x: float, y: float, data: Point) -> str:
        del x, y
        word = outcome_shown(data.outcome)[0]
        return f"{with_units(number_words(data.value), self._units)} · {word}\n{exact_words(data.utc_s)}"

    def _on_clicked(self, _: object, spots: list[Any]) -> None:
        if len(spots):
            self.opened.emit(spots[0].data().run)

    def _restyle(self) -> None:
        colours, font = theme.current(), theme.value_font(11)
        self.setBackground(colours.colour("raised"))
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTickPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTextPen(pg.mkPen(colours.colour("quiet")))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-100)
            axis.setGrid(255)
        self._draw()
