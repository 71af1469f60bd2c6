"""The history of alarms: by severity, experiment and time, back to the first day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.alarms.history_model import ABOUT, ACKNOWLEDGED, MESSAGE, OVER, RAISED, SEVERITY, HistoryModel
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place
from gui.widgets.rows_table import RowsTable

_AT_ONCE = 200
_WIDTHS_PX = {RAISED: 140, SEVERITY: 100, ABOUT: 140, OVER: 84, ACKNOWLEDGED: 120}
_GRADES = ("note", "warning", "alarm")
_DAY_S = 86400.0
_ALL_TIMES = 0.0


class HistoryView(QWidget):
    """A table that is loaded when it is first looked at, and live from then on.

    Attributes:
        severity, experiment, span: the filters.
        model: what is shown.
        place: the table, or why there is none.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._next_before_id: int | None = None
        self._is_loaded = False
        self.model = HistoryModel(self)
        self._make_filters()
        self.table = RowsTable(self.model, self.tr("Alarms, newest first"), _WIDTHS_PX, MESSAGE)
        self.place = Place(self.table)
        self._foot = QLabel()
        theme.set_role(self._foot, "caption")
        self.older_button = QPushButton(self.tr("Load older alarms"))
        theme.set_role(self.older_button, "quiet")
        self._lay_out()
        self._connect()

    def _make_filters(self) -> None:
        self.severity = QComboBox()
        self.severity.setAccessibleName(self.tr("Least severity"))
        for word, key in (("All severities", "note"), ("Warnings and alarms", "warning"), ("Alarms only", "alarm")):
            self.severity.addItem(self.tr(word), key)
        self.experiment = QComboBox()
        self.experiment.setAccessibleName(self.tr("Experiment"))
        self.experiment.setMinimumWidth(200)
        self.experiment.addItem(self.tr("All experiments"), "")
        self.span = QComboBox()
        self.span.setAccessibleName(self.tr("Time"))
        for word, length_s in (("Last day", _DAY_S), ("Last week", 7 * _DAY_S), ("All times", _ALL_TIMES)):
            self.span.addItem(self.tr(word), length_s)
        self.span.setCurrentIndex(1)

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(theme.SPACE_PX)
        for chooser in (self.severity, self.experiment, self.span):
            filters.addWidget(chooser)
        filters.addStretch(1)
        foot = QHBoxLayout()
        foot.addWidget(self._foot)
        foot.addStretch(1)
        foot.addWidget(self.older_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addLayout(filters)
        column.addWidget(self.place, 1)
        column.addLayout(foot)

    def _connect(self) -> None:
        for chooser in (self.severity, self.experiment, self.span):
            chooser.currentIndexChanged.connect(self.load)
        self.older_button.clicked.connect(self.load_older)
        self.place.acted.connect(self.load)
        self._unit.alarm.connect(self._on_alarm)
        self._unit.snapshot_loaded.connect(self._on_snapshot)
        self._unit.connection_changed.connect(self._show_state)

    def look(self) -> None:
        """Load what there is, the first time it is looked at."""
        if not self._is_loaded:
            self.load()

    def load(self) -> None:
        """Ask for the newest alarms that fit the filters."""
        if not self._unit.service.is_live:
            self._show_state()
            return
        self._is_loaded = True
        background.run(self._load(), self, self._on_trouble)

    def load_older(self) -> None:
        """Fetch the alarms before the oldest that is shown."""
        if self._next_before_id is not None and self._unit.service.is_live:
            background.run(self._load_older(self._next_before_id), self, self._on_trouble)

    async def _load(self) -> None:
        answer = await self._ask(None)
        self.model.replace(answer["alarms"])
        self._next_before_id = answer["next_before_id"]
        self._show_state()
        names = [str(item["experiment"]) for item in await self._client.get("/unit_api/experiments")]
        known = [self.experiment.itemData(row) for row in range(1, self.experiment.count())]
        for name in (name for name in names if name not in known):
            self.experiment.addItem(name, name)

    async def _load_older(self, before_id: int) -> None:
        answer = await self._ask(before_id)
        self.model.add_older(answer["alarms"])
        self._next_before_id = answer["next_before_id"]
        self._show_state()

    async def _ask(self, before_id: int | None) -> Any:
        length_s = self.span.currentData()
        since = datetime.fromtimestamp(self._unit.utc_s(), UTC) - timedelta(seconds=length_s)
        return await self._client.get(
            "/unit_api/alarms/history",
            min_severity=self.severity.currentData(),
            experiment=self.experiment.currentData() or None,
            limit=_AT_ONCE,
            before_id=before_id,
            **({} if length_s == _ALL_TIMES else {"from": f"{since:%Y-%m-%dT%H:%M:%S}Z"}),
        )

    def _on_alarm(self, item: dict[str, Any]) -> None:
        if self._is_loaded:
            wanted = self.experiment.currentData()
            fits = not wanted or item["experiment"] == wanted
            grave = _GRADES.index(item["severity"]) >= _GRADES.index(self.severity.currentData())
            self.model.take(item, is_wanted=fits and grave)
            self._show_state()

    def _on_snapshot(self) -> None:
        if self._is_loaded:
            self.load()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if self._unit.service.is_live:
            self.place.explain_trouble(trouble)

    def _show_state(self) -> None:
        shown = self.model.rowCount()
        self.older_button.setVisible(self._next_before_id is not None)
        self.older_button.setEnabled(self._unit.service.is_live)
        self._foot.setText(self.tr("{} alarms").format(shown) if shown else "")
        if shown:
            self.place.show_content()
        elif not self._unit.service.is_live:
            self.place.explain_connection(self._unit)
        else:
            words = self.tr("Alarms that were raised are listed here, with who acknowledged them and when.")
            self.place.explain("clock", self.tr("Nothing in this time"), words)
