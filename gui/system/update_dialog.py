"""Updating the program, after looking what that would change; and how the board's firmware is changed, by hand."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from gui import background
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.task_dialog import TaskDialog, quiet

_UPDATE_WITHIN_S = 1900.0
_FOLDER = "incoming"


class FirmwareDialog(AskDialog):
    """Says that the board's firmware is changed by hand, and how; there is nothing to press but Close."""

    def __init__(self, version: str, parent: QWidget) -> None:
        has = self.tr("The board runs {}. ").format(version) if version else ""
        words = self.tr(
            "The board takes no firmware over its link; its files are copied by hand, as device/README.md says. Shut "
            "the unit down on this page first. On a bare board, hold its button while plugging it in and copy "
            "MicroPython's .uf2 file to the drive that appears; then copy the firmware's files over its prompt."
        )
        super().__init__(self.tr("The board's firmware is changed by hand"), has + words, "", parent)
        self.setMinimumWidth(520)
        self.leave_only_closing()


class UpdateDialog(TaskDialog):
    """Asks what to update Vialdesk to.

    Attributes:
        version: the version wanted; the newest when empty.
        source: a file of the data folder, or none.
        only_look: whether nothing is to be changed.
    """

    def __init__(self, client: ServiceClient, parent: QWidget) -> None:
        words = self.tr("Vialdesk is updated and used from its next restart on. Running jobs go on until then.")
        super().__init__(
            client, self.tr("Update Vialdesk"), words, self.tr("Update"), parent, timeout_s=_UPDATE_WITHIN_S
        )
        self.version = QLineEdit()
        self.version.setPlaceholderText(self.tr("Version, such as 1.2.1; the newest when empty"))
        self.version.setAccessibleName(self.tr("Version"))
        self.source = QComboBox()
        self.source.setAccessibleName(self.tr("Where from"))
        self.source.addItem(self.tr("From the usual place"), "")
        self.only_look = QCheckBox(self.tr("Only look what would change"))
        self.only_look.setChecked(True)
        self.only_look.toggled.connect(self._name_act)
        self._hint = quiet(self.tr("Files are found in the folder “{}” of the data folder.").format(_FOLDER))
        for part in (self.version, self.source, self._hint, self.only_look):
            self.fields.addWidget(part)
        self._name_act()
        background.run(self._find_files(), self, self._on_no_files)

    def doing(self) -> str:
        """Say what is being done."""
        return self.tr("Looking for an update") if self.only_look.isChecked() else self.tr("Updating")

    async def ask(self) -> dict[str, Any]:
        """Ask the service to look, or to update."""
        options: dict[str, Any] = {"dry_run": True} if self.only_look.isChecked() else {}
        if self.version.text().strip():
            options["version"] = self.version.text().strip()
        if self.source.currentData():
            options["source"] = self.source.currentData()
        accepted: dict[str, Any] = await self.client.post("/unit_api/system/update/app", {"options": options})
        return accepted

    def outcome(self, result: dict[str, Any]) -> str:
        """Say what changed, or would."""
        old, new = result.get("from_version") or "?", result.get("to_version") or "?"
        if old == new:
            return self.tr("{} is what you have: nothing to update.").format(old)
        if self.only_look.isChecked():
            return self.tr("{} would become {}. Nothing was changed.").format(old, new)
        restart = self.tr(" Restart the service to use it.") if result.get("restart_required") else ""
        return self.tr("{} became {}.").format(old, new) + restart

    def set_fields_enabled(self, enabled: bool) -> None:
        """Let the fields be changed, or not."""
        for part in (self.version, self.source, self.only_look):
            part.setEnabled(enabled)

    def _name_act(self) -> None:
        self.act_button.setText(self.tr("Look") if self.only_look.isChecked() else self.tr("Update"))

    async def _find_files(self) -> None:
        try:
            listing = await self.client.get(f"/unit_api/system/path/{_FOLDER}")
        except ServiceTroubleError as trouble:
            if getattr(trouble, "status", 0) == 404:
                return
            raise
        for name in listing["files"]:
            self.source.addItem(self.tr("From {}").format(name), f"{_FOLDER}/{name}")

    def _on_no_files(self, trouble: ServiceTroubleError) -> None:
        self._hint.setText(self.tr("The data folder cannot be looked into. {}").format(trouble.cause))
