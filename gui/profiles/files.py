"""Profiles as files of this computer: brought in, and written out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui import background
from gui.file_transfer import FileTroubleError, read_text
from gui.widgets.file_choice import FileChoice

_YAML = "Experiment profile (*.yaml *.yml)"
_MOST_BYTES = 256 * 1024


class ProfileFiles(QObject):
    """Asks for files.

    Args:
        owner: the page.
        read: called with a file's name and text.
        written: called with the file that was written.

    Attributes:
        choice: the dialog that asks.
    """

    def __init__(self, owner: QWidget, read: Callable[[str, str], None], written: Callable[[Path], None]) -> None:
        super().__init__(owner)
        self.choice = FileChoice(owner)
        self._owner = owner
        self._read = read
        self._written = written
        self._text = ""

    def ask_import(self) -> None:
        """Ask for a file, and read it."""
        self.choice.ask_for_file(self.tr("Import a profile"), _YAML, self.read_file)

    def read_file(self, source: Path) -> None:
        """Read a file."""
        background.run(self._read_file(source), self._owner)

    def ask_export(self, name: str, text: str) -> None:
        """Ask where to write a text."""
        self._text = text
        self.choice.ask_where_to_save(self.tr("Export profile"), name, _YAML, self.write_file)

    def write_file(self, target: Path) -> None:
        """Write the text that export was asked for."""
        background.run(self._write_file(target, self._text), self._owner)

    async def _read_file(self, source: Path) -> None:
        self._read(source.name, await read_text(source, _MOST_BYTES))

    async def _write_file(self, target: Path, text: str) -> None:
        part = target.with_name(f".{target.name}.part")
        try:
            await asyncio.to_thread(part.write_text, text, encoding="utf-8")
            await asyncio.to_thread(part.replace, target)
        except OSError as error:
            why = error.strerror or str(error)
            raise FileTroubleError(f"{target.name} cannot be written.", why, "Choose another folder.") from error
        self._written(target)
