"""The Alarms page: what needs a person now, what did before, and the limits that tell."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui import background, theme
from gui.alarms.acknowledging import Acknowledging
from gui.alarms.history_view import HistoryView
from gui.alarms.limits_view import LimitsView
from gui.alarms.open_list import OpenAlarms
from gui.alarms.words import unacknowledged
from gui.clearing_faults import clear_faults
from gui.service_client import ServiceClient
from gui.unit import Unit

_OPEN, _HISTORY, _LIMITS = range(3)


class AlarmsPage(QWidget):
    """Three views of one page.

    Attributes:
        open_alarms, history, limits: the views.
        view_buttons: choose the view, in this order.
        acknowledge_all_button: beside the title.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._acknowledging = Acknowledging(client, self)
        self.open_alarms = OpenAlarms(unit, self._acknowledging)
        self.history = HistoryView(unit, client)
        self.limits = LimitsView(unit, client)
        self.acknowledge_all_button = QPushButton(self.tr("Acknowledge all"))
        self.acknowledge_all_button.clicked.connect(self.acknowledge_all)
        self._group = QButtonGroup(self)
        self.view_buttons = [QPushButton() for _ in range(3)]
        self._stack = QStackedWidget()
        self._lay_out()
        self.open_alarms.clearing_asked.connect(self._clear_faults)
        self._acknowledging.changed.connect(self._show_state)
        unit.alarms_changed.connect(self._show_state)
        unit.connection_changed.connect(self._show_state)
        self._show_state()

    def _lay_out(self) -> None:
        views = QHBoxLayout()
        views.setSpacing(theme.SPACE_PX)
        words = (self.tr("Open"), self.tr("History"), self.tr("Limits"))
        for number, (button, word, view) in enumerate(
            zip(self.view_buttons, words, (self.open_alarms, self.history, self.limits), strict=True)
        ):
            button.setText(word)
            button.setCheckable(True)
            theme.set_role(button, "quiet")
            self._group.addButton(button, number)
            views.addWidget(button)
            self._stack.addWidget(view)
        views.addStretch(1)
        self.view_buttons[_OPEN].setChecked(True)
        self._group.idClicked.connect(self.show_view)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.AROUND_PX, 4, theme.AROUND_PX, theme.BETWEEN_PX)
        column.setSpacing(12)
        column.addLayout(views)
        column.addWidget(self._stack, 1)

    def page_actions(self) -> list[QWidget]:
        """Return the button beside the page's title."""
        return [self.acknowledge_all_button]

    def show_view(self, number: int) -> None:
        """Show open alarms (0), history (1) or limits (2)."""
        self.view_buttons[number].setChecked(True)
        self._stack.setCurrentIndex(number)
        if number == _HISTORY:
            self.history.look()
        elif number == _LIMITS:
            self.limits.look()

    def acknowledge_all(self) -> None:
        """Say that every alarm listed now was seen; one that comes at this moment is not."""
        self._acknowledging.acknowledge(unacknowledged(self._unit))

    def _clear_faults(self) -> None:
        background.run(clear_faults(self._client, self), self)

    def _show_state(self) -> None:
        waiting = [alarm for alarm in unacknowledged(self._unit) if not self._acknowledging.is_under_way(alarm)]
        self.acknowledge_all_button.setEnabled(self._unit.service.is_live and bool(waiting))
        count = len(self._unit.alarms)
        self.view_buttons[_OPEN].setText(self.tr("Open ({})").format(count) if count else self.tr("Open"))
