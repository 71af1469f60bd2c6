"""Pushing the record to a TofuPilot server: where to, how it stands, what waits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.asking import Asking
from gui.icons import show_icon
from gui.record.push_form import PushForm
from gui.record.push_pending import PushPending
from gui.record.push_words import PUSH, refusal_words, standing
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.place import Place
from gui.words import sentences

_SIZE_PX = (720, 600)
_ASK_AGAIN_MS = 2000


class PushDialog(QDialog):
    """Settings above, what waits below; asked for again while it is open.

    Attributes:
        form, pending: the two parts.
        headline, detail: how it stands.
        save_button: takes up the settings.
        place: the content, or why there is none.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Push to TofuPilot"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE_PX)
        self._unit = unit
        self._client = client
        self._state: dict[str, Any] | None = None
        self.form, self.pending = PushForm(client), PushPending(client)
        self._picture, self.headline, self.detail = QLabel(), QLabel(), QLabel()
        theme.set_role(self.headline, "strong")
        theme.set_role(self.detail, "quiet")
        for label in (self.headline, self.detail):
            label.setWordWrap(True)
        # Between one sending and the next there is nothing to say; the list below stays where it is.
        self.detail.setMinimumHeight(self.detail.fontMetrics().lineSpacing())
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.save_button = QPushButton(self.tr("Save"))
        theme.set_role(self.save_button, "primary")
        self.save_button.setDefault(True)
        self.place = Place(self._content())
        self._lay_out()
        self._asking = Asking(self._load, self, self._on_trouble)
        self.form.changed.connect(self._on_form)
        self.pending.acted.connect(self._asking.again)
        self.save_button.clicked.connect(self._save)
        self.place.acted.connect(self._asking.again)
        unit.connection_changed.connect(self._on_connection)
        again = QTimer(self)
        again.timeout.connect(self._look_again)
        again.start(_ASK_AGAIN_MS)
        self.place.explain("working", self.tr("Loading"), self.tr("Asking the service."))
        self._on_connection()
        self._asking.again()

    def _content(self) -> QWidget:
        stands = QHBoxLayout()
        stands.setSpacing(theme.SPACE_PX)
        stands.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        said = QVBoxLayout()
        said.setSpacing(4)
        said.addWidget(self.headline)
        said.addWidget(self.detail)
        stands.addLayout(said, 1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.form)
        column.addLayout(stands)
        column.addWidget(self.pending, 1)
        return content

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Push the unit record to TofuPilot"))
        theme.set_role(heading, "heading")
        words = QLabel(
            self.tr(
                "Units, runs and files are sent to a TofuPilot server as they are written here. What cannot be sent "
                "waits, also for days, and holds nothing up."
            )
        )
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        foot.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.AROUND_PX] * 4)
        column.setSpacing(12)
        for part in (heading, words):
            column.addWidget(part)
        column.addWidget(self.place, 1)
        column.addLayout(foot)

    async def _load(self) -> None:
        state: dict[str, Any] = await self._client.get(PUSH)
        await self.pending.load(state)
        is_first, self._state = self._state is None, state
        self.form.show_kept(state)
        self._show_save()
        self._show_standing()
        self.place.show_content()
        if is_first and not state["url"]:
            self.form.server.setFocus()

    def _look_again(self) -> None:
        if self._unit.service.is_live:
            self._asking.again()
        self._show_standing()

    def _show_standing(self) -> None:
        if self._state is None:
            return
        stands = standing(self._state, self._unit.utc_s())
        show_icon(self._picture, stands.icon, stands.tone)
        self.headline.setText(stands.headline)
        words = sentences(stands.when, stands.detail)
        self.detail.setText(words)

    def _on_form(self) -> None:
        self._show_save()

    def _show_save(self) -> None:
        is_live = self._unit.service.is_live
        self.save_button.setEnabled(is_live and self._state is not None and self.form.is_changed)

    def _save(self) -> None:
        self.form.say("", "")
        self.save_button.setEnabled(False)
        background.run(self._ask(), self, self._on_refused)

    async def _ask(self) -> None:
        state = await self._client.patch(PUSH, self.form.changes())
        self._state = state
        self.form.show_saved(state)
        self._show_standing()
        self._asking.again()

    def _on_refused(self, trouble: ServiceTroubleError) -> None:
        self._tell(refusal_words(trouble))
        self._show_save()

    def _tell(self, trouble: str) -> None:
        self.form.say(trouble, "alarm" if trouble else "", "alarm")

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if self._state is None:
            self.place.explain_trouble(trouble)
        elif self._unit.service.is_live:
            self._tell(refusal_words(trouble))

    def _on_connection(self) -> None:
        is_live = self._unit.service.is_live
        self.form.set_live(is_live)
        self.pending.set_live(is_live)
        self._show_save()
        if not is_live and self._state is None:
            self.place.explain_connection(self._unit)
        elif not is_live:
            self._tell(self.tr("The service does not answer; this is what it said last."))
        elif self._state is not None:
            self._tell("")
