"""What waits to be pushed: seen, tried again, left out; and earlier runs put with it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import background, theme
from gui.icons import icon, show_icon
from gui.record.push_words import PUSH, host_of, item_words, state_words, waiting_count
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.toast import toaster_for
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.place import Place
from gui.words import sentences

_ITEM = Qt.ItemDataRole.UserRole
_MOST_SHOWN = 100


class LeaveOutDialog(AskDialog):
    """Asks whether something is not to be sent."""

    def __init__(self, client: ServiceClient, item: dict[str, Any], parent: QWidget) -> None:
        words = self.tr("{} of {} is not sent then. It stays in this unit's own record.")
        if item["kind"] == "run":
            words = self.tr("{} of {} and its files are not sent then. They stay in this unit's own record.")
        super().__init__(
            self.tr("Not send this?"), words.format(item_words(item), item["serial_number"]), self.tr("Do not send it"),
            parent, is_dangerous=True,
        )  # fmt: skip
        self._client = client
        self._id = item["id"]
        self.act_button.clicked.connect(self._do)

    def _do(self) -> None:
        self.carry_out(self._client.delete(f"{PUSH}/pending/{self._id}"))


class SendEarlierDialog(AskDialog):
    """Asks whether what was written before is to be sent too."""

    def __init__(self, client: ServiceClient, state: dict[str, Any], parent: QWidget) -> None:
        words = self.tr(
            "All units and runs of this record that the server has not got yet are put into the queue with their "
            "files, and sent to {} one after the other. What is written meanwhile is sent too."
        )
        title = self.tr("Send earlier runs too?")
        super().__init__(title, words.format(host_of(state["url"])), self.tr("Send earlier runs"), parent)
        self._client = client
        self.act_button.clicked.connect(self._do)

    def _do(self) -> None:
        self.carry_out(self._client.post(f"{PUSH}/earlier"))


class PushPending(QWidget):
    """The list of what waits, and what can be done about it.

    Signals:
        acted: something was done: ask how it stands now.

    Attributes:
        rows: one for each thing that waits, what was refused first.
        reason: what the server said of the marked one.
        again_button, leave_button, earlier_button: try again, do not send, send earlier runs.
    """

    acted = Signal()

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._state: dict[str, Any] = {}
        self._items: list[dict[str, Any]] = []
        self._is_live = True
        self.rows = QTreeWidget()
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setAccessibleName(self.tr("What waits to be sent"))
        self.rows.setHeaderLabels([self.tr("What"), self.tr("Unit"), self.tr("State")])
        theme.set_role(self.rows, "rows")
        header = self.rows.header()
        header.setStretchLastSection(False)
        for column in (0, 1):  # a unit's number is as long as what is to be said of it
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(2, 124)
        self.place = Place(self.rows)
        self.reason = QLabel()
        self.reason.setWordWrap(True)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(self.reason, "caption")
        self.again_button = QPushButton(self.tr("Try again"))
        show_icon(self.again_button, "refresh")
        self.leave_button = QPushButton(self.tr("Do not send…"))
        theme.set_role(self.leave_button, "danger")
        self.earlier_button = QPushButton(self.tr("Send earlier runs…"))
        self.again_button.clicked.connect(self._try_again)
        self.leave_button.clicked.connect(self._ask_leave)
        self.earlier_button.clicked.connect(self._ask_earlier)
        self.rows.currentItemChanged.connect(self._on_marked)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.leave_button)
        buttons.addWidget(self.earlier_button)
        buttons.addStretch(1)
        buttons.addWidget(self.again_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        column.addWidget(self.place, 1)
        column.addWidget(self.reason)
        column.addLayout(buttons)

    def set_live(self, is_live: bool) -> None:
        """Offer to do something only while the service answers."""
        self._is_live = is_live
        self._on_marked()

    async def load(self, state: dict[str, Any]) -> None:
        """Ask for what waits, and show it."""
        listed = await self._client.get(f"{PUSH}/pending", limit=_MOST_SHOWN)
        self._state = state
        self._show(listed["data"])

    def _show(self, items: list[dict[str, Any]]) -> None:
        marked = self.marked()
        if items != self._items:
            self._items = items
            self.rows.clear()
            for item in items:
                row = self._add(item)
                if marked is not None and item["id"] == marked["id"]:
                    self.rows.setCurrentItem(row)
        if items:
            self.place.show_content()
        elif not self._state["is_on"]:
            words = self.tr("Once pushing is on, what waits for the server is listed here.")
            self.place.explain("push", self.tr("Nothing waits"), words)
        else:
            words = self.tr("What is written to the record is listed here until the server has it.")
            self.place.explain("ok", self.tr("Nothing waits"), words)
        self._on_marked()

    def _add(self, item: dict[str, Any]) -> QTreeWidgetItem:
        word, icon_name, tone = state_words(item)
        row = QTreeWidgetItem(self.rows, [item_words(item), item["serial_number"], word])
        row.setIcon(2, icon(icon_name, tone))
        row.setForeground(2, theme.current().colour(tone))
        for column in range(3):
            row.setToolTip(column, item["reason"] or row.text(column))
        row.setData(0, _ITEM, item)
        return row

    def marked(self) -> dict[str, Any] | None:
        """Return what is marked, None when nothing is."""
        row = self.rows.currentItem()
        item: dict[str, Any] | None = None if row is None else row.data(0, _ITEM)
        return item

    def _on_marked(self) -> None:
        item, state = self.marked(), self._state
        self.reason.setText("" if item is None else sentences(item["reason"], item["remedy"]) or self._more())
        if item is None:
            self.reason.setText(self._more())
        self.leave_button.setEnabled(item is not None and self._is_live)
        is_on = bool(state) and state["is_on"]
        has_trouble = is_on and (state["stopped_count"] > 0 or state["state"] in ("paused", "waiting"))
        self.again_button.setEnabled(has_trouble and self._is_live)
        earlier = (state["earlier_run_count"] + state["left_out_count"]) if state else 0
        self.earlier_button.setVisible(is_on and earlier > 0)
        self.earlier_button.setEnabled(self._is_live)
        if earlier:
            self.earlier_button.setText(self.tr("Send {} earlier runs…").format(f"{earlier:,}".replace(",", "\u2009")))

    def _more(self) -> str:
        """Say how many more wait than are listed, and what does not fit."""
        if not self._state:
            return ""
        hidden = waiting_count(self._state) + self._state["stopped_count"] - self.rows.topLevelItemCount()
        more = self.tr("{} more wait.").format(hidden) if hidden > 0 and self.rows.topLevelItemCount() else ""
        left_out = self._state["left_out_count"]
        full = self.tr("The queue holds {}; {} did not fit.").format(self._state["most_waiting"], left_out)
        return sentences(more, full if left_out else "")

    def _try_again(self) -> None:
        self.again_button.setEnabled(False)
        background.run(self._ask_again(), self, self._on_trouble)

    async def _ask_again(self) -> None:
        await self._client.post(f"{PUSH}/retry", {})
        self.acted.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._on_marked()
        toaster = toaster_for(self)
        if toaster is not None:
            toaster.show_trouble(trouble)

    def _ask_leave(self) -> None:
        if (item := self.marked()) is not None:
            dialog = LeaveOutDialog(self._client, item, self)
            dialog.accepted.connect(self.acted)
            dialog.open()

    def _ask_earlier(self) -> None:
        dialog = SendEarlierDialog(self._client, self._state, self)
        dialog.accepted.connect(self.acted)
        dialog.open()
