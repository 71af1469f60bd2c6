"""The data folder: look into folders, read texts, save copies, remove files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.data_folder.folder_list import FolderList
from gui.data_folder.preview import Preview
from gui.data_folder.remove_dialog import RemoveDialog
from gui.file_transfer import save, size_words
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.file_choice import FileChoice
from gui.widgets.place import Place
from gui.widgets.progress_line import ProgressLine

_PATH = "/unit_api/system/path/"
_LIST_PX = 300


class DataFolderPage(QWidget):
    """The unit's data folder, through the service: nothing outside it can be seen.

    Attributes:
        listing: the folder that is open.
        preview: the file that is marked.
        place: both, or why they are not there.
        progress: of a copy being saved.
        files: asks where to save.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._folder: str | None = None
        self._opening: asyncio.Task[Any] | None = None
        self._saving: asyncio.Task[Any] | None = None
        self.listing = FolderList()
        self.listing.setFixedWidth(_LIST_PX)
        self.preview = Preview()
        self.progress = ProgressLine()
        self.files = FileChoice(self)
        self.back_button = QPushButton(self.tr("Back to System"))
        show_icon(self.back_button, "back")
        self.reload_button = QPushButton(self.tr("Look again"))
        show_icon(self.reload_button, "refresh")
        self._lay_out()
        self._connect()
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _lay_out(self) -> None:
        self._crumbs = QHBoxLayout()
        self._crumbs.setSpacing(0)
        self._crumbs.setContentsMargins(-12, 0, 0, 0)  # the first crumb's word stands above the list's edge
        self._empty = QLabel(self.tr("This folder is empty."))
        theme.set_role(self._empty, "quiet")
        self._empty.hide()
        left = QVBoxLayout()
        left.addWidget(self.listing, 1)
        left.addWidget(self._empty)
        row = QHBoxLayout()
        row.setSpacing(theme.BETWEEN_PX)
        row.addLayout(left)
        row.addWidget(self.preview, 1)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.SPACE_PX)
        inside.addLayout(self._crumbs)
        inside.addLayout(row, 1)
        inside.addWidget(self.progress)
        self.place = Place(content)
        self.place.fill(self)

    def _connect(self) -> None:
        self.place.acted.connect(self.load)
        self.back_button.clicked.connect(self._go_back)
        self.reload_button.clicked.connect(self.load)
        self.listing.folder_opened.connect(self.open_folder)
        self.listing.file_chosen.connect(self._on_chosen)
        self.listing.up_asked.connect(self.go_up)
        self.listing.remove_asked.connect(self.ask_remove)
        self.preview.save_asked.connect(self.ask_save)
        self.preview.remove_asked.connect(self._remove_shown)
        self.preview.place.acted.connect(self._open_again)
        self.progress.cancelled.connect(self.give_up)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.connection_changed.connect(self._on_connection)

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title."""
        return [self.back_button, self.reload_button]

    def load(self) -> None:
        """Look into the open folder again."""
        self.open_folder(self._folder or "")

    def open_folder(self, path: str) -> None:
        """Look into a folder; "" is the data folder itself."""
        if self._folder is None:
            self.place.explain("working", self.tr("Opening the data folder"), self.tr("Asking the service."))
        background.run(self._open_folder(path), self, self._on_trouble)

    def go_up(self) -> None:
        """Look into the folder around the open one."""
        if self._folder:
            self.open_folder(self._folder.rpartition("/")[0])

    async def _open_folder(self, path: str) -> None:
        told = await self._client.get(_PATH + quote(path))
        came_from = self._folder if self._folder is not None and self._folder != path else self.preview.path
        self._folder = str(told["current"])
        self.listing.show_folder(self._folder, told["dirs"], told["files"], came_from or "")
        self._empty.setVisible(self.listing.count() == 0)
        self._show_crumbs()
        self.place.show_content()
        self._on_connection()

    def _show_crumbs(self) -> None:
        while (item := self._crumbs.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        path = ""
        parts = (self._folder or "").split("/") if self._folder else []
        for place, name in enumerate(["", *parts]):
            path = f"{path}/{name}" if path else name
            if place:
                divider = QLabel("›")
                theme.set_role(divider, "quiet")
                self._crumbs.addWidget(divider)
            crumb = QPushButton(name or self.tr("Data folder"))
            theme.set_role(crumb, "quiet")
            crumb.setProperty("path", path)
            crumb.setEnabled(place < len(parts))
            crumb.clicked.connect(self._on_crumb)
            self._crumbs.addWidget(crumb)
        self._crumbs.addStretch(1)

    def _on_crumb(self) -> None:
        self.open_folder(str(self.sender().property("path")))

    def _on_chosen(self, path: str) -> None:
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if not path:
            self.preview.show_nothing()
            return
        self.preview.show_loading(path)
        self._opening = background.run(self._open_file(path), self, self.preview.show_trouble)

    def _open_again(self) -> None:
        self._on_chosen(self.preview.path)

    async def _open_file(self, path: str) -> None:
        text, is_whole = await self._client.text(_PATH + quote(path))
        if self.preview.path == path:
            self.preview.show_text(text, is_whole)

    def ask_save(self) -> None:
        """Ask where to save a copy of the file that is marked."""
        name = self.preview.path.rpartition("/")[2]
        self.files.ask_where_to_save(self.tr("Save a copy"), name, self.tr("Every file (*)"), self.save_copy)

    def save_copy(self, target: Path) -> None:
        """Save a copy of the file that is marked."""
        if self._saving is None:
            self.progress.begin(self.tr("Saving {}").format(target.name))
            self._saving = background.run(self._save(self.preview.path, target), self)

    def give_up(self) -> None:
        """Give the saving up."""
        if self._saving is not None:
            self._saving.cancel()

    async def _save(self, path: str, target: Path) -> None:
        try:
            size_bytes = await save(self._client, _PATH + quote(path), target, self.progress.show_bytes)
        finally:
            self._saving = None
            self.progress.end()
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(self.tr("Saved {}").format(target.name), f"{size_words(size_bytes)} · {target.parent}", "ok")

    def ask_remove(self, path: str) -> None:
        """Ask whether a file is to be removed."""
        dialog = RemoveDialog(self._client, path, self)
        dialog.succeeded.connect(self.load)
        dialog.open()

    def _remove_shown(self) -> None:
        self.ask_remove(self.preview.path)

    def _go_back(self) -> None:
        action = self.window().findChild(QAction, "page_system")
        if action is not None:
            action.trigger()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.preview.set_live(is_live)
        self.reload_button.setEnabled(is_live)
        self.listing.setEnabled(is_live)
        if self._folder is None and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if self._folder is None:
            self.place.explain_trouble(trouble)
        elif getattr(trouble, "status", 0) == 404 and self._folder:
            # The open folder is gone: show what is left of the way to it.
            self.go_up()
        elif self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)
