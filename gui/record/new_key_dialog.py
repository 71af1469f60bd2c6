"""A new key: asked for by name, shown once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLineEdit, QRadioButton, QWidget

from gui import background
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.shown_once import ShownOnce

KEYS = "/unit_api/keys"
_LONGEST = 60


class NewKeyDialog(AskDialog):
    """Asks for a user or a station, makes a key, and shows it.

    Signals:
        made: there is a new key.

    Attributes:
        user, station, name: whose it is to be.
        key: shows it, once it is made.
    """

    made = Signal()

    def __init__(self, client: ServiceClient, parent: QWidget) -> None:
        words = self.tr(
            "What is written with the key bears this name. A user may do everything in the record; a station may write "
            "the runs of procedures it is linked to, and deletes nothing."
        )
        super().__init__(self.tr("Make a key?"), words, self.tr("Make key"), parent)
        self.setMinimumWidth(560)
        self._client = client
        self.user, self.station = QRadioButton(self.tr("User")), QRadioButton(self.tr("Station"))
        self.user.setChecked(True)
        self.name = QLineEdit()
        self.name.setMaxLength(_LONGEST)
        self.name.setAccessibleName(self.tr("Name"))
        self._asked = QWidget()
        form = QFormLayout(self._asked)
        form.setContentsMargins(0, 0, 0, 0)
        kinds = QHBoxLayout()
        kinds.addWidget(self.user)
        kinds.addWidget(self.station)
        kinds.addStretch(1)
        form.addRow(self.tr("For a"), kinds)
        form.addRow(self.tr("Name"), self.name)
        self.fields.addWidget(self._asked)
        self.key = ShownOnce(
            self.tr("New key"),
            self.tr("Keep it now: it cannot be shown again. Requests carry it as “Authorization: Bearer …”."),
        )
        self.fields.addWidget(self.key)
        self.name.textChanged.connect(self._on_name)
        self.user.toggled.connect(self._on_kind)
        self.act_button.clicked.connect(self._do)
        self._on_name()
        self._on_kind()
        self.name.setFocus()

    def _on_name(self) -> None:
        self.act_button.setEnabled(bool(self.name.text().strip()))

    def _on_kind(self) -> None:
        is_user = self.user.isChecked()
        self.name.setPlaceholderText(
            self.tr("Name or e-mail address of the person") if is_user else self.tr("Name of the test station")
        )

    def _do(self) -> None:
        self.tell("")
        self.act_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        kind = "user" if self.user.isChecked() else "station"
        made: dict[str, Any] = await self._client.post(KEYS, {kind: self.name.text().strip()})
        self.made.emit()
        self._asked.setEnabled(False)
        self.key.show_secret(str(made["key"]))
        self.leave_only_closing()
