"""One open alarm on the Alarms page: what happened, what to do, how it stands, and the buttons that help."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.alarms.words import STATES, moment_of, severity_words, signal_title
from gui.icons import refresh, show_icon
from gui.moments import clock_time, exact

_BUTTON_PX = 124
# Keys of faults that the board has latched begin so.
_BOARD_FAULT = "board:"


class AlarmCard(QFrame):
    """Shows one alarm; it changes in place.

    Signals:
        acknowledged: the person has seen it; carries the API's item.
        clearing_asked: the board is to forget its faults.

    Attributes:
        alarm: the API's item shown.
    """

    acknowledged = Signal(dict)
    clearing_asked = Signal()

    def __init__(self, alarm: dict[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.alarm = alarm
        self._picture = QLabel()
        self._severity, self._about = QLabel(), QLabel()
        self.message, self._remedy, self._facts = QLabel(), QLabel(), QLabel()
        theme.set_role(self._severity, "strong")
        theme.set_role(self._about, "quiet")
        theme.set_role(self._remedy, "quiet")
        theme.set_role(self._facts, "caption")
        for label in (self.message, self._remedy, self._facts):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.acknowledge_button = QPushButton(self.tr("Acknowledge"))
        self.clear_button = QPushButton(self.tr("Clear fault"))
        self.clear_button.setToolTip(
            self.tr("Ask the board to forget its faults; one whose cause is still there comes back at once")
        )
        self.acknowledge_button.clicked.connect(self._on_acknowledge)
        self.clear_button.clicked.connect(self.clearing_asked)
        self._lay_out()
        theme.current().palette_changed.connect(self._redraw)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(self._severity)
        head.addWidget(self._about, 1)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(head)
        for label in (self.message, self._remedy, self._facts):
            words.addWidget(label)
        buttons = QVBoxLayout()
        buttons.setSpacing(theme.SPACE_PX)
        for button in (self.acknowledge_button, self.clear_button):
            button.setMinimumWidth(_BUTTON_PX)
            buttons.addWidget(button)
        buttons.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 12, 12, 12)
        row.setSpacing(12)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(buttons)

    def show_alarm(self, alarm: dict[str, Any], *, is_live: bool, is_telling: bool) -> None:
        """Show how the alarm stands now.

        Args:
            alarm: the API's item.
            is_live: whether the service can be told anything.
            is_telling: whether it is being told that the alarm was seen.
        """
        self.alarm = alarm
        word, icon_name, tone = severity_words(alarm["severity"])
        show_icon(self._picture, icon_name, tone, 20)
        self._severity.setText(word)
        theme.set_tone(self._severity, tone)
        state = QCoreApplication.translate("alarms", STATES.get(alarm["state"], alarm["state"]))
        self._about.setText(f"{signal_title(alarm['signal'])} · {state}")
        self.message.setText(alarm["message"])
        self._remedy.setText(alarm["remedy"])
        self._remedy.setVisible(bool(alarm["remedy"]))
        self._facts.setText(" · ".join(_facts(alarm)))
        self._facts.setToolTip(self.tr("Raised {}").format(exact(moment_of(alarm, "raised_at"))))
        is_seen = alarm["acknowledged_at"] is not None
        self.acknowledge_button.setVisible(not is_seen)
        self.acknowledge_button.setEnabled(is_live and not is_telling)
        self.acknowledge_button.setText(self.tr("Telling…") if is_telling else self.tr("Acknowledge"))
        self.clear_button.setVisible(alarm["key"].startswith(_BOARD_FAULT) and alarm["cleared_at"] is None)
        self.clear_button.setEnabled(is_live)
        self.setAccessibleName(f"{word}, {state}: {alarm['message']}")

    @property
    def facts(self) -> str:
        """The line of times as shown now."""
        return self._facts.text()

    def _on_acknowledge(self) -> None:
        self.acknowledged.emit(self.alarm)

    def _redraw(self) -> None:
        refresh(self._picture)


def _facts(alarm: dict[str, Any]) -> list[str]:
    """Return when it was raised, how often, where, when it was over and who has seen it."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("alarms", text)

    parts = [tr("Raised {}").format(exact(moment_of(alarm, "raised_at")))]
    if alarm["times"] > 1:
        last = clock_time(moment_of(alarm, "last_raised_at"))
        parts.append(tr("{} times, last {}").format(alarm["times"], last))
    if alarm["cleared_at"] is not None and alarm["cleared_at"] != alarm["last_raised_at"]:
        parts.append(tr("over {}").format(clock_time(moment_of(alarm, "cleared_at"))))
    if alarm["acknowledged_at"] is not None:
        when = clock_time(moment_of(alarm, "acknowledged_at"))
        parts.append(tr("acknowledged by {} {}").format(alarm["acknowledged_by"], when))
    if alarm["experiment"]:
        parts.append(str(alarm["experiment"]))
    return parts
