"""The last half hour of doses or of light, as small as a word."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.live.event_log import EventLog
from gui.live.lane import LIGHT, colour_of_row
from gui.unit import Unit

_SHOWN_S = 1800.0
_SIZE = QSize(88, 32)
_TICK_PX = 2.0
_GAP_PX = 2.0


class EventSpark(QWidget):
    """Rows of ticks for doses, or of bars for light; the tooltip says what they are.

    Args:
        of_light: whether it shows light; doses otherwise.
    """

    def __init__(self, unit: Unit, log: EventLog, *, of_light: bool) -> None:
        super().__init__()
        self._unit = unit
        self._log = log
        self._of_light = of_light
        self.setFixedSize(_SIZE)
        shown = self.tr("Light in the last 30 minutes") if of_light else self.tr("Doses of the last 30 minutes")
        self.setToolTip(shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what lies within the last half hour, each row in its place."""
        painter = QPainter(self)
        painter.setPen(theme.current().colour("line"))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        rows = self._rows()
        height = (self.height() - 2) / max(1, len(rows))
        for place, (row, spans) in enumerate(rows.items()):
            for start_s, end_s in spans:
                left, right = self._x(start_s), self._x(end_s)
                width = max(right - left, _TICK_PX)
                painter.fillRect(
                    QRectF(left, place * height, width, height - _GAP_PX),
                    colour_of_row(LIGHT if self._of_light else row),
                )

    def _x(self, utc_s: float) -> float:
        share = (utc_s - self._unit.utc_s() + _SHOWN_S) / _SHOWN_S
        return max(0.0, min(1.0, share)) * (self.width() - _TICK_PX)

    def _rows(self) -> dict[str, list[tuple[float, float]]]:
        now_s = self._unit.utc_s()
        rows: dict[str, list[tuple[float, float]]] = {}
        if self._of_light:
            for light in self._log.lights:
                end_s = now_s if light.end_s is None else light.end_s
                if end_s >= now_s - _SHOWN_S:
                    rows.setdefault(light.channel, []).append((light.start_s, end_s))
            return dict(sorted(rows.items()))
        kinds = [row for row in self._log.rows if row != LIGHT]
        for dose in self._log.doses:
            if dose.end_s >= now_s - _SHOWN_S:
                rows.setdefault(dose.event, []).append((dose.start_s, dose.end_s))
        return {kind: rows.get(kind, []) for kind in kinds}
