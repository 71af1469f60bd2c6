"""Alarms of now and of earlier as a table, newest first."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gui import theme
from gui.alarms.words import moment_of, severity_words, signal_title, whole
from gui.icons import icon
from gui.moments import exact

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Raised", "Severity", "About", "What happened", "Over", "Acknowledged")
RAISED, SEVERITY, ABOUT, MESSAGE, OVER, ACKNOWLEDGED = range(6)
_TIMES = {RAISED: "raised_at", OVER: "cleared_at", ACKNOWLEDGED: "acknowledged_at"}


class HistoryModel(QAbstractTableModel):
    """Items of the API, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[dict[str, Any]] = []

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of alarms."""
        return 0 if parent is not None and parent.isValid() else len(self._items)

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        item, column = self._items[index.row()], index.column()
        _, icon_name, tone = severity_words(item["severity"])
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(item, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            key = _TIMES.get(column)
            if key is None or item[key] is None:
                return whole(item)
            by = f" · {item['acknowledged_by']}" if column == ACKNOWLEDGED else ""
            return f"{exact(moment_of(item, key))}{by}"
        if role == Qt.ItemDataRole.DecorationRole and column == SEVERITY:
            return icon(icon_name, tone)
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme.current().colour("quiet" if column in _TIMES else tone if column == SEVERITY else "text")
        if role == Qt.ItemDataRole.FontRole and column in (RAISED, OVER):
            return theme.value_font()
        return None

    def replace(self, items: list[dict[str, Any]]) -> None:
        """Show these instead of all before."""
        self.beginResetModel()
        self._items = list(items)
        self.endResetModel()

    def add_older(self, items: list[dict[str, Any]]) -> None:
        """Add alarms older than all shown."""
        known = {item["id"] for item in self._items}
        fresh = [item for item in items if item["id"] not in known]
        if fresh:
            first = len(self._items)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._items += fresh
            self.endInsertRows()

    def take(self, item: dict[str, Any], *, is_wanted: bool) -> None:
        """Show how an alarm stands now; a new one comes on top if it `is_wanted`."""
        for row, known in enumerate(self._items):
            if known["id"] == item["id"]:
                self._items[row] = item
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))
                return
        if is_wanted:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._items.insert(0, item)
            self.endInsertRows()

    def _text(self, item: dict[str, Any], column: int) -> str:
        if column == SEVERITY:
            return severity_words(item["severity"])[0]
        if column == ABOUT:
            return signal_title(item["signal"])
        if column == MESSAGE:
            times = self.tr(" ({} times)").format(item["times"]) if item["times"] > 1 else ""
            return f"{item['message']}{times}"
        moment = None if item[_TIMES[column]] is None else moment_of(item, _TIMES[column]).astimezone()
        if moment is None:
            return self.tr("lasts") if column == OVER else self.tr("no")
        if column == ACKNOWLEDGED:
            return str(item["acknowledged_by"])
        return f"{moment:%Y-%m-%d %H:%M}" if column == RAISED else f"{moment:%H:%M:%S}"
