"""Finding a unit among all by a part of its serial number."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gui import theme
from gui.asking import Asking
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.widgets.ask_dialog import trouble_words

# A pause in typing after which the service is asked.
_PAUSE_MS = 200
_MOST = 50


class UnitSearch(QWidget):
    """A field, and below it what was found while there is something in the field.

    Signals:
        chosen: a unit is to be opened; carries its serial number.
        searching: whether there is something in the field, so that what is found has the room.
    """

    chosen = Signal(str)
    searching = Signal(bool)

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._asking = Asking(self._ask, self, self._on_trouble)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Search all units"))
        self.field.setAccessibleName(self.tr("Search all units by serial number"))
        self.field.setClearButtonEnabled(True)
        self.found = QListWidget()
        self.found.setAccessibleName(self.tr("Units found"))
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.set_role(self.note, "caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        for part in (self.field, self.note, self.found):
            column.addWidget(part)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._asking.again)
        self.field.textChanged.connect(self._on_text)
        self.field.returnPressed.connect(self._on_return)
        self.found.itemActivated.connect(self._on_item)
        self.found.itemClicked.connect(self._on_item)
        self._on_text("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape ends the search, the arrow down goes to what was found."""
        if event.key() == Qt.Key.Key_Escape and self.field.text():
            self.field.clear()
            self.field.setFocus()
        elif event.key() == Qt.Key.Key_Down and self.found.count():
            self.found.setCurrentRow(max(0, self.found.currentRow()))
            self.found.setFocus()
        else:
            super().keyPressEvent(event)

    def serial_numbers(self) -> list[str]:
        """Return what was found."""
        return [str(self.found.item(row).data(Qt.ItemDataRole.UserRole)) for row in range(self.found.count())]

    def _on_text(self, text: str) -> None:
        is_searching = bool(text.strip())
        self.found.setVisible(is_searching)
        self.note.setVisible(False)
        self.searching.emit(is_searching)
        if is_searching:
            self._pause.start()
        else:
            self._pause.stop()
            self.found.clear()

    async def _ask(self) -> None:
        words = self.field.text().strip()
        if not words:
            return
        answer = await self._client.get(
            "/unit_api/record/units", search_query=words, limit=_MOST, sort_by="serial_number", sort_order="asc"
        )
        if words != self.field.text().strip():
            return
        self.found.clear()
        for row in answer["data"]:
            self._add(row)
        self._say(answer)

    def _add(self, row: dict[str, Any]) -> None:
        item = QListWidgetItem(f"{row['serial_number']}\n{row['part']['name']}")
        item.setData(Qt.ItemDataRole.UserRole, row["serial_number"])
        item.setToolTip(f"{row['serial_number']}\n{row['part']['name']}")
        self.found.addItem(item)

    def _say(self, answer: dict[str, Any]) -> None:
        words = ""
        if not answer["data"]:
            words = self.tr("No unit has this in its serial number.")
        elif answer["meta"]["has_more"]:
            words = self.tr("The first {}; type more to narrow it down.").format(_MOST)
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def _on_return(self) -> None:
        if self.found.count():
            self._on_item(self.found.item(max(0, self.found.currentRow())))

    def _on_item(self, item: QListWidgetItem) -> None:
        serial_number = str(item.data(Qt.ItemDataRole.UserRole))
        self.field.clear()
        self.chosen.emit(serial_number)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self.found.clear()
        self.note.setText(trouble_words(trouble))
        self.note.setVisible(True)
