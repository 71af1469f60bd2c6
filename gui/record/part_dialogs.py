"""Questions about what a unit is made of: put a sub-unit in, swap one for another, take one out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QWidget

from gui.record.run import place_words
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog

_LONGEST = 60


def child_route(unit: str, child: str) -> str:
    """Return the route of a sub-unit in a unit."""
    return f"/unit_api/record/units/{quote(unit, safe='')}/children/{quote(child, safe='')}"


class _ChangeDialog(AskDialog):
    """A question whose answer changes what a unit is made of.

    Signals:
        changed: it is done; carries the serial number it was about.

    Attributes:
        serial_number: of what the change is about; nothing can be done while it is empty.
    """

    changed = Signal(str)

    def __init__(
        self, client: ServiceClient, title: str, words: str, act: str, parent: QWidget, *, is_dangerous: bool = False
    ) -> None:
        super().__init__(title, words, act, parent, is_dangerous=is_dangerous)
        self._client = client
        self.serial_number = self.field(self.tr("Serial number"))
        self.serial_number.textChanged.connect(self._on_text)
        self.act_button.clicked.connect(self._do)
        self._on_text()

    def field(self, name: str) -> QLineEdit:
        """Return a field for a number."""
        made = QLineEdit(self)
        made.setMaxLength(_LONGEST)
        made.setAccessibleName(name)
        return made

    async def change(self, serial_number: str) -> None:
        """Have the service do it."""
        raise NotImplementedError

    def _on_text(self) -> None:
        self.act_button.setEnabled(bool(self.serial_number.text().strip()))

    def _do(self) -> None:
        self.carry_out(self._changing())

    async def _changing(self) -> None:
        serial_number = self.serial_number.text().strip()
        await self.change(serial_number)
        self.changed.emit(serial_number)


class PutInDialog(_ChangeDialog):
    """Asks which sub-unit comes in, and, where one is replaced, says which one comes out.

    Attributes:
        part_number, revision_number, position: further fields; the one replaced keeps its position.
    """

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
        super().__init__(client, title, words, act, parent)
        self._unit = unit
        self._replaced = replaced
        self.part_number, self.revision_number = self.field(self.tr("Part number")), self.field(self.tr("Revision"))
        self.position = self.field(self.tr("Position"))
        self.position.setPlaceholderText(self.tr("Such as Media pump"))
        self.revision_number.setPlaceholderText(self.tr("The part's newest"))
        form = QFormLayout()
        for field in (self.serial_number, self.part_number, self.revision_number, self.position):
            form.addRow(field.accessibleName(), field)
        form.setRowVisible(self.position, replaced is None)
        if replaced is not None:
            self.part_number.setText(replaced["part"]["number"])
        self.fields.addLayout(form)
        self.serial_number.setFocus()

    async def change(self, serial_number: str) -> None:
        """Put it in."""
        given = {
            "part_number": self.part_number.text().strip(),
            "revision_number": self.revision_number.text().strip(),
            "position": self.position.text().strip(),
            "replaces": "" if self._replaced is None else self._replaced["serial_number"],
        }
        body = {name: value for name, value in given.items() if value}
        await self._client.put(child_route(self._unit, serial_number), body)


class SerialNumberDialog(_ChangeDialog):
    """Asks for a part's own serial number: it stays the same part, with its history."""

    def __init__(self, client: ServiceClient, part: dict[str, Any], parent: QWidget) -> None:
        name = place_words(part["position"], part)
        words = self.tr("Enter the number that is on the part, in place of {}. Its history stays with it.")
        super().__init__(
            client, self.tr("Serial number of {}").format(name), words.format(part["serial_number"]),
            self.tr("Keep this number"), parent,
        )  # fmt: skip
        self._route = f"/unit_api/record/units/{quote(part['serial_number'], safe='')}"
        self.fields.addWidget(self.serial_number)
        self.serial_number.setFocus()

    async def change(self, serial_number: str) -> None:
        """Give it the number."""
        await self._client.patch(self._route, {"new_serial_number": serial_number})


class TakeOutDialog(_ChangeDialog):
    """Asks whether a sub-unit comes out."""

    def __init__(self, client: ServiceClient, unit: str, part: dict[str, Any], parent: QWidget) -> None:
        own = str(part["serial_number"])
        words = self.tr("Its place in {} stays empty. {} and its runs stay in the record, and it can be put in again.")
        super().__init__(
            client, self.tr("Take {} out?").format(place_words(part["position"], part)), words.format(unit, own),
            self.tr("Take {} out").format(own), parent, is_dangerous=True,
        )  # fmt: skip
        self._unit = unit
        self.serial_number.setText(own)
        self.serial_number.hide()

    async def change(self, serial_number: str) -> None:
        """Take it out."""
        await self._client.delete(child_route(self._unit, serial_number))
