"""The strip at the lower edge: the alarm that matters most, and how well the link to the board does."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import theme
from gui.alarms.acknowledging import Acknowledging
from gui.alarms.alarm_line import AlarmLine
from gui.service_client import ServiceClient
from gui.unit import Unit

_HEIGHT_PX, _HEIGHT_WITH_ALARM_PX = 28, 40


class StatusStrip(QWidget):
    """Shown on every page.

    Attributes:
        alarms: the line of the gravest alarm nobody has acknowledged.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        theme.set_role(self, "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.alarms = AlarmLine(unit, Acknowledging(client, self))
        self._link = QLabel()
        self._link.setFont(theme.value_font(11))
        theme.set_role(self._link, "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 0, theme.BETWEEN_PX, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.alarms, 1)
        row.addWidget(self._link)
        unit.board_changed.connect(self.refresh)
        unit.connection_changed.connect(self.refresh)
        self.alarms.changed.connect(self._dress)
        self.refresh()
        self._dress()

    def refresh(self) -> None:
        """Show the link as it is now."""
        self._link.setText(" · ".join(self._link_parts()))
        self._link.setToolTip(self.tr("Round trip to the board, frames lost and commands repeated since it was opened"))

    @property
    def link_text(self) -> str:
        """The link's numbers as shown now."""
        return self._link.text()

    def _dress(self) -> None:
        """Take the colour of the alarm shown, and room for its button."""
        tone = self.alarms.tone
        theme.set_tone(self, tone)
        self.setFixedHeight(_HEIGHT_WITH_ALARM_PX if tone else _HEIGHT_PX)

    def _link_parts(self) -> list[str]:
        board = self._unit.board
        if not self._unit.service.is_live or board.get("link") not in ("connected", "simulated"):
            return [self.tr("link –")]
        round_trip_ms = board.get("round_trip_ms")
        parts = [self.tr("link {:.1f} ms").format(round_trip_ms) if round_trip_ms is not None else self.tr("link –")]
        parts.append(self.tr("{} lost").format(int(board.get("frames_lost") or 0)))
        repeated = int(board.get("commands_repeated") or 0)
        if repeated:
            parts.append(self.tr("{} repeated").format(repeated))
        return parts
