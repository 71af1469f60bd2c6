"""What an action says: line by line while it runs, and kept on the page when it is done."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import show_icon
from gui.jobs.self_test_words import in_words
from gui.moments import clock_time
from gui.widgets.state_badge import StateBadge

_MARKS = {"ERROR": ("alarm", "alarm"), "CRITICAL": ("alarm", "alarm"), "WARNING": ("warning", "warn")}
_MOST_LINES = 40


class ActionLines(QWidget):
    """The lines an action has told, oldest first; trouble has its mark.

    Attributes:
        lines: their texts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.has_trouble = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)

    def add(self, item: dict[str, Any]) -> None:
        """Show one item of the log."""
        if len(self.lines) == _MOST_LINES:
            return
        words = in_words(str(item["message"]))
        icon, tone = _MARKS.get(str(item["level"]), ("", ""))
        self.has_trouble = self.has_trouble or tone == "alarm"
        self.lines.append(words)
        mark, text = QLabel(), QLabel(words)
        mark.setFixedWidth(16)
        if icon:
            show_icon(mark, icon, tone)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_tone(text, tone)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)
        self._column.addLayout(row)


class ActionReport(QFrame):
    """An action that is done, and what it told; stays until it is dismissed.

    Signals:
        dismissed: it is read.
    """

    dismissed = Signal()

    def __init__(self, title: str, lines: ActionLines, ended_utc_s: float) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.lines = lines
        name = QLabel(title)
        theme.set_role(name, "heading")
        self.badge = StateBadge()
        failed = lines.has_trouble
        word = self.tr("Ended with trouble") if failed else self.tr("Done")
        self.badge.show_state(word, "alarm" if failed else "ok", "alarm" if failed else "ok")
        when = QLabel(self.tr("at {t}").format(t=clock_time(datetime.fromtimestamp(ended_utc_s, UTC))))
        theme.set_role(when, "caption")
        self.dismiss = QPushButton(self.tr("Dismiss"))
        self.dismiss.setAccessibleName(self.tr("Dismiss what {name} told").format(name=title))
        theme.set_role(self.dismiss, "quiet")
        self.dismiss.clicked.connect(self.dismissed)
        top = QHBoxLayout()
        top.setSpacing(12)
        for part in (name, self.badge, when):
            top.addWidget(part)
        top.addStretch(1)
        top.addWidget(self.dismiss)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 12)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(lines)
