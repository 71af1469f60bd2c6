"""A state told three ways at once: icon, word and colour."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from gui import theme
from gui.board_reach import is_out_of_reach
from gui.icons import refresh, show_icon
from gui.unit import Unit

# What a job's `$state` means to a person: word, icon, tone.
JOB_STATES: dict[str, tuple[str, str, str]] = {
    "init": ("Starting", "working", "note"),
    "ready": ("Running", "start", "ok"),
    "sleeping": ("Paused", "pause", "warn"),
    "disconnected": ("Stopped", "stop", "quiet"),
    "lost": ("Crashed", "alarm", "alarm"),
}
# States in which a job would be at work if it could reach the board.
_AT_WORK = ("init", "ready")


class StateBadge(QWidget):
    """Icon and word in the colour of a state; give every state a word, never colour alone.

    Attributes:
        tone: the colour's name, as given to `show_state`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tone = "quiet"
        self._picture = QLabel()
        self._word = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._word, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.current().palette_changed.connect(self._redraw)

    @property
    def word(self) -> str:
        """The word shown now."""
        return self._word.text()

    def show_state(self, word: str, icon_name: str, tone: str, tooltip: str = "") -> None:
        """Show a state; tone is "ok", "note", "warn", "alarm" or "quiet"."""
        self.tone = tone
        self._word.setText(word)
        theme.set_tone(self._word, "" if tone == "quiet" else tone)
        show_icon(self._picture, icon_name, tone)
        self.setToolTip(tooltip)
        self.setAccessibleName(word)

    def show_job_state(self, state: str | None) -> None:
        """Show a job's `$state` in a person's words; None is a job that does not run."""
        word, icon_name, tone = JOB_STATES.get(state or "disconnected", (state or "", "note", "note"))
        self.show_state(self.tr(word), icon_name, tone)

    def show_job_of(self, unit: Unit, state: str | None, *, needs_board: bool = True, is_brief: bool = False) -> None:
        """Show a job's `$state` as far as it can be true now: nothing runs without service, little without board.

        `is_brief` says it in one word, where there is little room; the tooltip says the rest.
        """
        if not unit.service.is_live:
            self.show_state(self.tr("Not known"), "disconnected", "quiet", self.tr("The service does not answer."))
        elif needs_board and state in _AT_WORK and is_out_of_reach(unit.board):
            tip = self.tr("The board cannot be reached. The job goes on by itself when the board is back.")
            words = self.tr("Waiting") if is_brief else self.tr("Waiting for the board")
            self.show_state(words, "no-board", "warn", tip)
        else:
            self.show_job_state(state)

    def _redraw(self) -> None:
        refresh(self._picture)
