"""The face of an empty place: what will be here, and the one action that fills it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import refresh, show_icon

_WORDS_WIDTH_PX = 380


class EmptyState(QWidget):
    """An icon, a headline, one or two sentences, and at most one button.

    Signals:
        acted: the button was pressed.
    """

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = QLabel()
        self._headline = QLabel()
        theme.set_role(self._headline, "heading")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._words.setMinimumWidth(_WORDS_WIDTH_PX)
        self._words.setMaximumWidth(_WORDS_WIDTH_PX)
        theme.set_role(self._words, "quiet")
        self._button = QPushButton()
        theme.set_role(self._button, "primary")
        self._button.hide()
        self._button.clicked.connect(self.acted)
        column = QVBoxLayout(self)
        column.setSpacing(theme.SPACE_PX)
        column.addStretch(2)
        for part in (self._picture, self._headline, self._words, self._button):
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        theme.current().palette_changed.connect(self._redraw)

    def explain(self, icon_name: str, headline: str, words: str, action: str = "", tone: str = "quiet") -> None:
        """Say what will be here, or why nothing is; `action` is the button's text, none when empty."""
        show_icon(self._picture, icon_name, tone, 32)
        self._headline.setText(headline)
        self._words.setText(words)
        self._words.setMinimumHeight(max(0, self._words.heightForWidth(_WORDS_WIDTH_PX)))
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self.setAccessibleName(f"{headline}. {words}")

    def offer(self, is_possible: bool) -> None:
        """Let the button be pressed, or not."""
        self._button.setEnabled(is_possible)

    @property
    def headline(self) -> str:
        """The headline shown now."""
        return self._headline.text()

    @property
    def words(self) -> str:
        """The sentences shown now."""
        return self._words.text()

    def _redraw(self) -> None:
        refresh(self._picture)
