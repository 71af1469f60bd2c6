"""Saying what is in the vial: after another vial was put in, liquid was added by hand, or the count is wrong."""

from __future__ import annotations

from urllib.parse import quote

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import background, theme
from gui.jobs.inputs import NumberInput
from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.ask_dialog import AskDialog

VIAL = "/unit_api/bioreactor/vial"
_VARIABLES = "/unit_api/bioreactor/experiments/{}"


class VialDialog(AskDialog):
    """Asks for the volume in the vial; pumps are kept from over-filling it by that.

    Attributes:
        volume: the volume in ml.
        count: what the unit takes it to be now.
    """

    def __init__(self, client: ServiceClient, unit: Unit, experiment: str, parent: QWidget) -> None:
        words = self.tr(
            "The unit counts what its pumps move, and keeps the vial from being filled too high by that count. It goes "
            "on from one experiment to the next: say so when there is another vial, when you added or took liquid by "
            "hand, or when the count is wrong."
        )
        super().__init__(self.tr("What is in the vial"), words, self.tr("Set volume"), parent)
        self._client = client
        self._path = _VARIABLES.format(quote(experiment, safe=""))
        self.count = QLabel(self.tr("Asking the service…"))
        self.count.setWordWrap(True)
        theme.set_role(self.count, "quiet")
        self.volume = NumberInput((0.0, unit.reactor.get("capacity_ml")))
        self.volume.setAccessibleName(self.tr("Volume in the vial, in ml"))
        self.volume.setValue(unit.bioreactor.get("current_volume_ml", 0.0))
        self.fields.addWidget(self.count)
        row = QHBoxLayout()
        row.addWidget(self.volume)
        row.addWidget(QLabel("ml"))
        row.addStretch(1)
        self.fields.addLayout(row)
        self.volume.setFocus()
        self.volume.selectAll()
        self.act_button.clicked.connect(self._set)
        background.run(self._ask_for_count(), self, self.show_trouble)

    def _set(self) -> None:
        self.carry_out(self._client.patch(self._path, {"values": {"current_volume_ml": self.volume.value()}}))

    async def _ask_for_count(self) -> None:
        vial = await self._client.get(VIAL)
        words = self.tr("By the count it holds {:.2f} ml at most.").format(vial["greatest_volume_ml"])
        self.count.setText(f"{words} {vial['doubt'] or ''}".rstrip())
        self.fit()
