"""Choosing what to calibrate and how; or a calibration that was left for later, to go on with it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.calibrations.guided import kept
from gui.calibrations.guided.leading import begin, look
from gui.calibrations.guided.protocol import PROTOCOLS, Protocol, read_protocols
from gui.calibrations.guided.step import Session
from gui.calibrations.guided.trouble_note import TroubleNote, connection_trouble
from gui.moments import ago
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled
from gui.words import device_title

_SIZE_PX = (760, 500)
_LIST_PX = 300
_WHAT = Qt.ItemDataRole.UserRole


class ChooseDialog(QDialog):
    """Devices with their protocols on the left, what the chosen one does and needs beside them.

    Args:
        device: what is chosen at first; "" for what was left for later, or else the first.
        protocol: the protocol that is chosen at first; "" for the usual one.

    Signals:
        chosen: the `Session` to lead through, and the title of its protocol.

    Attributes:
        rows: what can be chosen.
        words: title, description and needs of what is chosen.
        begin_button: begins, or goes on.
        trouble: what is in the way.
    """

    chosen = Signal(object, str)

    def __init__(self, unit: Unit, client: ServiceClient, device: str, protocol: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Calibrate"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE_PX)
        self._unit, self._client = unit, client
        self._wanted = (device, protocol)
        self._titles: dict[tuple[str, str], str] = {}
        self.rows = QTreeWidget()
        self.rows.setHeaderHidden(True)
        self.rows.setRootIsDecorated(False)
        self.rows.setItemsExpandable(False)
        self.rows.setFixedWidth(_LIST_PX)
        self.rows.setAccessibleName(self.tr("What can be calibrated"))
        theme.set_role(self.rows, "rows")
        self._title, self.words = QLabel(), QLabel()
        theme.set_role(self._title, "heading")
        self.trouble = TroubleNote(client)
        self.begin_button, self._cancel = QPushButton(self.tr("Begin")), QPushButton(self.tr("Cancel"))
        theme.set_role(self.begin_button, "primary")
        self.begin_button.setDefault(True)
        self.place = Place(self._content())
        self._lay_out()
        self.rows.currentItemChanged.connect(self._show_chosen)
        self.rows.itemActivated.connect(self._begin)
        self.begin_button.clicked.connect(self._begin)
        self._cancel.clicked.connect(self.reject)
        self.place.acted.connect(self.load)
        self.trouble.cleared.connect(self.begin_button.setFocus)
        self.load()

    def _content(self) -> QWidget:
        for label in (self._title, self.words):
            label.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        about = QWidget()
        column = QVBoxLayout(about)
        column.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        column.setSpacing(12)
        for part in (self._title, self.words, self.trouble):
            column.addWidget(part)
        column.addStretch(1)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self.rows)
        row.addWidget(scrolled(about), 1)
        return content

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("What is to be calibrated?"))
        theme.set_role(heading, "heading")
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self._cancel)
        foot.addWidget(self.begin_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(self.place, 1)
        column.addLayout(foot)

    def load(self) -> None:
        """Ask the service what can be calibrated."""
        self.begin_button.setEnabled(False)
        self.place.explain("working", self.tr("Loading"), self.tr("Asking the service."))
        background.run(self._load(), self, self.place.explain_trouble)

    async def _load(self) -> None:
        protocols = read_protocols(await self._client.get(PROTOCOLS))
        self._titles = {(each.device, each.name): each.title for each in protocols}
        asked = [self._left(session_id) for session_id in reversed(kept.remembered(self._unit.name))]
        left = [session for session in await asyncio.gather(*asked) if session is not None]
        if not protocols:
            words = self.tr("This unit offers no guided calibration.")
            self.place.explain("calibration", self.tr("Nothing to calibrate"), words)
            return
        self._fill(left, protocols)
        self.place.show_content()
        self.rows.setFocus()

    async def _left(self, session_id: str) -> Session | None:
        """Return a session that was left for later; None when it is over, or not known any more."""
        try:
            session = await look(self._client, session_id)
        except ServiceRefusedError:
            session = None
        if session is None or session.is_over:
            kept.forget(self._unit.name, session_id)
            return None
        return session

    def _fill(self, left: list[Session], protocols: tuple[Protocol, ...]) -> None:
        self.rows.clear()
        top = self.rows.invisibleRootItem()
        if left:
            top = _heading(self.rows, self.tr("Go on with"))
            for session in left:
                _row(top, f"{device_title(session.device)}: {session.step.title}", session)
            top = _heading(self.rows, self.tr("Begin"))
        of_device = Counter(each.device for each in protocols)
        for protocol in protocols:
            several = of_device[protocol.device] > 1
            _row(top, protocol.title if several else protocol.device_title, protocol)
        self.rows.expandAll()
        self._choose_first()

    def _choose_first(self) -> None:
        tops = _children(self.rows.invisibleRootItem())
        items = [item for top in tops for item in (_children(top) or [top])]
        device, protocol = self._wanted

        def is_wanted(item: QTreeWidgetItem) -> bool:
            what: Protocol | Session = item.data(0, _WHAT)
            name = what.protocol if isinstance(what, Session) else what.name
            return device in ("", what.device) and protocol in ("", name)

        self.rows.setCurrentItem(next(filter(is_wanted, items), items[0]))

    def _show_chosen(self, item: QTreeWidgetItem | None) -> None:
        what: Protocol | Session | None = item.data(0, _WHAT) if item is not None else None
        self.trouble.clear()
        self.begin_button.setEnabled(what is not None)
        if isinstance(what, Session):
            self._title.setText(self._title_of(what))
            age = ago(self._unit.utc_s() - what.created_utc_s)
            words = self.tr("Begun {}. It waits at “{}”, with everything measured so far.")
            self.words.setText(words.format(age, what.step.title))
            self.begin_button.setText(self.tr("Go on"))
        elif what is not None:
            self._title.setText(what.title)
            needs = "\n".join(f"•  {need[:1].upper()}{need[1:]}" for need in what.requirements)
            needed = f"\n\n{self.tr('Needed:')}\n{needs}" if needs else ""
            self.words.setText(f"{what.description}{needed}")
            self.begin_button.setText(self.tr("Begin"))
        why = connection_trouble(self._unit)
        if why:
            self.trouble.say(why, "disconnected", "warn")

    def _title_of(self, session: Session) -> str:
        return self._titles.get((session.device, session.protocol), device_title(session.device))

    def _begin(self, *_: Any) -> None:
        item = self.rows.currentItem()
        what: Protocol | Session | None = item.data(0, _WHAT) if item is not None else None
        if what is None or not self.begin_button.isEnabled():
            return
        if isinstance(what, Session):
            self._go_on(what)
            return
        self.trouble.clear()
        self.begin_button.setEnabled(False)
        background.run(self._ask(what), self, self._on_refused)

    async def _ask(self, protocol: Protocol) -> None:
        session = await begin(self._client, protocol.device, protocol.name)
        kept.remember(self._unit.name, session.id)
        self._go_on(session)

    def _go_on(self, session: Session) -> None:
        self.accept()
        self.chosen.emit(session, self._title_of(session))

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        self.begin_button.setEnabled(True)
        self.trouble.show_trouble(trouble)


def _heading(rows: QTreeWidget, words: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem(rows, [words])
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    item.setForeground(0, theme.current().colour("quiet"))
    return item


def _row(top: QTreeWidgetItem, words: str, what: Protocol | Session) -> None:
    item = QTreeWidgetItem(top, [words])
    item.setData(0, _WHAT, what)
    item.setToolTip(0, words)


def _children(item: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = [item.child(place) for place in range(item.childCount())]
    return [child for child in found if child is not None]
