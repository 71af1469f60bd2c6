"""A curve as small as a word: where a value came from."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gui.live.curve import Curve
from gui.live.decimation import Polyline, in_steps
from gui.unit import Unit

_SHOWN_S = 1800.0
_SIZE = QSize(88, 32)


class Sparkline(QWidget):
    """The last half hour of a curve, without axes; the tooltip says so."""

    def __init__(self, unit: Unit, curve: Curve, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._curve = curve
        self.setFixedSize(_SIZE)
        self.setToolTip(self.tr("Last 30 minutes"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the samples of the last half hour, gaps as gaps."""
        now_s = self._unit.utc_s()
        line = self._curve.buffer.polyline((now_s - _SHOWN_S, now_s), self.width())
        if self._curve.trace.holds:
            line = _inside(in_steps(line, now_s), now_s - _SHOWN_S)
        seen = line.t >= now_s - _SHOWN_S
        t, y, joined = line.t[seen], line.y[seen], line.joined[seen]
        if len(t) < 2:
            return
        low, high = float(y.min()), float(y.max())
        height = max(high - low, abs(high) * 0.02, 1e-9)
        bottom = (low + high - height) / 2
        painter = QPainter(self)
        painter.setPen(QPen(self._curve.trace.colour, 1))
        points = [
            QPointF((at - now_s + _SHOWN_S) / _SHOWN_S * (self.width() - 2), self._y(value, bottom, height))
            for at, value in zip(t.tolist(), y.tolist(), strict=True)
        ]
        piece = QPolygonF()
        for point, goes_on in zip(points, joined.tolist(), strict=True):
            piece.append(point)
            if not goes_on:
                painter.drawPolyline(piece)
                piece = QPolygonF()
        if not piece.isEmpty():
            painter.drawPolyline(piece)

    def _y(self, value: float, bottom: float, height: float) -> float:
        return math.floor((self.height() - 4) * (1 - (value - bottom) / height)) + 2.0


def _inside(line: Polyline, from_s: float) -> Polyline:
    """Begin a line of steps at a time, at the level it has then."""
    return Polyline(np.maximum(line.t, from_s), line.y, line.joined)
