"""A card of the System page: a heading, facts, and what can be done."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from gui import theme
from gui.icons import show_icon
from gui.widgets.facts import Facts
from gui.widgets.flow import FlowLayout
from gui.widgets.state_badge import StateBadge


class SystemCard(QFrame):
    """One part of the unit.

    Attributes:
        facts: what is known of it.
        state: how it stands; hidden until it is told.
        body: the column below the facts.
    """

    def __init__(self, title: str, icon: str, *captions: str) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self._buttons = FlowLayout()
        self._offered: list[QPushButton] = []
        picture = QLabel()
        show_icon(picture, icon, "quiet", 20)
        heading = QLabel(title)
        theme.set_role(heading, "heading")
        self.state = StateBadge()
        self.state.hide()
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(picture)
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.state)
        self.facts = Facts(*captions)
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.SPACE_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self.facts)
        column.addLayout(self.body)
        column.addLayout(self._buttons)

    def add_note(self, words: str) -> QLabel:
        """Add a quiet sentence below the facts."""
        label = QLabel(words)
        label.setWordWrap(True)
        theme.set_role(label, "caption")
        self.body.addWidget(label)
        return label

    def add_button(self, words: str, icon: str = "", hint: str = "", role: str = "") -> QPushButton:
        """Add a button at the foot; `role` as in the style sheet."""
        button = QPushButton(words)
        button.setToolTip(hint)
        if icon:
            show_icon(button, icon)
        if role:
            theme.set_role(button, role)
        self._buttons.addWidget(button)
        self._offered.append(button)
        return button

    def set_live(self, is_live: bool) -> None:
        """Offer what asks the service only while it answers."""
        for button in self._offered:
            button.setEnabled(is_live)
        self.facts.set_stale(not is_live)
        if not is_live:
            self.state.show_state(
                self.tr("Not known"), "disconnected", "quiet", self.tr("The service does not answer.")
            )
