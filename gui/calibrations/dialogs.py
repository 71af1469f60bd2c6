"""Importing, deleting and deactivating a calibration: each says what it does before it is done."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from gui.calibrations.calibration import Calibration
from gui.calibrations.consequences import of_deleting, without_active
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog
from gui.words import device_title

_ENTRY = re.compile(r"""\b(calibration_type|angle)["']?\s*:\s*["']?([\w.]+)""")
_BY_TYPE = {"simple_peristaltic_pump": "media_pump", "simple_stirring": "stirring", "od": "od90", "od600": "od90"}


def likely_device(text: str) -> str:
    """Return the device a calibration file is most likely for; empty when it does not say."""
    told = dict(_ENTRY.findall(text))
    device = _BY_TYPE.get(told.get("calibration_type", ""), "")
    return f"od{told['angle']}" if device.startswith("od") and "angle" in told else device


class ImportDialog(AskDialog):
    """Asks which device a file is for, and whether it is to be used at once.

    Signals:
        imported: the device.
    """

    imported = Signal(str)

    def __init__(
        self, client: ServiceClient, source: Path, text: str, devices: list[str], chosen: str, parent: QWidget
    ) -> None:
        words = self.tr("{} is checked, and kept under the name it holds. Nothing that exists is overwritten.")
        super().__init__(self.tr("Import calibration"), words.format(source.name), self.tr("Import"), parent)
        self._client = client
        self._text = text
        self.device = QComboBox()
        self.device.setAccessibleName(self.tr("Device"))
        for name in devices:
            self.device.addItem(device_title(name), name)
        likely = likely_device(text)
        if likely.endswith("pump") and chosen.endswith("pump"):
            likely = chosen
        self.device.setCurrentIndex(max(0, self.device.findData(likely or chosen)))
        self.set_active = QCheckBox(self.tr("Make it the active one"))
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        label = QLabel(self.tr("Device"))
        label.setBuddy(self.device)
        form.addRow(label, self.device)
        self.fields.addLayout(form)
        self.fields.addWidget(self.set_active)
        self.act_button.clicked.connect(self._import)

    def _import(self) -> None:
        self.carry_out(self._ask_service())

    async def _ask_service(self) -> None:
        device = str(self.device.currentData())
        body = {"calibration_data": self._text, "set_as_active": self.set_active.isChecked()}
        await self._client.post(f"/unit_api/calibrations/{device}", body)
        self.imported.emit(device)


class _AboutOne(AskDialog):
    """A question about one calibration that the service answers with a DELETE.

    Signals:
        acted: the service did it.
    """

    acted = Signal()

    def __init__(self, client: ServiceClient, route: str, title: str, words: str, act: str, parent: QWidget) -> None:
        super().__init__(title, words, act, parent, is_dangerous=True)
        self._client = client
        self._route = route
        self.act_button.clicked.connect(self._act)

    def _act(self) -> None:
        self.carry_out(self._ask_service())

    async def _ask_service(self) -> None:
        await self._client.delete(self._route)
        self.acted.emit()


class DeleteDialog(_AboutOne):
    """Deletes a calibration, after saying what that means."""

    def __init__(self, client: ServiceClient, calibration: Calibration, parent: QWidget) -> None:
        title = self.tr("Delete {}?").format(calibration.name)
        act = self.tr("Delete estimator") if calibration.is_estimator else self.tr("Delete calibration")
        super().__init__(client, calibration.route, title, of_deleting(calibration), act, parent)


class DeactivateDialog(_AboutOne):
    """Takes a calibration out of use, after saying what that means."""

    def __init__(self, client: ServiceClient, calibration: Calibration, parent: QWidget) -> None:
        title = self.tr("Deactivate {}?").format(calibration.name)
        words = self.tr("It is kept and can be made active again.") + " " + without_active(calibration.device)
        super().__init__(client, calibration.active_route, title, words, self.tr("Deactivate"), parent)
