"""What a profile's text means, in tabs: its course, its problems, what it would do, what it does."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from gui.profiles.dry_run_panel import DryRunPanel
from gui.profiles.problem_list import ProblemList
from gui.profiles.profile import Check
from gui.profiles.run_panel import RunPanel
from gui.profiles.timeline_view import TimelineView
from gui.service_client import ServiceClient
from gui.unit import Unit
from gui.widgets.place import Place

_NOW_EVERY_MS = 1000


class Meaning(QTabWidget):
    """Four tabs about the text that is open.

    Signals:
        place_asked: show this line and column of the text.

    Attributes:
        timeline: its course.
        problems: what is wrong in it.
        dry_run: what it would do.
        run: the run that goes on, or the last one.
    """

    place_asked = Signal(int, int)

    def __init__(self, unit: Unit, client: ServiceClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self.timeline = TimelineView()
        self.problems = ProblemList()
        self._no_problems = Place(self.problems)
        self.dry_run = DryRunPanel(unit, client)
        self.run = RunPanel(unit, client)
        self.setDocumentMode(True)
        for widget, words in (
            (self.timeline, self.tr("Course")),
            (self._no_problems, self.tr("Problems")),
            (self.dry_run, self.tr("Dry run")),
            (self.run, self.tr("Run")),
        ):
            self.addTab(widget, words)
        for panel in (self.timeline, self.dry_run, self.run):
            panel.line_asked.connect(self._ask_line)
        self.problems.place_asked.connect(self.place_asked)
        self.run.run_changed.connect(self._show_now)
        second = QTimer(self)
        second.timeout.connect(self._show_now)
        second.start(_NOW_EVERY_MS)

    def begin_text(self, name: str) -> None:
        """Turn to another text; the last dry run was of the one before."""
        self._name = name
        if not self.dry_run.is_under_way:
            self.dry_run.show_nothing()

    def show_check(self, check: Check) -> None:
        """Show what a look at the text has shown."""
        self.problems.show_problems(check.problems)
        self.timeline.show_course(check)
        if check.problems:
            self._no_problems.show_content()
        else:
            self._no_problems.explain("ok", self.tr("No problems"), self.tr("This unit can run it as it stands."))
        count = len(check.problems)
        self.setTabText(1, self.tr("Problems ({})").format(count) if count else self.tr("Problems"))
        self._show_now()

    def _show_now(self) -> None:
        is_this = self.run.run.get("profile") == self._name
        self.timeline.show_now(self.run.hours_now() if is_this else None)

    def _ask_line(self, line: int) -> None:
        self.place_asked.emit(line, 1)
