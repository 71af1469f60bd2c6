"""The log as a table: live lines arrive on top, older ones are fetched page by page at the foot."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gui import theme
from gui.icons import icon
from gui.moments import exact
from gui.words import job_title

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Time", "Level", "From", "Message")
TIME, LEVEL, FROM, MESSAGE = range(4)
# From mild to grave, as the service orders them: word, icon, tone.
LEVELS: dict[str, tuple[str, str, str]] = {
    "DEBUG": ("Detail", "empty", "quiet"),
    "INFO": ("Info", "note", "quiet"),
    "NOTICE": ("Notice", "note", "note"),
    "WARNING": ("Warning", "warning", "warn"),
    "ERROR": ("Error", "alarm", "alarm"),
}
_ORDER = tuple(LEVELS)
_MOST_LINES = 20_000


class LogModel(QAbstractTableModel):
    """Log items of the API, the newest first; an item is never shown twice."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[dict[str, Any]] = []
        self._ids: set[int] = set()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of lines."""
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
        item = self._items[index.row()]
        level = LEVELS.get(item["level"], LEVELS["INFO"])
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(item, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return exact(_moment(item)) if index.column() == TIME else item["message"]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == LEVEL:
            return icon(level[1], level[2])
        if role == Qt.ItemDataRole.ForegroundRole:
            quiet = index.column() in (TIME, FROM)
            return theme.current().colour("quiet" if quiet else level[2] if index.column() == LEVEL else "text")
        if role == Qt.ItemDataRole.FontRole and index.column() == TIME:
            return theme.value_font()
        return None

    def item(self, row: int) -> dict[str, Any]:
        """Return the API's item of a row."""
        return self._items[row]

    def replace(self, items: list[dict[str, Any]]) -> None:
        """Show these items, newest first, instead of all before."""
        self.beginResetModel()
        self._items = list(items)
        self._ids = {item["id"] for item in items}
        self.endResetModel()

    def add_older(self, items: list[dict[str, Any]]) -> None:
        """Add items older than all shown, newest first."""
        fresh = [item for item in items if item["id"] not in self._ids]
        if fresh:
            first = len(self._items)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._items += fresh
            self._ids |= {item["id"] for item in fresh}
            self.endInsertRows()

    def add_newest(self, item: dict[str, Any]) -> None:
        """Add the item that was just written; the oldest go when there are very many."""
        if item["id"] in self._ids:
            return
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._items.insert(0, item)
        self._ids.add(item["id"])
        self.endInsertRows()
        if len(self._items) > _MOST_LINES:
            last = len(self._items) - 1
            self.beginRemoveRows(QModelIndex(), last, last)
            self._ids.discard(self._items.pop()["id"])
            self.endRemoveRows()

    def _text(self, item: dict[str, Any], column: int) -> str:
        if column == TIME:
            moment = _moment(item).astimezone()
            return f"{moment:%m-%d %H:%M:%S}"
        if column == LEVEL:
            return self.tr(LEVELS.get(item["level"], (item["level"], "", ""))[0])
        if column == FROM:
            return job_title(str(item.get("task") or item.get("source") or ""))
        return str(item["message"])


def as_text(item: dict[str, Any]) -> str:
    """Return one item as a line for the clipboard: UTC, level, where from, message."""
    return "\t".join(
        (item["timestamp"], item["level"], str(item.get("task") or item.get("source") or ""), item["message"])
    )


def is_at_least(level: str, least: str) -> bool:
    """Whether a level is as grave as `least`; unknown levels count as INFO."""
    rank = _ORDER.index(level) if level in _ORDER else _ORDER.index("INFO")
    return rank >= _ORDER.index(least)


def _moment(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["timestamp"])
