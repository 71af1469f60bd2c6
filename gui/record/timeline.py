"""What happened to a unit, newest first: runs with their outcome, and sub-units that came and went."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.asking import Asking
from gui.icons import icon
from gui.moments import ago
from gui.record.outcomes import RUN_OUTCOMES, outcome_shown
from gui.record.run import Move, Run, day_words, exact_words, lasted_words, read_move, read_run
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place

_ROW = Qt.ItemDataRole.UserRole
_PAGE = 100
_PARTS = "parts"
# Outcome, what, when, how long, who.
_WIDTHS_PX = {0: 104, 2: 144, 3: 68, 4: 80}


class Timeline(QWidget):
    """The list with its filters; more is loaded while one scrolls down.

    Signals:
        opened: a run is wanted; carries its id.
        failed: the service refused; carries what it said.
        run_asked: there is no run yet, and one is wanted.
    """

    opened = Signal(str)
    failed = Signal(object)
    run_asked = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._serial_number = ""
        self._moves: tuple[Move, ...] = ()
        self._runs: list[Run] = []
        self._cursor: int | None = None
        self._is_own = self._has_failed = False
        self._is_live = True
        self._asking = Asking(self._ask, self, self.failed.emit)
        self.procedure, self.outcome = QComboBox(), QComboBox()
        self.procedure.setAccessibleName(self.tr("Only this procedure"))
        self.outcome.setAccessibleName(self.tr("Only this outcome"))
        self.outcome.addItem(self.tr("All outcomes"), "")
        for key in RUN_OUTCOMES:
            word, icon_name, tone = outcome_shown(key)
            self.outcome.addItem(icon(icon_name, tone), word, key)
        self._count = QLabel()
        theme.set_role(self._count, "caption")
        self.rows = QTreeWidget()
        self._dress_rows()
        self.place = Place(self.rows)
        filters = QHBoxLayout()
        filters.setSpacing(theme.SPACE_PX)
        filters.addWidget(self.procedure)
        filters.addWidget(self.outcome)
        filters.addStretch(1)
        filters.addWidget(self._count)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(filters)
        column.addWidget(self.place, 1)
        self.procedure.currentIndexChanged.connect(self.reload)
        self.outcome.currentIndexChanged.connect(self.reload)
        self.place.acted.connect(self._on_place_acted)
        self.rows.itemActivated.connect(self._on_activated)
        self.rows.itemClicked.connect(self._on_activated)
        self.rows.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.current().palette_changed.connect(self._show)

    def _dress_rows(self) -> None:
        theme.set_role(self.rows, "rows")
        self.rows.setAccessibleName(self.tr("What happened, newest first"))
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setHeaderLabels(
            [self.tr("Outcome"), self.tr("What"), self.tr("When"), self.tr("Took"), self.tr("By")]
        )
        header = self.rows.header()
        header.setStretchLastSection(False)
        for column, width_px in _WIDTHS_PX.items():
            header.resizeSection(column, width_px)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

    def show_unit(self, page: dict[str, Any], *, is_own: bool) -> None:
        """Show what happened to a unit, this one (`is_own`) or another; filters stay when it is shown already."""
        self._is_own = is_own
        is_other = page["serial_number"] != self._serial_number
        self._serial_number = str(page["serial_number"])
        self._moves = tuple(read_move(row) for row in page["moves"])
        wanted = "" if is_other else self.procedure.currentData()
        for box in (self.procedure, self.outcome):
            box.blockSignals(True)
        self.procedure.clear()
        self.procedure.addItem(self.tr("All procedures"), "")
        for procedure in page["procedures"]:
            self.procedure.addItem(f"{procedure['name']} ({procedure['run_count']})", procedure["id"])
        if self._moves:
            self.procedure.addItem(icon("part"), self.tr("Sub-units only"), _PARTS)
        self.procedure.setCurrentIndex(max(0, self.procedure.findData(wanted)))
        if is_other:
            self.outcome.setCurrentIndex(0)
            self.place.explain("working", self.tr("Loading the runs"), self.tr("Asking the service."))
        for box in (self.procedure, self.outcome):
            box.blockSignals(False)
        self.reload()

    def set_live(self, is_live: bool) -> None:
        """Offer filters only while the service answers."""
        self._is_live = is_live
        self.place.offer(is_live)
        self._show_filters()

    def _show_filters(self) -> None:
        self.procedure.setEnabled(self._is_live)
        # Sub-units that come and go have no outcome.
        self.outcome.setEnabled(self._is_live and self.procedure.currentData() != _PARTS)

    def reload(self) -> None:
        """Load the newest runs again."""
        self._cursor = None
        self._asking.again()

    def runs(self) -> list[Run]:
        """Return the runs that are shown, newest first."""
        return list(self._runs)

    def words(self) -> list[str]:
        """Return the rows as they read."""
        items = [self.rows.topLevelItem(row) for row in range(self.rows.topLevelItemCount())]
        return [" · ".join(item.text(column) for column in range(2)) for item in items if item is not None]

    def open_row(self, row: int) -> None:
        """Open a row as a click does."""
        item = self.rows.topLevelItem(row)
        if item is not None:
            self._on_activated(item)

    async def _ask(self) -> None:
        cursor, procedure, outcome = self._cursor, self.procedure.currentData(), self.outcome.currentData()
        serial_number = self._serial_number
        self._show_filters()
        if procedure == _PARTS:
            data: list[dict[str, Any]] = []
            follows = None
        else:
            answer = await self._client.get(
                "/unit_api/record/runs", serial_numbers=serial_number, procedure_ids=procedure or None,
                outcomes=outcome or None, limit=_PAGE, cursor=cursor,
            )  # fmt: skip
            data, follows = answer["data"], answer["meta"]["next_cursor"]
        asked = (serial_number, procedure, outcome, cursor)
        if asked != (self._serial_number, self.procedure.currentData(), self.outcome.currentData(), self._cursor):
            return
        self._runs = ([] if cursor is None else self._runs) + [read_run(row) for row in data]
        self._cursor, self._has_failed = follows, False
        self._show()

    def _show(self) -> None:
        procedure, outcome = self.procedure.currentData(), self.outcome.currentData()
        moves = list(self._moves) if procedure in ("", _PARTS) and (not outcome or procedure == _PARTS) else []
        if self._cursor is not None and self._runs:
            # Older ones take their place when the runs beside them are loaded.
            moves = [move for move in moves if move.utc_s >= self._runs[-1].started_utc_s]
        rows: list[Run | Move] = [*self._runs, *moves]
        rows.sort(key=lambda row: row.started_utc_s if isinstance(row, Run) else row.utc_s, reverse=True)
        self.rows.clear()
        self.rows.addTopLevelItems([self._item(row) for row in rows])
        more = "+" if self._cursor is not None else ""
        self._count.setText(self.tr("{}{} shown").format(len(rows), more))
        if rows:
            self.place.show_content()
        elif procedure or outcome:
            words = self.tr("No run of this procedure had this outcome.")
            self.place.explain("search", self.tr("Nothing found"), words, self.tr("Show all"))
        else:
            words = self.tr(
                "Each self-test, hardware check and calibration of the unit, and what test programs write, is listed "
                "here with all that was measured."
            )
            act = self.tr("Run a self-test") if self._is_own else ""
            self.place.explain("check", self.tr("No run yet"), words, act)

    def _item(self, row: Run | Move) -> QTreeWidgetItem:
        now_s = self._unit.utc_s()
        if isinstance(row, Run):
            word, icon_name, tone = outcome_shown(row.outcome)
            utc_s, texts = row.started_utc_s, [word, row.title, "", lasted_words(row.lasted_s), row.who]
        else:
            word, icon_name, tone = self.tr("Put in") if row.is_in else self.tr("Taken out"), "part", "quiet"
            utc_s, texts = row.utc_s, [word, self._moved(row), "", "", row.who]
        texts[2] = day_words(utc_s)
        item = QTreeWidgetItem(texts)
        item.setIcon(0, icon(icon_name, tone))
        item.setForeground(0, theme.current().colour(tone))
        item.setData(0, _ROW, row)
        for column in range(len(texts)):
            item.setToolTip(column, f"{texts[1]}\n{exact_words(utc_s)} ({ago(max(0.0, now_s - utc_s))})")
        return item

    def _moved(self, move: Move) -> str:
        if move.serial_number != self._serial_number:
            return f"{move.part} {move.serial_number}"
        return (self.tr("{} of {}") if move.is_in else self.tr("from {} of {}")).format(move.part, move.parent)

    def _on_place_acted(self) -> None:
        if self._has_failed:
            self.reload()
        elif self.procedure.currentData() or self.outcome.currentData():
            self.procedure.setCurrentIndex(0)
            self.outcome.setCurrentIndex(0)
        else:
            self.run_asked.emit()

    def _on_activated(self, item: QTreeWidgetItem) -> None:
        row = item.data(0, _ROW)
        if isinstance(row, Run):
            self.opened.emit(row.id)

    def _on_scrolled(self, value: int) -> None:
        if self._cursor is not None and value >= self.rows.verticalScrollBar().maximum() - self.rows.height():
            self._asking.again()

    def on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say why the runs could not be loaded."""
        self._has_failed = True
        if self._unit.service.is_live or not self._runs:
            self.place.explain_trouble(trouble)
