"""Keys with which programs read and write the unit record: seen, made, revoked."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.asking import Asking
from gui.icons import icon, show_icon
from gui.record.new_key_dialog import KEYS, NewKeyDialog
from gui.record.run import day_words, exact_words
from gui.service_client import ServiceClient
from gui.unit import utc_s_of
from gui.widgets.ask_dialog import AskDialog
from gui.widgets.place import Place

_SIZE_PX = (680, 440)
_KEY = Qt.ItemDataRole.UserRole


class RevokeDialog(AskDialog):
    """Asks whether a key is to be worthless from now on."""

    def __init__(self, client: ServiceClient, key: dict[str, Any], parent: QWidget) -> None:
        whose = key["user"] or key["station"]
        words = self.tr(
            "Whatever uses it, in the name of {}, is refused from then on and must be given another key. What it wrote "
            "stays in the record. A revoked key cannot be made valid again."
        )
        super().__init__(
            self.tr("Revoke {}?").format(key["prefix"]), words.format(whose), self.tr("Revoke this key"), parent,
            is_dangerous=True,
        )  # fmt: skip
        self._client = client
        self._prefix = str(key["prefix"])
        self.act_button.clicked.connect(self._do)

    def _do(self) -> None:
        self.carry_out(self._client.delete(f"{KEYS}/{quote(self._prefix, safe='')}"))


class KeysDialog(QDialog):
    """The keys, newest first.

    Attributes:
        rows: one for each key.
        new_button, revoke_button: make one, revoke the marked one.
    """

    def __init__(self, client: ServiceClient, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE_PX)
        self._client = client
        self.rows = QTreeWidget()
        self.rows.setRootIsDecorated(False)
        self.rows.setAccessibleName(self.tr("Keys, newest first"))
        self.rows.setHeaderLabels([self.tr("Key"), self.tr("Of"), self.tr("Made"), self.tr("State")])
        theme.set_role(self.rows, "rows")
        header = self.rows.header()
        header.setStretchLastSection(False)
        for column, width_px in {0: 184, 2: 148, 3: 108}.items():
            header.resizeSection(column, width_px)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.place = Place(self.rows)
        self.new_button = QPushButton(self.tr("New key…"))
        theme.set_role(self.new_button, "primary")
        show_icon(self.new_button, "add", "on_accent")
        self.revoke_button = QPushButton(self.tr("Revoke…"))
        theme.set_role(self.revoke_button, "danger")
        self._lay_out()
        self._asking = Asking(self._load, self, self.place.explain_trouble)
        self.new_button.clicked.connect(self.ask_new)
        self.revoke_button.clicked.connect(self.ask_revoke)
        self.rows.currentItemChanged.connect(self._show_buttons)
        self.place.acted.connect(self._on_acted)
        self._is_loaded = False
        self.place.explain("working", self.tr("Loading the keys"), self.tr("Asking the service."))
        self._asking.again()
        self._show_buttons()

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Keys to the unit record"))
        theme.set_role(heading, "heading")
        words = QLabel(
            self.tr("Test programs read and write the record with a key, at {}/v2.").format(self._client.base_url)
        )
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addWidget(self.revoke_button)
        foot.addStretch(1)
        foot.addWidget(close)
        foot.addWidget(self.new_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        for part in (heading, words):
            column.addWidget(part)
        column.addWidget(self.place, 1)
        column.addLayout(foot)

    async def _load(self) -> None:
        keys = await self._client.get(KEYS)
        self._is_loaded = True
        self.rows.clear()
        for key in reversed(keys):
            self._add(key)
        if keys:
            self.place.show_content()
        else:
            words = self.tr("A key lets a test program or a test station in. It is shown once, when it is made.")
            self.place.explain("key", self.tr("No key yet"), words, self.tr("New key…"))
        self._show_buttons()

    def _add(self, key: dict[str, Any]) -> None:
        whose = key["user"] or self.tr("{} (station)").format(key["station"])
        made_s, is_revoked = utc_s_of(key["created_at"]), key["revoked_at"] is not None
        state = self.tr("Revoked") if is_revoked else self.tr("Valid")
        item = QTreeWidgetItem(self.rows, [key["prefix"], whose, day_words(made_s), state])
        tone = "quiet" if is_revoked else "ok"
        item.setIcon(3, icon("refused" if is_revoked else "ok", tone))
        item.setForeground(3, theme.current().colour(tone))
        item.setToolTip(2, exact_words(made_s))
        item.setToolTip(0, key["prefix"])
        if is_revoked:
            item.setToolTip(3, self.tr("Since {}").format(exact_words(utc_s_of(key["revoked_at"]))))
        item.setData(0, _KEY, key)

    def marked(self) -> dict[str, Any] | None:
        """Return the marked key, None when there is none."""
        item = self.rows.currentItem()
        key: dict[str, Any] | None = None if item is None else item.data(0, _KEY)
        return key

    def _show_buttons(self) -> None:
        key = self.marked()
        self.revoke_button.setEnabled(key is not None and key["revoked_at"] is None)

    def _on_acted(self) -> None:
        if self._is_loaded:
            self.ask_new()
        else:
            self._asking.again()

    def ask_new(self) -> None:
        """Ask whose key to make."""
        dialog = NewKeyDialog(self._client, self)
        dialog.made.connect(self._asking.again)
        dialog.open()

    def ask_revoke(self) -> None:
        """Ask whether the marked key is to be revoked."""
        if (key := self.marked()) is not None:
            dialog = RevokeDialog(self._client, key, self)
            dialog.accepted.connect(self._asking.again)
            dialog.open()
