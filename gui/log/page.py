"""The Log page: what happened, live and back to the first day, by level, experiment and words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.icons import icon
from gui.log.model import FROM, LEVEL, LEVELS, MESSAGE, TIME, LogModel, as_text, is_at_least
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.empty_state import EmptyState
from gui.widgets.rows_table import RowsTable
from gui.words import sentences

_LOGS = "/unit_api/logs"
_LINES_AT_ONCE = 200
_WIDTHS_PX = {TIME: 130, LEVEL: 110, FROM: 160}
_EVERYTHING = ""


class LogPage(QWidget):
    """Follows the log while it is live; scrolling to the foot fetches older lines.

    Attributes:
        model: all lines loaded so far.
        table: what of them fits the search.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._next_before_id: int | None = None
        self._loading = False
        self._trouble: ServiceTroubleError | None = None
        self.model = LogModel(self)
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(self.model)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._found.setFilterKeyColumn(-1)
        self._make_filters()
        self._make_table()
        self._lay_out()
        unit.log.connect(self._on_line)
        unit.snapshot_loaded.connect(self.reload)
        unit.connection_changed.connect(self._show_state)
        theme.current().palette_changed.connect(self._redraw)
        if unit.service.is_live:
            self.reload()
        self._show_state()

    def _make_filters(self) -> None:
        self.level = QComboBox()
        self.level.setAccessibleName(self.tr("Least level"))
        for key, (word, icon_name, tone) in LEVELS.items():
            self.level.addItem(icon(icon_name, tone), self.tr("{} and worse").format(self.tr(word)), key)
        self.level.setCurrentIndex(list(LEVELS).index("INFO"))
        self.level.currentIndexChanged.connect(self.reload)
        self.experiment = QComboBox()
        self.experiment.setAccessibleName(self.tr("Experiment"))
        self.experiment.setMinimumWidth(180)
        self.experiment.addItem(self.tr("All experiments"), _EVERYTHING)
        self.experiment.currentIndexChanged.connect(self.reload)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search the loaded lines"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search)
        self.copy_button = QPushButton(icon("copy"), self.tr("Copy"))
        self.copy_button.setToolTip(self.tr("Copy the marked lines, or all shown when none is marked (Ctrl+C)"))
        self.copy_button.clicked.connect(self.copy)

    def _make_table(self) -> None:
        self.table = RowsTable(self._found, self.tr("Log lines, newest first"), _WIDTHS_PX, MESSAGE)
        self.table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self.table, context=Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(theme.SPACE_PX)
        filters.addWidget(self.level)
        filters.addWidget(self.experiment)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.copy_button)
        self.empty = EmptyState()
        self.empty.acted.connect(self.reload)
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.empty)
        self._foot = QLabel()
        theme.set_role(self._foot, "caption")
        self.older_button = QPushButton(self.tr("Load older lines"))
        theme.set_role(self.older_button, "quiet")
        self.older_button.clicked.connect(self.load_older)
        foot = QHBoxLayout()
        foot.addWidget(self._foot)
        foot.addStretch(1)
        foot.addWidget(self.older_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.AROUND_PX, theme.SPACE_PX, theme.AROUND_PX, theme.SPACE_PX)
        column.setSpacing(12)
        column.addLayout(filters)
        column.addWidget(place, 1)
        column.addLayout(foot)

    def reload(self) -> None:
        """Ask for the newest lines that fit level and experiment."""
        background.run(self._load(), self, self._on_trouble)

    def load_older(self) -> None:
        """Fetch the lines before the oldest that is shown."""
        if self._next_before_id is not None and not self._loading and self._unit.service.is_live:
            self._loading = True
            background.run(self._load_older(), self, self._on_trouble)

    def copy(self) -> None:
        """Copy the marked lines, or all that are shown, the oldest first."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedRows()})
        wanted = rows or list(range(self._found.rowCount()))
        sources = [self._found.mapToSource(self._found.index(row, 0)).row() for row in reversed(wanted)]
        QGuiApplication.clipboard().setText("\n".join(as_text(self.model.item(row)) for row in sources))

    @property
    def foot_text(self) -> str:
        """What is said about how much is shown."""
        return self._foot.text()

    async def _load(self) -> None:
        answer = await self._ask(None)
        self._trouble = None
        self.model.replace(answer["logs"])
        self._next_before_id = answer["next_before_id"]
        self._show_state()
        await self._list_experiments()

    async def _load_older(self) -> None:
        try:
            answer = await self._ask(self._next_before_id)
            self.model.add_older(answer["logs"])
            self._next_before_id = answer["next_before_id"]
        finally:
            self._loading = False
        self._show_state()

    async def _ask(self, before_id: int | None) -> Any:
        return await self._client.get(
            _LOGS,
            min_level=self.level.currentData(),
            experiment=self.experiment.currentData() or None,
            limit=_LINES_AT_ONCE,
            before_id=before_id,
        )

    async def _list_experiments(self) -> None:
        names = [str(item["experiment"]) for item in await self._client.get("/unit_api/experiments")]
        shown = [self.experiment.itemData(row) for row in range(1, self.experiment.count())]
        for name in names:
            if name not in shown:
                self.experiment.addItem(name, name)

    def _on_line(self, item: dict[str, Any]) -> None:
        wanted = self.experiment.currentData()
        if not is_at_least(item["level"], self.level.currentData()) or (wanted and item.get("experiment") != wanted):
            return
        self.model.add_newest(item)
        self._show_state()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._loading = False
        self._trouble = trouble
        self._show_state()

    def _on_search(self, text: str) -> None:
        self._found.setFilterFixedString(text)
        self._show_state()

    def _on_scrolled(self, value: int) -> None:
        if value >= self.table.verticalScrollBar().maximum() - 200:
            self.load_older()

    def _show_state(self) -> None:
        """Show the lines, or say why there are none."""
        loaded, found = self.model.rowCount(), self._found.rowCount()
        self._stack.setCurrentWidget(self.table if found else self.empty)
        self.copy_button.setEnabled(found > 0)
        self.older_button.setVisible(self._next_before_id is not None)
        self.older_button.setEnabled(self._unit.service.is_live)
        self._foot.setText(self._say_how_many(loaded, found))
        if found:
            return
        if self._trouble is not None and self._unit.service.is_live:
            trouble = self._trouble
            words = sentences(trouble.cause, trouble.remedy)
            self.empty.explain("alarm", self.tr("The log could not be read"), words, self.tr("Try again"), "alarm")
        elif loaded:
            self.empty.explain(
                "search",
                self.tr("Nothing found"),
                self.tr("None of the {} loaded lines holds “{}”. Older lines may.").format(loaded, self.search.text()),
            )
        elif not self._unit.service.is_live:
            self.empty.explain(
                "service", self.tr("No service yet"), self.tr("The log appears as soon as the service answers.")
            )
        else:
            self.empty.explain(
                "log", self.tr("Nothing has happened yet"), self.tr("What jobs, board and users do is written here.")
            )

    def _say_how_many(self, loaded: int, found: int) -> str:
        words = (
            self.tr("{} lines").format(loaded) if found == loaded else self.tr("{} of {} lines").format(found, loaded)
        )
        if not self._unit.service.is_live:
            words += self.tr(" · not live: the service is not connected")
        return words if loaded else ""

    def _redraw(self) -> None:
        for row, (_, icon_name, tone) in enumerate(LEVELS.values()):
            self.level.setItemIcon(row, icon(icon_name, tone))
        self.copy_button.setIcon(icon("copy"))
