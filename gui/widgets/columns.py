"""Cards in as many columns as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget


class Columns(QWidget):
    """Puts its cards into columns of about the same height, at least `least_px` wide; the keyboard's order stays."""

    def __init__(self, cards: list[QWidget], least_px: int, gap_px: int, most: int = 3) -> None:
        super().__init__()
        self._cards = cards
        self._least_px = least_px
        self._gap_px = gap_px
        self._count, self._wanted = 0, 2
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(gap_px)
        self._columns = [QVBoxLayout() for _ in range(most)]
        for place, column in enumerate(self._columns):
            column.setSpacing(gap_px)
            self._row.addLayout(column, 0 if place else 1)
        self._deal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Deal the cards anew when another number of columns fits."""
        super().resizeEvent(event)
        fitting = (event.size().width() + self._gap_px) // (self._least_px + self._gap_px)
        self._wanted = max(1, min(len(self._columns), fitting))
        if self._wanted != self._count:
            # Not now: while the layout around this one is at work it does not hear that another height is needed.
            QTimer.singleShot(0, self, self._deal)

    def _deal(self) -> None:
        count = self._count = self._wanted
        for column in self._columns:
            while column.takeAt(0) is not None:
                pass
        whole = sum(card.sizeHint().height() for card in self._cards)
        filled, place = 0.0, 0
        for card in self._cards:
            height = card.sizeHint().height()
            if place < count - 1 and filled + height / 2 > whole / count:
                filled, place = 0.0, place + 1
            self._columns[place].addWidget(card)
            filled += height
        for number, column in enumerate(self._columns):
            column.addStretch(1)
            self._row.setStretch(number, 1 if number < count else 0)
        self.updateGeometry()
