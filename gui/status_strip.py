"""The strip at the lower edge: alarms when there are any, and how well the link to the board does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from gui import theme
from gui.icons import icon, refresh, show_icon
from gui.moments import clock_time
from gui.unit import Unit
from gui.words import job_title

_HEIGHT_PX = 28


class StatusStrip(QWidget):
    """Faults the board has latched and jobs that crashed, until they are cleared; the link's numbers.

    Clearing has the board forget its faults: one whose cause is still there comes back at once.
    """

    clear_faults_asked = Signal()

    def __init__(self, unit: Unit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._crashed: list[str] = []
        theme.set_role(self, "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(_HEIGHT_PX)
        self._picture = QLabel()
        show_icon(self._picture, "alarm", "alarm")
        self._alarms = QLabel()
        theme.set_tone(self._alarms, "alarm")
        self._dismiss = QToolButton()
        self._dismiss.setIcon(icon("close"))
        self._dismiss.setToolTip(self.tr("Clear the alarms; a fault of the board comes back while its cause is there"))
        self._dismiss.setAccessibleName(self.tr("Clear alarms"))
        self._dismiss.clicked.connect(self.dismiss)
        self._link = QLabel()
        self._link.setFont(theme.value_font(11))
        theme.set_role(self._link, "caption")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 0, theme.BETWEEN_PX, 0)
        row.setSpacing(6)
        row.addWidget(self._picture)
        row.addWidget(self._alarms, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._dismiss)
        row.addStretch(1)
        row.addWidget(self._link)
        unit.board_changed.connect(self.refresh)
        unit.connection_changed.connect(self.refresh)
        unit.job_crashed.connect(self._on_crashed)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()

    def refresh(self) -> None:
        """Show faults and link as they are now."""
        faults = [str(fault) for fault in self._unit.board.get("faults") or []]
        parts = [self.tr("Board: {}").format(fault) for fault in faults] + self._crashed
        self._alarms.setText(" · ".join(parts))
        self._alarms.setToolTip("\n".join(parts))
        self._picture.setVisible(bool(parts))
        self._dismiss.setVisible(bool(parts))
        self._link.setText(" · ".join(self._link_parts()))
        self._link.setToolTip(self.tr("Round trip to the board, frames lost and commands repeated since it was opened"))

    def dismiss(self) -> None:
        """Take crashed jobs off the strip, and ask for the board's faults to be cleared."""
        self._crashed.clear()
        self.refresh()
        if self._unit.board.get("faults"):
            self.clear_faults_asked.emit()

    @property
    def alarm_text(self) -> str:
        """The alarms shown now; empty when there are none."""
        return self._alarms.text()

    @property
    def link_text(self) -> str:
        """The link's numbers as shown now."""
        return self._link.text()

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

    def _on_crashed(self, job: dict[str, Any]) -> None:
        when = clock_time(datetime.fromtimestamp(self._unit.utc_s(), UTC))
        self._crashed.append(self.tr("{} crashed at {}").format(job_title(str(job["job_name"])), when))
        self.refresh()

    def _redraw(self) -> None:
        refresh(self._picture)
        self._dismiss.setIcon(icon("close"))
