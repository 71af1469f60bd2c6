"""Creating an experiment, keeping its notes, ending it: three small dialogs, never modal loops."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QDateTime, QObject
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPlainTextEdit, QWidget

from gui import background
from gui.service_client import ServiceClient
from gui.toast import toaster_for
from gui.unit import Unit
from gui.vial_dialog import VialDialog
from gui.widgets.ask_dialog import AskDialog

EXPERIMENTS = "/unit_api/experiments"
_FORBIDDEN = "#$%+/\\"
_LONGEST_NAME = 200


def name_fault(name: str) -> str:
    """Return what is wrong with an experiment's name; empty when nothing is."""
    if not name:
        return "A name is needed."
    if len(name) > _LONGEST_NAME:
        return f"At most {_LONGEST_NAME} characters."
    found = sorted({character for character in name if character in _FORBIDDEN or ord(character) < 32})
    return f"These characters are not possible in a name: {' '.join(found)}" if found else ""


class NewExperimentDialog(AskDialog):
    """Asks for a name and notes, and creates the experiment."""

    def __init__(self, client: ServiceClient, active: str | None, parent: QWidget) -> None:
        words = self.tr("Everything measured from now on is kept under this name.")
        if active:
            words += " " + self.tr("“{}” is ended first.").format(active)
        super().__init__(self.tr("New experiment"), words, self.tr("Start experiment"), parent)
        self._client = client
        self._active = active
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name, such as “yeast 30 °C 2”"))
        self.name.setAccessibleName(self.tr("Name of the experiment"))
        self.notes = QPlainTextEdit()
        self.notes.setPlaceholderText(self.tr("Notes: strain, medium, what you want to know"))
        self.notes.setAccessibleName(self.tr("Notes"))
        self.notes.setTabChangesFocus(True)
        self.notes.setFixedHeight(96)
        self.fields.addWidget(self.name)
        self.fields.addWidget(self.notes)
        self.name.setFocus()
        self.name.textChanged.connect(self._look)
        self.act_button.clicked.connect(self._create)
        self._look()

    def _look(self) -> None:
        name = self.name.text().strip()
        self.act_button.setEnabled(not name_fault(name))
        self.tell(name_fault(name) if name else "")

    def _create(self) -> None:
        self.act_button.setEnabled(False)
        background.run(self._ask_service(), self, self.show_trouble)

    async def _ask_service(self) -> None:
        if self._active:
            await self._client.post(f"{EXPERIMENTS}/{quote(self._active, safe='')}/end", {"stop_jobs": False})
            self._active = None
        body: dict[str, Any] = {"experiment": self.name.text().strip()}
        if self.notes.toPlainText().strip():
            body["description"] = self.notes.toPlainText().strip()
        await self._client.post(EXPERIMENTS, body)
        self.accept()


class NotesDialog(AskDialog):
    """Shows the experiment's notes with a new dated line, and keeps what is written."""

    def __init__(self, client: ServiceClient, experiment: str, parent: QWidget) -> None:
        words = self.tr("What a person should know about this experiment; it is handed over with the data.")
        super().__init__(self.tr("Notes of {}").format(experiment), words, self.tr("Keep notes"), parent)
        self._client = client
        self._path = f"{EXPERIMENTS}/{quote(experiment, safe='')}"
        self.notes = QPlainTextEdit()
        self.notes.setAccessibleName(self.tr("Notes"))
        self.notes.setTabChangesFocus(True)
        self.notes.setMinimumHeight(200)
        self.notes.setEnabled(False)
        self.act_button.setEnabled(False)
        self.fields.addWidget(self.notes)
        self.act_button.clicked.connect(self._keep)
        background.run(self._load(), self, self.show_trouble)

    async def _load(self) -> None:
        present = str((await self._client.get(self._path)).get("description") or "")
        now = QDateTime.currentDateTime().toString("yyyy-MM-dd HH:mm")
        self.notes.setPlainText(f"{present}\n{now}: ".lstrip("\n"))
        self.notes.moveCursor(self.notes.textCursor().MoveOperation.End)
        self.notes.setEnabled(True)
        self.notes.setFocus()
        self.act_button.setEnabled(True)

    def _keep(self) -> None:
        self.carry_out(self._client.patch(self._path, {"description": self.notes.toPlainText().strip()}))


class EndExperimentDialog(AskDialog):
    """Ends the experiment; jobs of it that run are named, and stopped when the user says so."""

    def __init__(self, client: ServiceClient, unit: Unit, experiment: str, parent: QWidget) -> None:
        words = self.tr("“{}” is closed. Its readings stay, and can be exported at any time.").format(experiment)
        super().__init__(self.tr("End experiment"), words, self.tr("End experiment"), parent)
        self._client = client
        self._path = f"{EXPERIMENTS}/{quote(experiment, safe='')}/end"
        running = [row for row in unit.stoppable_jobs() if row.get("experiment") == experiment]
        self.stop_jobs = QCheckBox(self.tr("Stop its {} running jobs").format(len(running)))
        self.stop_jobs.setChecked(bool(running))
        self.stop_jobs.setVisible(bool(running))
        self.fields.addWidget(self.stop_jobs)
        self.act_button.clicked.connect(self._end)

    def _end(self) -> None:
        self.carry_out(self._client.post(self._path, {"stop_jobs": self.stop_jobs.isChecked()}))


class ExperimentDialogs(QObject):
    """Opens the right dialog over the window, or says why there is nothing to ask."""

    def __init__(self, unit: Unit, client: ServiceClient, window: QWidget) -> None:
        super().__init__(window)
        self._unit = unit
        self._client = client
        self._window = window

    def ask_new(self) -> None:
        """Ask for a new experiment."""
        NewExperimentDialog(self._client, self._unit.experiment, self._window).open()

    def ask_notes(self) -> None:
        """Show the active experiment's notes."""
        if self._has_active():
            NotesDialog(self._client, str(self._unit.experiment), self._window).open()

    def ask_vial(self) -> None:
        """Ask what is in the vial."""
        if self._has_active():
            VialDialog(self._client, self._unit, str(self._unit.experiment), self._window).open()

    def ask_end(self) -> None:
        """Ask whether the active experiment is over."""
        if self._has_active():
            EndExperimentDialog(self._client, self._unit, str(self._unit.experiment), self._window).open()

    def _has_active(self) -> bool:
        if self._unit.experiment is None:
            toaster = toaster_for(self._window)
            if toaster is not None:
                toaster.show(
                    self.tr("No experiment is active"), self.tr("Create one first: Experiment, New experiment…")
                )
        return self._unit.experiment is not None
