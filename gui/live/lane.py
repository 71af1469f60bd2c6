"""The lane of doses and light: a row for each pump and one for the LEDs, told apart by place and by colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui import theme
from gui.live.event_log import Dose, EventLog, Light
from gui.live.pane import PlotPane
from gui.live.trace import Pane
from gui.moments import clock_time, duration, exact
from gui.words import cause_words

LIGHT = "light"
# Events of doses: their word, and the pump whose colour they have.
_EVENTS = {
    "add_media": ("Medium", "media_pump"),
    "add_alt_media": ("Alt. medium", "alt_media_pump"),
    "remove_waste": ("Waste", "waste_pump"),
}
_CHANNELS = "ABCD"
_TICK_PX = 2.0
# How much of its row a tick is high, and all the bars of light together.
_TICK_SHARE, _LIGHT_SHARE = 0.72, 0.84
_NEAR_PX = 5.0
_MOST_TOLD = 4
_ROW_STRETCH = 1.1
# Announced and taken back wholly: nothing has moved.
_NOTHING_ML = 1e-6
# No dose that is in view began longer ago than this before the view.
_LONGEST_S = 86400.0
EVENTS_PANE = Pane("events", "Doses and light", "", 1, waits=True)


def _tr(text: str) -> str:
    return QCoreApplication.translate("live", text)


def row_title(row: str) -> str:
    """Return a row's word."""
    known = _EVENTS.get(row, (row.removeprefix("add_").replace("_", " ").capitalize(), ""))[0]
    return _tr("Light") if row == LIGHT else _tr(known)


def colour_of_row(row: str) -> QColor:
    """Return a row's colour."""
    return theme.colour_of(LIGHT if row == LIGHT else _EVENTS.get(row, ("", row))[1])


@dataclass(frozen=True)
class _Row:
    """What is drawn of a row: beginnings and ends in UTC seconds, each an array of one length, ascending."""

    name: str
    starts: np.ndarray[tuple[int], np.dtype[np.float64]]
    ends: np.ndarray[tuple[int], np.dtype[np.float64]]


class RowAxis(pg.AxisItem):  # type: ignore[misc]
    """The names of the rows, the first one on top."""

    def __init__(self) -> None:
        super().__init__("left")
        self.setStyle(hideOverlappingLabels=False)
        self.rows: tuple[str, ...] = ()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Return the middle of each row."""
        return [(1.0, [len(self.rows) - place - 0.5 for place in range(len(self.rows))])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the rows' words."""
        return [row_title(self.rows[len(self.rows) - 1 - int(value)]) for value in values]


class EventMarks(pg.GraphicsObject):  # type: ignore[misc]
    """Draws the doses as ticks, as wide as they are long, and the times of light as bars.

    Attributes:
        rows: names of the rows, from the top.
    """

    def __init__(self, log: EventLog, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._log = log
        self._now_s = now_s
        self.rows: tuple[str, ...] = ()
        self._ticks: list[_Row] = []
        self._until_s = np.inf
        self._version = -1
        # The rectangles of each row as they were drawn last, and for which part of time that was.
        self._drawn: tuple[object, list[tuple[str, list[QRectF]]]] = (None, [])

    def take(self, until_s: float) -> None:
        """Draw what the log holds now, nothing that began after `until_s`."""
        self._until_s = until_s
        self.update()
        if self._version == self._log.version:
            return
        self._version, self.rows = self._log.version, self._log.rows
        spans: dict[str, list[tuple[float, float]]] = {row: [] for row in self.rows}
        for dose in self._log.doses:
            if abs(dose.volume_ml) > _NOTHING_ML:
                spans[dose.event].append((dose.start_s, dose.end_s))
        columns = {row: np.array(each).reshape(-1, 2) for row, each in spans.items()}
        self._ticks = [_Row(row, both[:, 0], both[:, 1]) for row, both in columns.items()]

    def boundingRect(self) -> QRectF:
        """Return the whole visible area."""
        rectangle = self.viewRect()
        return QRectF(rectangle) if rectangle is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Follow the view: its area is ours."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the ticks of each row, then the light."""
        painter.setPen(Qt.PenStyle.NoPen)
        left, right, second_px = self._time_shown()
        wanted = (self._version, left, right, second_px, self._until_s)
        if self._drawn[0] != wanted:
            until_s = min(right, self._until_s)
            rectangles = [(row.name, ticks_of(row, left, until_s, second_px, base)) for base, row in self._with_bases()]
            self._drawn = wanted, rectangles
        for name, ticks in self._drawn[1]:
            painter.setBrush(QBrush(colour_of_row(name)))
            painter.drawRects(ticks)
        if LIGHT in self.rows:
            self._paint_light(painter, left, right, second_px)

    def _with_bases(self) -> list[tuple[float, _Row]]:
        """Return each row with the height at which its ticks begin."""
        lowest = (1 - _TICK_SHARE) / 2
        return [(len(self.rows) - place - 1 + lowest, row) for place, row in enumerate(self._ticks)]

    def _paint_light(self, painter: QPainter, left: float, right: float, second_px: float) -> None:
        base, height = (1 - _LIGHT_SHARE) / 2, _LIGHT_SHARE / len(_CHANNELS)
        bars: dict[int, list[QRectF]] = {}
        for light in self._log.lights:
            end_s = min(self._now_s() if light.end_s is None else light.end_s, self._until_s)
            if end_s < left or light.start_s > min(right, self._until_s):
                continue
            start_s = max(light.start_s, left)
            width_s = max(min(end_s, right) - start_s, _TICK_PX / second_px)
            lane = base + (len(_CHANNELS) - 1 - _CHANNELS.find(light.channel)) * height
            strength = round(110 + 1.45 * min(light.percent, 100.0))
            bars.setdefault(strength, []).append(QRectF(start_s, lane, width_s, height * 0.8))
        colour = colour_of_row(LIGHT)
        for strength, rectangles in bars.items():
            colour.setAlpha(strength)
            painter.setBrush(QBrush(colour))
            painter.drawRects(rectangles)

    def told_at(self, utc_s: float, height: float) -> str:
        """Return what happened at a time in the row at a height; "" for nothing."""
        place = len(self.rows) - 1 - int(height)
        if not 0 <= place < len(self.rows):
            return ""
        near_s = _NEAR_PX / self._time_shown()[2]
        row = self.rows[place]
        if row == LIGHT:
            now_s = self._now_s()
            lit = [one for one in self._log.lights if one.start_s - near_s <= utc_s <= (one.end_s or now_s) + near_s]
            return _told([_light_words(one) for one in lit])
        doses = [
            dose
            for dose in self._log.doses
            if dose.event == row and dose.start_s - near_s <= utc_s <= dose.end_s + near_s
        ]
        return _told([_dose_words(dose) for dose in doses])

    def _time_shown(self) -> tuple[float, float, float]:
        view = self.getViewBox()
        if view is None:
            return 0.0, 1.0, 1.0
        left, right = view.viewRange()[0]
        return left, right, max(float(view.width()), 1.0) / (right - left)


class EventLane(PlotPane):
    """The pane of doses and light.

    Attributes:
        marks: the ticks and bars.
    """

    def __init__(self, kind: Pane, log: EventLog, now_s: Callable[[], float]) -> None:
        self.row_axis = RowAxis()
        super().__init__(kind, [], self.row_axis)
        self._log = log
        self.marks = EventMarks(log, now_s)
        self.view.addItem(self.marks)
        self.time_axis.setGrid(255)

    @property
    def has_something(self) -> bool:
        """Whether there was a dose or light."""
        return bool(self._log.rows)

    @property
    def stretch(self) -> float:
        """Its share of the height: a thin row for each kind."""
        return _ROW_STRETCH * max(1, len(self._log.rows))

    def redraw(self, span: tuple[float, float], until_s: float, now_s: float) -> None:
        """Draw doses and light, none that began after `until_s`."""
        self.marks.take(until_s)
        if self.row_axis.rows != self.marks.rows:
            self.row_axis.rows = self.marks.rows
            self.row_axis.picture = None
            self.row_axis.update()
            self.view.setYRange(0, max(1, len(self.marks.rows)), padding=0)

    def explain(self, position: QPointF) -> None:
        """Say in the tooltip what happened under the mouse."""
        super().explain(position)
        at = self.view.mapSceneToView(position)
        self.marks.setToolTip(self.marks.told_at(at.x(), at.y()))

    def hold_values(self, low: float, high: float) -> None:
        """A box drawn here chooses time alone: rows stay where they are."""


def ticks_of(row: _Row, left: float, right: float, second_px: float, base: float) -> list[QRectF]:
    """Return rectangles for the doses in view, as wide as they are long; ticks that touch each other are one."""
    first, last = np.searchsorted(row.starts, (left - _LONGEST_S, right))
    starts, ends = row.starts[first:last], row.ends[first:last]
    ends = np.maximum(ends, starts + _TICK_PX / second_px)
    seen = ends >= left
    starts, ends = starts[seen], ends[seen]
    if not len(starts):
        return []
    reached = np.maximum.accumulate(ends)
    begins = np.flatnonzero(np.append(True, starts[1:] > reached[:-1]))
    widths = np.append(reached[begins[1:] - 1], reached[-1]) - starts[begins]
    return [
        QRectF(start, base, width, _TICK_SHARE)
        for start, width in zip(starts[begins].tolist(), widths.tolist(), strict=True)
    ]


def _told(words: list[str]) -> str:
    more = len(words) - _MOST_TOLD
    return "\n".join(words[:_MOST_TOLD] + ([_tr("and {} more").format(more)] if more > 0 else []))


def _dose_words(dose: Dose) -> str:
    begun = datetime.fromtimestamp(dose.start_s, UTC)
    what = _tr("{name}: {ml:.2f} mL").format(name=row_title(dose.event), ml=dose.volume_ml)
    if dose.doses > 1:
        what += _tr(" in {} doses").format(dose.doses)
    length_s = dose.end_s - dose.start_s
    when = exact(begun) if length_s < 1 else f"{exact(begun)}, {duration(length_s)}"
    return f"{what}, {cause_words(dose.cause)}\n{when}"


def _light_words(light: Light) -> str:
    begun = datetime.fromtimestamp(light.start_s, UTC)
    until = _tr("now") if light.end_s is None else clock_time(datetime.fromtimestamp(light.end_s, UTC))
    what = _tr("LED {channel}: {percent:g} %").format(channel=light.channel, percent=light.percent)
    return f"{what}, {cause_words(light.cause)}\n{exact(begun)} – {until}"
