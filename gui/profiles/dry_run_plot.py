"""Curves of a dry run: density, growth, temperature and volume against hours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.live.axes import ValueAxis

_AXIS_WIDTH_PX = 56
_LEAST_PX = 44
_TITLE_PX = 22
_BOTTOM_PX = 40
_PANES = (
    ("od", "Density, OD600", "od_filtered", 3),
    ("growth_rate", "Growth rate, h⁻¹", "growth_rate", 2),
    ("temperature", "Temperature, °C", "temperature", 2),
    ("volume_ml", "Vial, ml", "current_volume_ml", 2),
)


class DryRunPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """One pane for each curve, one axis of hours for all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: dict[str, list[float | None]] = {}
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(0)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("What the dry run expects"))
        theme.current().palette_changed.connect(self._redraw)

    def show_curves(self, curves: dict[str, list[float | None]]) -> None:
        """Draw these curves; those that hold nothing get no pane."""
        self._curves = curves
        self._redraw()

    def _redraw(self) -> None:
        now = theme.current()
        self.setBackground(now.colour("surface"))
        self.ci.clear()
        hours = _array(self._curves.get("hours", []))
        panes = [pane for pane in _PANES if np.isfinite(_array(self._curves.get(pane[0], []))).any()]
        first: Any = None
        for place, (key, title, colour_key, stretch) in enumerate(panes):
            label = pg.LabelItem(title, color=now.colour("quiet").name(), size="11px", justify="left")
            view = pg.ViewBox(enableMenu=False, enableMouse=False)
            left, bottom = ValueAxis("left"), ValueAxis("bottom")
            self.ci.addItem(label, 3 * place, 0, 1, 2)
            self.ci.addItem(left, 3 * place + 1, 0)
            self.ci.addItem(view, 3 * place + 1, 1)
            self.ci.addItem(bottom, 3 * place + 2, 1)
            self._dress(view, left, bottom, is_lowest=place == len(panes) - 1)
            self.ci.layout.setRowMinimumHeight(3 * place + 1, _LEAST_PX)
            self.ci.layout.setRowStretchFactor(3 * place + 1, 10 * stretch)
            pen = pg.mkPen(theme.colour_of(colour_key), width=1.5)
            values = _array(self._curves[key])
            # What is not measured at every step is joined; a gap of a rehearsal means nothing.
            known = np.isfinite(values)
            view.addItem(pg.PlotDataItem(hours[known], values[known], pen=pen, antialias=True))
            view.setXRange(0.0, max(float(hours[-1]), 1 / 60), padding=0.0)
            _fit(view, values[known])
            if first is not None:
                view.setXLink(first)
            first = first or view
        self.ci.layout.setColumnStretchFactor(1, 1)
        self.setMinimumHeight((_LEAST_PX + _TITLE_PX) * len(panes) + _BOTTOM_PX)

    def _dress(self, view: Any, left: Any, bottom: Any, *, is_lowest: bool) -> None:
        now, font = theme.current(), theme.value_font(11)
        for axis in (left, bottom):
            axis.linkToView(view)
            axis.setPen(pg.mkPen(now.colour("line"), width=1))
            axis.setTickPen(pg.mkPen(now.colour("line"), width=1))
            axis.setTextPen(pg.mkPen(now.colour("quiet")))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-100)
            axis.setGrid(255)
        view.setZValue(0)
        left.setWidth(_AXIS_WIDTH_PX)
        bottom.setStyle(showValues=is_lowest)
        bottom.setHeight(None if is_lowest else 1)
        bottom.setLabel(self.tr("Hours since the beginning") if is_lowest else "")
        bottom.showLabel(is_lowest)


def _fit(view: Any, values: np.ndarray[Any, Any]) -> None:
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.08, abs(high) * 0.02, 1e-6)
    view.setYRange(low - room, high + room, padding=0.0)


def _array(values: list[float | None]) -> np.ndarray[Any, Any]:
    return np.array([math.nan if value is None else value for value in values], dtype=float)
