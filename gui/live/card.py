"""What the cards beside the plots have in common: a title, their job's state, and its button."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from gui import theme
from gui.live.card_alarm import CardAlarm
from gui.live.session import Session
from gui.unit import Unit
from gui.widgets.state_badge import StateBadge


class Card(QFrame):
    """A raised panel for one quantity.

    Args:
        title: what it shows.
        job: the job that measures or holds it; None when there is no job to start.
        by_form: whether starting needs a choice, to be made in the job's form.
        signals: what alarms about this quantity call it, beside the job's own name.

    Signals:
        form_wanted: name of the job whose form is wanted.

    Attributes:
        body: where a subclass puts its values.
        alarm: the alarm about this quantity, where there is one.
        badge: the job's state.
        button: starts or stops the job.
    """

    form_wanted = Signal(str)

    def __init__(
        self,
        title: str,
        job: str | None,
        unit: Unit,
        session: Session,
        *,
        by_form: bool = False,
        signals: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        theme.set_role(self, "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.job = job
        self._by_form = by_form
        self._title = title
        self._unit = unit
        self._session = session
        heading = QLabel(title)
        theme.set_role(heading, "strong")
        self.badge = StateBadge()
        self.button = QPushButton()
        theme.set_role(self.button, "quiet")
        self.button.setFixedWidth(self.button.fontMetrics().horizontalAdvance(self.tr("Change…")) + 28)
        self.body = QVBoxLayout()
        self.body.setSpacing(2)
        self.alarm = CardAlarm(unit, (*signals, *([job] if job else [])))
        self._lay_out(heading)
        self.button.clicked.connect(self._on_clicked)
        session.changed.connect(self.refresh)
        unit.snapshot_loaded.connect(self.refresh)
        unit.connection_changed.connect(self.refresh)
        unit.board_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self, heading: QLabel) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.SPACE_PX)
        top.addWidget(heading)
        top.addWidget(self.badge)
        top.addStretch(1)
        top.addWidget(self.button)
        self.badge.setVisible(self.job is not None)
        self.button.setVisible(self.job is not None)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 8, 8)
        column.setSpacing(2)
        column.addLayout(top)
        column.addLayout(self.body)
        column.addWidget(self.alarm)

    def refresh(self) -> None:
        """Show the job's state, and what its button would do."""
        if self.job is None:
            return
        pending = self._session.pending(self.job)
        running = self._unit.is_running(self.job)
        if pending == "stopping" and self._unit.service.is_live:
            self.badge.show_state(self.tr("Stopping"), "working", "note")
        else:
            state = "init" if pending == "starting" else self._unit.state_of(self.job)
            needs_board = self._unit.needs_board(self.job)
            self.badge.show_job_of(self._unit, state, needs_board=needs_board, is_brief=True)
        start = self.tr("Start…") if self._by_form else self.tr("Start")
        self.button.setText(self.tr("Stop") if running else start)
        self.button.setEnabled(pending is None and self._unit.service.is_live)
        action = self.tr("Stop {name}") if running else self.tr("Start {name}")
        self.button.setAccessibleName(action.format(name=self._title.lower()))
        self.button.setToolTip(action.format(name=self._title.lower()))

    def _on_clicked(self) -> None:
        if self.job is None:
            return
        if self._unit.is_running(self.job):
            self._session.stop_jobs(self.job)
        elif self._by_form:
            self.form_wanted.emit(self.job)
        else:
            self._session.start_jobs(self.job)
