"""The Experiments page: the experiments on the left, the chosen one beside them."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.experiment_dialogs import EXPERIMENTS, NewExperimentDialog
from gui.experiments.experiment import Experiment, read_experiment
from gui.experiments.experiment_list import ExperimentList
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.place import Place

_LIST_PX = 280
# Ages are said anew this often.
_AGES_EVERY_MS = 60_000


class ExperimentsPage(QWidget):
    """Every experiment of the unit.

    Attributes:
        listing: the experiments.
        place: the whole content, or why there is none.
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
        self.new_button = QPushButton(self.tr("New experiment…"))
        theme.set_role(self.new_button, "primary")
        show_icon(self.new_button, "add", "on_accent")
        self._lay_out()
        self._connect()
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _lay_out(self) -> None:
        self._name = QLabel()
        theme.set_role(self._name, "heading")
        self._name.setWordWrap(True)
        side = QVBoxLayout()
        side.addWidget(self._name)
        side.addStretch(1)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.listing)
        row.addLayout(side, 1)
        self.place = Place(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.AROUND_PX, 4, theme.AROUND_PX, theme.BETWEEN_PX)
        column.addWidget(self.place)

    def _connect(self) -> None:
        self.new_button.clicked.connect(self.ask_new)
        self.place.acted.connect(self._on_place_acted)
        self.listing.chosen.connect(self._on_chosen)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.experiment_changed.connect(self._on_changed)
        self._unit.connection_changed.connect(self._on_connection)
        ages = QTimer(self)
        ages.timeout.connect(self._show)
        ages.start(_AGES_EVERY_MS)

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title, the one that matters most last."""
        return [self.new_button]

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
            return
        self.listing.show_experiments(self._experiments, self._unit.utc_s())
        self.place.show_content()
        self._on_connection()

    def ask_new(self) -> None:
        """Ask for a new experiment."""
        dialog = NewExperimentDialog(self._client, self._unit.experiment, self)
        dialog.accepted.connect(self.load)
        dialog.open()

    def _on_chosen(self, experiment: Experiment | None) -> None:
        self._name.setText("" if experiment is None else experiment.name)

    def _on_place_acted(self) -> None:
        if self._is_loaded:
            self.ask_new()
        else:
            self.load()

    def _on_changed(self) -> None:
        if self._unit.service.is_live:
            self.load()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.new_button.setEnabled(is_live)
        if not self._is_loaded and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._is_loaded:
            self.place.explain_trouble(trouble)
        elif self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)
