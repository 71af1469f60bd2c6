"""The plots, one above the other on one time axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pyqtgraph as pg
from PySide6.QtCore import QElapsedTimer, QPoint, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.live.charts import Chart
from gui.live.curve import Curve
from gui.live.flag_marks import FlagMarks
from gui.live.gaps import Gap
from gui.live.heights import Heights, room_for
from gui.live.pane import PlotPane
from gui.live.series_buffer import SeriesBuffer
from gui.live.time_view import TimeView
from gui.live.trace import PANES, REFERENCE, Pane, Trace

# At most 20 redraws a second: more cannot be seen, and leaves no time for the rest of the window.
_SHORTEST_MS = 50
_BY_KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_ZOOM = 1.5
_PAN = 0.2
_UNLIMITED_PX = 16_777_215


class PlotStack(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """All panes. Draws what the buffers hold whenever asked, at most 20 times a second.

    Signals:
        pointed_at: UTC second under the mouse or the keyboard's crosshair; NaN when there is none.
        drawn: the curves were redrawn.
        noted: UTC second of which a note is wanted.
        flag_pressed: a flag (`flags.Flag`) was pressed.
        titles_moved: the titles of the panes have other places.
        menu_asked: UTC second, the flags there (a list), place on the screen.

    Attributes:
        view: which part of time is shown.
        buffers: the samples of every series.
        curves: every curve by its key, which is that of its series unless a series is drawn twice.
        panes: every pane by its key, from the top.
        flags: the flags at the top edge.
        pointer_s: where the crosshair is, NaN when there is none.
    """

    pointed_at = Signal(float)
    drawn = Signal()
    noted = Signal(float)
    titles_moved = Signal()
    flag_pressed = Signal(object)
    menu_asked = Signal(float, object, QPoint)

    def __init__(self, traces: tuple[Trace, ...], view: TimeView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self.buffers: dict[str, SeriesBuffer] = {}
        self.curves: dict[str, Curve] = {}
        self.panes: dict[str, PlotPane] = {}
        self._visible: tuple[str, ...] = ()
        self._arranged: tuple[object, ...] = ()
        self._switched_off = {REFERENCE}
        self._hours_since: float | None = None
        self._in_hours = False
        self._charts: tuple[Chart, ...] = ()
        self.flags = FlagMarks()
        self._room_px = 0
        self._shows_focus = False
        self.pointer_s = math.nan
        self._since_drawn = QElapsedTimer()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.redraw_now)
        self.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.ci.layout.setSpacing(0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Curves"))
        for kind in PANES:
            self._add_pane(kind, [trace for trace in traces if trace.pane == kind.key])
        self._connect()
        self.restyle()
        self.arrange()

    def _add_pane(self, kind: Pane, traces: Iterable[Trace]) -> None:
        curves = []
        for trace in traces:
            buffer = self.buffers.setdefault(trace.series, SeriesBuffer(holds=trace.holds))
            curve = Curve(trace, buffer, f"{kind.key}/{trace.series}" if trace.series in self.curves else "")
            self.curves[curve.key] = curve
            curves.append(curve)
        self.add_pane(PlotPane(kind, curves))

    def add_pane(self, pane: PlotPane) -> None:
        """Have one more pane, below those there are."""
        self.panes[pane.kind.key] = pane
        pane.time_axis.in_hours, pane.time_axis.start_utc_s = self._in_hours, self._hours_since
        pane.show_span(self.view.span)
        pane.title.geometryChanged.connect(self.titles_moved)
        pane.view.wheel_turned.connect(self.view.zoom)
        pane.view.dragged.connect(self.view.pan)
        pane.view.box_drawn.connect(self._look_into)
        pane.view.clicked.connect(self._on_clicked)
        pane.view.menu_asked.connect(self._on_menu)

    def show_charts(self, charts: tuple[Chart, ...]) -> None:
        """Have these charts of plug-ins and no others, below the rest; samples of those that go are kept."""
        gone = [chart for chart in self._charts if chart not in charts]
        known = {chart.pane.key for chart in self._charts if chart in charts}
        self._charts = charts
        for key in (chart.pane.key for chart in gone):
            self._take_out(key)
            for curve in self.panes.pop(key).curves:
                del self.curves[curve.key]
        for chart in charts:
            if chart.pane.key not in known:
                self._add_pane(chart.pane, chart.traces)
        self.arrange()

    def _connect(self) -> None:
        self.view.span_changed.connect(self._move)
        self.scene().sigMouseMoved.connect(self._on_mouse)
        theme.current().palette_changed.connect(self.restyle)

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        self.setBackground(theme.current().colour("raised"))
        for pane in self.panes.values():
            pane.restyle()
        self.flags.update()

    def arrange(self) -> None:
        """Show the panes that are wanted and have something to show: growth rate only once it exists."""
        wanted = tuple(key for key in self.panes if self._is_wanted(key))
        heights = room_for([self.panes[key].stretch for key in wanted], self._room_px or self.height())
        if self._arranged == (wanted, heights):
            return
        self._arranged = (wanted, heights)
        for key in self._visible:
            self._take_out(key)
        for row in range(self.ci.layout.rowCount()):
            self.ci.layout.setRowFixedHeight(row, 0)
            self.ci.layout.setRowStretchFactor(row, 0)
        self._visible = wanted
        for place, key in enumerate(wanted):
            self._add(self.panes[key], 3 * place, heights, is_lowest=key == wanted[-1])
        self._hoist_flags()
        self.setMinimumHeight(heights.whole_px)
        self.request_redraw()

    def fit_into(self, height_px: int) -> None:
        """Move the panes closer together or further apart, so that all are seen in this height where that can be."""
        self._room_px = height_px
        self.arrange()

    def _hoist_flags(self) -> None:
        """Put the flags to the top edge of the uppermost pane."""
        former = self.flags.getViewBox()
        if former is not None:
            former.removeItem(self.flags)
        if self._visible:
            self.panes[self._visible[0]].view.addItem(self.flags)

    def _take_out(self, key: str) -> None:
        if key in self._visible:
            self._visible = tuple(other for other in self._visible if other != key)
            for item in self.panes[key].items():
                self.ci.removeItem(item)

    def _add(self, pane: PlotPane, row: int, heights: Heights, *, is_lowest: bool) -> None:
        layout, height_px = self.ci.layout, heights.share_px * pane.stretch
        self.ci.addItem(pane.title, row, 0, 1, 2)
        self.ci.addItem(pane.value_axis, row + 1, 0)
        self.ci.addItem(pane.view, row + 1, 1)
        self.ci.addItem(pane.time_axis, row + 2, 1)
        layout.setRowFixedHeight(row, heights.title_px)
        layout.setRowMinimumHeight(row + 1, height_px)
        layout.setRowPreferredHeight(row + 1, height_px)
        layout.setRowMaximumHeight(row + 1, _UNLIMITED_PX)
        layout.setRowStretchFactor(row + 1, round(10 * pane.stretch))
        for side in (layout.setRowMinimumHeight, layout.setRowPreferredHeight):
            side(row + 2, 0)
        layout.setRowMaximumHeight(row + 2, _UNLIMITED_PX)
        layout.setColumnStretchFactor(1, 1)
        pane.show_time_axis(is_lowest)

    @property
    def visible_panes(self) -> tuple[str, ...]:
        """Keys of the panes shown, from the top."""
        return self._visible

    def title_rows(self) -> dict[str, tuple[QRect, int]]:
        """Return of each visible pane, from the top, the row of its title and the width of its words, in pixels."""
        titles = {key: self.panes[key].title for key in self._visible}
        rows = {key: self.mapFromScene(title.sceneBoundingRect()).boundingRect() for key, title in titles.items()}
        return {key: (row, round(titles[key].item.boundingRect().width())) for key, row in rows.items()}

    def offered_panes(self) -> tuple[Pane, ...]:
        """Return the panes that can be switched on and off: all but those that still wait for their first value."""
        return tuple(pane.kind for pane in self.panes.values() if pane.has_something)

    def switch_pane(self, key: str, wanted: bool) -> None:
        """Show or hide a pane."""
        (self._switched_off.discard if wanted else self._switched_off.add)(key)
        self.arrange()

    def is_switched_on(self, key: str) -> bool:
        """Whether a pane is to be shown when it has something to show."""
        return key not in self._switched_off

    def set_log(self, is_log: bool) -> None:
        """Show optical density on a logarithmic scale, or a linear one."""
        for pane in self.panes.values():
            if pane.kind.can_be_log:
                pane.set_log(is_log)
        self.redraw_now()

    def show_hours(self, in_hours: bool, start_utc_s: float | None) -> None:
        """Label the time axis with hours since `start_utc_s`, or with local clock time."""
        self._in_hours, self._hours_since = in_hours, start_utc_s
        for key, pane in self.panes.items():
            pane.time_axis.in_hours, pane.time_axis.start_utc_s = in_hours, start_utc_s
            pane.show_time_axis(key == next(reversed(self._visible), None))
            pane.time_axis.picture = None
            pane.time_axis.update()

    def shade(self, gaps: dict[str, list[Gap]]) -> None:
        """Shade, by pane, the times without readings."""
        for key, pane in self.panes.items():
            pane.lost_times.show_gaps(gaps.get(key, []))

    def fit(self) -> None:
        """Back to now, with every value range fitted to its curves."""
        for pane in self.panes.values():
            pane.release_values()
        self.view.follow()
        self.request_redraw()

    def request_redraw(self) -> None:
        """Redraw soon; many requests in a row are one redraw. What nobody sees is drawn when it is shown again."""
        if self._timer.isActive() or not self.isVisible():
            return
        waited_ms = self._since_drawn.elapsed() if self._since_drawn.isValid() else _SHORTEST_MS
        self._timer.start(max(0, _SHORTEST_MS - int(waited_ms)))

    def redraw_now(self) -> None:
        """Draw every visible curve from its buffer."""
        self._timer.stop()
        self._since_drawn.start()
        until_s = math.inf if self.view.paused_at_s is None else self.view.paused_at_s
        for key in self._visible:
            self.panes[key].redraw(self.view.span, until_s, self.view.now_s)
        self.drawn.emit()

    def point_at(self, utc_s: float) -> None:
        """Put the crosshair at a time in every pane; NaN takes it away."""
        self.pointer_s = utc_s
        for pane in self.panes.values():
            pane.crosshair.setVisible(not math.isnan(utc_s))
            if not math.isnan(utc_s):
                pane.crosshair.setValue(utc_s)
        self.pointed_at.emit(utc_s)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw for the new width."""
        super().resizeEvent(event)
        if hasattr(self, "_timer"):
            self.arrange()
            self.request_redraw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while nobody looked."""
        super().showEvent(event)
        self.request_redraw()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is, when it came here by the keyboard."""
        super().focusInEvent(event)
        self._shows_focus = event.reason() in _BY_KEYBOARD
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard has gone elsewhere."""
        super().focusOutEvent(event)
        self._shows_focus = False
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plots, and a ring around them while the keyboard is here."""
        super().paintEvent(event)
        if self._shows_focus:
            painter = QPainter(self.viewport())
            painter.setPen(QPen(theme.current().colour("accent"), 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))

    def leaveEvent(self, event: object) -> None:
        """Take the crosshair away with the mouse."""
        super().leaveEvent(event)
        self.point_at(math.nan)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, all of it with 0, move with the arrows, read with , and ., return to now with End."""
        start_s, end_s = self.view.span
        actions: dict[int, tuple[Callable[[float], None], float]] = {
            Qt.Key.Key_Plus: (self.view.zoom, 1 / _ZOOM),
            Qt.Key.Key_Equal: (self.view.zoom, 1 / _ZOOM),
            Qt.Key.Key_Minus: (self.view.zoom, _ZOOM),
            Qt.Key.Key_Left: (self.view.pan, -_PAN * (end_s - start_s)),
            Qt.Key.Key_Right: (self.view.pan, _PAN * (end_s - start_s)),
            Qt.Key.Key_Comma: (self._step_pointer, -1),
            Qt.Key.Key_Period: (self._step_pointer, 1),
        }
        if event.key() in actions:
            act, argument = actions[event.key()]
            act(argument)
        elif event.key() in (Qt.Key.Key_0, Qt.Key.Key_End):
            self.fit()
        elif event.key() == Qt.Key.Key_Space:
            self.toggle_pause()
        else:
            super().keyPressEvent(event)

    def toggle_pause(self) -> None:
        """Hold the picture still, or follow now again."""
        if self.view.paused_at_s is None:
            self.view.pause()
        else:
            self.view.follow()

    def _step_pointer(self, direction: float) -> None:
        start_s, end_s = self.view.span
        at_s = end_s if math.isnan(self.pointer_s) else self.pointer_s
        self.point_at(min(max(at_s + direction * (end_s - start_s) / 100, start_s), end_s))

    def _is_wanted(self, key: str) -> bool:
        return key not in self._switched_off and self.panes[key].has_something

    def _move(self) -> None:
        for pane in self.panes.values():
            pane.show_span(self.view.span)
        self.request_redraw()

    def _look_into(self, start_s: float, end_s: float, low: float, high: float) -> None:
        for pane in self.panes.values():
            if pane.view is self.sender():
                pane.hold_values(low, high)
        self.view.show_span(start_s, end_s)

    def _time_at(self, position: QPointF) -> float | None:
        """Return the UTC second at a place in the scene, None outside the panes."""
        panes = [self.panes[key] for key in self._visible]
        hit = next((pane for pane in panes if pane.area().contains(position)), None)
        return None if hit is None else float(hit.view.mapSceneToView(position).x())

    def _on_clicked(self, position: QPointF, twice: bool) -> None:
        flags, utc_s = self.flags.at(position), self._time_at(position)
        if flags and not twice:
            self.flag_pressed.emit(flags[-1])
        elif not flags and twice and utc_s is not None:
            self.noted.emit(utc_s)

    def _on_menu(self, position: QPointF) -> None:
        utc_s = self._time_at(position)
        if utc_s is not None:
            self.menu_asked.emit(utc_s, self.flags.at(position), self.mapToGlobal(self.mapFromScene(position)))

    def _on_mouse(self, position: QPointF) -> None:
        for key in self._visible:
            pane = self.panes[key]
            if pane.area().contains(position):
                pane.explain(position)
                self.flags.explain(position)
                self.point_at(pane.view.mapSceneToView(position).x())
                return
        self.point_at(math.nan)
