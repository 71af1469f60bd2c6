"""Flags drawn along the top edge of a pane, each on a thin pole; those that would overlap stand on one pole."""

from __future__ import annotations

from datetime import UTC, datetime

import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui import icons, theme
from gui.live.flags import Flag
from gui.moments import exact

_SIZE_PX = 16
_APART_PX = 15.0
_MOST_TOLD = 5
_NEAR_PX = 9.0
_LONGEST_TEXT = 240


class FlagMarks(pg.GraphicsObject):  # type: ignore[misc]
    """The flags of the pane it is in.

    Attributes:
        flags: in the order of their moments.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flags: list[Flag] = []
        self.setZValue(60)

    def show_flags(self, flags: list[Flag]) -> None:
        """Draw these from now on."""
        self.flags = flags
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the whole visible area."""
        rectangle = self.viewRect()
        return QRectF(rectangle) if rectangle is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Follow the view: its area is ours."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw poles and flags in pixels, so that they have their own size whatever the scales."""
        together = self._together()
        if not together:
            return
        to_device, area = painter.transform(), self.boundingRect()
        painter.resetTransform()
        for flags in together:
            gravest = max(flags, key=_rank)
            top = to_device.map(QPointF(flags[0].utc_s, area.bottom()))
            foot = to_device.map(QPointF(flags[0].utc_s, area.top()))
            painter.setPen(QPen(theme.current().colour(gravest.tone), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(top.x(), top.y() + _SIZE_PX + 1), foot)
            # Wholly in view also where the moment is at the edge.
            left = max(to_device.map(area.bottomLeft()).x(), top.x() - _SIZE_PX / 2)
            right = to_device.map(area.bottomRight()).x() - _SIZE_PX
            corner = QPointF(min(left, right), top.y() + 1)
            painter.drawPixmap(corner, icons.pixmap(gravest.icon, gravest.tone, _SIZE_PX))
        painter.setTransform(to_device)

    def at(self, position: QPointF) -> list[Flag]:
        """Return the flags under a place in the scene; none when it is not on them."""
        view = self.getViewBox()
        if view is None:
            return []
        area = view.sceneBoundingRect()
        if not area.top() - 2 <= position.y() <= area.top() + _SIZE_PX + 4:
            return []
        for flags in self._together():
            x = view.mapViewToScene(QPointF(flags[0].utc_s, 0.0)).x()
            if abs(position.x() - x) <= _NEAR_PX:
                return flags
        return []

    def explain(self, position: QPointF) -> None:
        """Say in the tooltip what the flags under the mouse say."""
        self.setToolTip(words_of(self.at(position)))

    def _together(self) -> list[list[Flag]]:
        """Return the flags in view, those that would overlap in one list."""
        view = self.getViewBox()
        if view is None or not self.flags:
            return []
        left, right = view.viewRange()[0]
        apart_s = _APART_PX * (right - left) / max(float(view.width()), 1.0)
        together: list[list[Flag]] = []
        for flag in self.flags:
            if left <= flag.utc_s <= right:
                if together and flag.utc_s - together[-1][0].utc_s < apart_s:
                    together[-1].append(flag)
                else:
                    together.append([flag])
        return together


def words_of(flags: list[Flag]) -> str:
    """Return what flags say, each with its moment and who said it."""
    told = [
        f"{_shortened(flag.text)}\n{exact(datetime.fromtimestamp(flag.utc_s, UTC))} · {flag.told}"
        for flag in flags[:_MOST_TOLD]
    ]
    more = len(flags) - _MOST_TOLD
    if more > 0:
        told.append(QCoreApplication.translate("live", "and {} more: look closer").format(more))
    return "\n\n".join(told)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _rank(flag: Flag) -> int:
    return flag.rank
