"""The Jobs page: what runs, with live settings; below, what can be started, with its form beside it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from gui import background, theme
from gui.connection_words import standing
from gui.jobs.action_report import ActionReport
from gui.jobs.capability import Capability, read_capabilities
from gui.jobs.family import Family
from gui.jobs.running_job import RunningJob
from gui.jobs.start_form import StartForm
from gui.jobs.start_list import StartList
from gui.service_client import ServiceClient, ServiceTroubleError
from gui.unit import Unit
from gui.widgets.empty_state import EmptyState
from gui.widgets.scrolled import SCROLL_BAR_PX, scrolled

_CAPABILITIES = "/unit_api/capabilities"
_FORM_PX = 340
_MOST_REPORTS = 3


class JobsPage(QWidget):
    """Every job the service declares can be seen, started, changed and stopped here.

    Attributes:
        running: cards of the running jobs by job_id, in the order shown.
        start_list: what can be started.
        form: the open start form, None when there is none.
        reports: what actions told that have ended, newest first.
    """

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "page")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.unit = unit
        self._client = client
        self._capabilities: tuple[Capability, ...] = ()
        self._wanted_form = ""
        self.running: dict[int, RunningJob] = {}
        self.form: StartForm | None = None
        self.reports: list[ActionReport] = []
        self.start_list = StartList()
        self.empty = EmptyState()
        self._none = QLabel(self.tr("No job runs. Start one below."))
        theme.set_role(self._none, "quiet")
        self._lay_out()
        self.start_list.chosen.connect(self.open_form)
        self.empty.acted.connect(self.load)
        unit.jobs_changed.connect(self._show_jobs)
        unit.setting_changed.connect(self._on_setting)
        unit.log.connect(self._on_log)
        unit.snapshot_loaded.connect(self._on_snapshot)
        unit.plugin_changed.connect(self._on_plugin_changed)
        unit.connection_changed.connect(self._on_connection)
        self._on_connection()
        if unit.has_snapshot and unit.service.is_live:
            self.load()

    def _lay_out(self) -> None:
        self._column = QVBoxLayout()
        self._column.setSpacing(12)
        content = QWidget()
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, SCROLL_BAR_PX, 0)
        inside.setSpacing(12)
        inside.addWidget(_heading(self.tr("Running")))
        inside.addWidget(self._none)
        self._reports = QVBoxLayout()
        self._reports.setSpacing(12)
        inside.addLayout(self._reports)
        inside.addLayout(self._column)
        inside.addSpacing(12)
        inside.addWidget(_heading(self.tr("Can be started")))
        inside.addWidget(self.start_list)
        inside.addStretch(1)
        self._area = scrolled(content)
        self._side = QVBoxLayout()
        self._body = QWidget()
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.BETWEEN_PX)
        row.addWidget(self._area, 1)
        row.addLayout(self._side)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._body)
        self._stack.addWidget(self.empty)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.AROUND_PX, theme.BETWEEN_PX, theme.AROUND_PX - 4, theme.BETWEEN_PX)
        whole.addWidget(self._stack)

    def load(self) -> None:
        """Ask the service what it can do."""
        if not self._capabilities:
            self._explain("working", self.tr("Loading the jobs"), self.tr("Asking the service what it can do."))
        background.run(self._load(), self, self._on_trouble)

    def open_form(self, family: Family) -> None:
        """Open the start form of a job beside the list."""
        self.close_form()
        form = StartForm(family, self._client)
        form.setFixedWidth(_FORM_PX)
        form.started.connect(self._on_started)
        form.closed.connect(self.close_form)
        form.calibrations_asked.connect(self._open_calibrations)
        self.form = form
        self._side.addWidget(form)
        form.show()
        self.start_list.mark(family)
        form.focus_first()
        # The list has become narrower and longer: the row that was pressed must not run away.
        QTimer.singleShot(0, self, self._show_marked)

    def open_form_of(self, job_name: str) -> None:
        """Open the start form of a job by its name, as soon as it is known what can be started."""
        self._wanted_form = job_name
        for row in self.start_list.rows:
            if row.family.job_name == job_name:
                self._wanted_form = ""
                self.open_form(row.family)
                return

    def _show_marked(self) -> None:
        marked = self.start_list.marked
        if marked is not None:
            self._area.ensureWidgetVisible(marked)

    def close_form(self) -> None:
        """Put the start form away."""
        if self.form is not None:
            family = self.form.family
            self._side.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
            self.start_list.mark(None)
            self.start_list.focus_on(family)

    def _on_started(self) -> None:
        self.close_form()
        # Not on a button of the job that has just begun: the next Space must not pause it.
        self.setFocus()

    def _open_calibrations(self) -> None:
        action = self.window().findChild(QAction, "page_calibrations")
        if action is not None:
            action.trigger()

    async def _load(self) -> None:
        self._show_capabilities(read_capabilities(await self._client.get(_CAPABILITIES)))
        for card in self.running.values():
            card.deleteLater()
        self.running = {}
        self._show_jobs()
        self._stack.setCurrentWidget(self._body)
        if self._wanted_form:
            self.open_form_of(self._wanted_form)

    async def _look_again(self) -> None:
        """Show what a plug-in brought or took away; cards of jobs that are what they were stay as they are."""
        capabilities = read_capabilities(await self._client.get(_CAPABILITIES))
        if capabilities == self._capabilities:
            return
        self._show_capabilities(capabilities)
        self._renew_cards()

    def _renew_cards(self) -> None:
        """Put other cards in place of those whose job is not what they say; the others stay as they are."""
        for job_id, card in tuple(self.running.items()):
            if card.capability != self._capability_of(card.row["job_name"]):
                del self.running[job_id]
                card.hide()
                card.deleteLater()
        self._show_jobs()

    def _show_capabilities(self, capabilities: tuple[Capability, ...]) -> None:
        self._capabilities = capabilities
        self.start_list.show_capabilities(capabilities)
        if self.form is None:
            return
        if any(row.family == self.form.family for row in self.start_list.rows):
            self.start_list.mark(self.form.family)
        else:
            self.close_form()

    def _show_jobs(self) -> None:
        rows = sorted(self.unit.jobs, key=_long_running_last)
        wanted = [int(row["job_id"]) for row in rows]
        for job_id in [known for known in self.running if known not in wanted]:
            card = self.running.pop(job_id)
            self._keep_report(card)
            card.hide()
            card.deleteLater()
        for place, row in enumerate(rows):
            card = self.running.get(int(row["job_id"])) or self._new_card(row)
            if self._column.indexOf(card) != place:
                self._column.insertWidget(place, card)
            card.refresh()
        self._none.setVisible(not rows)
        self.start_list.show_running({row["job_name"] for row in rows})

    def _on_log(self, item: dict[str, Any]) -> None:
        """Show under an action what it tells."""
        for card in self.running.values():
            if card.is_action and card.row["job_name"] == item.get("task"):
                card.lines.add(item)

    def _keep_report(self, card: RunningJob) -> None:
        """Keep what an action told, after it has ended."""
        if not card.is_action or not card.lines.lines:
            return
        report = ActionReport(card.title, card.lines, self.unit.utc_s())
        report.dismissed.connect(self._on_dismissed)
        self.reports.insert(0, report)
        self._reports.insertWidget(0, report)
        for old in self.reports[_MOST_REPORTS:]:
            self._drop(old)

    def _on_dismissed(self) -> None:
        report = self.sender()
        if isinstance(report, ActionReport):
            self._drop(report)

    def _drop(self, report: ActionReport) -> None:
        self.reports.remove(report)
        report.hide()
        report.deleteLater()

    def _new_card(self, row: dict[str, Any]) -> RunningJob:
        card = RunningJob(row, self._capability_of(row["job_name"]), self.unit, self._client)
        self.running[int(row["job_id"])] = card
        return card

    def _capability_of(self, job_name: str) -> Capability:
        """Return what is known of a job; of an automation, of the rule it runs."""
        rule = self.unit.settings.get(job_name, {}).get("automation_name")
        named = [c for c in self._capabilities if c.job_name == job_name]
        chosen = [c for c in named if c.automation_name == rule] or named
        return chosen[0] if chosen else Capability(job_name, job_name.replace("_", " ").capitalize(), "", "")

    def _on_setting(self, job: str, setting: str, value: object) -> None:
        if setting == "automation_name":
            # A job is told before the rule that it follows.
            self._renew_cards()
        for card in self.running.values():
            if card.row["job_name"] == job:
                card.show_setting(setting, value)

    def _on_plugin_changed(self) -> None:
        if self._capabilities and self.unit.service.is_live:
            background.run(self._look_again(), self, self._on_trouble)

    def _on_snapshot(self) -> None:
        self.load()

    def _on_connection(self) -> None:
        if self._capabilities:
            self._show_jobs()
        elif not self.unit.service.is_live:
            stands = standing(self.unit)
            self._explain(stands.icon, stands.word, f"{stands.detail} {stands.remedy}".strip())

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        if not self._capabilities:
            why = f"{trouble.cause} {trouble.remedy}".strip()
            self._explain("warning", trouble.error, why, self.tr("Try again"), "warn")

    def _explain(self, icon: str, headline: str, words: str, action: str = "", tone: str = "quiet") -> None:
        self.empty.explain(icon, headline, words, action, tone)
        self._stack.setCurrentWidget(self.empty)


def _heading(words: str) -> QLabel:
    label = QLabel(words)
    theme.set_role(label, "heading")
    return label


def _long_running_last(row: dict[str, Any]) -> tuple[int, int]:
    return int(row.get("is_long_running_job") or 0), int(row["job_id"])
