"""What is in the marked file, as text."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icons import show_icon
from gui.service_client import ServiceTroubleError
from gui.widgets.place import Place


class Preview(QFrame):
    """Shows a text file; says of every other why it is not shown.

    Signals:
        save_asked, remove_asked: of the file shown.

    Attributes:
        path: of the file, "" when none is marked.
        text: its beginning.
    """

    save_asked = Signal()
    remove_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.path = ""
        self._name = QLabel()
        theme.set_role(self._name, "strong")
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._note = QLabel()
        theme.set_role(self._note, "caption")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(self.tr("Content of the file"))
        self.place = Place(self.text)
        self.save_button = QPushButton(self.tr("Save a copy…"))
        show_icon(self.save_button, "export")
        self.remove_button = QPushButton(self.tr("Remove…"))
        theme.set_role(self.remove_button, "danger")
        self.save_button.clicked.connect(self.save_asked)
        self.remove_button.clicked.connect(self.remove_asked)
        self._lay_out()
        self.show_nothing()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(theme.SPACE_PX)
        foot.addWidget(self.save_button)
        foot.addWidget(self.remove_button)
        foot.addStretch(1)
        foot.addWidget(self._note)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        foot.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(self._name)
        column.addWidget(self.place, 1)
        column.addWidget(self._foot)

    def show_nothing(self) -> None:
        """Show that no file is marked."""
        self._begin("")
        self.place.explain("file", self.tr("No file chosen"), self.tr("Mark a file to read it, or to save a copy."))

    def show_loading(self, path: str) -> None:
        """Show that a file is on its way."""
        self._begin(path)
        self.place.explain("working", self.tr("Opening…"), "")

    def show_text(self, text: str, is_whole: bool) -> None:
        """Show a file's text, or that it is none."""
        if "\0" in text:
            words = self.tr("It is not shown here. Save a copy to open it with a program of your own.")
            self.place.explain("file", self.tr("This is no text"), words)
            return
        self.text.setPlainText(text)
        self._note.setText("" if is_whole else self.tr("Only the beginning is shown"))
        self.place.show_content()

    def show_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say why a file is not shown."""
        self.place.explain_trouble(trouble)

    def set_live(self, is_live: bool) -> None:
        """Offer what asks the service only while it answers."""
        self.save_button.setEnabled(is_live)
        self.remove_button.setEnabled(is_live)

    def _begin(self, path: str) -> None:
        self.path = path
        self._name.setText(path.rpartition("/")[2])
        self._name.setToolTip(path)
        self._name.setVisible(bool(path))
        self._foot.setVisible(bool(path))
        self._note.clear()
        self.text.clear()
