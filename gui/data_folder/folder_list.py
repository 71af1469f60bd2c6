"""The folders and files of one folder, by keyboard and mouse."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.icons import icon

_PATH = Qt.ItemDataRole.UserRole
_IS_FOLDER = Qt.ItemDataRole.UserRole + 1


class FolderList(QListWidget):
    """Shows a folder. Enter or a double click opens a folder, Backspace goes up, Delete removes a file.

    Signals:
        folder_opened: path of the folder to look into.
        file_chosen: path of the file that is marked, "" when none is.
        up_asked: to the folder around it.
        remove_asked: path of the file.
    """

    folder_opened = Signal(str)
    file_chosen = Signal(str)
    up_asked = Signal()
    remove_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Folders and files"))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(self._on_activated)
        self.currentItemChanged.connect(self._on_current)
        theme.current().palette_changed.connect(self._redraw)

    def show_folder(self, current: str, folders: list[str], files: list[str], chosen: str = "") -> None:
        """Show a folder's content; `chosen` (a path) is marked where it is there."""
        self.clear()
        for names, is_folder in ((folders, True), (files, False)):
            for name in names:
                item = QListWidgetItem(name)
                path = f"{current}/{name}" if current else name
                item.setData(_PATH, path)
                item.setData(_IS_FOLDER, is_folder)
                item.setToolTip(path)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {'folder' if is_folder else 'file'}")
                self.addItem(item)
                if path == chosen:
                    self.setCurrentItem(item)
        self._redraw()
        if self.currentItem() is None:
            self.file_chosen.emit("")

    def names(self) -> list[str]:
        """Return what is shown, folders first."""
        return [self.item(row).text() for row in range(self.count())]

    def choose(self, name: str) -> None:
        """Mark the folder or file of that name."""
        found = self.findItems(name, Qt.MatchFlag.MatchExactly)
        if found:
            self.setCurrentItem(found[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go up with Backspace, remove with Delete."""
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Backspace:
            self.up_asked.emit()
        elif event.key() == Qt.Key.Key_Delete and item is not None and not item.data(_IS_FOLDER):
            self.remove_asked.emit(item.data(_PATH))
        else:
            super().keyPressEvent(event)

    def _on_activated(self, item: QListWidgetItem) -> None:
        if item.data(_IS_FOLDER):
            self.folder_opened.emit(item.data(_PATH))

    def _on_current(self, item: QListWidgetItem | None) -> None:
        is_file = item is not None and not item.data(_IS_FOLDER)
        self.file_chosen.emit(item.data(_PATH) if item is not None and is_file else "")

    def _redraw(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            item.setIcon(icon("folder", "accent") if item.data(_IS_FOLDER) else icon("file"))
