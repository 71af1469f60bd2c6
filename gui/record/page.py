"""The Unit record page: what a unit is and what it is made of on the left, its runs, or one of them, beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui import background, theme
from gui.asking import Asking
from gui.board_reach import is_out_of_reach
from gui.file_transfer import FileTroubleError, save
from gui.icons import icon, show_icon
from gui.record.document import UnitDocument
from gui.record.identity import Identity
from gui.record.keys_dialog import KeysDialog
from gui.record.part_dialogs import PutInDialog, SerialNumberDialog, TakeOutDialog
from gui.record.parts_tree import PartsTree
from gui.record.push_dialog import PushDialog
from gui.record.push_status import PushStatus
from gui.record.run_details import RunDetails
from gui.record.run_files import RunFiles
from gui.record.timeline import Timeline
from gui.record.unit_search import UnitSearch
from gui.record.unit_tests import SelfTestDialog, UnitTests
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.unit import Unit
from gui.widgets.file_choice import FileChoice
from gui.widgets.place import Place

_RECORD = "/unit_api/record"
_LEFT_PX = 272
# What others write meanwhile is looked for this often, while the page is seen.
_LOOK_AGAIN_MS = 30_000


class RecordPage(QWidget):
    """One unit's record; all other units can be searched and opened.

    Attributes:
        search, identity, parts: the left side.
        timeline, details: what happened to the unit; one run.
        place: the whole content, or why there is none.
        tests: has the unit test itself.
        files: asks where to save.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self._unit = unit
        self._client = client
        self._record: dict[str, Any] = {}
        self._wanted = ""
        self._shown: dict[str, Any] | None = None
        self._is_loaded = False
        self._newest_part = ""
        self._asking = Asking(self._load, self, self._on_trouble)
        self.search = UnitSearch(client)
        self.identity = Identity(unit)
        self.parts = PartsTree()
        self.attached = RunFiles(client)
        self.push_status = PushStatus(unit, client)
        self.timeline = Timeline(unit, client)
        self.details = RunDetails(client)
        self.tests = UnitTests(client, self)
        self.files = FileChoice(self)
        self._make_actions()
        self._lay_out()
        self._connect()
        self._on_connection()
        self._on_jobs()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _make_actions(self) -> None:
        self.own_button = QPushButton(self.tr("This unit"))
        self.own_button.setToolTip(self.tr("Back to the record of the unit this window works with"))
        show_icon(self.own_button, "back")
        self.keys_button = QPushButton(self.tr("Keys…"))
        self.keys_button.setToolTip(self.tr("Who may read and write the record from a program"))
        show_icon(self.keys_button, "key")
        self.push_button = QPushButton(self.tr("Push…"))
        self.push_button.setToolTip(self.tr("Send the record to a TofuPilot server as it is written"))
        show_icon(self.push_button, "push")
        self.export_button = QPushButton(self.tr("Export"))
        show_icon(self.export_button, "export")
        menu = QMenu(self.export_button)
        self.pdf_action = menu.addAction(icon("file"), self.tr("As PDF, to read and to print…"))
        self.json_action = menu.addAction(icon("code"), self.tr("As JSON, with everything in it…"))
        self.export_button.setMenu(menu)
        self.pdf_action.triggered.connect(self.ask_pdf)
        self.json_action.triggered.connect(self.ask_json)
        self.keys_button.clicked.connect(self.show_keys)
        self.push_button.clicked.connect(self.show_push)
        self.push_status.opened.connect(self.show_push)
        self.own_button.clicked.connect(self.open_own)
        self.own_button.hide()
        # The window shows all actions of a page when it turns to it; what is in this one stays hidden.
        self._own_place = QWidget()
        row = QHBoxLayout(self._own_place)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.own_button)

    def _lay_out(self) -> None:
        card = QFrame()
        theme.set_role(card, "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(12)
        column.addWidget(self.identity)
        column.addWidget(self.attached)
        column.addWidget(self.parts, 1)
        self._card = card
        left = QWidget()
        left.setFixedWidth(_LEFT_PX)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(self.search)
        column.addWidget(card, 1)
        column.addWidget(self.push_status)
        self._sides = QStackedWidget()
        self._sides.addWidget(self.timeline)
        self._sides.addWidget(self.details)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(left)
        row.addWidget(self._sides, 1)
        self.place = Place(content)
        self.place.fill(self)

    def _connect(self) -> None:
        self.place.acted.connect(self._on_place_acted)
        self.search.searching.connect(self._card.setHidden)
        for source in (self.search.chosen, self.identity.opened, self.parts.opened):
            source.connect(self.open_unit)
        self.parts.add_asked.connect(self.ask_add)
        self.parts.replace_asked.connect(self.ask_replace)
        self.parts.remove_asked.connect(self.ask_take_out)
        self.parts.name_asked.connect(self.ask_serial_number)
        self.timeline.opened.connect(self.open_run)
        self.timeline.failed.connect(self.timeline.on_trouble)
        for asking in (self.timeline.run_asked, self.tests.self_test_asked):
            asking.connect(self.ask_self_test)
        self.details.closed.connect(self.show_timeline)
        self._unit.snapshot_loaded.connect(self.load)
        self._unit.connection_changed.connect(self._on_connection)
        self._unit.board_changed.connect(self._on_board)
        self._unit.record_written.connect(self._look_again)
        self._unit.jobs_changed.connect(self._on_jobs)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.activated.connect(self.search.field.setFocus)
        again = QTimer(self)
        again.timeout.connect(self._look_again)
        again.start(_LOOK_AGAIN_MS)

    def page_actions(self) -> list[QWidget]:
        """Return the buttons beside the page's title."""
        return [self._own_place, self.tests, self.keys_button, self.push_button, self.export_button]

    def load(self) -> None:
        """Ask the service for the unit shown, and for the record as a whole."""
        if not self._is_loaded:
            self.place.explain("working", self.tr("Loading the unit record"), self.tr("Asking the service."))
        self._asking.again()

    def open_unit(self, serial_number: str) -> None:
        """Show another unit's record."""
        self._wanted = serial_number
        self.show_timeline()
        self.load()

    def open_own(self) -> None:
        """Show the record of the unit this window works with."""
        self.open_unit("")
        # The button goes; the next one beside it would have the keyboard.
        self.timeline.rows.setFocus()

    def open_run(self, run: str) -> None:
        """Show one run of the unit."""
        self._sides.setCurrentWidget(self.details)
        self.details.open_run(run)
        self.details.back_button.setFocus()

    def show_timeline(self) -> None:
        """Go back from a run to all of them."""
        if self._sides.currentWidget() is self.details:
            self._sides.setCurrentWidget(self.timeline)
            self.timeline.rows.setFocus()

    async def _load(self) -> None:
        self._record = await self._client.get(_RECORD)
        wanted = self._wanted or await self._first()
        if wanted:
            page = await self._client.get(f"{_RECORD}/units/{quote(wanted, safe='')}")
            self._shown = page
        else:
            self._shown = None
        self._is_loaded = True
        self._show()

    async def _first(self) -> str:
        """Return the unit to show when none was asked for: this one, or else the newest that is in no other."""
        if self._record["is_own_recorded"]:
            return str(self._record["own_serial_number"])
        newest = await self._client.get(f"{_RECORD}/units", exclude_units_with_parent="true", limit=1)
        return str(newest["data"][0]["serial_number"]) if newest["data"] else ""

    def _show(self) -> None:
        page, own = self._shown, self._record.get("own_serial_number") or ""
        if page is None:
            self.place.explain(
                "record",
                self.tr("Nothing recorded yet"),
                self.tr(
                    "A unit is written down when its board is connected for the first time. What it is made of and how "
                    "each of its tests went is shown here then."
                ),
                self.tr("Choose the board…"),
            )
        else:
            self.identity.show_unit(page, own)
            self.attached.show_files(page["attachments"])
            self.parts.show_parts(page["parts_tree"], self._newest_part)
            self._newest_part = ""
            self.timeline.show_unit(page, is_own=self.identity.is_own)
            self.place.show_content()
        self.own_button.setVisible(page is not None and self._record["is_own_recorded"] and not self.identity.is_own)
        self._on_connection()

    def ask_add(self) -> None:
        """Ask which sub-unit is to be put in."""
        if self._shown is not None:
            self._open(PutInDialog(self._client, self._shown["serial_number"], self), self.tr("{} is put in"))

    def ask_replace(self, part: dict[str, Any]) -> None:
        """Ask which sub-unit takes a sub-unit's place."""
        if self._shown is not None:
            dialog = PutInDialog(self._client, self._shown["serial_number"], self, part)
            self._open(dialog, self.tr("{} took its place"))

    def ask_take_out(self, part: dict[str, Any]) -> None:
        """Ask whether a sub-unit comes out."""
        if self._shown is not None:
            self._open(TakeOutDialog(self._client, self._shown["serial_number"], part, self), self.tr("{} is out"))

    def ask_serial_number(self, part: dict[str, Any]) -> None:
        """Ask for a sub-unit's own serial number."""
        self._open(SerialNumberDialog(self._client, part, self), self.tr("It is {} now"))

    def _open(self, dialog: PutInDialog | TakeOutDialog | SerialNumberDialog, told: str) -> None:
        self._told = told
        dialog.changed.connect(self._on_changed)
        dialog.open()

    def _on_changed(self, serial_number: str) -> None:
        self._tell(self._told.format(serial_number), self.tr("The timeline keeps what was before."))
        self._newest_part = serial_number
        self.load()

    def ask_self_test(self) -> None:
        """Ask whether the unit shall test itself: it lights, heats and stirs what is in it."""
        SelfTestDialog(self._client, self).open()

    def show_keys(self) -> None:
        """Show who may read and write the record from a program."""
        KeysDialog(self._client, self).open()

    def show_push(self) -> None:
        """Show where the record is pushed to, and what waits."""
        dialog = PushDialog(self._unit, self._client, self)
        dialog.finished.connect(self.push_status.look_again)
        dialog.open()

    def ask_pdf(self) -> None:
        """Ask where to save the record as PDF."""
        self._ask_where(self.tr("Export as PDF"), "pdf", self.tr("PDF (*.pdf)"), self.save_pdf)

    def ask_json(self) -> None:
        """Ask where to save the record as JSON."""
        self._ask_where(self.tr("Export as JSON"), "json", self.tr("JSON (*.json)"), self.save_json)

    def _ask_where(self, title: str, suffix: str, kind: str, chosen: Any) -> None:
        if self._shown is not None:
            self.files.ask_where_to_save(title, f"unit_record_{self._shown['serial_number']}.{suffix}", kind, chosen)

    def save_json(self, target: Path) -> None:
        """Save the record of the unit shown as JSON."""
        background.run(self._save_json(target), self)

    def save_pdf(self, target: Path) -> None:
        """Save the record of the unit shown as PDF."""
        background.run(self._save_pdf(target), self)

    async def _save_json(self, target: Path) -> None:
        await save(self._client, self._export_route(), target, lambda done, whole: None)
        self._tell(self.tr("Saved {}").format(target.name), str(target.parent))

    async def _save_pdf(self, target: Path) -> None:
        document = UnitDocument(await self._client.get(self._export_route()))
        part = target.with_name(f".{target.name}.part")
        try:
            document.write(part)
            await asyncio.to_thread(part.replace, target)
        except OSError as error:
            await asyncio.to_thread(part.unlink, missing_ok=True)
            raise FileTroubleError(
                self.tr("{} cannot be written.").format(target.name),
                error.strerror or str(error),
                self.tr("Choose another place, or free some space."),
            ) from error
        self._tell(self.tr("Saved {}").format(target.name), str(target.parent))

    def _export_route(self) -> str:
        serial_number = "" if self._shown is None else str(self._shown["serial_number"])
        return f"{_RECORD}/units/{quote(serial_number, safe='')}/export"

    def _look_again(self) -> None:
        if self.isVisible() and self._unit.service.is_live:
            self.load()
            if self._sides.currentWidget() is self.details:
                self.details.look_again()

    def _on_board(self) -> None:
        self._on_connection()
        own = self._unit.board.get("serial_number") or ""
        if self._is_loaded and own and own != self._record.get("own_serial_number"):
            self._look_again()

    def _on_jobs(self) -> None:
        self.tests.show_testing(self._unit.is_running("self_test"))

    def _on_place_acted(self) -> None:
        if self._is_loaded and self._shown is None:
            action = self.window().findChild(QAction, "choose_source")
            if action is not None:
                action.trigger()
        else:
            self.load()

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.keys_button.setEnabled(is_live)
        is_possible = is_live and self.identity.is_own and not is_out_of_reach(self._unit.board)
        self.tests.offer(self._record, is_possible=is_possible)
        self.push_button.setEnabled(is_live)
        self.export_button.setEnabled(is_live and self._shown is not None)
        self.own_button.setEnabled(is_live)
        self.search.setEnabled(is_live)
        for part in (self.parts, self.timeline, self.details, self.attached):
            part.set_live(is_live)
        self.place.offer(is_live or not self._is_loaded)
        if not self._is_loaded and not is_live:
            self.place.explain_connection(self._unit)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._is_loaded:
            self.place.explain_trouble(trouble)
            return
        if self._shown is not None:
            # What was wanted is not there, or cannot be read now: stay with what is shown.
            self._wanted = str(self._shown["serial_number"])
        if self._unit.service.is_live:
            toaster = toaster_for(self)
            if toaster is not None:
                toaster.show_trouble(trouble)

    def _tell(self, headline: str, detail: str) -> None:
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show(headline, detail, "ok")

    def showEvent(self, event: QShowEvent) -> None:
        """Look for what was written while the page was not seen."""
        super().showEvent(event)
        self.push_status.watch(True)
        if self._is_loaded:
            self._look_again()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask for nothing that nobody sees."""
        super().hideEvent(event)
        self.push_status.watch(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back from a run to all of them."""
        if event.key() == Qt.Key.Key_Escape and self._sides.currentWidget() is self.details:
            self.show_timeline()
        else:
            super().keyPressEvent(event)
