"""The System page: the unit's board, link, storage, clock, software, web server and power, one card each."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QDateTime, QTimer
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui import background, theme
from gui.clearing_faults import clear_faults
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.system.archive import Archive
from gui.system.cards import BoardCard, ClockCard, LinkCard, PowerCard, SoftwareCard, StorageCard, WebServerCard
from gui.system.facts import SystemFacts, ask_for_facts
from gui.system.operations import (
    Operation,
    OperationDialog,
    compare_clocks,
    reboot,
    repair,
    restart_web_server,
    shut_down,
)
from gui.system.token_dialog import TokenDialog
from gui.system.update_dialog import FirmwareDialog, UpdateDialog
from gui.unit import Unit
from gui.widgets.columns import Columns
from gui.widgets.place import Place
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled

_LEAST_CARD_PX = 400
_LOOK_AGAIN_MS = 10_000


class SystemPage(QWidget):
    """Shows the unit as a whole, and what can be done to it.

    Attributes:
        board, link, storage, clock, software, web_server, power: the cards.
        archive: backup and restore.
        place: the cards, or why there are none.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._facts: SystemFacts | None = None
        self._asking: asyncio.Task[Any] | None = None
        self.board, self.link, self.storage = BoardCard(), LinkCard(), StorageCard()
        self.clock, self.software = ClockCard(), SoftwareCard()
        self.web_server, self.power = WebServerCard(), PowerCard()
        self.archive = Archive(unit, client, self)
        self.storage.body.addWidget(self.archive.progress)
        self._lay_out()
        self._connect()
        self._look = QTimer(self)
        self._look.setInterval(_LOOK_AGAIN_MS)
        self._look.timeout.connect(self.load)
        self._on_connection()

    def _lay_out(self) -> None:
        cards: list[QWidget] = [
            self.board, self.link, self.storage, self.clock, self.software, self.web_server, self.power,
        ]  # fmt: skip
        columns = Columns(cards, _LEAST_CARD_PX, theme.BETWEEN_PX)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        inside.addWidget(columns)
        inside.addStretch(1)
        self.place = Place(scrolled(holder))
        self.place.fill(self, scrolls=True)

    def _connect(self) -> None:
        self.place.acted.connect(self.load)
        self.board.choose_button.clicked.connect(self._choose_board)
        self.board.clear_button.clicked.connect(self._clear_faults)
        self.storage.browse_button.clicked.connect(self._browse)
        self.storage.backup_button.clicked.connect(self.archive.ask_backup)
        self.storage.restore_button.clicked.connect(self.archive.ask_restore)
        self.clock.compare_button.clicked.connect(self._compare_clocks)
        self.software.update_button.clicked.connect(self._update_app)
        self.software.firmware_button.clicked.connect(self._explain_firmware)
        self.web_server.restart_button.clicked.connect(self._restart_web_server)
        self.web_server.token_button.clicked.connect(self._renew_token)
        self.power.reboot_button.clicked.connect(self._reboot)
        self.power.repair_button.clicked.connect(self._repair)
        self.power.shutdown_button.clicked.connect(self._shut_down)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.board_changed.connect(self._show_board)
        self._unit.connection_changed.connect(self._on_connection)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask the service while the page is looked at."""
        super().showEvent(event)
        self._look.start()
        if self._unit.has_snapshot and self._unit.service.is_live:
            self.load()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask no longer."""
        super().hideEvent(event)
        self._look.stop()

    def load(self) -> None:
        """Ask the service for what changes without being told."""
        if not self._unit.service.is_live or not self.isVisible():
            return
        if self._facts is None:
            self.place.explain("working", self.tr("Loading"), self.tr("Asking the service about its computer."))
        if self._asking is None or self._asking.done():
            self._asking = background.run(self._load(), self, self._on_trouble)

    async def _load(self) -> None:
        self._facts = await ask_for_facts(self._client)
        self._show()

    def _show(self) -> None:
        if self._facts is None:
            return
        self.storage.show_facts(self._facts)
        self.clock.show_facts(self._facts, self._unit.speed)
        self.software.show_facts(self._facts, self._unit)
        self.web_server.show_facts(self._facts, self._client)
        self._show_board()
        self.place.show_content()

    def _show_board(self) -> None:
        if not self._unit.service.is_live:
            return
        self.board.show_board(self._unit)
        self.link.show_board(self._unit)

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        for card in (self.board, self.link, self.storage, self.clock, self.software, self.web_server, self.power):
            card.set_live(is_live)
        self.board.choose_button.setEnabled(True)  # it helps just then
        if is_live:
            self._show()
        elif self._facts is None:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if self._facts is None:
            self.place.explain_trouble(trouble)

    def _ask(self, operation: Operation) -> None:
        dialog = OperationDialog(self._client, operation, self)
        dialog.succeeded.connect(self.load)
        dialog.open()

    def _reboot(self) -> None:
        self._ask(reboot(self._unit))

    def _shut_down(self) -> None:
        self._ask(shut_down(self._unit))

    def _repair(self) -> None:
        self._ask(repair())

    def _restart_web_server(self) -> None:
        self._ask(restart_web_server())

    def _compare_clocks(self) -> None:
        now = datetime.fromtimestamp(QDateTime.currentMSecsSinceEpoch() / 1000, UTC)
        self._ask(compare_clocks(now.isoformat(timespec="milliseconds").replace("+00:00", "Z")))

    def _update_app(self) -> None:
        dialog = UpdateDialog(self._client, self)
        dialog.succeeded.connect(self.load)
        dialog.open()

    def _explain_firmware(self) -> None:
        FirmwareDialog(str(self._unit.board.get("firmware_version") or ""), self).open()

    def _renew_token(self) -> None:
        has_token = bool(self._facts and self._facts.answers.get("access", {}).get("has_token"))
        dialog = TokenDialog(self._client, has_token, self)
        dialog.finished.connect(self.load)
        dialog.open()

    def _clear_faults(self) -> None:
        background.run(clear_faults(self._client, self), self)

    def _choose_board(self) -> None:
        self._trigger("choose_source")

    def _browse(self) -> None:
        self._trigger("page_data")

    def _trigger(self, key: str) -> None:
        """Do what the window's action of that key does."""
        action = self.window().findChild(QAction, key)
        if action is not None:
            action.trigger()
