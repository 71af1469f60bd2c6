"""Asking for a file of this computer without stopping the window."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


class FileChoice(QObject):
    """Asks for one file at a time, and remembers the folder.

    Attributes:
        dialog: the open dialog, None otherwise.
    """

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self._chosen: Callable[[Path], None] | None = None
        self.dialog: QFileDialog | None = None

    def ask_where_to_save(self, title: str, name: str, kind: str, chosen: Callable[[Path], None]) -> None:
        """Ask where to save a file that is to be called `name`; `kind` is as in "Archive (*.zip)"."""
        dialog = self._make(title, kind, chosen)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
        dialog.selectFile(_NOT_IN_NAMES.sub("_", name))
        dialog.open()

    def ask_for_file(self, title: str, kind: str, chosen: Callable[[Path], None]) -> None:
        """Ask for an existing file."""
        dialog = self._make(title, kind, chosen)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.open()

    def _make(self, title: str, kind: str, chosen: Callable[[Path], None]) -> QFileDialog:
        self._drop()
        dialog = QFileDialog(self._owner, title, self._folder, kind)
        self._chosen = chosen
        dialog.fileSelected.connect(self._on_chosen)
        dialog.finished.connect(self._drop)
        self.dialog = dialog
        return dialog

    def _on_chosen(self, path: str) -> None:
        self._folder = str(Path(path).parent)
        if self._chosen is not None:
            self._chosen(Path(path))

    def _drop(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
