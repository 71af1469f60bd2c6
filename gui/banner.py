"""The strip under the top bar that says what is wrong, why, and offers the one thing that helps."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.connection_words import Standing
from gui.icons import refresh, show_icon
from gui.words import sentences

_MOST_BUTTONS = 2


class Banner(QFrame):
    """Shown while the connection needs attention, gone otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._picture = QLabel()
        self._headline = QLabel()
        theme.set_role(self._headline, "strong")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = [QPushButton() for _ in range(_MOST_BUTTONS)]
        self._actions: list[QAction] = []
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._headline)
        column.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.BETWEEN_PX, 10, theme.BETWEEN_PX, 10)
        row.setSpacing(12)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        for number, button in enumerate(self._buttons):
            button.setObjectName(str(number))
            button.clicked.connect(self._pressed)
            button.hide()
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.current().palette_changed.connect(self._redraw)
        self.hide()

    def show_standing(self, standing: Standing, actions: list[QAction]) -> None:
        """Show what needs attention with its helping actions; hide when nothing does."""
        self.setVisible(standing.needs_attention)
        if not standing.needs_attention:
            return
        theme.set_tone(self, standing.tone)
        theme.set_tone(self._headline, standing.tone)
        show_icon(self._picture, standing.icon, standing.tone, 20)
        self._headline.setText(standing.word)
        self._words.setText(sentences(standing.detail, standing.remedy))
        self.setAccessibleName(f"{standing.word}. {standing.detail} {standing.remedy}")
        self._actions = actions[:_MOST_BUTTONS]
        for number, button in enumerate(self._buttons):
            button.setVisible(number < len(self._actions))
            if number < len(self._actions):
                button.setText(self._actions[number].text())
                button.setToolTip(self._actions[number].toolTip())

    @property
    def headline(self) -> str:
        """The headline shown now."""
        return self._headline.text()

    @property
    def words(self) -> str:
        """The explanation shown now."""
        return self._words.text()

    def buttons(self) -> list[QPushButton]:
        """Return the buttons that are offered now."""
        return [button for button in self._buttons if not button.isHidden()]

    def _pressed(self) -> None:
        self._actions[int(self.sender().objectName())].trigger()

    def _redraw(self) -> None:
        refresh(self._picture)
