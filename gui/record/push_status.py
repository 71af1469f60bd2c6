"""The quiet line on the Unit record page that says how pushing stands; nothing while the record is not pushed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.asking import Asking
from gui.icons import show_icon
from gui.record.push_words import PUSH, standing
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit

_ASK_AGAIN_MS = 5000
_TICK_MS = 1000


class PushStatus(QWidget):
    """Asks the service every few seconds while it can be seen.

    Signals:
        opened: more is wanted.

    Attributes:
        headline: what is said.
        when: when it goes on, or was last.
        more_button: opens the dialog.
    """

    opened = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._state: dict[str, Any] | None = None
        self._picture = QLabel()
        self.headline = QLabel()
        self.headline.setWordWrap(True)
        self.when = QLabel()
        for label in (self.headline, self.when):
            theme.set_role(label, "caption")
        self.more_button = QPushButton(self.tr("Details…"))
        self.more_button.setToolTip(self.tr("Where the record is pushed to, and what waits"))
        theme.set_role(self.more_button, "link")
        self.more_button.clicked.connect(self.opened)
        foot = QHBoxLayout()
        foot.addWidget(self.when, 1)
        foot.addWidget(self.more_button)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.headline)
        words.addLayout(foot)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self._asking = Asking(self._load, self, self._on_trouble)
        self._again, self._tick = QTimer(self), QTimer(self)
        self._again.timeout.connect(self.look_again)
        self._tick.timeout.connect(self._show)
        self.hide()

    def look_again(self) -> None:
        """Ask how it stands now."""
        if self._unit.service.is_live:
            self._asking.again()

    def watch(self, is_watched: bool) -> None:
        """Ask again and again, or no more."""
        if is_watched:
            self.look_again()
            self._again.start(_ASK_AGAIN_MS)
        else:
            self._again.stop()

    async def _load(self) -> None:
        self._state = await self._client.get(PUSH)
        self._show()

    def _show(self) -> None:
        state = self._state
        if state is None or state["state"] == "off":
            self.hide()
            return
        stands = standing(state, self._unit.utc_s())
        show_icon(self._picture, stands.icon, stands.tone)
        self.headline.setText(stands.headline)
        self.when.setText(stands.when)
        theme.set_tone(self.headline, stands.tone if stands.tone == "warn" else "")
        self.setToolTip(stands.detail)
        self.setAccessibleName(stands.headline)
        self.show()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        """What was told last stays; the page says what is the matter with the service."""

    def showEvent(self, event: QShowEvent) -> None:
        """Count the seconds down while it is seen."""
        super().showEvent(event)
        self._tick.start(_TICK_MS)

    def hideEvent(self, event: QHideEvent) -> None:
        """Count nothing down that nobody sees."""
        super().hideEvent(event)
        self._tick.stop()
