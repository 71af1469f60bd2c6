"""Questions about profiles: a name for one, deleting it, giving changes up, and running it."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QWidget

from gui.profiles.profile import PROFILES, Check, JobCourse
from gui.service_client import ServiceClient
from gui.widgets.ask_dialog import AskDialog
from gui.words import listing

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?: [A-Za-z0-9._-]+)*\.ya?ml")


def name_fault(name: str, taken: list[str]) -> str:
    """Return what is wrong with a file name, "" when nothing is."""
    if not _NAME.fullmatch(name):
        return (
            "A name has letters, digits, dots, _, - and single spaces, begins with a letter or digit, ends with .yaml."
        )
    return f"{name} exists already." if name in taken else ""


class NameDialog(AskDialog):
    """Asks for a file name.

    Signals:
        named: the name.
    """

    named = Signal(str)

    def __init__(self, title: str, words: str, act: str, name: str, taken: list[str], parent: QWidget) -> None:
        super().__init__(title, words, act, parent)
        self._taken = taken
        self.name = QLineEdit(name)
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setMaxLength(200)
        self.name.setSelection(0, max(0, name.rfind(".")))
        self.fields.addWidget(self.name)
        self.name.textChanged.connect(self._look)
        self.act_button.clicked.connect(self._act)
        self._look()

    def _look(self) -> None:
        fault = name_fault(self._full_name, self._taken)
        self.tell(fault if self.name.text() else "")
        self.act_button.setEnabled(not fault)

    @property
    def _full_name(self) -> str:
        name = self.name.text().strip()
        return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"

    def _act(self) -> None:
        self.named.emit(self._full_name)
        self.accept()


class DeleteDialog(AskDialog):
    """Asks whether a profile is to be deleted.

    Signals:
        deleted: it is gone.
    """

    deleted = Signal()

    def __init__(self, client: ServiceClient, name: str, parent: QWidget) -> None:
        words = self.tr("The file is removed from the unit for good. Runs of it keep the text they ran by.")
        act = self.tr("Delete {}").format(name)
        super().__init__(self.tr("Delete this profile?"), words, act, parent, is_dangerous=True)
        self._client = client
        self._name = name
        self.act_button.clicked.connect(self._act)

    def _act(self) -> None:
        self.carry_out(self._ask_service())

    async def _ask_service(self) -> None:
        await self._client.delete(f"{PROFILES}/{self._name}")
        self.deleted.emit()


class DiscardDialog(AskDialog):
    """Asks whether unsaved changes are to be given up; accepted when they are."""

    def __init__(self, title: str, parent: QWidget) -> None:
        words = self.tr("What was changed since it was saved is lost.")
        super().__init__(
            self.tr("Give up the changes to {}?").format(title),
            words,
            self.tr("Give up changes"),
            parent,
            is_dangerous=True,
        )
        self.act_button.clicked.connect(self.accept)


class RunDialog(AskDialog):
    """Asks whether a profile is to be run, and with which inputs.

    Signals:
        started: the run, as the service tells it.
    """

    started = Signal(dict)

    def __init__(self, client: ServiceClient, name: str, check: Check, experiment: str | None, parent: QWidget) -> None:
        jobs = listing([job.label for job in check.jobs])
        where = self.tr("in the experiment “{}”").format(experiment) if experiment else self.tr("in a new experiment")
        words = self.tr("It controls {} on this unit, {}. What is due now begins at once.").format(jobs, where)
        super().__init__(self.tr("Run {}?").format(check.title or name), words, self.tr("Run profile"), parent)
        self._client = client
        self._name = name
        self._experiment = experiment
        self.inputs = {key: QLineEdit(_shown(value)) for key, value in check.inputs.items()}
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        for key, field in self.inputs.items():
            field.setAccessibleName(key)
            label = QLabel(key)
            label.setBuddy(field)
            form.addRow(label, field)
        self.fields.addLayout(form)
        self.act_button.clicked.connect(self._act)

    def values(self) -> dict[str, Any]:
        """Return the inputs, each as what it looks like."""
        return {key: _read(field.text()) for key, field in self.inputs.items()}

    def _act(self) -> None:
        self.carry_out(self._ask_service())

    async def _ask_service(self) -> None:
        body: dict[str, Any] = {"profile": self._name, "inputs": self.values()}
        if self._experiment:
            body["experiment"] = self._experiment
        run = await self._client.post(f"{PROFILES}/runs", body)
        self.started.emit(run)


class StopRunDialog(AskDialog):
    """Asks whether a run is to be ended early; accepted when it is."""

    def __init__(self, title: str, jobs: list[JobCourse], parent: QWidget) -> None:
        names = listing([job.label for job in jobs]) or self.tr("what it started")
        words = self.tr("Nothing more of it happens, and {} is stopped.").format(names)
        super().__init__(self.tr("Stop {}?").format(title), words, self.tr("Stop profile"), parent, is_dangerous=True)
        self.act_button.clicked.connect(self.accept)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(text: str) -> bool | float | str:
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text
