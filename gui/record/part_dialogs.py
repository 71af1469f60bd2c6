"""Questions about what a unit is made of: put a sub-unit in, swap one for another, take one out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from gui import background
from gui.record.run import place_words
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog

_LONGEST = 60


def child_route(unit: str, child: str) -> str:
    """Return the route of a sub-unit in a unit."""
    return f"/unit_api/record/units/{quote(unit, safe='')}/children/{quote(child, safe='')}"


class PutInDialog(AskDialog):
    """Asks which sub-unit comes in, and, where one is replaced, says which one comes out.

    Signals:
        changed: it is done; carries the serial number that came in.

    Attributes:
        serial_number, part_number, revision_number: the fields.
    """

    changed = Signal(str)

    def __init__(
        self, client: ServiceClient, unit: str, parent: QWidget, replaced: dict[str, Any] | None = None
    ) -> None:
        new = self.tr("Part number and revision are needed only for one that is not in the record yet.")
        if replaced is None:
            title, act = self.tr("Add a sub-unit to {}?").format(unit), self.tr("Add sub-unit")
            words = self.tr("One that is in another unit moves here.") + " " + new
        else:
            old, name = replaced["serial_number"], place_words(replaced["position"], replaced)
            title, act = self.tr("Replace {}?").format(name), self.tr("Replace {}").format(old)
            words = self.tr("{} comes out and stays in the record; both stay in the history.").format(old) + " " + new
        super().__init__(title, words, act, parent)
        self._client = client
        self._unit = unit
        self._replaced = replaced
        self.serial_number, self.part_number, self.revision_number = QLineEdit(), QLineEdit(), QLineEdit()
        form = QFormLayout()
        for words, field in (
            (self.tr("Serial number"), self.serial_number),
            (self.tr("Part number"), self.part_number),
            (self.tr("Revision"), self.revision_number),
        ):
            field.setMaxLength(_LONGEST)
            field.setAccessibleName(words)
            form.addRow(words, field)
        if replaced is not None:
            self.part_number.setText(replaced["part"]["number"])
        self.revision_number.setPlaceholderText(self.tr("The part's newest"))
        self.fields.addLayout(form)
        self.serial_number.textChanged.connect(self._on_text)
        self.act_button.clicked.connect(self._do)
        self._on_text()
        self.serial_number.setFocus()

    def _on_text(self) -> None:
        self.act_button.setEnabled(bool(self.serial_number.text().strip()))

    def _do(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        given = {
            "part_number": self.part_number.text().strip(),
            "revision_number": self.revision_number.text().strip(),
            "replaces": "" if self._replaced is None else self._replaced["serial_number"],
        }
        serial_number = self.serial_number.text().strip()
        body = {name: value for name, value in given.items() if value}
        await self._client.put(child_route(self._unit, serial_number), body)
        self.changed.emit(serial_number)
        self.accept()


class SerialNumberDialog(AskDialog):
    """Asks for a part's own serial number: it stays the same part, with its history.

    Signals:
        changed: it is done; carries the number.

    Attributes:
        serial_number: the field.
    """

    changed = Signal(str)

    def __init__(self, client: ServiceClient, part: dict[str, Any], parent: QWidget) -> None:
        name = place_words(part["position"], part)
        words = self.tr("Enter the number that is on the part in place of {}. Its history stays with it.")
        super().__init__(
            self.tr("Serial number of {}").format(name), words.format(part["serial_number"]),
            self.tr("Keep this number"), parent,
        )  # fmt: skip
        self._client = client
        self._route = f"/unit_api/record/units/{quote(part['serial_number'], safe='')}"
        self.serial_number = QLineEdit()
        self.serial_number.setMaxLength(_LONGEST)
        self.serial_number.setAccessibleName(self.tr("Serial number"))
        self.fields.addWidget(self.serial_number)
        self.serial_number.textChanged.connect(self._on_text)
        self.act_button.clicked.connect(self._do)
        self._on_text()
        self.serial_number.setFocus()

    def _on_text(self) -> None:
        self.act_button.setEnabled(bool(self.serial_number.text().strip()))

    def _do(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        serial_number = self.serial_number.text().strip()
        await self._client.patch(self._route, {"new_serial_number": serial_number})
        self.changed.emit(serial_number)
        self.accept()


class TakeOutDialog(AskDialog):
    """Asks whether a sub-unit comes out.

    Signals:
        changed: it is done; carries the serial number that came out.
    """

    changed = Signal(str)

    def __init__(self, client: ServiceClient, unit: str, part: dict[str, Any], parent: QWidget) -> None:
        self._serial_number = str(part["serial_number"])
        words = self.tr("Its place in {} stays empty. {} and its runs stay in the record, and it can be put in again.")
        super().__init__(
            self.tr("Take {} out?").format(place_words(part["position"], part)),
            words.format(unit, self._serial_number),
            self.tr("Take {} out").format(self._serial_number),
            parent,
            is_dangerous=True,
        )
        self._client = client
        self._unit = unit
        self.act_button.clicked.connect(self._do)

    def _do(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        await self._client.delete(child_route(self._unit, self._serial_number))
        self.changed.emit(self._serial_number)
        self.accept()
