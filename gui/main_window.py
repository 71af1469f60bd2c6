"""The window's frame: rail, top bar, banner, pages, status strip. Its pages come from `gui.pages`."""

from __future__ import annotations

import asyncio
import importlib
import sys

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from gui import background, theme
from gui.actions.action_set import ActionSet
from gui.actions.registry import ACTIONS, CONNECTION_MENU, EXPERIMENT_MENU, MAIN_MENU
from gui.alarms.announcer import Announcer
from gui.attachment import Attachment
from gui.banner import Banner
from gui.connection_words import standing
from gui.crash import Problem, Problems
from gui.experiment_dialogs import ExperimentDialogs
from gui.icons import app_icon
from gui.pages import PAGES, Page, page
from gui.problems_dialog import ProblemsDialog
from gui.rail import Rail
from gui.resume_banner import ResumeBanner
from gui.service_client import ServiceTroubleError
from gui.settings import SettingsStore
from gui.shortcuts_dialog import ShortcutsDialog
from gui.source_dialog import SourceDialog
from gui.status_strip import StatusStrip
from gui.tab_order import put_in_order
from gui.toast import Toaster
from gui.top_bar import TopBar
from gui.widgets.empty_state import EmptyState
from gui.words import job_title, listing, sentences

_SMALLEST_PX = (1024, 640)
_USUAL_PX = (1360, 860)
_LOOK_AGAIN_MS = 1000
# As high as a page's buttons beside the title: nothing moves between pages with and without.
_TITLE_PX = 32


class MainWindow(QMainWindow):
    """The window.

    Args:
        attachment: the service it shows.
        settings: what it remembers.
        problems: the faults it tells of.

    Signals:
        close_asked: the user wants to close; whoever runs the program decides what becomes of the jobs.

    Attributes:
        actions_by_key: every action, for buttons of pages.
        experiments: the dialogs about experiments.
        toaster: shows short messages.
        announcer: calls a person when there is a new alarm.
    """

    close_asked = Signal()

    def __init__(self, attachment: Attachment, settings: SettingsStore, problems: Problems) -> None:
        super().__init__()
        self._attachment = attachment
        self._settings = settings
        self._problems = problems
        self._may_close = False
        self._pages: dict[str, QWidget] = {}
        self.setWindowIcon(app_icon())
        self.setMinimumSize(*_SMALLEST_PX)
        self.toaster = Toaster(self)
        self.announcer = Announcer(attachment.unit, settings, self)
        self.experiments: ExperimentDialogs = ExperimentDialogs(attachment.unit, attachment.client, self)
        self.actions_by_key = ActionSet(self, ACTIONS)
        self._build()
        self._connect()
        self._restore_place()
        self.actions_by_key.make_all()
        known = [one.key for one in PAGES]
        self.show_page(settings.values.page if settings.values.page in known else known[0])
        self.refresh()

    def _build(self) -> None:
        self._connection_menu = self._menu(CONNECTION_MENU)
        self.rail = Rail(PAGES, self._menu(MAIN_MENU))
        self.top_bar = TopBar(self._attachment.unit, self._connection_menu, self._menu(EXPERIMENT_MENU))
        self.banner = Banner()
        self.resume = ResumeBanner(self._attachment.unit, self._attachment.client)
        self.strip = StatusStrip(self._attachment.unit, self._attachment.client)
        self._title = QLabel()
        theme.set_role(self._title, "title")
        self._title.setMinimumHeight(_TITLE_PX)
        self._stack = QStackedWidget()
        self._opening = EmptyState()
        self._opening.explain("working", self.tr("Opening…"), "")
        self._stack.addWidget(self._opening)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self.banner)
        column.addWidget(self.resume)
        column.addLayout(self._make_heading())
        column.addWidget(self._stack, 1)
        column.addWidget(self.strip)
        frame = QWidget()
        theme.set_role(frame, "page")
        frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        self.setCentralWidget(frame)
        frame.setFocus()  # no ring before the first Tab

    def _make_heading(self) -> QHBoxLayout:
        heading = QHBoxLayout()
        heading.setContentsMargins(theme.AROUND_PX, theme.BETWEEN_PX, theme.AROUND_PX, theme.SPACE_PX)
        heading.addWidget(self._title)
        heading.addStretch(1)
        self._page_actions = QHBoxLayout()
        self._page_actions.setSpacing(theme.SPACE_PX)
        heading.addLayout(self._page_actions)
        return heading

    def _connect(self) -> None:
        unit = self._attachment.unit
        self.rail.page_asked.connect(self.show_page)
        self.top_bar.stop_button.clicked.connect(self.stop_all)
        for alarms in (self.strip.alarms.opened, self.top_bar.alarm_badge.clicked):
            alarms.connect(self.show_alarms)
        self.top_bar.stop_button.setToolTip(
            f"{self.actions_by_key['stop_all'].toolTip()} ({self.actions_by_key['stop_all'].shortcut().toString()})"
        )
        unit.connection_changed.connect(self.refresh)
        unit.board_changed.connect(self.refresh)
        unit.snapshot_loaded.connect(self.refresh)
        unit.experiment_changed.connect(self._enable_actions)
        unit.jobs_missed.connect(self._on_missed)
        self._attachment.host_changed.connect(self.refresh)
        self._attachment.told.connect(self._on_told)
        self._problems.found.connect(self._on_problem)
        self._second = QTimer(self)
        self._second.setObjectName("second")
        self._second.timeout.connect(self._on_second)
        self._second.start(_LOOK_AGAIN_MS)

    def show_page(self, key: str) -> None:
        """Show a page; it is made when it is first asked for."""
        shown = page(key)
        self._title.setText(self.tr(shown.title))
        self.rail.mark(key)
        self._settings.values.page = key
        if key in self._pages:
            self._stack.setCurrentWidget(self._pages[key])
            self._show_page_actions(self._pages[key])
        elif all(name in sys.modules for name in shown.imports):
            self._make_page(shown)
        else:
            self._stack.setCurrentWidget(self._opening)
            self._show_page_actions(self._opening)
            background.run(self._load_page(shown), self)

    async def _load_page(self, shown: Page) -> None:
        for name in shown.imports:
            await asyncio.to_thread(importlib.import_module, name)
        if self._settings.values.page == shown.key and shown.key not in self._pages:
            self._make_page(shown)

    def _make_page(self, shown: Page) -> None:
        made = shown.factory(self._attachment.unit, self._attachment.client, self)
        self._pages[shown.key] = made
        self._stack.addWidget(made)
        self._stack.setCurrentWidget(made)
        self._show_page_actions(made)

    @property
    def pages_made(self) -> tuple[str, ...]:
        """Keys of the pages that were opened so far."""
        return tuple(self._pages)

    @property
    def current_page(self) -> QWidget | None:
        """The page that is open."""
        return self._stack.currentWidget()

    def refresh(self) -> None:
        """Show how the connection stands."""
        now = standing(self._attachment.unit, can_restart=self._attachment.can_restart)
        self.top_bar.show_standing(now)
        self.banner.show_standing(now, [self.actions_by_key[key] for key in now.actions])
        self._enable_actions()

    def show_alarms(self) -> None:
        """Show the alarms."""
        self.show_page("alarms")

    def stop_all(self) -> None:
        """Stop every job, and say what was stopped. Asks nothing, and may be pressed again."""
        self.top_bar.show_stopping(True)
        background.run(self._stop_all(), self, self._on_stop_failed)

    def choose_source(self, *, is_first: bool = False) -> None:
        """Ask what to work with."""
        if self.findChild(SourceDialog) is None:
            SourceDialog(self._attachment, self, is_first=is_first).open()

    def restart_service(self) -> None:
        """Start the window's own service anew."""
        background.run(self._attachment.restart(), self)

    def toggle_theme(self) -> None:
        """Switch to the scheme that is not shown now."""
        self.choose_theme("light" if theme.current().is_dark else "dark")

    def choose_theme(self, wanted: str) -> None:
        """Use and remember a theme: "system", "light" or "dark"."""
        theme.current().choose(wanted)
        self._settings.change(theme=wanted)

    def toggle_going_on(self) -> None:
        """Switch what becomes of running jobs when the window is gone without a word."""
        self._attachment.choose_when_window_dies(keep=not self.goes_on_without_window)

    @property
    def goes_on_without_window(self) -> bool:
        """Whether running jobs go on when the window is gone without a word."""
        return self._attachment.goes_on_without_window

    @property
    def theme_wanted(self) -> str:
        """The theme that was chosen."""
        return theme.current().wanted

    def show_problems(self) -> None:
        """Open the list of faults of this run."""
        ProblemsDialog(self._problems, self).open()

    def show_shortcuts(self) -> None:
        """Open the list of keyboard shortcuts."""
        ShortcutsDialog(self.actions_by_key, self).open()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let the program decide about running jobs first; remember the window's place."""
        if self._may_close:
            self._remember_place()
            event.accept()
        else:
            event.ignore()
            self.close_asked.emit()

    async def before_leaving(self) -> None:
        """Let the pages keep what is not kept yet; those that have such a thing offer `before_leaving()`."""
        for made in self._pages.values():
            keep = getattr(made, "before_leaving", None)
            if callable(keep):
                await keep()

    def close_for_good(self) -> None:
        """Close without asking again."""
        self._may_close = True
        self.close()

    async def _stop_all(self) -> None:
        try:
            stopped = await self._attachment.stop_all()
        finally:
            self.top_bar.show_stopping(False)
        if stopped:
            names = listing([job_title(name) for name in stopped])
            jobs = self.tr("1 job") if len(stopped) == 1 else self.tr("{} jobs").format(len(stopped))
            self.toaster.show(self.tr("Stopped {}").format(jobs), names, "ok")
        else:
            self.toaster.show(self.tr("Nothing was running"), self.tr("All outputs are off."))

    def _on_stop_failed(self, trouble: ServiceTroubleError) -> None:
        safe = self.tr("The board switches its outputs off by itself when the service is silent.")
        detail = sentences(trouble.error, trouble.remedy, safe)
        self.toaster.show(self.tr("Stop all did not get through"), detail, "alarm", stays=True)

    def _on_missed(self, job_names: list[str]) -> None:
        offered = [job["job_name"] for job in self._attachment.unit.interrupted.get("jobs", [])]
        job_names = [name for name in job_names if name not in offered]
        if not job_names:
            return
        jobs = self.tr("1 job") if len(job_names) == 1 else self.tr("{} jobs").format(len(job_names))
        names = listing([job_title(name) for name in job_names])
        headline = self.tr("{} ended meanwhile").format(jobs)
        detail = self.tr("{} ended while the service was down or out of reach. Start again what shall run.").format(
            names
        )
        self.toaster.show(headline, detail, "alarm", stays=True)

    def _on_told(self, headline: str, detail: str) -> None:
        self.toaster.show(headline, detail)

    def _on_problem(self, problem: Problem) -> None:
        detail = self.tr("{} See Menu, Problems… for the whole report.").format(problem.headline[:200])
        self.toaster.show(self.tr("Something in the window went wrong"), detail, "alarm", stays=True)

    def _on_second(self) -> None:
        self.top_bar.show_time()
        self.resume.refresh()
        if not self._attachment.unit.service.is_live or self._attachment.unit.board.get("state") in (
            "lost",
            "connecting",
        ):
            self.refresh()

    def _enable_actions(self) -> None:
        unit = self._attachment.unit
        live = unit.service.is_live
        self.actions_by_key["restart_service"].setVisible(self._attachment.can_restart)
        self.actions_by_key["new_experiment"].setEnabled(live)
        for key in ("experiment_notes", "vial", "end_experiment"):
            self.actions_by_key[key].setEnabled(live and unit.experiment is not None)

    def _menu(self, keys: tuple[str, ...]) -> QMenu:
        menu = QMenu(self)
        self.actions_by_key.fill(menu, keys)
        return menu

    def _show_page_actions(self, shown: QWidget) -> None:
        while (item := self._page_actions.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
        offered = getattr(shown, "page_actions", None)
        actions = offered() if callable(offered) else []
        for widget in actions:
            self._page_actions.addWidget(widget)
            widget.show()
        put_in_order([self.banner, self.resume, *actions, shown], after=self.top_bar.stop_button)

    def _restore_place(self) -> None:
        place = self._settings.values.window_px
        self.resize(*(place[2:] if place else _USUAL_PX))
        screen = self.screen().availableGeometry()
        if place and screen.contains(place[0], place[1]):
            self.move(place[0], place[1])
        if self._settings.values.maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _remember_place(self) -> None:
        place = self.normalGeometry()
        self._settings.values.window_px = [place.x(), place.y(), place.width(), place.height()]
        self._settings.values.maximized = self.isMaximized()
        self._settings.save()
