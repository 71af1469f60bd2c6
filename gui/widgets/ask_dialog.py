"""A question that is asked without stopping the window: what will happen, the fields, and what went wrong."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.service_client import ServiceRefusedError, ServiceTroubleError
from gui.words import listing, sentences


def trouble_words(trouble: ServiceTroubleError) -> str:
    """Return what went wrong, why, in which fields, and what to do next, as sentences."""
    why = trouble.cause if trouble.cause != trouble.error else ""
    named = trouble.info.get("fields") if isinstance(trouble, ServiceRefusedError) else None
    fields = f"See: {listing([str(name) for name in named])}" if named else ""
    return sentences(trouble.error, why, fields, trouble.remedy)


class AskDialog(QDialog):
    """A dialog with a title, a sentence, its fields, a place for trouble, and a button that names what it does.

    Args:
        title: the question.
        words: what will happen.
        act: what the button does, in words that say so.
        parent: the window it belongs to.
        is_dangerous: whether something is lost or switched off by it; then Enter alone does not do it.

    Attributes:
        fields: where subclasses put their fields.
        under_fields: where they put how it goes on.
        act_button: does it.
        trouble: says what is wrong.
    """

    def __init__(self, title: str, words: str, act: str, parent: QWidget, *, is_dangerous: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._is_dangerous = is_dangerous
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(440)
        heading = QLabel(title)
        theme.set_role(heading, "heading")
        explanation = QLabel(words)
        explanation.setWordWrap(True)
        theme.set_role(explanation, "quiet")
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        theme.set_tone(self.trouble, "alarm")
        self.act_button = QPushButton(act)
        theme.set_role(self.act_button, "danger" if is_dangerous else "primary")
        self.cancel_button = QPushButton(self.tr("Cancel"))
        self.cancel_button.clicked.connect(self.reject)
        (self.cancel_button if is_dangerous else self.act_button).setDefault(True)
        if is_dangerous:
            self.act_button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.act_button)
        self.fields = QVBoxLayout()
        self.fields.setSpacing(theme.SPACE_PX)
        self.under_fields = QVBoxLayout()
        self.under_fields.setSpacing(theme.SPACE_PX)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        for part in (heading, explanation):
            column.addWidget(part)
        column.addLayout(self.fields)
        column.addLayout(self.under_fields)
        column.addWidget(self.trouble)
        column.addLayout(buttons)

    def carry_out(self, asking: Coroutine[Any, Any, object]) -> None:
        """Do what the button says: pressed once, the dialog closes when it is done, or says what is in the way."""
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._until_done(asking), self, self.show_trouble)

    async def _until_done(self, asking: Coroutine[Any, Any, object]) -> None:
        await asking
        self.accept()

    def leave_only_closing(self) -> None:
        """Let the dialog be closed, and nothing else: what it was for is done, or is not done here."""
        self.act_button.hide()
        self.cancel_button.setText(self.tr("Close"))
        self.cancel_button.setDefault(True)
        self.fit()

    def show_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say in the dialog what the service refused, and let the user correct it."""
        self.tell(trouble_words(trouble))
        self.act_button.setEnabled(True)

    def tell(self, trouble: str) -> None:
        """Say what is wrong; nothing when empty."""
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))
        self.fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Take the height of what is said."""
        super().showEvent(event)
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do it with Ctrl and Enter from any field: in a text Enter alone begins a line."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier and not self._is_dangerous:
            self.act_button.click()
        else:
            super().keyPressEvent(event)

    def fit(self) -> None:
        """Take just the height that what is shown needs; called whenever something comes or goes."""
        if self.isVisible():
            self._column.activate()
            self.resize(self.width(), self._column.totalHeightForWidth(self.width()))
