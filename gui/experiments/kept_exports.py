"""The exports that are kept in the unit's data folder: saved again, or deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QWidget

from gui import background, theme
from gui.file_transfer import save, size_words
from gui.icons import show_icon
from gui.service_client import ServiceClient
from gui.unit import utc_s_of
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.file_choice import FileChoice
from gui.widgets.place import Place
from gui.widgets.progress_line import ProgressLine

EXPORTS = "/unit_api/exports"
_NAME = Qt.ItemDataRole.UserRole
_HEIGHT_PX = 220


class KeptExportsDialog(AskDialog):
    """Lists them.

    Attributes:
        rows: the exports, newest first.
        delete_button: deletes the marked one for good.
    """

    def __init__(self, client: ServiceClient, parent: QWidget) -> None:
        words = parent.tr("They take room on the disk with the data folder; the records they were made of stay.")
        super().__init__(parent.tr("Earlier exports"), words, parent.tr("Save a copy…"), parent)
        self.setMinimumWidth(560)
        self._client = client
        self.files = FileChoice(self)
        self.rows = QListWidget()
        self.rows.setAccessibleName(self.tr("Exports, newest first"))
        self.rows.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.place = Place(self.rows)
        self.place.setFixedHeight(_HEIGHT_PX)
        self.delete_button = QPushButton(self.tr("Delete"))
        theme.set_role(self.delete_button, "danger")
        show_icon(self.delete_button, "delete", "alarm")
        self.delete_button.setAutoDefault(False)  # Enter alone deletes nothing
        self.progress = ProgressLine()
        row = QHBoxLayout()
        row.addWidget(self.delete_button)
        row.addStretch(1)
        self.fields.addWidget(self.place)
        self.fields.addLayout(row)
        self.under_fields.addWidget(self.progress)
        self.cancel_button.setText(self.tr("Close"))
        self.place.explain("working", self.tr("Loading the exports"), "")
        self.rows.currentItemChanged.connect(self._look)
        self.act_button.clicked.connect(self._ask_where)
        self.delete_button.clicked.connect(self._delete)
        self._look()
        background.run(self._load(), self, self.show_trouble)

    async def _load(self) -> None:
        kept = (await self._client.get(EXPORTS))["exports"]
        self.rows.clear()
        for item in kept:
            row = QListWidgetItem(_words(item))
            row.setData(_NAME, item["name"])
            row.setToolTip(item["name"])
            self.rows.addItem(row)
        if kept:
            self.rows.setCurrentRow(0)
            self.place.show_content()
        else:
            self.place.explain("export", self.tr("No export is kept"), self.tr("What you export is listed here."))
        self._look()

    def names(self) -> list[str]:
        """Return the names of the exports."""
        return [self.rows.item(row).data(_NAME) for row in range(self.rows.count())]

    def _marked(self) -> str:
        item = self.rows.currentItem()
        return "" if item is None else str(item.data(_NAME))

    def _look(self) -> None:
        self.act_button.setEnabled(bool(self._marked()))
        self.delete_button.setEnabled(bool(self._marked()))

    def _delete(self) -> None:
        background.run(self._ask_to_delete(self._marked()), self, self.show_trouble)

    async def _ask_to_delete(self, name: str) -> None:
        await self._client.delete(_path(name))
        await self._load()

    def _ask_where(self) -> None:
        self.files.ask_where_to_save(self.tr("Save the export"), self._marked(), "Archive (*.zip)", self._save)

    def _save(self, target: Path) -> None:
        self.progress.begin(self.tr("Saving {}").format(target.name), can_cancel=False)
        background.run(self._copy(self._marked(), target), self, self.show_trouble)

    async def _copy(self, name: str, target: Path) -> None:
        try:
            await save(self._client, _path(name), target, self.progress.show_bytes)
        finally:
            self.progress.end()


def _path(name: str) -> str:
    return f"{EXPORTS}/{quote(name, safe='')}"


def _words(item: dict[str, Any]) -> str:
    when = datetime.fromtimestamp(utc_s_of(item["created_at"]), UTC).astimezone()
    return f"{item['name'].removesuffix('.zip')}  ·  {when:%Y-%m-%d %H:%M}  ·  {size_words(item['size_bytes'])}"
