"""What happened to a unit, newest first: runs with their outcome, and sub-units that came and went."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
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
from gui.record.run import (
    Move,
    Run,
    day_words,
    exact_words,
    lasted_words,
    procedure_title,
    read_move,
    read_run,
)
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place

_ROW = Qt.ItemDataRole.UserRole
_PAGE = 100
_PARTS = "parts"
# Outcome, when, how long, who; what happened has the rest.
_WIDTHS_PX = {0: 108, 2: 142, 3: 60, 4: 84}
_WIDE_PX = {0: 128, 2: 152, 3: 80, 4: 160}
_WIDE_FROM_PX = 860


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
        self._is_own = self._has_failed = self._wants_older = False
        # What is listed is of another unit or other filters than what is wanted.
        self._is_outdated = True
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
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the columns more room in a wide window."""
        super().resizeEvent(event)
        for column, width_px in (_WIDE_PX if event.size().width() >= _WIDE_FROM_PX else _WIDTHS_PX).items():
            self.rows.header().resizeSection(column, width_px)

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
            self.procedure.addItem(f"{procedure_title(procedure['name'])} ({procedure['run_count']})", procedure["id"])
        if self._moves:
            self.procedure.addItem(icon("part"), self.tr("Sub-units only"), _PARTS)
        self.procedure.setCurrentIndex(max(0, self.procedure.findData(wanted)))
        if is_other:
            self.outcome.setCurrentIndex(0)
            self.place.explain("working", self.tr("Loading the runs"), self.tr("Asking the service."))
        for box in (self.procedure, self.outcome):
            box.blockSignals(False)
        if is_other or self.procedure.currentData() != wanted:
            self.reload()
        else:
            self._asking.again()

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
        """Load the newest runs in place of all that are listed."""
        self._is_outdated = True
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
        procedure, outcome = self.procedure.currentData(), self.outcome.currentData()
        serial_number = self._serial_number
        is_outdated, is_older = self._is_outdated, self._wants_older and not self._is_outdated
        self._wants_older = False
        self._show_filters()
        if procedure == _PARTS:
            data: list[dict[str, Any]] = []
            follows = None
        else:
            answer = await self._client.get(
                "/unit_api/record/runs", serial_numbers=serial_number, procedure_ids=procedure or None,
                outcomes=outcome or None, limit=_PAGE, cursor=self._cursor if is_older else None,
            )  # fmt: skip
            data, follows = answer["data"], answer["meta"]["next_cursor"]
        asked = (serial_number, procedure, outcome, is_outdated)
        if asked != (self._serial_number, self.procedure.currentData(), self.outcome.currentData(), self._is_outdated):
            return
        former = [] if is_outdated else self._runs
        self._runs, self._cursor = _joined(former, [read_run(row) for row in data], self._cursor, follows, is_older)
        self._is_outdated = self._has_failed = False
        self._show(keeps_place=not is_outdated)

    def _show(self, *, keeps_place: bool = True) -> None:
        procedure, outcome = self.procedure.currentData(), self.outcome.currentData()
        moves = list(self._moves) if procedure in ("", _PARTS) and (not outcome or procedure == _PARTS) else []
        if self._cursor is not None and self._runs:
            # Older ones take their place when the runs beside them are loaded.
            moves = [move for move in moves if move.utc_s >= self._runs[-1].started_utc_s]
        rows: list[Run | Move] = [*self._runs, *moves]
        rows.sort(key=lambda row: row.started_utc_s if isinstance(row, Run) else row.utc_s, reverse=True)
        place = self._place_kept() if keeps_place else (None, None, 0)
        self.rows.clear()
        self.rows.addTopLevelItems([self._item(row) for row in rows])
        self._take_place(*place)
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

    def _place_kept(self) -> tuple[object, object, int]:
        """Return the marked row, the one at the top of what is seen, and how far that is scrolled out, in pixels."""
        marked, first = self.rows.currentItem(), self.rows.itemAt(0, 0)
        out_px = 0 if first is None else -self.rows.visualItemRect(first).top()
        is_at_top = self.rows.verticalScrollBar().value() == 0
        return _key(marked), None if is_at_top else _key(first), out_px

    def _take_place(self, marked: object, first: object, out_px: int) -> None:
        """Mark the same row again, and let what is read stay where it is when something comes in above it."""
        listed = [self.rows.topLevelItem(row) for row in range(self.rows.topLevelItemCount())]
        items = {_key(item): item for item in listed if item is not None}
        if marked in items:
            self.rows.setCurrentItem(items[marked])
        bar = self.rows.verticalScrollBar()
        bar.setValue(bar.value() + self.rows.visualItemRect(items[first]).top() + out_px if first in items else 0)

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
            self._wants_older = True
            self._asking.again()

    def on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say why the runs could not be loaded."""
        self._has_failed = True
        if self._unit.service.is_live or not self._runs:
            self.place.explain_trouble(trouble)


def _joined(
    former: list[Run], asked: list[Run], cursor: int | None, follows: int | None, is_older: bool
) -> tuple[list[Run], int | None]:
    """Return all runs that are known now, newest first, and where those that follow begin.

    Args:
        former: what was known.
        asked: the newest ones, or (`is_older`) those that follow `former`.
        cursor: where those that follow `former` begin; None where none follow.
        follows: where those that follow `asked` begin.
        is_older: what `asked` is.
    """
    if is_older:
        known = {run.id for run in former}
        return [*former, *(run for run in asked if run.id not in known)], follows
    if follows is None or not asked:
        return asked, follows
    known = {run.id for run in asked}
    kept = [run for run in former if run.id not in known and run.started_utc_s <= asked[-1].started_utc_s]
    return [*asked, *kept], cursor if kept else follows


def _key(item: QTreeWidgetItem | None) -> object:
    """Return what tells a row from others, also when it is listed anew; None for none."""
    row = None if item is None else item.data(0, _ROW)
    return row.id if isinstance(row, Run) else row
