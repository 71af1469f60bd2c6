"""Where the record is pushed to: the server, a key to it, on or off; tried before it is chosen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from gui import background, theme
from gui.icons import show_icon
from gui.record.push_words import PUSH, refusal_words
from gui.service_client import ServiceClient, ServiceTroubleError, is_loopback
from gui.words import sentences

_LONGEST = 500


class PushForm(QWidget):
    """The fields, and a button that tries what is in them.

    Signals:
        changed: something is not as it is kept, or is again.

    Attributes:
        server, key, plain_http, is_on: the fields.
        test_button: tries the server.
        result: says what came of that, or why something could not be saved.
    """

    changed = Signal()

    def __init__(self, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._kept: dict[str, Any] = {"url": "", "is_on": False, "allow_plain_http": False, "has_key": False}
        self._is_live = True
        self._is_testing = False
        self.server, self.key = QLineEdit(), QLineEdit()
        self.server.setPlaceholderText("https://tofupilot.example")
        self.server.setAccessibleName(self.tr("Server"))
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName(self.tr("Key"))
        for field in (self.server, self.key):
            field.setMaxLength(_LONGEST)
            field.textChanged.connect(self._on_edit)
        self.plain_http = QCheckBox(self.tr("Send key and record without encryption"))
        self.plain_http.setToolTip(self.tr("Whoever is on the way can read both. For a network that is yours alone."))
        self.is_on = QCheckBox(self.tr("Push what is written to the record from now on"))
        for box in (self.plain_http, self.is_on):
            box.toggled.connect(self._on_edit)
        self.test_button = QPushButton(self.tr("Test connection"))
        self.test_button.clicked.connect(self._test)
        self._picture = QLabel()
        self.result = QLabel()
        self.result.setWordWrap(True)
        # Room for three lines from the beginning: nothing moves when something is said, and nothing is cut off.
        self.result.setMinimumHeight(3 * self.result.fontMetrics().lineSpacing())
        self.result.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._lay_out()
        self._on_edit()

    def _lay_out(self) -> None:
        tried, said = QHBoxLayout(), QHBoxLayout()
        tried.setSpacing(12)
        tried.addWidget(self.test_button)
        tried.addWidget(self.is_on, 1)
        said.setSpacing(theme.SPACE_PX)
        said.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.result, 1)
        policy = self._picture.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._picture.setSizePolicy(policy)
        self._picture.setFixedWidth(16)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(self.tr("Server"), self.server)
        form.addRow(self.tr("Key"), self.key)
        form.addRow("", self.plain_http)
        form.addRow("", tried)
        form.addRow(said)

    def show_kept(self, state: dict[str, Any]) -> None:
        """Show what is kept; what has been typed meanwhile stays."""
        former, self._kept = self._kept, state
        with QSignalBlocker(self.server), QSignalBlocker(self.is_on), QSignalBlocker(self.plain_http):
            if self.server.text().strip() == former["url"]:
                self.server.setText(state["url"])
            for box, name in ((self.is_on, "is_on"), (self.plain_http, "allow_plain_http")):
                if box.isChecked() == former[name]:
                    box.setChecked(state[name])
        self._refresh()

    def show_saved(self, state: dict[str, Any]) -> None:
        """Show what is kept now, the key as kept."""
        self.key.clear()
        self._kept = state
        self.server.setText(state["url"])
        self.is_on.setChecked(state["is_on"])
        self.plain_http.setChecked(state["allow_plain_http"])
        self._on_edit()

    def set_live(self, is_live: bool) -> None:
        """Offer to try the server only while the service answers."""
        self._is_live = is_live
        self._refresh()

    @property
    def is_changed(self) -> bool:
        """Whether anything is not as it is kept."""
        return bool(self.changes())

    def changes(self) -> dict[str, Any]:
        """Return what is to be changed, as the service takes it."""
        wanted = {"url": self.server.text().strip(), "is_on": self.is_on.isChecked()}
        wanted["allow_plain_http"] = self.plain_http.isChecked() and self._needs_plain()
        if not self._needs_plain():
            del wanted["allow_plain_http"]
        different = {name: value for name, value in wanted.items() if value != self._kept[name]}
        return {**different, **({"api_key": self.key.text().strip()} if self.key.text().strip() else {})}

    def _needs_plain(self) -> bool:
        url = self.server.text().strip().lower()
        return url.startswith("http://") and not is_loopback(url)

    def _on_edit(self) -> None:
        self.say("", "")
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        self.plain_http.setVisible(self._needs_plain())
        is_same_server = self.server.text().strip() == self._kept["url"]
        is_kept = is_same_server and self._kept["has_key"]
        words = self.tr("Made at the server")
        if is_kept:
            last4 = self._kept["key_last4"]
            ending = self.tr("; it ends with {}").format(last4) if last4 else ""
            words = self.tr("Kept{}. Type another one to replace it.").format(ending)
        self.key.setPlaceholderText(words)
        has_key = bool(self.key.text().strip()) or is_kept
        can_test = bool(self.server.text().strip()) and has_key and self._is_live
        self.test_button.setEnabled(can_test)

    def _test(self) -> None:
        if self._is_testing:
            return
        self._is_testing = True
        self.say(self.tr("Asking the server…"), "working")
        background.run(self._ask(), self, self._on_trouble)

    async def _ask(self) -> None:
        wanted = self._tried()
        told = await self._client.post(f"{PUSH}/test", wanted)
        self._is_testing = False
        if wanted != self._tried():
            self.say("", "")  # it was of what the fields held before
            return
        is_good = told["ok"]
        self.say(sentences(told["what"], told["remedy"]), "ok" if is_good else "warning", "ok" if is_good else "warn")

    def _tried(self) -> dict[str, Any]:
        return {name: value for name, value in self.changes().items() if name != "is_on"}

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self._is_testing = False
        self.say(refusal_words(trouble), "warning", "warn")

    def say(self, words: str, icon_name: str, tone: str = "quiet") -> None:
        """Say something of what is entered; nothing when empty."""
        self.result.setText(words)
        theme.set_tone(self.result, "" if tone == "quiet" else tone)
        self._picture.setVisible(bool(words))
        if icon_name:
            show_icon(self._picture, icon_name, tone)
