"""Times without readings: shaded, with the reason written into them where it fits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui import theme
from gui.live.gaps import Gap
from gui.moments import clock_time, duration, exact

_LEAST_PX = 2.0
_AROUND_WORDS_PX = 4.0
_FONT_PX = 11


@dataclass(frozen=True)
class Words:
    """Words written into a gap: their left and right edge in UTC seconds, and their colour's token."""

    left_s: float
    right_s: float
    text: str
    tone: str


class LostTimes(pg.GraphicsObject):  # type: ignore[misc]
    """The shades over the gaps of one pane.

    Args:
        names_trouble: whether this pane says of troubles what they are; one of the stack is enough.
    """

    def __init__(self, *, names_trouble: bool) -> None:
        super().__init__()
        self._names_trouble = names_trouble
        self.gaps: list[Gap] = []
        self.setZValue(-20)

    def show_gaps(self, gaps: list[Gap]) -> None:
        """Shade these spans, ascending and without overlap."""
        if gaps != self.gaps:
            self.gaps = gaps
            self.update()

    def explain(self, utc_s: float) -> None:
        """Say in the tooltip what happened at a time."""
        told = next((gap for gap in self.gaps if gap.start_s <= utc_s <= gap.end_s), None)
        self.setToolTip("" if told is None else _told(told))

    def words_shown(self) -> list[Words]:
        """Return the words that fit into their gap now."""
        (left, right), second_px = self._time_shown()
        figures = QFontMetricsF(theme.value_font(_FONT_PX))
        placed = []
        for gap in self.gaps:
            if gap.is_trouble and not self._names_trouble:
                continue
            start_s, end_s = max(gap.start_s, left), min(gap.end_s, right)
            for text in (gap.words, gap.short):
                width_s = (figures.horizontalAdvance(text) + 2 * _AROUND_WORDS_PX) / second_px
                if text and width_s <= end_s - start_s:
                    placed.append(Words(start_s, start_s + width_s, text, "warn" if gap.is_trouble else "quiet"))
                    break
        return placed

    def boundingRect(self) -> QRectF:
        """Return the whole visible area."""
        rectangle = self.viewRect()
        return QRectF(rectangle) if rectangle is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Follow the view: its area is ours."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the shades, then the words in front of them."""
        if not self.gaps:
            return
        colours, area = theme.current(), self.boundingRect()
        (left, right), second_px = self._time_shown()
        for gap in self.gaps:
            start_s = max(gap.start_s, left)
            width_s = max(min(gap.end_s, right) - start_s, _LEAST_PX / second_px)
            if gap.end_s >= left and start_s <= right:
                shade = colours.colour("warn_soft" if gap.is_trouble else "sunken")
                painter.fillRect(QRectF(start_s, area.top(), width_s, area.height()), shade)
        self._write(painter)

    def _write(self, painter: QPainter) -> None:
        colours, font = theme.current(), theme.value_font(_FONT_PX)
        down_px = QFontMetricsF(font).ascent() + _AROUND_WORDS_PX
        # Written in pixels, so that the letters have their own size whatever the scales.
        to_device, top = painter.transform(), self.boundingRect().bottom()
        painter.setFont(font)
        for words in self.words_shown():
            corner = to_device.map(QPointF(words.left_s, top))
            painter.resetTransform()
            painter.setPen(colours.colour(words.tone))
            painter.drawText(corner + QPointF(_AROUND_WORDS_PX, down_px), words.text)
            painter.setTransform(to_device)

    def _time_shown(self) -> tuple[tuple[float, float], float]:
        """Return the first and last second shown, and how many pixels a second has."""
        view = self.getViewBox()
        if view is None:
            return (0.0, 1.0), 1.0
        left, right = view.viewRange()[0]
        return (left, right), max(float(view.width()), 1.0) / (right - left)


def _told(gap: Gap) -> str:
    start, end = (datetime.fromtimestamp(at_s, UTC) for at_s in (gap.start_s, gap.end_s))
    return f"{gap.words}, {duration(gap.end_s - gap.start_s)}\n{exact(start)} – {clock_time(end)}"
