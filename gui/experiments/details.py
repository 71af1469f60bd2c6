"""One experiment in detail: how it stands, its tags, its notes, and what it holds."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.experiments.experiment import Experiment
from gui.experiments.history import HistoryTabs
from gui.experiments.notes import NotesEditor
from gui.experiments.tags import TagEditor
from gui.icons import show_icon
from gui.moments import duration, exact
from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.state_badge import StateBadge


class ExperimentDetails(QFrame):
    """What is known of one experiment, and what can be done with it.

    Signals:
        end_asked: the experiment is to be ended.
        tags_changed: it, and its new tags.

    Attributes:
        experiment: the one shown, None before the first.
        notes, tags, history: its parts.
        state: whether it is active.
        facts: when it was, and how long.
    """

    end_asked = Signal(object)
    tags_changed = Signal(object, list)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._unit = unit
        self._is_live = unit.service.is_live
        self.experiment: Experiment | None = None
        self._name = QLabel()
        theme.set_role(self._name, "heading")
        self._name.setWordWrap(True)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = StateBadge()
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        theme.set_role(self.facts, "quiet")
        self.end_button = QPushButton(self.tr("End experiment…"))
        show_icon(self.end_button, "end")
        self.notes = NotesEditor(unit, client)
        self.tags = TagEditor()
        self.history = HistoryTabs(unit, client)
        self._lay_out()
        self.end_button.clicked.connect(self._on_end)
        self.tags.changed.connect(self._on_tags)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._name)
        words.addWidget(self.facts)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addLayout(words, 1)
        for part in (self.state, self.end_button):
            head.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        column.addWidget(self.tags)
        column.addWidget(self.notes)
        column.addWidget(self.history, 1)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show one."""
        is_other = self.experiment is None or self.experiment.name != experiment.name
        has_moved = not is_other and self.experiment != experiment
        self.experiment = experiment
        self._name.setText(experiment.name)
        self.state.show_state(*experiment.state())
        self.end_button.setVisible(experiment.ended_utc_s is None)
        self.facts.setText(self._facts(experiment))
        self.tags.show_tags(experiment.tags)
        self.notes.show_experiment(experiment)
        if is_other or has_moved:
            self.history.show_experiment(experiment.name)

    def set_live(self, is_live: bool) -> None:
        """Offer what changes something only while the service answers."""
        self.end_button.setEnabled(is_live)
        self.end_button.setToolTip("" if is_live else self.tr("The service is not connected."))
        self.tags.set_live(is_live)
        self.notes.set_live(is_live)
        if is_live and not self._is_live:
            self.history.reload()
        self._is_live = is_live

    def _facts(self, experiment: Experiment) -> str:
        began = datetime.fromtimestamp(experiment.created_utc_s, UTC)
        length = duration(experiment.length_s(self._unit.utc_s()))
        self.facts.setToolTip(exact(began))
        begun = self.tr("Begun {}").format(f"{began.astimezone():%Y-%m-%d %H:%M}")
        if experiment.ended_utc_s is None:
            return f"{begun} · {self.tr('goes on for {}').format(length)}"
        over = datetime.fromtimestamp(experiment.ended_utc_s, UTC).astimezone()
        return f"{begun} · {self.tr('ended {}').format(f'{over:%Y-%m-%d %H:%M}')} · {length}"

    def _on_end(self) -> None:
        self.end_asked.emit(self.experiment)

    def _on_tags(self, tags: list[str]) -> None:
        self.tags_changed.emit(self.experiment, tags)
