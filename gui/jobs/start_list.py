"""What can be started, under the headings people look for."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.jobs.capability import GROUPS, Capability, in_sentence
from gui.jobs.family import Family, families
from gui.widgets.rule import Rule
from gui.widgets.state_badge import StateBadge


class StartRow(QWidget):
    """One job: its word, what it does, and the button that opens its form.

    Signals:
        chosen: the button was pressed.
    """

    chosen = Signal(object)

    def __init__(self, family: Family) -> None:
        super().__init__()
        self.family = family
        name = QLabel(family.title)
        theme.set_role(name, "strong")
        words = QLabel(family.help)
        words.setWordWrap(True)
        theme.set_role(words, "quiet")
        self._running = StateBadge()
        self._running.show_job_state("ready")
        self.button = QPushButton(self.tr("Start…"))
        self.button.setCheckable(True)
        self.button.setAccessibleName(self.tr("Start {name}…").format(name=in_sentence(family.title)))
        self.button.clicked.connect(self._on_clicked)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(name)
        text.addWidget(words)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        row.addLayout(text, 1)
        row.addWidget(self._running)
        row.addWidget(self.button)
        self.show_running(False)

    def show_running(self, is_running: bool) -> None:
        """Show that the job runs already; an action, which publishes nothing, may run again."""
        self._running.setVisible(is_running)
        blocked = is_running and not self.family.rules[0].is_action
        self.button.setEnabled(not blocked)
        self.button.setToolTip(self.tr("It runs. Stop it above to start it in another way.") if blocked else "")

    def _on_clicked(self) -> None:
        self.chosen.emit(self.family)


class StartList(QWidget):
    """All jobs of the service by group.

    Signals:
        chosen: a job's form is wanted.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[StartRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._groups: list[QWidget] = []

    def show_capabilities(self, capabilities: tuple[Capability, ...]) -> None:
        """Show these jobs."""
        for old in self._groups:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._groups, self.rows = [], []
        for key, words in GROUPS:
            members = [family for family in families(capabilities) if family.rules[0].group == key]
            if members:
                self._add_group(words, members)

    def show_running(self, names: set[str]) -> None:
        """Tell which jobs run."""
        for row in self.rows:
            row.show_running(row.family.job_name in names)

    def mark(self, family: Family | None) -> None:
        """Mark the job whose form is open."""
        for row in self.rows:
            row.button.setChecked(row.family == family)

    @property
    def marked(self) -> StartRow | None:
        """The row of the job whose form is open."""
        return next((row for row in self.rows if row.button.isChecked()), None)

    def focus_on(self, family: Family) -> None:
        """Put the keyboard onto a job's button; onto the first that can be pressed when that job runs now."""
        usable = [row for row in self.rows if row.button.isEnabled()]
        chosen = [row for row in usable if row.family == family] or usable
        if chosen:
            chosen[0].button.setFocus()

    def _add_group(self, words: str, members: list[Family]) -> None:
        caption = QLabel(self.tr(words))
        theme.set_role(caption, "quiet")
        frame = QFrame()
        theme.set_role(frame, "card")
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for index, family in enumerate(members):
            if index:
                column.addWidget(Rule())
            row = StartRow(family)
            row.chosen.connect(self.chosen)
            self.rows.append(row)
            column.addWidget(row)
        for widget in (caption, frame):
            self._column.addWidget(widget)
            self._groups.append(widget)
