"""What goes wrong in the window itself: written to its log, told in a toast, kept for the Problems dialog.

An exception never ends the window. A hard crash leaves the interpreter's stack in a file, shown at the next start.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import logging.handlers
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from PySide6.QtCore import QDateTime, QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

_LOG_FILE = "window.log"
_CRASH_FILE = "window-crash.txt"
_LOG_BYTES = 1_000_000
_MOST_KEPT = 100
_log = logging.getLogger("vialdesk.window")
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@dataclass(frozen=True)
class Problem:
    """One fault: when (local time as text), one line that says what, and everything for a report."""

    when: str
    headline: str
    report: str


class Problems(QObject):
    """The faults of this run, the newest last.

    Args:
        folder: where the log and the crash file are.

    Signals:
        found: a new `Problem`.
    """

    found = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._crash_file: TextIO | None = None
        self._before = sys.excepthook
        self._handler: logging.Handler | None = None
        self.kept: list[Problem] = []

    def install(self) -> None:
        """Catch exceptions, Qt's messages and hard crashes from now on; keep what the last run left."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._start_log()
            self._take_last_crash()
            self._crash_file = (self._folder / _CRASH_FILE).open("w", encoding="utf-8")
            faulthandler.enable(self._crash_file)
        except OSError as error:
            _log.warning("No log can be written in %s: %s", self._folder, error)
        sys.excepthook = self.on_exception
        qInstallMessageHandler(_on_qt_message)

    def uninstall(self) -> None:
        """Give everything back; a run that ends well leaves no crash file."""
        sys.excepthook = self._before
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
        qInstallMessageHandler(None)
        if self._crash_file is not None:
            faulthandler.disable()
            self._crash_file.close()
            self._crash_file = None
            (self._folder / _CRASH_FILE).unlink(missing_ok=True)

    def on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Keep an exception nobody caught."""
        if issubclass(kind, KeyboardInterrupt):
            self._before(kind, error, trace)
            return
        report = "".join(traceback.format_exception(kind, error, trace))
        _log.error("%s", report)
        self.add(f"{kind.__name__}: {error}", report)

    def on_loop_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Keep what failed in a task or callback of the event loop."""
        del loop
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.on_exception(type(error), error, error.__traceback__)
        else:
            _log.error("%s", context.get("message"))
            self.add(str(context.get("message")), repr(context))

    def add(self, headline: str, report: str) -> None:
        """Keep a fault and tell whoever listens."""
        problem = Problem(QDateTime.currentDateTime().toString("yyyy-MM-dd HH:mm:ss"), headline, report)
        self.kept = [*self.kept[-_MOST_KEPT + 1 :], problem]
        self.found.emit(problem)

    def _start_log(self) -> None:
        handler = logging.handlers.RotatingFileHandler(
            self._folder / _LOG_FILE, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8", delay=True
        )
        self._handler = handler
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(min(root.level or logging.INFO, logging.INFO))
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("qasync").setLevel(logging.WARNING)

    def _take_last_crash(self) -> None:
        path = self._folder / _CRASH_FILE
        if path.exists() and (report := path.read_text(encoding="utf-8", errors="replace")).strip():
            self.kept.append(Problem("", "The window ended unexpectedly the last time", report))
            _log.error("The window ended unexpectedly the last time:\n%s", report)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_QT_LEVELS.get(kind, logging.WARNING), "%s (%s)", message, context.category)
