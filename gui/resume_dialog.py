"""Choosing which of the jobs that were cut off are resumed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from gui.resume_words import DOSING, doubt_words, job_words, what_happened
from gui.widgets.ask_dialog import AskDialog


class ResumeDialog(AskDialog):
    """Lists the jobs, all chosen but dosing where it may do harm; a job that nobody chooses stays off.

    Args:
        interrupted: the API's object of what was cut off.
        now_s: now, in UTC seconds by the service's clock.
        parent: the window.

    Signals:
        chosen: names of the jobs to resume.
    """

    chosen = Signal(list)

    def __init__(self, interrupted: dict[str, Any], now_s: float, parent: QWidget) -> None:
        words = what_happened(interrupted, now_s)
        goes_on = self.tr(
            "Each is started with the settings it had last, one after another, dosing at the end. A rule that acts "
            "every so often waits for one interval first. What is not chosen stays off."
        )
        super().__init__(self.tr("Resume what was cut off"), f"{words}\n\n{goes_on}", "", parent)
        self.boxes: dict[str, QCheckBox] = {}
        for job in interrupted["jobs"]:
            box = QCheckBox(job_words(job))
            # Where nobody knows what is in the vial, dosing is for the user to choose.
            box.setChecked(not (job["job_name"] == DOSING and doubt_words(interrupted)))
            box.toggled.connect(self._count)
            self.boxes[str(job["job_name"])] = box
            self.fields.addWidget(box)
        self.act_button.clicked.connect(self._choose)
        self._count()
        next(iter(self.boxes.values())).setFocus()

    def names(self) -> list[str]:
        """Return the names of the jobs that are chosen."""
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def _count(self) -> None:
        count = len(self.names())
        words = self.tr("Resume 1 job") if count == 1 else self.tr("Resume {} jobs").format(count)
        self.act_button.setText(words if count else self.tr("Resume"))
        self.act_button.setEnabled(count > 0)

    def _choose(self) -> None:
        self.accept()
        self.chosen.emit(self.names())
