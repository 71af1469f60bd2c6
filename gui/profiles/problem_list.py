"""The problems of a text, one below the other; choosing one shows it in the text."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.icons import icon
from gui.profiles.profile import Problem

_PLACE = Qt.ItemDataRole.UserRole
_IS_ERROR = Qt.ItemDataRole.UserRole + 1


class ProblemList(QListWidget):
    """What is wrong, from the first line to the last.

    Signals:
        place_asked: show this line and column.
    """

    place_asked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Problems"))
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(self._ask)
        self.itemClicked.connect(self._ask)
        theme.current().palette_changed.connect(self._redraw)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Show these."""
        self.clear()
        for problem in problems:
            kind = self.tr("Error") if problem.is_error else self.tr("Warning")
            item = QListWidgetItem(f"{kind}, line {problem.line}: {problem.sentences}")
            item.setData(_PLACE, (problem.line, problem.column))
            item.setData(_IS_ERROR, problem.is_error)
            self.addItem(item)
        self._redraw()

    def _ask(self, item: QListWidgetItem) -> None:
        line, column = item.data(_PLACE)
        self.place_asked.emit(line, column)

    def _redraw(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            item.setIcon(icon("alarm", "alarm") if item.data(_IS_ERROR) else icon("warning", "warn"))
