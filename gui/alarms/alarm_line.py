"""The line of the status strip that tells of the gravest alarm nobody has acknowledged, on every page."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from gui import theme
from gui.alarms.acknowledging import Acknowledging
from gui.alarms.words import brief, count_words, is_told_by_banner, severity_words, unacknowledged, whole
from gui.icons import refresh, show_icon
from gui.unit import Unit
from gui.widgets.elided_label import ElidedLabel


class AlarmLine(QWidget):
    """One alarm with its word, icon and colour, how many more there are, and the button to acknowledge it.

    Signals:
        opened: the line was clicked: the person wants to see all.
        changed: another alarm is shown, or none.

    Attributes:
        shown: the alarm that is shown, None when there is none to acknowledge.
    """

    opened = Signal()
    changed = Signal()

    def __init__(self, unit: Unit, acknowledging: Acknowledging, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._acknowledging = acknowledging
        self.shown: dict[str, Any] | None = None
        self._picture = QLabel()
        self._severity = QLabel()
        self.message = ElidedLabel()
        self.more_button = QPushButton()
        theme.set_role(self.more_button, "link")
        self.more_button.setToolTip(self.tr("Show all alarms"))
        self.acknowledge_button = QPushButton(self.tr("Acknowledge"))
        theme.set_role(self.acknowledge_button, "small")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._picture)
        row.addWidget(self._severity)
        row.addWidget(self.message, 1)
        row.addWidget(self.more_button)
        row.addWidget(self.acknowledge_button)
        self.more_button.clicked.connect(self.opened)
        self.acknowledge_button.clicked.connect(self.acknowledge)
        acknowledging.changed.connect(self.refresh)
        for signal in (unit.alarms_changed, unit.connection_changed, unit.board_changed):
            signal.connect(self.refresh)
        theme.current().palette_changed.connect(self._redraw)
        self.refresh()

    @property
    def tone(self) -> str:
        """The colour of the alarm shown, "" when there is none."""
        return "" if self.shown is None else severity_words(self.shown["severity"])[2]

    @property
    def text(self) -> str:
        """What the line says now."""
        return f"{self._severity.text()} {self.message.text()}".strip()

    def acknowledge(self) -> None:
        """Say that the alarm shown was seen; the next one takes its place."""
        if self.shown is not None:
            self._acknowledging.acknowledge([self.shown])

    def refresh(self) -> None:
        """Show the gravest alarm nobody has acknowledged."""
        waiting = unacknowledged(self._unit)
        here = [alarm for alarm in waiting if not is_told_by_banner(self._unit, alarm)]
        self.shown = here[0] if here else None
        if self.shown is None:
            self._show_none(len(waiting))
        else:
            self._show(self.shown, len(waiting) - 1)
        self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the alarms when the line is clicked anywhere."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit()

    def _show(self, alarm: dict[str, Any], more: int) -> None:
        word, icon_name, tone = severity_words(alarm["severity"])
        show_icon(self._picture, icon_name, tone, 20)
        self._severity.setText(word)
        theme.set_tone(self._severity, tone)
        theme.set_role(self._severity, "strong")
        self.message.show_text(brief(alarm), whole(alarm))
        theme.set_role(self.message, "")
        self.more_button.setText(self.tr("{} more").format(more))
        self.more_button.setVisible(more > 0)
        is_live, waits = self._unit.service.is_live, self._acknowledging.is_under_way(alarm)
        self.acknowledge_button.setEnabled(is_live and not waits)
        self.acknowledge_button.setText(self.tr("Telling…") if waits else self.tr("Acknowledge"))
        self.acknowledge_button.setToolTip(
            self.tr("Say that you have seen it. It stays listed as long as its cause lasts.")
            if is_live
            else self.tr("The service is not connected.")
        )
        self._show_parts(self._picture, self._severity, self.message, self.acknowledge_button)

    def _show_none(self, told_by_banner: int) -> None:
        """Say that there is nothing to acknowledge here; what the banner tells is listed on the Alarms page."""
        lasting = [alarm for alarm in self._unit.alarms if alarm["acknowledged_at"] is not None]
        self._severity.clear()
        self.more_button.hide()
        if lasting:
            show_icon(self._picture, "note", "quiet")
            words = self.tr("{} acknowledged, not over yet").format(count_words(lasting))
        else:
            show_icon(self._picture, "ok", "quiet")
            words = "" if told_by_banner or not self._unit.service.is_live else self.tr("No alarms")
        self.message.show_text(words, self.tr("Click for history and limits"))
        theme.set_role(self.message, "caption")
        self._show_parts(self.message, *((self._picture,) if words else ()))

    def _show_parts(self, *parts: QWidget) -> None:
        for widget in (self._picture, self._severity, self.message, self.acknowledge_button):
            widget.setVisible(widget in parts)

    def _redraw(self) -> None:
        refresh(self._picture)
