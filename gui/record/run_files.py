"""Files attached to a run or a unit: opened with this computer's programs, or saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDir, QTemporaryDir, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.file_transfer import FileTroubleError, save, size_words
from gui.icons import show_icon
from gui.service_client import ServiceClient
from gui.toast import toaster_for
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.file_choice import FileChoice

# What programs show without running it; anything else is saved only.
_SHOWN = {".pdf", ".png", ".jpg", ".jpeg", ".txt", ".log", ".csv", ".json", ".yaml", ".yml", ".md"}


class RunFiles(QWidget):
    """One line for each file.

    Attributes:
        files: asks where to save.
        open_buttons, save_buttons: of the files shown, in their order.
    """

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._is_live = True
        # Opened files lie here, until the window closes.
        self._folder = QTemporaryDir(QDir.temp().filePath("vialdesk-XXXXXX"))
        self.files = FileChoice(self)
        self.open_buttons: list[QPushButton] = []
        self.save_buttons: list[QPushButton] = []
        self._shown: list[tuple[Any, ...]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def show_files(self, files: list[dict[str, Any]]) -> None:
        """Show these; those announced and never sent are left out."""
        shown = [(file["id"], file["name"], file["size"]) for file in files]
        if shown == self._shown and shown:
            return
        self._shown = shown
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.open_buttons, self.save_buttons = [], []
        for file in files:
            if file["size"] is not None:
                self._column.addWidget(self._line(file))
        self.setVisible(bool(self.save_buttons))
        self.set_live(self._is_live)

    def set_live(self, is_live: bool) -> None:
        """Offer files only while the service answers."""
        self._is_live = is_live
        for button in (*self.open_buttons, *self.save_buttons):
            button.setEnabled(is_live)

    def _line(self, file: dict[str, Any]) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        name = ElidedLabel()
        name.show_text(f"{file['name']} · {size_words(file['size'])}")
        row.addWidget(name, 1)
        if Path(file["name"]).suffix.lower() in _SHOWN:
            row.addWidget(self._button(self.tr("Open"), "file", file, self.open_buttons))
        row.addWidget(self._button(self.tr("Save as…"), "export", file, self.save_buttons))
        return line

    def _button(self, text: str, icon_name: str, file: dict[str, Any], among: list[QPushButton]) -> QPushButton:
        button = QPushButton(text)
        theme.set_role(button, "small")
        button.setAccessibleName(f"{text} {file['name']}")
        button.setProperty("file", file)
        show_icon(button, icon_name)
        button.clicked.connect(self._on_open if among is self.open_buttons else self._on_save)
        among.append(button)
        return button

    def _on_open(self) -> None:
        self.open_file(self.sender().property("file"))

    def _on_save(self) -> None:
        self.ask_save(self.sender().property("file"))

    def open_file(self, file: dict[str, Any]) -> None:
        """Fetch a file and open it with the program this computer has for it."""
        background.run(self._open(file), self)

    async def _open(self, file: dict[str, Any]) -> None:
        folder = Path(self._folder.filePath(file["id"]))
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
        target = folder / (Path(file["name"].replace("\\", "/")).name or "file")
        await save(self._client, _route(file), target, lambda done, whole: None)
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(target))):
            raise FileTroubleError(
                self.tr("{} could not be opened.").format(file["name"]),
                self.tr("This computer has no program for it."),
                self.tr("Save it instead."),
            )

    def ask_save(self, file: dict[str, Any]) -> None:
        """Ask where to save a file."""
        self.files.ask_where_to_save(
            self.tr("Save attachment"), file["name"], self.tr("All files (*)"), _Save(self, file)
        )

    def save_file(self, file: dict[str, Any], target: Path) -> None:
        """Save a file."""
        background.run(self._save(file, target), self)

    async def _save(self, file: dict[str, Any], target: Path) -> None:
        await save(self._client, _route(file), target, lambda done, whole: None)
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(self.tr("Saved {}").format(target.name), str(target.parent), "ok")


class _Save:
    """Saves one file where the user said."""

    def __init__(self, files: RunFiles, file: dict[str, Any]) -> None:
        self._files = files
        self._file = file

    def __call__(self, target: Path) -> None:
        self._files.save_file(self._file, target)


def _route(file: dict[str, Any]) -> str:
    return f"/unit_api/record/attachments/{file['id']}"
