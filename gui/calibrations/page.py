"""The Calibrations page: devices on the left, the curve of what is chosen beside them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui import background, theme
from gui.asking import Asking
from gui.calibrations.calibration import DEVICES, Calibration, Device, read_devices
from gui.calibrations.consequences import of_activating, purpose
from gui.calibrations.details import CalibrationDetails
from gui.calibrations.dialogs import DeactivateDialog, DeleteDialog, ImportDialog
from gui.calibrations.guided.choose_dialog import ChooseDialog
from gui.calibrations.guided.dialog import GuidedDialog
from gui.calibrations.guided.protocol import PROTOCOLS
from gui.calibrations.guided.step import Session
from gui.calibrations.tree import DeviceTree
from gui.file_transfer import read_text, save
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.file_choice import FileChoice
from gui.widgets.place import Place
from gui.words import device_title

_TREE_PX = 264
_YAML = "Calibration (*.yaml *.yml)"
_MOST_YAML_BYTES = 900_000
# Ages are said anew this often.
_AGES_EVERY_MS = 60_000


class CalibrationsPage(QWidget):
    """Every calibration and estimator of the unit: made, seen, used, brought in, saved, deleted.

    Attributes:
        tree: devices and calibrations.
        details: the calibration that is chosen.
        place: the whole content, or why there is none.
        side: the details, or why there are none.
        files: asks for files.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._devices: tuple[Device, ...] = ()
        self._guided: tuple[str, ...] = ()
        self._led: GuidedDialog | None = None
        self._wanted: tuple[str, str] | None = None
        self._is_loaded = False
        self._asking = Asking(self._load, self, self._on_trouble)
        self._saved: Calibration | None = None
        self.tree = DeviceTree()
        self.tree.setFixedWidth(_TREE_PX)
        self.details = CalibrationDetails(unit)
        self.side = Place(self.details)
        self.files = FileChoice(self)
        self._make_actions()
        self._lay_out()
        self._connect()
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _make_actions(self) -> None:
        self.calibrate_button = QPushButton(self.tr("Calibrate…"))
        self.calibrate_button.setToolTip(self.tr("Be led through a calibration, or go on with one"))
        show_icon(self.calibrate_button, "start")
        self.calibrate_button.clicked.connect(self._on_calibrate)
        self.import_button = QPushButton(self.tr("Import…"))
        self.import_button.setToolTip(self.tr("Bring in a calibration from a YAML file"))
        show_icon(self.import_button, "add")
        self.save_all_button = QPushButton(self.tr("Save all…"))
        self.save_all_button.setToolTip(self.tr("Save every calibration in one archive"))
        show_icon(self.save_all_button, "export")
        self.import_button.clicked.connect(self.ask_import)
        self.save_all_button.clicked.connect(self.ask_save_all)

    def _lay_out(self) -> None:
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.tree)
        row.addWidget(self.side, 1)
        self.place = Place(content)
        self.place.fill(self)

    def _connect(self) -> None:
        self.place.acted.connect(self.load)
        self.side.acted.connect(self._fill_empty)
        self.tree.chosen.connect(self._on_chosen)
        self.details.activate_asked.connect(self.activate)
        self.details.deactivate_asked.connect(self.ask_deactivate)
        self.details.save_asked.connect(self.ask_save)
        self.details.delete_asked.connect(self.ask_delete)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.calibration_changed.connect(self.load)
        self._unit.connection_changed.connect(self._on_connection)
        ages = QTimer(self)
        ages.timeout.connect(self._show)
        ages.start(_AGES_EVERY_MS)

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title."""
        return [self.calibrate_button, self.import_button, self.save_all_button]

    def load(self) -> None:
        """Ask the service for all there is; once more when something changes meanwhile."""
        if not self._is_loaded:
            self.place.explain("working", self.tr("Loading the calibrations"), self.tr("Asking the service."))
        self._asking.again()

    async def _load(self) -> None:
        calibrations, estimators, protocols = await asyncio.gather(
            self._client.get("/unit_api/calibrations"),
            self._client.get("/unit_api/estimators"),
            self._client.get(PROTOCOLS),
        )
        self._guided = tuple(str(protocol["target_device"]) for protocol in protocols)
        self._devices = read_devices(calibrations, estimators, self._guided)
        self._is_loaded = True
        self._show()

    def _show(self) -> None:
        if not self._is_loaded:
            return
        if not self._devices:
            self.place.explain(
                "calibration",
                self.tr("Nothing to calibrate"),
                self.tr("This unit names no device that can be calibrated."),
            )
            return
        self.tree.show_devices(self._devices, self._unit.utc_s())
        if self._wanted is not None and self.tree.choose(*self._wanted):
            self._wanted = None
        self.place.show_content()
        self._on_connection()

    def _on_chosen(self, device_name: str, calibration: Calibration | None) -> None:
        device = next(device for device in self._devices if device.name == device_name)
        newest = next(iter(device.calibrations), None)
        shown = calibration or device.active or newest
        if shown is not None:
            self.details.show_calibration(shown)
            self.side.show_content()
        else:
            is_fused = device_name == "od_fused"
            headline = self.tr("No estimator yet") if is_fused else self.tr("Not calibrated yet")
            otherwise = "" if is_fused else self.tr("Import calibration…")
            act = self.tr("Calibrate…") if device_name in self._guided else otherwise
            self.side.explain("calibration", headline, purpose(device_name), act)

    def _fill_empty(self) -> None:
        device = self.tree.chosen_key()[0]
        if device in self._guided:
            self.ask_calibrate(device)
        else:
            self.ask_import()

    def _on_calibrate(self) -> None:
        self.ask_calibrate(self.tree.chosen_key()[0])

    def ask_calibrate(self, device: str = "", protocol: str = "") -> None:
        """Ask what is to be calibrated; while one is being led through, show that."""
        if self._led is not None:
            self._led.show()
            self._led.raise_()
            self._led.activateWindow()
            return
        dialog = ChooseDialog(self._unit, self._client, device, protocol, self)
        dialog.chosen.connect(self.lead)
        dialog.open()

    def lead(self, session: Session, title: str) -> None:
        """Lead through a guided calibration; its device is chosen, so that Calibrate… finds it when it is left."""
        self.tree.choose(session.device)
        dialog = self._led = GuidedDialog(self._unit, self._client, session, title, self)
        dialog.finished.connect(self._on_led)
        dialog.again_asked.connect(self.ask_calibrate)
        dialog.made.connect(self._show_made)
        dialog.show()

    def _on_led(self) -> None:
        self._led = None

    def _show_made(self, device: str, name: str) -> None:
        self._wanted = (device, name)
        self.load()

    def activate(self, calibration: Calibration) -> None:
        """Use a calibration from now on."""
        background.run(self._activate(calibration), self)

    async def _activate(self, calibration: Calibration) -> None:
        await self._client.patch(f"{calibration.active_route}/{calibration.name}", {})
        running = {str(row["job_name"]) for row in self._unit.jobs}
        self._tell(self.tr("{} is active").format(calibration.name), of_activating(calibration, running))
        self.load()

    def ask_deactivate(self, calibration: Calibration) -> None:
        """Ask whether a calibration is to be taken out of use."""
        dialog = DeactivateDialog(self._client, calibration, self)
        dialog.acted.connect(self.load)
        dialog.open()

    def ask_delete(self, calibration: Calibration) -> None:
        """Ask whether a calibration is to be deleted."""
        dialog = DeleteDialog(self._client, calibration, self)
        dialog.acted.connect(self.load)
        dialog.open()

    def ask_import(self) -> None:
        """Ask for a file, then for what it is."""
        self.files.ask_for_file(self.tr("Import a calibration"), _YAML, self.read_file)

    def read_file(self, source: Path) -> None:
        """Read a calibration file and ask which device it is for."""
        background.run(self._read_file(source), self)

    async def _read_file(self, source: Path) -> None:
        text = await read_text(source, _MOST_YAML_BYTES)
        names = [device.name for device in self._devices if device.name != "od_fused"] or list(DEVICES[:-1])
        dialog = ImportDialog(self._client, source, text, names, self.tree.chosen_key()[0], self)
        dialog.imported.connect(self._on_imported)
        dialog.open()

    def _on_imported(self, device: str) -> None:
        self._tell(self.tr("Calibration imported"), self.tr("It is kept for {}.").format(device_title(device)))
        self.tree.choose(device)
        self.load()

    def ask_save(self, calibration: Calibration) -> None:
        """Ask where to save a calibration's file."""
        self._saved = calibration
        self.files.ask_where_to_save(self.tr("Save calibration"), f"{calibration.name}.yaml", _YAML, self._save_one)

    def _save_one(self, target: Path) -> None:
        if self._saved is not None:
            background.run(self._save(f"/unit_api/system/path/{self._saved.file_path}", target), self)

    def ask_save_all(self) -> None:
        """Ask where to save the archive of all calibrations."""
        name = f"{self._unit.name or 'unit'}_calibrations.zip"
        self.files.ask_where_to_save(self.tr("Save all calibrations"), name, "Archive (*.zip)", self._save_all)

    def _save_all(self, target: Path) -> None:
        background.run(self._save("/unit_api/zipped_calibrations", target), self)

    async def _save(self, path: str, target: Path) -> None:
        await save(self._client, path, target, lambda done, whole: None)
        self._tell(self.tr("Saved {}").format(target.name), str(target.parent))

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.details.set_live(is_live)
        self.calibrate_button.setEnabled(is_live)
        self.import_button.setEnabled(is_live)
        self.save_all_button.setEnabled(is_live)
        if not self._is_loaded and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._is_loaded:
            self.place.explain_trouble(trouble)
        elif self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)

    def _tell(self, headline: str, detail: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, "ok")

    def keyPressEvent(self, event: Any) -> None:
        """Delete asks whether the chosen calibration is to be deleted."""
        chosen = self.details.calibration
        if event.key() == Qt.Key.Key_Delete and chosen is not None and self.details.delete_button.isEnabled():
            self.ask_delete(chosen)
        else:
            super().keyPressEvent(event)
