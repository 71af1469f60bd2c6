"""Draws where a value lies within its limits: what is allowed as a soft band, the value as a mark on it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from gui import theme
from gui.record.limits import Limits

# A cell's (value, Limits, tone), None where nothing is to be drawn.
POSITION = Qt.ItemDataRole.UserRole + 10
_BAND_PX = 8
_MARK_PX = 5
_AIR_PX = 12
# Seen on marked rows too.
_BAND_OPACITY = 0.22


class LimitBar(QStyledItemDelegate):
    """Draws a cell that carries a position; others as usual."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the cell's background, then the bar."""
        super().paint(painter, option, index)
        position = index.data(POSITION)
        if position is None:
            return
        value, limits, tone = position
        area = QRectF(option.rect).adjusted(_AIR_PX, 0, -_AIR_PX, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _draw(painter, area, value, limits, tone)
        painter.restore()


def _draw(painter: QPainter, area: QRectF, value: float, limits: Limits, tone: str) -> None:
    colours, middle = theme.current(), area.center().y()
    left = 0.0 if limits.low is None else limits.share(value, limits.low)
    right = 1.0 if limits.high is None else limits.share(value, limits.high)
    painter.setPen(QPen(colours.colour("faint"), 1))
    painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
    band = QRectF(area.left() + left * area.width(), middle - _BAND_PX / 2, (right - left) * area.width(), _BAND_PX)
    allowed = colours.colour("accent")
    allowed.setAlphaF(_BAND_OPACITY)
    painter.fillRect(band, allowed)
    for limit, share in ((limits.low, left), (limits.high, right)):
        if limit is not None:
            x = area.left() + share * area.width()
            painter.drawLine(QPointF(x, middle - _BAND_PX), QPointF(x, middle + _BAND_PX))
    x, size = area.left() + limits.share(value, value) * area.width(), _MARK_PX
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.colour("text" if tone == "quiet" else tone))
    ends = limits.scale(value)
    if ends is not None and not ends[0] <= value <= ends[1]:
        # An arrow at the end: the value lies beyond the drawing.
        way = 1 if value > ends[1] else -1
        tip = QPointF(x + way * 2, middle)
        painter.drawPolygon(QPolygonF([tip, tip + QPointF(-way * 8, -size), tip + QPointF(-way * 8, size)]))
    else:
        painter.drawEllipse(QPointF(x, middle), size, size)
