"""What people do with notes on the plots: the menu of a place, and which dialog it opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from gui.icons import icon
from gui.live.flags import Flag
from gui.live.note_dialogs import AddNoteDialog, ChangeNoteDialog, DeleteNoteDialog
from gui.moments import clock_time
from gui.service_client import ServiceClient
from gui.unit import Unit

_LONGEST_NAME = 32


class Notes(QObject):
    """Opens what writes, changes and deletes notes of the experiment shown.

    Attributes:
        experiment: whose notes these are, None when there is none.
    """

    def __init__(self, unit: Unit, client: ServiceClient, page: QWidget) -> None:
        super().__init__(page)
        self._unit = unit
        self._client = client
        self._page = page
        self.experiment: str | None = None

    @property
    def is_possible(self) -> bool:
        """Whether a note can be written: there is an experiment, and a service that keeps it."""
        return self.experiment is not None and self._unit.service.is_live

    def add_now(self) -> None:
        """Ask for a note about now."""
        self.add(self._unit.utc_s())

    def add(self, utc_s: float) -> None:
        """Ask for a note about a moment."""
        if self.experiment is not None and self.is_possible:
            AddNoteDialog(self._client, self.experiment, utc_s, self._page).open()

    def change(self, note: dict[str, Any]) -> None:
        """Ask for another text of a note."""
        dialog = ChangeNoteDialog(self._client, note, self._page)
        dialog.deletion_asked.connect(self.delete)
        dialog.open()

    def delete(self, note: dict[str, Any]) -> None:
        """Ask whether a note is to be deleted."""
        DeleteNoteDialog(self._client, note, self._page).open()

    def menu(self, utc_s: float, flags: list[Flag], at: QPoint) -> QMenu:
        """Open the menu of a place on the plots: a note about that moment, and what can be done with those there."""
        menu = QMenu(self._page)
        menu.aboutToHide.connect(menu.deleteLater)
        when = clock_time(datetime.fromtimestamp(utc_s, UTC))
        adding = menu.addAction(icon("note-add"), self.tr("Add note at {}…").format(when))
        adding.setEnabled(self.is_possible)
        adding.setData(("add", utc_s))
        for note in (flag.note for flag in flags if flag.note is not None):
            name = note["text"] if len(note["text"]) <= _LONGEST_NAME else f"{note['text'][:_LONGEST_NAME]}…"
            name = name.replace("\n", " ").replace("&", "&&")
            for key, words in (("edit", self.tr("Change “{}”…")), ("delete", self.tr("Delete “{}”…"))):
                action = menu.addAction(icon(key), words.format(name))
                action.setEnabled(self._unit.service.is_live)
                action.setData((key, note))
        menu.triggered.connect(self._on_chosen)
        menu.popup(at)
        return menu

    def _on_chosen(self, action: QAction) -> None:
        what, about = action.data()
        act: dict[str, Callable[[Any], None]] = {"add": self.add, "edit": self.change, "delete": self.delete}
        act[what](about)
