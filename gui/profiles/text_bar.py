"""Above the text: what it is called, how it stands, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from gui import theme
from gui.icons import show_icon
from gui.profiles.text_state import OpenText
from gui.widgets.elided_label import ElidedLabel


class TextBar(QWidget):
    """One line.

    Signals:
        save_asked, discard_asked, copy_asked, export_asked, delete_asked: the user wants that.

    Attributes:
        save_button: keeps the text on the unit.
        discard_button: gives changes up; hidden while there are none.
        copy_action, export_action, delete_action: in the menu.
    """

    save_asked = Signal()
    discard_asked = Signal()
    copy_asked = Signal()
    export_asked = Signal()
    delete_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ElidedLabel()
        theme.set_role(self._title, "heading")
        self._standing = QLabel()
        theme.set_role(self._standing, "caption")
        self.discard_button = QPushButton(self.tr("Give up changes"))
        theme.set_role(self.discard_button, "quiet")
        self.discard_button.clicked.connect(self.discard_asked)
        self.save_button = QPushButton(self.tr("Save"))
        show_icon(self.save_button, "ok")
        self.save_button.setToolTip(self.tr("Keep the text on the unit (Ctrl+S)"))
        self.save_button.clicked.connect(self.save_asked)
        self._menu = QMenu(self)
        self.copy_action = self._action(self.tr("Save as…"), self.copy_asked)
        self.export_action = self._action(self.tr("Export to a file…"), self.export_asked)
        self._menu.addSeparator()
        self.delete_action = self._action(self.tr("Delete…"), self.delete_asked)
        more = QPushButton(self.tr("More"))
        show_icon(more, "more")
        more.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        more.setMenu(self._menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self._title, 1)
        for widget in (self._standing, self.discard_button, self.save_button, more):
            row.addWidget(widget)
        save = QAction(self)
        save.setShortcut(QKeySequence(QKeySequence.StandardKey.Save))
        save.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        save.triggered.connect(self.save_asked)
        self.addAction(save)

    def show_text(self, state: OpenText, title: str, *, is_changed: bool, is_live: bool) -> None:
        """Show how a text stands."""
        is_open = bool(state.name)
        self._title.setText(title or state.name)
        self._standing.setText(self._words(state, is_changed=is_changed))
        self.save_button.setEnabled(is_live and is_changed)
        self.discard_button.setVisible(is_changed)
        self.copy_action.setEnabled(is_live and is_open)
        self.export_action.setEnabled(is_open)
        self.delete_action.setEnabled(is_live and is_open and not state.is_example and state.saved is not None)

    @property
    def standing(self) -> str:
        """What is said of how the text stands."""
        return self._standing.text()

    def _words(self, state: OpenText, *, is_changed: bool) -> str:
        if state.is_example:
            return self.tr("Example, changed: Save keeps a copy") if is_changed else self.tr("Example")
        if state.name and state.saved is None:
            return self.tr("Not saved yet")
        return self.tr("Unsaved changes, kept on this computer") if is_changed else ""

    def _action(self, words: str, asked: SignalInstance) -> QAction:
        action = self._menu.addAction(words)
        action.triggered.connect(asked)
        return action
