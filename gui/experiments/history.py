"""What an experiment holds: its series, its runs of jobs, what automations did, what people noted along the curves."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.experiment_dialogs import EXPERIMENTS
from gui.experiments.run_words import (
    ended,
    length_words,
    local_words,
    name_words,
    options_words,
    run_title,
    series_place,
    series_title,
    source_words,
    value_words,
)
from gui.icons import icon
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place

_AT_ONCE = 100
_LEAST_PX = 110
SERIES, RUNS, EVENTS, ANNOTATIONS = range(4)


class HistoryTabs(QWidget):
    """Four lists, each loaded when it is looked at.

    Attributes:
        tabs: the buttons that choose one.
        lists: the lists, in the same order.
        places: each list, or why it is empty.
        older_button: loads what came before.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._experiment = ""
        self._loading: asyncio.Task[Any] | None = None
        self._before: dict[int, int | None] = {}
        self.tabs = QButtonGroup(self)
        self.lists = [
            _Rows([self.tr("Series"), self.tr("Readings"), self.tr("First"), self.tr("Last"), self.tr("Unit")]),
            _Rows([self.tr("Job"), self.tr("How it ended"), self.tr("Started"), self.tr("Length"),
                   self.tr("Started by"), self.tr("Other than usual")]),
            _Rows([self.tr("When"), self.tr("What"), self.tr("By")]),
            _Rows([self.tr("When"), self.tr("Note"), self.tr("Who")]),
        ]  # fmt: skip
        self.places = [Place(rows) for rows in self.lists]
        self.older_button = QPushButton(self.tr("Load older"))
        theme.set_role(self.older_button, "quiet")
        self._lay_out()
        self.tabs.idClicked.connect(self._on_tab)
        self.older_button.clicked.connect(self._load_older)
        for place in self.places:
            place.acted.connect(self.reload)
        theme.current().palette_changed.connect(self.reload)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        words = (self.tr("Series"), self.tr("Runs of jobs"), self.tr("Automations"), self.tr("Notes on the curves"))
        for index, word in enumerate(words):
            button = QPushButton(word)
            button.setCheckable(True)
            theme.set_role(button, "quiet")
            self.tabs.addButton(button, index)
            bar.addWidget(button)
        self.tabs.button(SERIES).setChecked(True)
        bar.addStretch(1)
        bar.addWidget(self.older_button)
        self._stack = QStackedWidget()
        for place in self.places:
            self._stack.addWidget(place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(bar)
        column.addWidget(self._stack, 1)
        self.older_button.hide()

    def show_experiment(self, name: str) -> None:
        """Show what is recorded of an experiment; of the one already shown, load again."""
        if name != self._experiment:
            for place in self.places:
                place.explain("working", self.tr("Loading"), "")
        self._experiment = name
        self.reload()

    def choose(self, tab: int) -> None:
        """Look at one of the lists."""
        self.tabs.button(tab).setChecked(True)
        self._on_tab(tab)

    def runs_moved(self) -> None:
        """Load the runs again, if they are looked at: a job began, changed or ended."""
        if self.tabs.checkedId() == RUNS:
            self.reload()

    def reload(self) -> None:
        """Load the list that is looked at."""
        if not self._experiment or not self._unit.service.is_live:
            return
        if self._loading is not None:
            self._loading.cancel()
        tab = self.tabs.checkedId()
        self._loading = background.run(self._load(self._experiment, tab), self, self._on_trouble)

    async def _load(self, experiment: str, tab: int) -> None:
        answer = await self._ask(experiment, tab, None)
        if experiment != self._experiment:
            return
        rows = self.lists[tab]
        scrolled, is_new = rows.verticalScrollBar().value(), not rows.topLevelItemCount()
        open_rows = rows.opened()
        rows.clear()
        self._fill(tab, answer)
        rows.open_again(open_rows)
        rows.verticalScrollBar().setValue(0 if is_new else scrolled)
        if rows.topLevelItemCount():
            rows.fit_columns()
            self.places[tab].show_content()
        else:
            self.places[tab].explain(*self._why_empty(tab))

    async def _ask(self, experiment: str, tab: int, before_id: int | None) -> list[dict[str, Any]]:
        path = f"{EXPERIMENTS}/{quote(experiment, safe='')}"
        self._before[tab] = None
        if tab == SERIES:
            recorded = (await self._client.get(path)).get("series", [])
            return sorted(recorded, key=lambda item: series_place(item["series"]))
        if tab == ANNOTATIONS:
            return list(await self._client.get(f"{path}/annotations"))
        route, key = ("runs", "runs") if tab == RUNS else ("automation_events", "events")
        page = await self._client.get(f"{path}/{route}", limit=_AT_ONCE, before_id=before_id)
        self._before[tab] = page["next_before_id"]
        return list(page[key])

    def _load_older(self) -> None:
        background.run(self._add_older(self._experiment, self.tabs.checkedId()), self, self._on_trouble)

    async def _add_older(self, experiment: str, tab: int) -> None:
        answer = await self._ask(experiment, tab, self._before.get(tab))
        if experiment == self._experiment:
            self._fill(tab, answer)

    def _fill(self, tab: int, items: list[dict[str, Any]]) -> None:
        fill = (self._add_series, self._add_run, self._add_event, self._add_annotation)[tab]
        for item in items:
            fill(self.lists[tab], item)
        self.older_button.setVisible(self._before.get(tab) is not None)

    def _add_series(self, rows: QTreeWidget, item: dict[str, Any]) -> None:
        if item["points"]:
            count, unit = f"{item['points']:,}".replace(",", " "), item["unit"].replace("℃", "°C")
            texts = [series_title(item["series"]), count, local_words(item["first"]), local_words(item["last"]), unit]
            row = QTreeWidgetItem(rows, texts)
            row.setToolTip(0, f"{texts[0]}\n{item['series']}")
            row.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _add_run(self, rows: QTreeWidget, run: dict[str, Any]) -> None:
        word, icon_name, tone = ended(run)
        with_what = options_words(run)
        length = length_words(run, self._unit.utc_s())
        texts = [
            run_title(run),
            word,
            local_words(run["started_at"]),
            length,
            source_words(run["job_source"]),
            with_what,
        ]
        row = QTreeWidgetItem(rows, texts)
        row.setIcon(1, icon(icon_name, tone))
        row.setToolTip(5, with_what)
        for option in run["options"] or []:
            if not option["is_default"]:
                usual = self.tr(", usually {}").format(value_words(option["default"]))
                known = usual if option["default"] is not None else ""
                _add_detail(row, f"{name_words(option['name'])}: {value_words(option['value'])}{known}")
        for change in run["setting_changes"]:
            words = f"{value_words(change['before'])} → {value_words(change['value'])}"
            _add_detail(row, f"{local_words(change['t'])}  {name_words(change['setting'])}: {words}")
        for setting, times in run["setting_changes_left_out"].items():
            _add_detail(row, self.tr("{}: adjusted {} times").format(name_words(setting), times))

    def _add_event(self, rows: QTreeWidget, event: dict[str, Any]) -> None:
        what = str(event["message"] or event["event_name"] or "")
        row = QTreeWidgetItem(rows, [local_words(event["t"]), what, source_words(event["job_name"])])
        row.setToolTip(1, what)

    def _add_annotation(self, rows: QTreeWidget, note: dict[str, Any]) -> None:
        row = QTreeWidgetItem(rows, [local_words(note["t"]), " ".join(note["text"].split()), note["who"]])
        row.setToolTip(1, note["text"])

    def _why_empty(self, tab: int) -> tuple[str, str, str]:
        return (
            ("live", self.tr("Nothing measured"), self.tr("Start a measurement on the Jobs page: it appears here.")),
            ("jobs", self.tr("No job ran"), self.tr("Each run is listed here: when, with what, how it ended.")),
            ("clock", self.tr("No automation acted"), self.tr("What dosing, light and temperature rules do.")),
            ("note-add", self.tr("Nothing noted"), self.tr("Double-click a curve on the Live page to note something.")),
        )[tab]

    def _on_tab(self, tab: int) -> None:
        self._stack.setCurrentIndex(tab)
        self.older_button.setVisible(self._before.get(tab) is not None)
        self.reload()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        tab = self.tabs.checkedId()
        if not self.lists[tab].topLevelItemCount():
            self.places[tab].explain_trouble(trouble)


class _Rows(QTreeWidget):
    """A table whose rows may have details below them."""

    def __init__(self, headers: list[str]) -> None:
        super().__init__()
        theme.set_role(self, "rows")
        self.setHeaderLabels(headers)
        self.setRootIsDecorated(True)
        self.setUniformRowHeights(True)
        self.setAccessibleName(headers[0])
        self.setAllColumnsShowFocus(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(self.columnCount() - 1, QHeaderView.ResizeMode.Stretch)
        self.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def fit_columns(self) -> None:
        """Give every column but the last the width of what is in it; the widest give way where not all have room."""
        self.setRootIsDecorated(any(self._has_details()))
        columns = range(self.columnCount() - 1)
        for column in columns:
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column), self.width() // 2))
        room_px = self.viewport().width() - self.header().sectionSizeHint(self.columnCount() - 1)
        lacking_px = sum(self.columnWidth(column) for column in columns) - room_px
        if lacking_px > 0:
            widest = max(columns, key=self.columnWidth)
            self.setColumnWidth(widest, max(_LEAST_PX, self.columnWidth(widest) - lacking_px))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width out anew."""
        super().resizeEvent(event)
        self.fit_columns()

    def opened(self) -> set[str]:
        """Return the rows whose details are shown."""
        items = (self.topLevelItem(row) for row in range(self.topLevelItemCount()))
        return {_key(item) for item in items if item is not None and item.isExpanded()}

    def open_again(self, keys: set[str]) -> None:
        """Show the details of these rows, where they are still there."""
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            if item is not None and _key(item) in keys:
                item.setExpanded(True)

    def _has_details(self) -> list[bool]:
        items = [self.topLevelItem(row) for row in range(self.topLevelItemCount())]
        return [bool(item.childCount()) for item in items if item is not None]


def _key(item: QTreeWidgetItem) -> str:
    return f"{item.text(0)} {item.text(2)}"


def _add_detail(row: QTreeWidgetItem, words: str) -> None:
    detail = QTreeWidgetItem(row, [words])
    detail.setForeground(0, theme.current().colour("quiet"))
    detail.setToolTip(0, words)
    detail.setFirstColumnSpanned(True)
