"""Signals of several experiments over each other, against the hours since each began."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.live.curve import Curve
from gui.live.pane import PlotPane
from gui.live.time_view import TimeView
from gui.live.trace import Pane

_REDRAW_MS = 30
_ZOOM, _PAN = 1.5, 0.2
_UNLIMITED_PX = 16_777_215
_LEAST_PX = 90
_ROWS = 3


class ComparePlots(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """One pane for each signal, one time axis for all.

    Signals:
        pointed_at: seconds since the start under the mouse or the keyboard's crosshair; NaN when there is none.

    Attributes:
        view: which part of time is shown, in seconds since the start.
        panes: every pane by its signal, from the top.
    """

    pointed_at = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = TimeView(self)
        self.panes: dict[str, PlotPane] = {}
        self._whole = (0.0, 1.0)
        self._at_s = math.nan
        self._is_log = False
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Curves of the experiments"))
        self._soon = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._soon.timeout.connect(self.redraw)
        self.view.span_changed.connect(self._on_span)
        self.scene().sigMouseMoved.connect(self._on_mouse)
        theme.current().palette_changed.connect(self._restyle)
        self._restyle()

    def show_signals(self, signals: Sequence[tuple[Pane, list[Curve]]], length_s: float) -> None:
        """Draw these curves, each signal in a pane of its own; `length_s` is that of the longest experiment."""
        self.ci.clear()
        self.panes = {pane.key: PlotPane(pane, curves) for pane, curves in signals}
        for place, pane in enumerate(self.panes.values()):
            self._add(pane, _ROWS * place, is_lowest=place == len(self.panes) - 1)
        for row in range(_ROWS * len(self.panes), self.ci.layout.rowCount()):
            self._size_row(row, 0, 0)
        self.set_log(self._is_log)
        self.setMinimumHeight(_LEAST_PX * len(self.panes))
        whole = (0.0, max(length_s, 60.0))
        if whole != self._whole:
            self._whole = whole
            self.fit()
        self._on_span()

    def _add(self, pane: PlotPane, row: int, *, is_lowest: bool) -> None:
        pane.time_axis.in_hours, pane.time_axis.start_utc_s = True, 0.0
        for item, place in ((pane.title, (row, 0, 1, 2)), (pane.value_axis, (row + 1, 0)),
                            (pane.view, (row + 1, 1)), (pane.time_axis, (row + 2, 1))):  # fmt: skip
            self.ci.addItem(item, *place)
        self._size_row(row + 1, 40, pane.kind.stretch)
        self.ci.layout.setColumnStretchFactor(1, 1)
        pane.show_time_axis(is_lowest)
        pane.view.wheel_turned.connect(self.view.zoom)
        pane.view.dragged.connect(self.view.pan)
        pane.view.box_drawn.connect(self._on_box)
        pane.view.clicked.connect(self._on_clicked)

    def _size_row(self, row: int, least_px: float, stretch: int) -> None:
        layout = self.ci.layout
        layout.setRowMinimumHeight(row, least_px)
        layout.setRowStretchFactor(row, 10 * stretch)
        layout.setRowMaximumHeight(row, _UNLIMITED_PX if stretch else 0)

    def set_log(self, is_log: bool) -> None:
        """Show optical densities on a logarithmic scale, or a linear one."""
        self._is_log = is_log
        for pane in self.panes.values():
            if pane.kind.can_be_log:
                pane.set_log(is_log)
        self.redraw_soon()

    def fit(self) -> None:
        """Show everything."""
        for pane in self.panes.values():
            pane.release_values()
        self.view.show_span(*self._whole)
        self.redraw_soon()

    def redraw_soon(self) -> None:
        """Redraw in a moment; many requests are one redraw."""
        if not self._soon.isActive():
            self._soon.start()

    def redraw(self) -> None:
        """Draw every curve from its buffer."""
        for pane in self.panes.values():
            pane.redraw(self.view.span, math.inf, self._whole[1])

    def point_at(self, at_s: float) -> None:
        """Put the crosshair at a time in every pane; NaN takes it away."""
        self._at_s = at_s
        for pane in self.panes.values():
            pane.crosshair.setVisible(not math.isnan(at_s))
            if not math.isnan(at_s):
                pane.crosshair.setValue(at_s)
            self._read(pane)
        self.pointed_at.emit(at_s)

    def readings(self, signal: str) -> list[str]:
        """Return what the shown curves of a signal read at the crosshair, a dash where they have nothing."""
        found = [(curve, curve.buffer.nearest(self._at_s)) for curve in self.panes[signal].curves if curve.is_shown]
        return [curve.trace.text_of(None if sample is None else sample[1]) for curve, sample in found]

    def _read(self, pane: PlotPane) -> None:
        """Write behind the pane's title what its curves read at the crosshair, each with its colour."""
        pane.show_title(pane.kind.unit)
        if math.isnan(self._at_s):
            return
        shown = [curve for curve in pane.curves if curve.is_shown]
        marks = [
            f'<span style="color: {curve.trace.colour.name()}">■</span> {text}'
            for curve, text in zip(shown, self.readings(pane.kind.key), strict=True)
        ]
        at = self.tr("at {} h").format(f"{self._at_s / 3600:.2f}")
        words = "&nbsp;&nbsp; ".join([f"{pane.title.text}&nbsp;&nbsp; <b>{at}</b>", *marks])
        pane.title.setText(words, color=theme.current().colour("quiet").name(), size="11px")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw for the new width."""
        super().resizeEvent(event)
        if hasattr(self, "_soon"):
            self.redraw_soon()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while nobody looked."""
        super().showEvent(event)
        self.redraw_soon()

    def leaveEvent(self, event: object) -> None:
        """Take the crosshair away with the mouse."""
        super().leaveEvent(event)
        self.point_at(math.nan)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, all of it with 0, move with the arrows, read with , and ."""
        start_s, end_s = self.view.span
        length_s, key = end_s - start_s, event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.view.zoom(1 / _ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.view.zoom(_ZOOM)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.view.pan((_PAN if key == Qt.Key.Key_Right else -_PAN) * length_s)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_End):
            self.fit()
        elif key in (Qt.Key.Key_Comma, Qt.Key.Key_Period):
            at_s = (start_s + end_s) / 2 if math.isnan(self._at_s) else self._at_s
            step_s = length_s / 100 if key == Qt.Key.Key_Period else -length_s / 100
            self.point_at(min(max(at_s + step_s, start_s), end_s))
        else:
            super().keyPressEvent(event)

    def _on_span(self) -> None:
        for pane in self.panes.values():
            pane.show_span(self.view.span)
        self.redraw_soon()

    def _on_box(self, start_s: float, end_s: float, low: float, high: float) -> None:
        for pane in self.panes.values():
            if pane.view is self.sender():
                pane.hold_values(low, high)
        self.view.show_span(start_s, end_s)

    def _on_clicked(self, position: QPointF, twice: bool) -> None:
        if twice:
            self.fit()

    def _on_mouse(self, position: QPointF) -> None:
        hit = next((pane for pane in self.panes.values() if pane.area().contains(position)), None)
        self.point_at(math.nan if hit is None else float(hit.view.mapSceneToView(position).x()))

    def _restyle(self) -> None:
        self.setBackground(theme.current().colour("raised"))
        for pane in self.panes.values():
            pane.restyle()
        self.redraw_soon()
