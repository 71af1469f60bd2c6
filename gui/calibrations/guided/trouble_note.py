"""What went wrong, why and what to do next; and where a running job is in the way, the button that stops it."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.board_reach import is_out_of_reach
from gui.connection_words import standing
from gui.icons import show_icon
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import Unit
from gui.words import job_title, listing, sentences

_OWN_JOB = "calibration"


class TroubleNote(QWidget):
    """Hidden while there is no trouble.

    Signals:
        cleared: what was in the way has been stopped.

    Attributes:
        words: what is said.
        stop_button: stops what is in the way.
    """

    cleared = Signal()

    def __init__(self, client: ServiceClient) -> None:
        super().__init__()
        self._client = client
        self._in_the_way: list[str] = []
        self._picture, self.words = QLabel(), QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stop_button = QPushButton()
        theme.set_role(self.stop_button, "danger")
        self.stop_button.clicked.connect(self._stop)
        said = QVBoxLayout()
        said.setSpacing(theme.SPACE_PX)
        said.addWidget(self.words)
        said.addWidget(self.stop_button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(said, 1)
        self.clear()

    def show_trouble(self, trouble: ServiceTroubleError) -> None:
        """Say what the service refused, or that it was not reached."""
        holder = str(trouble.info.get("holder") or "") if isinstance(trouble, ServiceRefusedError) else ""
        names = [name for name in re.split(r",\s*", holder) if name]
        cause = trouble.cause if trouble.cause != trouble.error else ""
        words = sentences(trouble.error, cause, trouble.remedy)
        for name in names:
            words = re.sub(rf"\b{re.escape(name)}\b", _in_sentence(name), words)
        self.say(sentences(words), "alarm", "alarm")
        # Another calibration at work is ended where it is led from.
        self._in_the_way = [name for name in names if name != _OWN_JOB]
        titles = listing([_in_sentence(name) for name in self._in_the_way])
        self.stop_button.setText(self.tr("Stop {}").format(titles))
        self.stop_button.setEnabled(True)
        self.stop_button.setVisible(bool(self._in_the_way))

    def say(self, words: str, icon_name: str, tone: str) -> None:
        """Say something; `tone` is "note", "warn" or "alarm"."""
        self.words.setText(words)
        theme.set_tone(self.words, tone)
        show_icon(self._picture, icon_name, tone)
        self.stop_button.hide()
        self.show()

    def clear(self) -> None:
        """Say nothing."""
        self.words.clear()
        self.stop_button.hide()
        self.hide()

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        background.run(self._ask(), self, self.show_trouble)

    async def _ask(self) -> None:
        for name in self._in_the_way:
            await self._client.run_task("/unit_api/jobs/stop", {"job_name": name})
        self.clear()
        self.cleared.emit()


def _in_sentence(job_name: str) -> str:
    title = job_title(job_name)
    return title[:1].lower() + title[1:]


def connection_trouble(unit: Unit) -> str:
    """Say how the connection keeps from going on; "" when it does not."""
    stands = standing(unit)
    if not unit.service.is_live:
        kept = QCoreApplication.translate("calibrations", "The step is kept. It goes on here when the service is back.")
        return sentences(stands.word, stands.detail, kept)
    if not is_out_of_reach(unit.board):
        return ""
    waits = QCoreApplication.translate("calibrations", "What needs the board waits until it is back.")
    return sentences(stands.word, stands.detail, stands.remedy, waits)
