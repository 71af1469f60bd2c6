"""A thin line in a plot, drawn as cheaply as Qt can: a path one pixel wide, and marks while there are few points."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.live.decimation import Flags, Floats

# Below this many points in view each is marked: then the points matter more than the line.
_MARK_BELOW = 200
_MARK_PX = 4


class LineItem(pg.GraphicsObject):  # type: ignore[misc]
    """Draws points joined by lines; its bounds are those of the view, so that new points cost no new geometry.

    Args:
        marks_points: whether few points are marked.

    Attributes:
        t: times of the points.
        y: their values, as drawn (logarithms on a logarithmic scale).
    """

    def __init__(self, *, marks_points: bool = True) -> None:
        super().__init__()
        self._marks_points = marks_points
        self.t: Floats = np.empty(0)
        self.y: Floats = np.empty(0)
        self._path = QPainterPath()
        self._marks = QPolygonF()
        self._pen = QPen()
        self._mark_pen = QPen()

    def set_pen(self, pen: QPen) -> None:
        """Draw with this pen, one pixel wide whatever the scale."""
        self._pen = QPen(pen)
        self._pen.setCosmetic(True)
        self._mark_pen = QPen(pen.color(), _MARK_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        self._mark_pen.setCosmetic(True)
        self.update()

    def show_points(self, t: Floats, y: Floats, joined: Flags) -> None:
        """Draw these points from now on; `joined[i]` tells whether a line goes from point i to the next."""
        self.t, self.y = t, y
        # A line without gaps is made several times as fast when it is said to have none.
        connect = "all" if joined[:-1].all() else joined
        self._path = pg.arrayToQPath(t, y, connect=connect, finiteCheck=False)
        few = self._marks_points and 0 < len(t) < _MARK_BELOW
        self._marks = QPolygonF([QPointF(*point) for point in zip(t.tolist(), y.tolist(), strict=True)] if few else [])
        self.update()

    def boundingRect(self) -> QRectF:
        """Return the whole visible area."""
        rectangle = self.viewRect()
        return QRectF(rectangle) if rectangle is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Follow the view: its area is ours."""
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the line, and the marks if there are few points."""
        painter.setPen(self._pen)
        painter.drawPath(self._path)
        if not self._marks.isEmpty():
            painter.setPen(self._mark_pen)
            painter.drawPoints(self._marks)
