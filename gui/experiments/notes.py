"""An experiment's notes: written at any time, kept by themselves, and never lost without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui import background, theme
from gui.experiment_dialogs import EXPERIMENTS
from gui.experiments.experiment import Experiment
from gui.experiments.unkept_notes import Draft, put_aside, take_up
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.state_badge import StateBadge
from gui.words import sentences

# As long as a person thinks between two sentences.
_KEEP_AFTER_MS = 1200
_TRY_AGAIN_MS = 5000
_LEAVE_WITHIN_S = 3.0
_FEWEST_LINES, _MOST_LINES, _AROUND_PX = 2, 7, 28


class NotesEditor(QWidget):
    """Notes of one experiment at a time; those of others that could not be kept yet wait, and are tried again.

    Signals:
        kept: name of the experiment, and its notes as they are kept now.

    Attributes:
        text: the notes.
        state: whether they are kept.
    """

    kept = Signal(str, str)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self._client = client
        self._was_taken_up = ""
        self._experiment = ""
        self._base = ""
        self._drafts: dict[str, Draft] = {}
        self._is_filling = False
        self._keeping: asyncio.Task[Any] | None = None
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(self.tr("Notes"))
        self.text.setPlaceholderText(self.tr("Notes: strain, medium, what you want to know, what you saw"))
        self.text.setTabChangesFocus(True)
        self.state = StateBadge()
        self._words = QLabel(self.tr("Notes"))
        theme.set_role(self._words, "strong")
        self.mine_button = QPushButton(self.tr("Keep mine"))
        self.theirs_button = QPushButton(self.tr("Take theirs"))
        self._lay_out()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.keep)
        self.text.textChanged.connect(self._on_typed)
        self.text.textChanged.connect(self._fit)
        self._fit()
        self.text.installEventFilter(self)
        self.mine_button.clicked.connect(self._keep_mine)
        self.theirs_button.clicked.connect(self._take_theirs)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SPACE_PX)
        head.addWidget(self._words)
        head.addStretch(1)
        for part in (self.mine_button, self.theirs_button, self.state):
            head.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.text)
        self._show_clash(False)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show the notes of an experiment; what was written and is not kept yet stays what is shown."""
        draft = self._drafts.get(experiment.name)
        if experiment.name != self._experiment:
            self.keep()
        elif draft is None and experiment.notes == self._base:
            return
        self._experiment, self._base = experiment.name, draft.base if draft else experiment.notes
        self._is_filling = True
        shown = draft.text if draft else experiment.notes
        if self.text.toPlainText() != shown:
            self.text.setPlainText(shown)
        self._is_filling = False
        if draft is None:
            self.state.show_state("", "ok", "quiet")
            self.state.hide()
        self._show_clash(draft is not None and draft.theirs is not None)

    def set_live(self, is_live: bool) -> None:
        """Keep what waits as soon as the service answers, also what waits since the window was closed."""
        if is_live and self._was_taken_up != self._unit.name:
            self._was_taken_up = self._unit.name
            self._drafts = take_up(self._unit.name) | self._drafts
        if is_live and self._drafts:
            self.keep()

    def unkept(self) -> list[str]:
        """Return the experiments whose notes are not kept yet."""
        return list(self._drafts)

    def keep(self) -> None:
        """Keep what is not kept yet, now."""
        self._timer.stop()
        waiting = [name for name, draft in self._drafts.items() if draft.theirs is None]
        if waiting and (self._keeping is None or self._keeping.done()):
            self._tell("working", self.tr("Saving…"), "quiet")
            self._keeping = background.run(self._keep(waiting), self, self._on_trouble)

    async def _keep(self, names: list[str]) -> None:
        for name in names:
            await self._keep_one(name, self._drafts[name])
        if any(draft.theirs is None for draft in self._drafts.values()):  # written on meanwhile
            self._timer.start(_KEEP_AFTER_MS)

    async def _keep_one(self, name: str, draft: Draft) -> None:
        path, text = f"{EXPERIMENTS}/{quote(name, safe='')}", draft.text
        present = str((await self._client.get(path)).get("description") or "")
        if present not in (draft.base, text):
            draft.theirs = present
            self._tell("warning", self.tr("Changed elsewhere meanwhile"), "warn", present)
            self._show_clash(name == self._experiment)
            return
        if present != text:
            await self._client.patch(path, {"description": text})
        if name == self._experiment:
            self._base = text
        draft.base = text
        if draft.text == text:
            del self._drafts[name]
            put_aside(self._unit.name, self._drafts)
            self._tell("ok", self.tr("Saved"), "quiet")
        self.kept.emit(name, text)

    async def before_leaving(self) -> None:
        """Keep what is not kept yet before the window closes; put aside for the next time what cannot be kept."""
        self._timer.stop()
        with suppress(ServiceTroubleError, TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN_S):
                await self._keep([name for name, draft in self._drafts.items() if draft.theirs is None])
        self._timer.stop()
        if self._drafts:
            put_aside(self._unit.name, self._drafts)

    def _on_typed(self) -> None:
        if self._is_filling or not self._experiment:
            return
        text = self.text.toPlainText()
        draft = self._drafts.setdefault(self._experiment, Draft(self._base, text))
        draft.text = text
        self._tell("edit", self.tr("Not saved yet"), "quiet")
        self._timer.start(_KEEP_AFTER_MS)

    def _fit(self) -> None:
        """Take the height of the notes, within limits."""
        lines = max(_FEWEST_LINES, min(_MOST_LINES, int(self.text.document().size().height())))
        self.text.setFixedHeight(lines * self.text.fontMetrics().lineSpacing() + _AROUND_PX)

    def _keep_mine(self) -> None:
        draft = self._drafts.get(self._experiment)
        if draft is not None and draft.theirs is not None:
            draft.base, draft.theirs = draft.theirs, None
            self._show_clash(False)
            self.keep()

    def _take_theirs(self) -> None:
        draft = self._drafts.pop(self._experiment, None)
        if draft is not None and draft.theirs is not None:
            self._base = draft.theirs
            self._is_filling = True
            self.text.setPlainText(draft.theirs)
            self._is_filling = False
            self._show_clash(False)
            self._tell("ok", self.tr("Saved"), "quiet")
            self.kept.emit(self._experiment, self._base)

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        why = sentences(trouble.error, trouble.remedy)
        if getattr(trouble, "status", 0) == 404:
            why = sentences(trouble.error, self.tr("Copy the notes to another place."))
        put_aside(self._unit.name, self._drafts)
        self._tell("warning", self.tr("Not saved: kept here, tried again"), "warn", why)
        self._timer.start(_TRY_AGAIN_MS)

    def _tell(self, icon_name: str, words: str, tone: str, tip: str = "") -> None:
        self.state.show_state(words, icon_name, tone, tip)
        self.state.show()

    def _show_clash(self, is_clash: bool) -> None:
        self.mine_button.setVisible(is_clash)
        self.theirs_button.setVisible(is_clash)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines break elsewhere now."""
        super().resizeEvent(event)
        self._fit()

    def hideEvent(self, event: Any) -> None:
        """Keep what was written when the page is left."""
        super().hideEvent(event)
        self.keep()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep what was written when the keyboard goes elsewhere."""
        if watched is self.text and event.type() == QEvent.Type.FocusOut:
            self.keep()
        return super().eventFilter(watched, event)
