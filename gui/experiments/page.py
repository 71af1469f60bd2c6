"""The Experiments page: the experiments on the left, the chosen one, or a comparison of several, beside them."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui import background, theme
from gui.experiment_dialogs import EXPERIMENTS, EndExperimentDialog, NewExperimentDialog
from gui.experiments.compare import ComparePanel
from gui.experiments.details import ExperimentDetails
from gui.experiments.experiment import Experiment, read_experiment
from gui.experiments.experiment_list import ExperimentList
from gui.experiments.export_dialog import ExportDialog
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.place import Place

_LIST_PX = 264
# Ages are said anew this often.
_AGES_EVERY_MS = 60_000


class ExperimentsPage(QWidget):
    """Every experiment of the unit: described, searched, ended, compared, exported.

    Attributes:
        listing: the experiments.
        details: the one that is marked.
        comparison: those that are ticked.
        place: the whole content, or why there is none.
        side: details or comparison, or why there is neither.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._experiments: tuple[Experiment, ...] = ()
        self._is_loaded = False
        self._loading: asyncio.Task[Any] | None = None
        self._is_outdated = False
        self.listing = ExperimentList()
        self.listing.setFixedWidth(_LIST_PX)
        self.details = ExperimentDetails(unit, client)
        self.comparison = ComparePanel(unit, client)
        self._make_actions()
        self._lay_out()
        self._connect()
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _make_actions(self) -> None:
        self.compare_button = QPushButton(self.tr("Compare"))
        self.compare_button.setToolTip(self.tr("Tick experiments in the list: their curves are drawn over each other"))
        self.compare_button.setCheckable(True)
        show_icon(self.compare_button, "compare")
        self.export_button = QPushButton(self.tr("Export…"))
        self.export_button.setToolTip(self.tr("Save datasets of experiments as CSV and Parquet"))
        show_icon(self.export_button, "export")
        self.new_button = QPushButton(self.tr("New experiment…"))
        theme.set_role(self.new_button, "primary")
        show_icon(self.new_button, "add", "on_accent")
        self.profiles_button = QPushButton(self.tr("Profiles"))
        self.profiles_button.setToolTip(self.tr("What jobs do when: written, rehearsed, run (Ctrl+P)"))
        show_icon(self.profiles_button, "profile")
        self.profiles_button.clicked.connect(self._show_profiles)
        # Others hang their buttons here.
        self.actions_beside_title: list[QWidget] = [
            self.profiles_button, self.compare_button, self.export_button, self.new_button,
        ]  # fmt: skip

    def _lay_out(self) -> None:
        self._sides = QStackedWidget()
        self._sides.addWidget(self.details)
        self._sides.addWidget(self.comparison)
        self.side = Place(self._sides)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.listing)
        row.addWidget(self.side, 1)
        self.place = Place(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.AROUND_PX, 4, theme.AROUND_PX, theme.BETWEEN_PX)
        column.addWidget(self.place)

    def _connect(self) -> None:
        self.new_button.clicked.connect(self.ask_new)
        self.export_button.clicked.connect(self.ask_export)
        self.compare_button.toggled.connect(self._on_compare)
        self.place.acted.connect(self._on_place_acted)
        self.listing.chosen.connect(self._on_chosen)
        self.listing.ticked.connect(self._on_ticked)
        self.comparison.coloured.connect(self.listing.show_colours)
        self.details.end_asked.connect(self.ask_end)
        self.details.tags_changed.connect(self.change_tags)
        self.details.tags.pressed.connect(self.listing.choose_tag)
        self.details.notes.kept.connect(self._on_notes_kept)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.experiment_changed.connect(self._on_changed)
        self._unit.annotations_changed.connect(self._on_annotations)
        self._unit.jobs_changed.connect(self._on_jobs)
        self._unit.connection_changed.connect(self._on_connection)
        ages = QTimer(self)
        ages.timeout.connect(self._show)
        ages.start(_AGES_EVERY_MS)

    def _show_profiles(self) -> None:
        action = self.window().findChild(QAction, "page_profiles")
        if action is not None:
            action.trigger()

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title, the one that matters most last."""
        return self.actions_beside_title

    async def before_leaving(self) -> None:
        """Keep what was written before the window closes."""
        await self.details.notes.before_leaving()

    def load(self) -> None:
        """Ask the service for all experiments; once more when something changes meanwhile."""
        if not self._is_loaded:
            self.place.explain("working", self.tr("Loading the experiments"), self.tr("Asking the service."))
        if self._loading is not None and not self._loading.done():
            self._is_outdated = True
            return
        self._loading = background.run(self._load(), self, self._on_trouble)

    async def _load(self) -> None:
        self._is_outdated = True
        while self._is_outdated:
            self._is_outdated = False
            items = await self._client.get(EXPERIMENTS)
        self._experiments = tuple(read_experiment(item) for item in items)
        self._is_loaded = True
        self._show()

    def _show(self) -> None:
        if not self._is_loaded:
            return
        if not self._experiments:
            self.place.explain(
                "experiment",
                self.tr("No experiment yet"),
                self.tr("Everything measured is kept under the name of an experiment: curves, doses, jobs, notes."),
                self.tr("New experiment…"),
            )
        else:
            self.listing.show_experiments(self._experiments, self._unit.utc_s())
            self.place.show_content()
        self._on_connection()

    def ask_new(self) -> None:
        """Ask for a new experiment."""
        dialog = NewExperimentDialog(self._client, self._unit.experiment, self)
        dialog.accepted.connect(self._on_begun)
        dialog.open()

    def ask_end(self, experiment: Experiment) -> None:
        """Ask whether an experiment is over."""
        dialog = EndExperimentDialog(self._client, self._unit, experiment.name, self)
        dialog.accepted.connect(self.load)
        dialog.open()

    def ask_export(self) -> None:
        """Ask what to export: at first those that are ticked, or the marked one."""
        ticked = [one.name for one in self.listing.ticked_experiments()] if self.compare_button.isChecked() else []
        names = ticked or [self.listing.chosen_name()]
        ExportDialog(self._unit, self._client, self._experiments, names, self).open()

    def change_tags(self, experiment: Experiment, tags: list[str]) -> None:
        """Give an experiment other tags."""
        background.run(self._change_tags(experiment, tags), self)

    async def _change_tags(self, experiment: Experiment, tags: list[str]) -> None:
        await self._client.patch(f"{EXPERIMENTS}/{quote(experiment.name, safe='')}", {"tags": tags})
        self._replace(experiment.name, tags=tuple(tags))

    def _on_notes_kept(self, name: str, notes: str) -> None:
        self._replace(name, notes=notes)

    def _replace(self, name: str, **changes: Any) -> None:
        self._experiments = tuple(
            dataclasses.replace(one, **changes) if one.name == name else one for one in self._experiments
        )
        self._show()

    def _on_begun(self) -> None:
        self.listing.forget_choice()
        self.load()

    def _on_chosen(self, experiment: Experiment | None) -> None:
        if experiment is None:
            self.side.explain(
                "search", self.tr("Nothing found"), self.tr("No experiment fits the words and the tag on the left.")
            )
            return
        self.details.show_experiment(experiment)
        self.side.show_content()

    def _on_compare(self, wanted: bool) -> None:
        self._sides.setCurrentWidget(self.comparison if wanted else self.details)
        self.comparison.begin()
        chosen = self.listing.chosen_name()
        self.listing.let_tick(wanted, [chosen] if chosen else [])

    def _on_ticked(self, experiments: list[Experiment]) -> None:
        if self.compare_button.isChecked():
            self.side.show_content()
            self.comparison.compare(experiments)

    def _on_place_acted(self) -> None:
        if self._is_loaded:
            self.ask_new()
        else:
            self.load()

    def _on_changed(self) -> None:
        if self._unit.service.is_live:
            self.load()

    def _on_annotations(self, name: str) -> None:
        if self.details.experiment is not None and self.details.experiment.name == name:
            self.details.history.reload()

    def _on_jobs(self) -> None:
        shown = self.details.experiment
        if self.isVisible() and shown is not None and shown.is_active:
            self.details.history.runs_moved()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        for button in (self.new_button, self.export_button, self.compare_button):
            button.setEnabled(is_live and (bool(self._experiments) or button is self.new_button))
        self.details.set_live(is_live)
        if not self._is_loaded and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._is_loaded:
            self.place.explain_trouble(trouble)
        elif self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)
