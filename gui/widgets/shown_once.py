"""A secret shown once: a token or key that is copied from here, because it cannot be read again."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import show_icon


class ShownOnce(QWidget):
    """Hidden until there is a secret.

    Attributes:
        field: has the secret, to be marked and copied.
        copy_button: puts it on the clipboard.
    """

    def __init__(self, name: str, note: str) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setReadOnly(True)
        self.field.setAccessibleName(name)
        self.field.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy_button = QPushButton(self.tr("Copy"))
        show_icon(self.copy_button, "copy")
        self.copy_button.clicked.connect(self._copy)
        words = QLabel(note)
        words.setWordWrap(True)
        theme.set_role(words, "caption")
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self.field, 1)
        row.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(words)
        self.hide()

    def show_secret(self, secret: str) -> None:
        """Show it; the next Enter copies it."""
        self.field.setText(secret)
        self.field.setCursorPosition(0)
        self.show()
        self.copy_button.setFocus()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.field.text())
        self.copy_button.setText(self.tr("Copied"))
