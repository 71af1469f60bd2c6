"""The limits that raise alarms, to be changed: checked as they are typed, saved all at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.alarms.limit_row import DELAY, HIGH, LOW, REST, SEVERITY, SIGNAL, LimitRow
from gui.alarms.telling import Telling
from gui.jobs.numbers import NotANumberError
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.ask_dialog import trouble_words
from gui.widgets.place import Place
from gui.widgets.rule import Rule
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled

_LIMITS = "/unit_api/alarms/limits"
_HEADINGS = {SIGNAL: "Signal", LOW: "Low", HIGH: "High", SEVERITY: "Severity", DELAY: "After, s"}


class LimitsView(QWidget):
    """A line for each signal; below, how alarms are told at this computer.

    Attributes:
        rows: the lines by signal.
        place: the lines, or why there are none.
        save_button, discard_button, reset_button: for all lines together.
        trouble: what the service refused.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self.rows: dict[str, LimitRow] = {}
        self._is_saving = False
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(REST, 1)
        for column, word in _HEADINGS.items():
            heading = QLabel(self.tr(word))
            theme.set_role(heading, "caption")
            self._grid.addWidget(heading, 0, column)
        self.save_button = QPushButton(self.tr("Save"))
        theme.set_role(self.save_button, "primary")
        self.discard_button = QPushButton(self.tr("Discard changes"))
        self.reset_button = QPushButton(self.tr("Reset all to defaults"))
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        theme.set_tone(self.trouble, "alarm")
        self.trouble.hide()
        self.telling = Telling()
        self._lay_out()
        self.save_button.clicked.connect(self.save)
        self.discard_button.clicked.connect(self.discard)
        self.reset_button.clicked.connect(self.reset)
        self.place.acted.connect(self.load)
        unit.snapshot_loaded.connect(self._on_snapshot)
        unit.connection_changed.connect(self._show_state)
        self._show_state()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SPACE_PX)
        for button in (self.save_button, self.discard_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.reset_button)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        inside.setSpacing(theme.BETWEEN_PX)
        inside.addLayout(self._grid)
        inside.addWidget(self.trouble)
        inside.addLayout(buttons)
        inside.addWidget(Rule())
        inside.addWidget(self.telling)
        inside.addStretch(1)
        self.place = Place(scrolled(holder))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.place)

    def look(self) -> None:
        """Load the limits, the first time they are looked at."""
        if not self.rows:
            self.load()

    def load(self) -> None:
        """Ask for the limits."""
        if self._unit.service.is_live:
            background.run(self._load(), self, self._on_load_trouble)

    def save(self) -> None:
        """Have the service take what was changed: all of it, or nothing."""
        changes = {signal: change for signal, row in self.rows.items() if (change := row.change())}
        self._send(changes, self.tr("Limits saved"))

    def discard(self) -> None:
        """Show again what holds."""
        for row in self.rows.values():
            row.discard()
        self._say("")
        self._show_state()

    def reset(self) -> None:
        """Give every signal its default back."""
        self._send(dict.fromkeys(self.rows), self.tr("The default limits hold again"))

    def _send(self, changes: dict[str, Any], done: str) -> None:
        self._is_saving = True
        self._show_state()
        background.run(self._patch(changes, done), self, self._on_refused)

    async def _load(self) -> None:
        self._show((await self._client.get(_LIMITS))["limits"])

    async def _patch(self, changes: dict[str, Any], done: str) -> None:
        try:
            answer = await self._client.patch(_LIMITS, {"limits": changes})
        finally:
            self._is_saving = False
        self._say("")
        self._show(answer["limits"])
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(done, "", "ok")

    def _show(self, items: list[dict[str, Any]]) -> None:
        for item in items:
            row = self.rows.get(item["signal"])
            if row is None:
                line = 1 + 2 * len(self.rows)
                row = self.rows[item["signal"]] = LimitRow(item, self._grid, line, self)
                row.changed.connect(self._show_state)
            else:
                row.show_limit(item)
        self._show_state()

    def _on_snapshot(self) -> None:
        """Take what holds after a reconnect, unless somebody is typing."""
        if self.rows and not self._count_changes():
            self.load()

    def _on_load_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self.rows:
            self.place.explain_trouble(trouble)

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        """Say what the service refused, at the line it concerns where there is one."""
        fields = trouble.info.get("fields") or [] if isinstance(trouble, ServiceRefusedError) else []
        signals = {str(field).split(".")[1] for field in fields if str(field).count(".") > 0}
        for signal in signals & set(self.rows):
            self.rows[signal].complain(trouble.error)
        self._say("" if signals & set(self.rows) else trouble_words(trouble))
        self._show_state()

    def _say(self, words: str) -> None:
        self.trouble.setText(words)
        self.trouble.setVisible(bool(words))

    def _count_changes(self) -> int | None:
        """Return how many lines were changed, None when one of them does not fit."""
        try:
            return sum(bool(row.change()) for row in self.rows.values())
        except NotANumberError:
            return None

    def _show_state(self) -> None:
        changes = self._count_changes()
        can_ask = self._unit.service.is_live and not self._is_saving
        self.save_button.setEnabled(can_ask and bool(changes))
        counted = self.tr("Save 1 change") if changes == 1 else self.tr("Save {} changes").format(changes)
        self.save_button.setText(counted if changes else self.tr("Save"))
        self.discard_button.setEnabled(changes != 0)
        differs = any(
            any(row.item[key] != value for key, value in row.item["default"].items()) for row in self.rows.values()
        )
        self.reset_button.setEnabled(can_ask and differs)
        if self.rows:
            self.place.show_content()
        elif not self._unit.service.is_live:
            self.place.explain_connection(self._unit)
        else:
            self.place.explain("working", self.tr("Loading the limits"), self.tr("Asking the service."))

    def showEvent(self, event: QShowEvent) -> None:
        """Show how this computer can tell of alarms now."""
        super().showEvent(event)
        self.telling.refresh()
