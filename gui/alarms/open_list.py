"""The open alarms: those nobody has acknowledged, the gravest first, then those that last although somebody has."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.alarms.acknowledging import Acknowledging
from gui.alarms.card import AlarmCard
from gui.alarms.words import unacknowledged
from gui.unit import Unit
from gui.widgets.place import Place
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled

_WIDEST_PX = 980


class OpenAlarms(Place):
    """A card for each open alarm, or words that there is none.

    Signals:
        clearing_asked: the board is to forget its faults.
    """

    clearing_asked = Signal()

    def __init__(self, unit: Unit, acknowledging: Acknowledging, parent: QWidget | None = None) -> None:
        holder = QWidget()
        holder.setMaximumWidth(_WIDEST_PX)
        self._column = QVBoxLayout(holder)
        self._column.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        self._column.setSpacing(12)
        self._column.addStretch(1)
        super().__init__(scrolled(holder), parent)
        self._unit = unit
        self._acknowledging = acknowledging
        self._cards: dict[int, AlarmCard] = {}
        acknowledging.changed.connect(self.refresh)
        unit.alarms_changed.connect(self.refresh)
        unit.connection_changed.connect(self.refresh)
        self.refresh()

    def cards(self) -> list[AlarmCard]:
        """Return the cards from top to bottom."""
        return list(self._cards.values())

    def refresh(self) -> None:
        """Show the alarms that are open now; cards stay where they are as long as their order does."""
        waiting = unacknowledged(self._unit)
        wanted = [*waiting, *(alarm for alarm in self._unit.alarms if alarm["acknowledged_at"] is not None)]
        ids = [int(alarm["id"]) for alarm in wanted]
        for alarm_id in [known for known in self._cards if known not in ids]:
            card = self._cards.pop(alarm_id)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for alarm in wanted:
            if alarm["id"] not in self._cards:
                self._cards[int(alarm["id"])] = self._make(alarm)
        if list(self._cards) != ids:
            self._cards = {alarm_id: self._cards[alarm_id] for alarm_id in ids}
        for place, (alarm, card) in enumerate(zip(wanted, self._cards.values(), strict=True)):
            if self._column.indexOf(card) != place:
                self._column.removeWidget(card)
                self._column.insertWidget(place, card)
            is_telling = self._acknowledging.is_under_way(alarm)
            card.show_alarm(alarm, is_live=self._unit.service.is_live, is_telling=is_telling)
        self._show_or_explain(bool(wanted))

    def _make(self, alarm: dict[str, Any]) -> AlarmCard:
        card = AlarmCard(alarm)
        card.acknowledged.connect(self._acknowledge)
        card.clearing_asked.connect(self.clearing_asked)
        return card

    def _show_or_explain(self, has_alarms: bool) -> None:
        if has_alarms:
            self.show_content()
        elif not self._unit.has_snapshot:
            self.explain_connection(self._unit)
        else:
            words = self.tr(
                "What needs you is shown here and at the lower edge of every page until you acknowledge it."
            )
            self.explain("ok", self.tr("No alarms"), words, tone="ok")

    def _acknowledge(self, alarm: dict[str, Any]) -> None:
        self._acknowledging.acknowledge([alarm])
