"""A list of things to tick, with one box that ticks all of them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

_NAME = Qt.ItemDataRole.UserRole


class TickList(QWidget):
    """Things with a box each.

    Signals:
        changed: other things are ticked.

    Attributes:
        everything: ticks all, or none.
        rows: the things.
    """

    changed = Signal()

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_filling = False
        self.everything = QCheckBox(words)
        self.rows = QListWidget()
        self.rows.setAccessibleName(words)
        self.rows.setUniformItemSizes(True)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setTextElideMode(Qt.TextElideMode.ElideRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.everything)
        column.addWidget(self.rows, 1)
        self.everything.clicked.connect(self._on_everything)
        self.rows.itemChanged.connect(self._on_item)

    def show_things(
        self, things: Iterable[tuple[str, str, str]], ticked: set[str], impossible: Iterable[str] = ()
    ) -> None:
        """Show things: their name, their words, what the tooltip says; those that are impossible cannot be ticked."""
        self._is_filling = True
        self.rows.clear()
        for name, words, hint in things:
            item = QListWidgetItem(words)
            item.setData(_NAME, name)
            item.setToolTip(hint)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
            if name in impossible:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setData(Qt.ItemDataRole.CheckStateRole, None)
            self.rows.addItem(item)
        self._is_filling = False
        self._on_item()

    def ticked(self) -> list[str]:
        """Return the names of what is ticked."""
        return [item.data(_NAME) for item in self._items() if item.checkState() == Qt.CheckState.Checked]

    def is_everything(self) -> bool:
        """Whether all of them are ticked."""
        return len(self.ticked()) == len(self._items())

    def tick(self, names: set[str]) -> None:
        """Tick these and no others."""
        self._is_filling = True
        for item in self._items():
            item.setCheckState(Qt.CheckState.Checked if item.data(_NAME) in names else Qt.CheckState.Unchecked)
        self._is_filling = False
        self._on_item()

    def _items(self) -> list[QListWidgetItem]:
        items = [self.rows.item(row) for row in range(self.rows.count())]
        return [item for item in items if item.flags() & Qt.ItemFlag.ItemIsEnabled]

    def _on_everything(self) -> None:
        wants_all = not self.is_everything()
        self.tick({str(item.data(_NAME)) for item in self._items()} if wants_all else set())

    def _on_item(self) -> None:
        if self._is_filling:
            return
        self.everything.setChecked(bool(self._items()) and self.is_everything())
        self.changed.emit()
