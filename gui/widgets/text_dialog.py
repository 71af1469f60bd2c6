"""A text to read: a plug-in's source, a file of the data folder."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.icons import show_icon

_SIZE_PX = (760, 520)


class TextDialog(QDialog):
    """Shows a text that cannot be changed; `note` says what is not shown."""

    def __init__(self, title: str, text: str, note: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE_PX)
        heading = QLabel(title)
        theme.set_role(heading, "heading")
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(title)
        self._note = QLabel(note)
        theme.set_role(self._note, "caption")
        copy = QPushButton(self.tr("Copy"))
        show_icon(copy, "copy")
        copy.clicked.connect(self.copy)
        close = QPushButton(self.tr("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self._note, 1)
        foot.addWidget(copy)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(self.text, 1)
        column.addLayout(foot)

    def copy(self) -> None:
        """Copy the whole text."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
