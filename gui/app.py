"""The program with a window, from the first picture to the last: start, what closing means, the way out."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from gui import background, settings, theme
from gui.attachment import Attachment
from gui.closing import ClosingDialog
from gui.crash import Problems
from gui.garbage import GarbageCollection
from gui.loop import WindowLoop
from gui.main_window import MainWindow
from gui.service_client import ServiceTroubleError
from gui.service_host import ServiceHost
from gui.settings import SettingsStore
from gui.tray import Tray

# A window that is asked to end by a signal looks for it this often: Qt's loop does not wake for signals by itself.
_LOOK_FOR_SIGNALS_MS = 250


@dataclass(frozen=True)
class Start:
    """What the command line asks of this run; None leaves it to the settings.

    Attributes:
        simulate: work with the simulated board.
        attach: address of a running service to attach to.
        token: the token it wants.
        theme: "system", "light" or "dark".
        page: key of the page to show.
        size_px: width and height of the window.
    """

    simulate: bool = False
    attach: str | None = None
    token: str | None = None
    theme: str | None = None
    page: str | None = None
    size_px: tuple[int, int] | None = None


class Program(QObject):
    """Ties window, attachment and settings together, and knows the way out.

    Args:
        make_host: makes the host of the window's own service.
        start: what the command line asks for.
        failures: what that host raises when the service cannot be started.
    """

    def __init__(
        self,
        application: QApplication,
        make_host: Callable[[], ServiceHost],
        start: Start,
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        super().__init__(application)
        application.commitDataRequest.connect(self.end)
        self.problems = Problems(settings.directory(), self)
        self.problems.install()
        self.settings = SettingsStore()
        _apply(start, self.settings)
        theme.current().choose(self.settings.values.theme)
        self.attachment = Attachment(make_host, self.settings, failures, self)
        self.window = MainWindow(self.attachment, self.settings, self.problems)
        self.window.close_asked.connect(self.on_close_asked)
        if start.size_px is not None:
            self.window.resize(*start.size_px)
        actions = self.window.actions_by_key
        self._tray = Tray(self, self.window, [actions["page_alarms"], actions["stop_all"], actions["quit"]])
        self._tray.opened.connect(self._show_again)
        self.window.announcer.told.connect(self._notify)
        self.window.announcer.over.connect(self._alarms_over)
        self._over = asyncio.Event()
        self._is_leaving = False
        self._asked_first = False
        self.attachment.unit.snapshot_loaded.connect(self._ask_first)

    async def run(self) -> None:
        """Show the window, bring the service up, and return when everything is over."""
        asyncio.get_running_loop().set_exception_handler(self.problems.on_loop_exception)
        self.window.show()
        for warning in self.settings.warnings:
            self.window.toaster.show(self.tr("A setting could not be read"), warning, "warn", stays=True)
        for problem in self.problems.kept:
            self.window.toaster.show(
                problem.headline, self.tr("See Menu, Problems… for the report."), "warn", stays=True
            )
        background.run(self.attachment.start(), self)
        await self._over.wait()
        self.problems.uninstall()

    def on_close_asked(self) -> None:
        """Decide what closing means: ask while jobs run in this computer's service, go otherwise."""
        unit = self.attachment.unit
        running = [str(row["job_name"]) for row in unit.stoppable_jobs()]
        if not running or self.attachment.is_elsewhere or not unit.service.is_live:
            self._quit(stop=True)
            return
        dialog = ClosingDialog(running, self._goes_to_tray(), self.window)
        dialog.keep_asked.connect(self._keep_running)
        dialog.stop_asked.connect(self._stop_and_quit)
        dialog.open()

    def end(self) -> None:
        """Stop everything safely and quit without asking: the system shuts down, or somebody ended the program."""
        self._quit(stop=True)

    def _ask_first(self) -> None:
        """Ask what to work with at the very first start, unless the service has a board already."""
        if self.attachment.source.kind == "" and not self._asked_first and not self.attachment.unit.board.get("url"):
            self._asked_first = True
            self.window.choose_source(is_first=True)

    def _keep_running(self) -> None:
        if self._goes_to_tray():
            self._hide_in_tray()
        else:
            self._quit(stop=False)

    def _goes_to_tray(self) -> bool:
        """Whether the window stays behind an icon to keep its service running; one it did not start needs no window."""
        return self.attachment.owns_service and self._tray.is_available()

    def _hide_in_tray(self) -> None:
        self._tray.show_because("hidden", self.tr("Vialdesk: jobs are running"))
        self.window.hide()

    def _notify(self, title: str, text: str) -> None:
        """Have the system tell of new alarms, where it can."""
        if self._tray.is_available():
            self._tray.show_because("alarms", title)
            self._tray.notify(title, text)

    def _alarms_over(self) -> None:
        self._tray.reason_gone("alarms")

    def _show_again(self) -> None:
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self._tray.reason_gone("hidden")

    def _stop_and_quit(self) -> None:
        background.run(self._stop_then_quit(), self, self._on_not_stopped)

    async def _stop_then_quit(self) -> None:
        await self.attachment.stop_all()
        self._quit(stop=True)

    def _on_not_stopped(self, trouble: ServiceTroubleError) -> None:
        self.window.show()
        self.window.toaster.show_trouble(trouble)

    def _quit(self, *, stop: bool) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            self.window.hide()
            background.run(self._leave(stop), self)

    async def _leave(self, stop: bool) -> None:
        try:
            await self.window.before_leaving()
            await self.attachment.leave(stop=stop)
        finally:
            self._tray.hide()
            self.window.close_for_good()
            self._over.set()


def _apply(start: Start, store: SettingsStore) -> None:
    """Let the command line win over the settings, for this run only."""
    if start.simulate:
        store.override(source_kind="simulated", source_url="", source_token="")
    if start.attach is not None:
        store.override(source_kind="service", source_url=start.attach.rstrip("/"), source_token=start.token or "")
    store.override(**{name: value for name, value in (("theme", start.theme), ("page", start.page)) if value})


def run_window(make_host: Callable[[], ServiceHost], start: Start, failures: tuple[type[Exception], ...] = ()) -> int:
    """Run the window until it is closed; return the process's exit code. The arguments are those of `Program`."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName("vialdesk")
    application.setApplicationDisplayName("Vialdesk")
    application.setDesktopFileName("vialdesk")
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: WindowLoop(application)) as runner:
        return runner.run(_main(application, make_host, start, failures))


async def _main(
    application: QApplication,
    make_host: Callable[[], ServiceHost],
    start: Start,
    failures: tuple[type[Exception], ...],
) -> int:
    GarbageCollection(application)
    program = Program(application, make_host, start, failures)
    wake = QTimer(program)
    wake.timeout.connect(_let_signals_in)
    wake.start(_LOOK_FOR_SIGNALS_MS)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: program.end())
    await program.run()
    return 0


def _let_signals_in() -> None:
    """Give the interpreter a moment in which it runs signal handlers."""
