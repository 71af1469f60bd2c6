"""What is said to the user: log lines of the service and of each job.

Every line of the service's loggers goes two ways: to the bus (and from there into the records, the event stream and
the window) and, in a thread of its own, to the terminal and to a rotating file, so that a terminal that does not read
or a slow disk never holds the loop up.
"""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.bus import Bus, LogWritten
from core.clock import Clock, timestamp
from core.plain_text import plain

NOTICE = 25
LEVELS = {"DEBUG": 10, "INFO": 20, "NOTICE": NOTICE, "WARNING": 30, "ERROR": 40}
_OUR_LOGGERS = ("core", "device", "vialdesk")
_FILE_BYTES = 5_000_000
_FILES_KEPT = 5

logging.addLevelName(NOTICE, "NOTICE")


class JobLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger that says which task (job, action) and which experiment a line belongs to."""

    def notice(self, message: str, *args: object) -> None:
        """Log what a user should notice although nothing is wrong."""
        self.log(NOTICE, message, *args)


def job_logger(task: str, experiment: str | None = None, source: str = "app") -> JobLogger:
    """Return the logger of a job or action; its lines carry `task`, `experiment` and `source`."""
    extra = {"task": task, "experiment": experiment, "source": source}
    return JobLogger(logging.getLogger(f"vialdesk.{task}"), extra)


class _ToBus(logging.Handler):
    """Publishes each line as a log item, from whatever thread it was logged in."""

    def __init__(self, publish: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._publish = publish
        self._is_publishing = False

    def emit(self, record: logging.LogRecord) -> None:
        if threading.get_ident() == self._thread:
            # What a listener of log lines says while it is told one goes to terminal and file only: no circles.
            if not self._is_publishing:
                self._is_publishing = True
                try:
                    self._publish(record)
                finally:
                    self._is_publishing = False
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, record)


class Logs:
    """Collects the lines of the running service.

    Args:
        next_id: gives each line its number, ascending.
        unit: name of the unit, part of every item.
    """

    def __init__(self, bus: Bus, clock: Clock, unit: str, next_id: Callable[[], int]) -> None:
        self._bus = bus
        self._clock = clock
        self._unit = unit
        self._next_id = next_id
        self._handlers: list[logging.Handler] = []
        self._outside: _Outside | None = None

    def start(self, bus_level: str, file_level: str, file: Path | None, to_terminal: bool) -> None:
        """Begin to collect: from `bus_level` for the window and records, from `file_level` for terminal and file."""
        outside: list[logging.Handler] = []
        if to_terminal:
            outside.append(logging.StreamHandler(sys.stderr))
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            rotating = logging.handlers.RotatingFileHandler
            outside.append(rotating(file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8"))
        self._outside = _Outside(outside, self._clock)
        self._outside.setLevel(LEVELS.get(file_level, logging.INFO))
        to_bus = _ToBus(self._publish)
        to_bus.setLevel(LEVELS.get(bus_level, logging.INFO))
        self._handlers = [to_bus, self._outside]
        for name in _OUR_LOGGERS:
            logger = logging.getLogger(name)
            logger.setLevel(min(handler.level for handler in self._handlers))
            logger.propagate = False
            for handler in self._handlers:
                logger.addHandler(handler)
        # The HTTP server's own lines matter only when something is wrong, and then not to a user of the window.
        server = logging.getLogger("uvicorn")
        server.setLevel(logging.WARNING)
        server.propagate = False
        server.addHandler(self._outside)

    def stop(self) -> None:
        """Let go of the loggers and write out what is still queued, for at most a second."""
        for name in (*_OUR_LOGGERS, "uvicorn"):
            logger = logging.getLogger(name)
            for handler in self._handlers:
                logger.removeHandler(handler)
            logger.propagate = True
        if self._outside:
            self._outside.close()

    def _publish(self, record: logging.LogRecord) -> None:
        self._bus.publish(LogWritten(self._item(record)))

    def _item(self, record: logging.LogRecord) -> dict[str, Any]:
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message = f"{message}: {type(error).__name__}: {error}"
        return {
            "id": self._next_id(),
            "timestamp": timestamp(self._clock.utc_s()),
            "level": _level_name(record.levelno),
            "source": plain(getattr(record, "source", "app")),
            "task": plain(getattr(record, "task", record.name.rpartition(".")[2])),
            "message": plain(message),
            "experiment": getattr(record, "experiment", None),
            "pioreactor_unit": self._unit,
        }


def _level_name(number: int) -> str:
    return max((name for name in LEVELS if LEVELS[name] <= number), key=LEVELS.__getitem__, default="DEBUG")


class _Outside(logging.Handler):
    """Writes lines to the terminal and the log file in its own thread."""

    def __init__(self, handlers: list[logging.Handler], clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._handlers = handlers
        self.setFormatter(logging.Formatter("%(levelname)-7s %(name)s: %(message)s"))
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        self._queue.put(plain(f"{timestamp(self._clock.utc_s())} {self.format(record)}"))

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=1)
        super().close()

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            for handler in self._handlers:
                handler.handle(logging.makeLogRecord({"msg": "%s", "args": (line,), "levelno": logging.CRITICAL}))
        for handler in self._handlers:
            if isinstance(handler, logging.FileHandler):
                handler.close()
