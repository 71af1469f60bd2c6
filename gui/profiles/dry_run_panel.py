"""The dry run: begun, watched, cancelled, and what it expects."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.icons import show_icon
from gui.profiles.dry_run_facts import DryRunFacts
from gui.profiles.dry_run_plot import DryRunPlot
from gui.profiles.profile import PROFILES, hours_words
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place
from gui.widgets.progress_line import ProgressLine

_WITHIN_S = 1830.0
_MOST_HOURS = 744.0
_STEPS = 1000
_FACTS_PX = 250


class DryRunPanel(QWidget):
    """Rehearses the text that is open.

    Signals:
        asked: the user wants a dry run.
        line_asked: show this line of the text.

    Attributes:
        result: of the last dry run, {} when there was none.
        progress: how far it is.
    """

    asked = Signal()
    line_asked = Signal(int)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self.result: dict[str, Any] = {}
        self._task_id = ""
        self._running: asyncio.Task[Any] | None = None
        self._make()
        self._lay_out()
        unit.dry_run_progressed.connect(self._on_progress)
        self.show_nothing()

    @property
    def is_under_way(self) -> bool:
        """Whether a dry run goes on."""
        return self._running is not None and not self._running.done()

    def _make(self) -> None:
        self.hours = QDoubleSpinBox()
        self.hours.setRange(0.0, _MOST_HOURS)
        self.hours.setDecimals(1)
        self.hours.setSuffix(" h")
        self.hours.setSpecialValueText(self.tr("to its end"))
        self.hours.setToolTip(self.tr("How long to rehearse. A profile without an end is rehearsed for a day."))
        self.hours.setAccessibleName(self.tr("Rehearse"))
        self.inoculum_od = QDoubleSpinBox()
        self.inoculum_od.setRange(0.001, 20.0)
        self.inoculum_od.setDecimals(3)
        self.inoculum_od.setValue(0.05)
        self.inoculum_od.setAccessibleName(self.tr("Density at first, OD600"))
        self.again_button = QPushButton(self.tr("Dry run"))
        show_icon(self.again_button, "dry-run")
        self.again_button.clicked.connect(self.asked)
        self.progress = ProgressLine()
        self.progress.cancelled.connect(self.cancel)
        self.plot = DryRunPlot()
        self.facts = DryRunFacts()
        self.facts.line_asked.connect(self.line_asked)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        for words, field in ((self.tr("Rehearse"), self.hours), (self.tr("Density at first, OD600"), self.inoculum_od)):
            label = QLabel(words)
            label.setBuddy(field)
            theme.set_role(label, "quiet")
            head.addWidget(label)
            head.addWidget(field)
        head.addStretch(1)
        head.addWidget(self.again_button)
        split = QSplitter(Qt.Orientation.Horizontal)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scrolled.setWidget(self.plot)
        self.facts.setMinimumWidth(_FACTS_PX)
        split.addWidget(scrolled)
        split.addWidget(self.facts)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        self.place = Place(split)
        self.place.acted.connect(self.asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.SPACE_PX, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        column.addWidget(self.progress)
        column.addWidget(self.place, 1)

    def show_nothing(self) -> None:
        """Say what a dry run is; the last one was of another text."""
        self.result = {}
        self.place.explain(
            "dry-run",
            self.tr("See what would happen, before it does"),
            self.tr("The profile runs on a simulated unit in fast time. Nothing real moves."),
        )

    def begin(self, name: str, text: str, inputs: dict[str, Any], experiment: str | None) -> None:
        """Rehearse a text."""
        if self.is_under_way:
            return
        body: dict[str, Any] = {"text": text, "inputs": inputs, "inoculum_od": self.inoculum_od.value()}
        if self.hours.value() > 0:
            body["hours"] = self.hours.value()
        if experiment:
            body["experiment"] = experiment
        self.progress.begin(self.tr("Dry run"))
        self.again_button.setEnabled(False)
        self._running = background.run(self._rehearse(name, body), self, self._on_trouble)

    def cancel(self) -> None:
        """Give the dry run up."""
        if self._task_id:
            background.run(self._client.post(f"/unit_api/task_results/{self._task_id}/cancel"), self, lambda _: None)

    async def _rehearse(self, name: str, body: dict[str, Any]) -> None:
        try:
            accepted = await self._client.post(f"{PROFILES}/{name}/dry_run", body)
            self._task_id = str(accepted["task_id"])
            self.show_result(await self._client.result_of(accepted, _WITHIN_S))
        finally:
            self._task_id = ""
            self.progress.end()
            self.again_button.setEnabled(True)

    def show_result(self, result: dict[str, Any]) -> None:
        """Show what a dry run expects."""
        self.result = result
        if not result["valid"]:
            self.place.explain(
                "warning", self.tr("It cannot run yet"), self.tr("Correct the errors first: see Problems."), "", "warn"
            )
            return
        self.plot.show_curves(result["curves"])
        self.facts.show_result(result)
        self.place.show_content()

    def _on_progress(self, told: dict[str, Any]) -> None:
        if told["task_id"] != self._task_id or not told["of_hours"]:
            return
        words = f"{hours_words(told['hours'])} of {hours_words(told['of_hours'])}"
        self.progress.show_steps(round(_STEPS * told["hours"] / told["of_hours"]), _STEPS, words)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self.place.explain_trouble(trouble)
