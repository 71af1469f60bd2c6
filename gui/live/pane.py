"""One plot of the stack: its axes, grid, curves and the marks of lost time."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal

from gui import theme
from gui.live.axes import TimeAxis, ValueAxis
from gui.live.curve import Curve, stepped_range
from gui.live.lost_time import LostTimes
from gui.live.trace import OPTICAL_DENSITY, Pane

# At the program's end pyqtgraph would walk over every object and touch graphics items that Qt has deleted already.
pg.setConfigOptions(exitCleanup=False)

_AXIS_WIDTH_PX = 58
_BOX_ALPHA = 40
_WHEEL_BASE = 1.0015
# Minimum and maximum of each two pixels: half the work of one pixel, and no eye sees the difference.
_COLUMN_PX = 2
# The least height of a value axis, so that noise does not look like an event: of a logarithmic one, and of one whose
# values are not known beforehand.
_SMALLEST_DECADES = 0.3
_SMALLEST_SHARE = 0.02


class TimeViewBox(pg.ViewBox):  # type: ignore[misc]
    """The area of a pane; tells what the mouse wants instead of moving by itself.

    Signals:
        wheel_turned: factor of time to show, UTC second under the mouse.
        dragged: seconds to move the view by.
        box_drawn: first and last UTC second, lowest and highest value of a drawn box.
        clicked: place in the scene, whether twice.
        menu_asked: place in the scene; the right button was pressed there.
    """

    wheel_turned = Signal(float, float)
    dragged = Signal(float)
    box_drawn = Signal(float, float, float, float)
    clicked = Signal(QPointF, bool)
    menu_asked = Signal(QPointF)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.disableAutoRange()
        self.setDefaultPadding(0.0)

    def wheelEvent(self, event: object, axis: int | None = None) -> None:
        """Zoom in time around the mouse."""
        position: QPointF = self.mapToView(event.pos())  # type: ignore[attr-defined]
        self.wheel_turned.emit(_WHEEL_BASE ** -event.delta(), position.x())  # type: ignore[attr-defined]
        event.accept()  # type: ignore[attr-defined]

    def mouseClickEvent(self, event: object) -> None:
        """Tell what was clicked."""
        event.accept()  # type: ignore[attr-defined]
        place: QPointF = event.scenePos()  # type: ignore[attr-defined]
        if event.button() == Qt.MouseButton.RightButton:  # type: ignore[attr-defined]
            self.menu_asked.emit(QPointF(place))
        elif event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self.clicked.emit(QPointF(place), event.double())  # type: ignore[attr-defined]

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:
        """Drag: move in time. With Shift or the right button: draw a box and look into it."""
        event.accept()  # type: ignore[attr-defined]
        start, now = event.buttonDownPos(), event.pos()  # type: ignore[attr-defined]
        shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier  # type: ignore[attr-defined]
        if not shifted and event.button() != Qt.MouseButton.RightButton:  # type: ignore[attr-defined]
            before = self.mapToView(event.lastPos()).x()  # type: ignore[attr-defined]
            self.dragged.emit(before - self.mapToView(now).x())
        elif event.isFinish():  # type: ignore[attr-defined]
            self.rbScaleBox.hide()
            box = self.mapToView(start), self.mapToView(now)
            (left, right), (low, high) = sorted(p.x() for p in box), sorted(p.y() for p in box)
            if abs(now.x() - start.x()) > 4:
                self.box_drawn.emit(left, right, low, high)
        else:
            accent = theme.current().colour("accent")
            self.rbScaleBox.setPen(pg.mkPen(accent, width=1))
            accent.setAlpha(_BOX_ALPHA)
            self.rbScaleBox.setBrush(accent)
            self.updateScaleBox(start, now)


class PlotPane:
    """A pane's items and its value range.

    Attributes:
        kind: what it shows.
        title, value_axis, view, time_axis: its items for the layout, the area in the middle.
        curves: what is drawn in it.
        lost_times: the shade over times without readings.
        holds_values: whether the user chose the value range (by a box); then it does not move by itself.
    """

    def __init__(self, kind: Pane, curves: list[Curve], value_axis: pg.AxisItem | None = None) -> None:
        self.kind = kind
        self.curves = curves
        self.view = TimeViewBox()
        self.time_axis, self.value_axis = TimeAxis(), value_axis or ValueAxis()
        self.title = pg.LabelItem(justify="left")
        self.crosshair = pg.InfiniteLine(angle=90, movable=False)
        self.holds_values = False
        self.is_log = False
        self._leaves_out = False
        self._note = ""
        self._measure = kind.unit
        self._range: tuple[float, float] | None = None
        self.lost_times = LostTimes(names_trouble=kind.key == OPTICAL_DENSITY)
        self._lay_out()
        self.view.setYRange(*kind.usual, padding=0)
        self.restyle()

    def _lay_out(self) -> None:
        self.value_axis.linkToView(self.view)
        self.time_axis.linkToView(self.view)
        self.value_axis.setWidth(_AXIS_WIDTH_PX)
        self.view.addItem(self.lost_times)
        for curve in self.curves:
            self.view.addItem(curve.line)
        self.crosshair.setZValue(50)
        self.crosshair.hide()
        self.view.addItem(self.crosshair)

    def items(self) -> tuple[pg.GraphicsWidget, ...]:
        """Return the items for the layout."""
        return self.title, self.value_axis, self.view, self.time_axis

    def restyle(self) -> None:
        """Take colours and font of the present theme."""
        colours = theme.current()
        font = theme.value_font(11)
        self.time_axis.label.setFont(font)
        for axis in (self.time_axis, self.value_axis):
            axis.setPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTextPen(pg.mkPen(colours.colour("quiet")))
            axis.setTickPen(pg.mkPen(colours.colour("line"), width=1))
            axis.setTickFont(font)
            axis.setStyle(tickLength=0, tickTextOffset=6)
            axis.setZValue(-100)  # the grid lies behind the curves
            axis.setGrid(255)
        self.crosshair.setPen(pg.mkPen(colours.colour("quiet"), width=1))
        for curve in self.curves:
            curve.restyle()
        self.lost_times.update()
        self.show_title(self._measure)

    def show_title(self, measure: str) -> None:
        """Name the pane and its unit above it; a horizontal title is never cut off in a thin lane."""
        self._measure = measure
        words = f"{self.kind.title}, {measure}" if measure else self.kind.title
        if self.is_log:
            words += " · log scale, values of 0 and below left out" if self._leaves_out else " · log scale"
        if self._note:
            words += f" · {self._note}"
        self.title.setText(words, color=theme.current().colour("quiet").name(), size="11px", bold=False)

    def show_note(self, note: str) -> None:
        """Say after the title what is to be known of these curves now; nothing with ""."""
        if note != self._note:
            self._note = note
            self.show_title(self._measure)

    def show_time_axis(self, wanted: bool) -> None:
        """Label the time axis: only the lowest pane does."""
        self.time_axis.setStyle(showValues=wanted)
        self.time_axis.setHeight(None if wanted else 1)
        if wanted:
            self.time_axis.setLabel(self.time_axis.words())
        self.time_axis.showLabel(wanted)

    def set_log(self, is_log: bool) -> None:
        """Show values on a logarithmic scale, or not."""
        self.is_log = is_log
        self.value_axis.is_log = is_log
        self._range = None
        self.holds_values = False
        self.show_title(self._measure)
        self.value_axis.picture = None
        self.value_axis.update()

    def show_span(self, span: tuple[float, float]) -> None:
        """Show time from `span[0]` to `span[1]`."""
        self.view.setXRange(*span, padding=0)

    def hold_values(self, low: float, high: float) -> None:
        """Show these values until `release_values`."""
        self.holds_values = True
        self.view.setYRange(low, high, padding=0)

    def release_values(self) -> None:
        """Fit the value range to the curves again."""
        self.holds_values = False
        self._range = None

    def redraw(self, span: tuple[float, float], until_s: float, now_s: float) -> None:
        """Draw every curve's samples between two times, none after `until_s`, and fit the value range in steps."""
        columns = max(2, round(self.view.width() / _COLUMN_PX))
        for curve in self.curves:
            curve.redraw(span, until_s, now_s, columns, self.is_log)
        leaves_out = any(curve.leaves_out for curve in self.curves)
        if leaves_out != self._leaves_out:
            self._leaves_out = leaves_out
            self.show_title(self._measure)
        if not self.holds_values:
            self._fit(span)

    def _fit(self, span: tuple[float, float]) -> None:
        low, high = math.inf, -math.inf
        for curve in self.curves:
            inside = curve.drawn.y[(curve.drawn.t >= span[0]) & (curve.drawn.t <= span[1])]
            if len(inside):
                low, high = min(low, float(inside.min())), max(high, float(inside.max()))
        if low > high:
            return
        if self.is_log:
            low, high = math.log10(low), math.log10(high)
            smallest = _SMALLEST_DECADES
        else:
            smallest = self.kind.smallest or max(_SMALLEST_SHARE * max(abs(low), abs(high)), 1e-9)
        wanted = stepped_range(low, high, self._range, smallest)
        if wanted is not None:
            self._range = wanted
            self.view.setYRange(*wanted, padding=0)

    @property
    def measure(self) -> str:
        """The unit its title names."""
        return self._measure

    @property
    def has_something(self) -> bool:
        """Whether there is something to show, or the pane is shown without."""
        return not self.kind.waits or any(len(curve.buffer) for curve in self.curves)

    @property
    def stretch(self) -> float:
        """Its share of the height."""
        return self.kind.stretch

    def explain(self, position: QPointF) -> None:
        """Say in the tooltip what there is under the mouse, at a place in the scene."""
        self.lost_times.explain(self.view.mapSceneToView(position).x())

    def area(self) -> QRectF:
        """Return where the plot's area is, in the scene."""
        rectangle: QRectF = self.view.sceneBoundingRect()
        return rectangle
