"""The service's hold on the process that makes an export."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import ServiceError
from core.experiment_export.worker import COMMAND

_FULL = "See that the disk with the data folder has space, or export less, then try again."
_AGAIN = "Try again; if it comes back, restart the service: records that cannot be read are set aside then."


class ExportFailedError(ServiceError):
    """The export was not made; nothing of it is left."""


class ExportProcess:
    """One run of `vialdesk export-datasets`.

    Args:
        plan: file of the plan.
        on_progress: called with what the process says of how far it is, in the thread that runs `finish`.
    """

    def __init__(self, plan: Path, on_progress: Callable[[dict[str, Any]], object]) -> None:
        is_frozen = bool(getattr(sys, "frozen", False))
        program = [sys.executable] if is_frozen else [sys.executable, "-m", "core.cli"]
        self._command = [*program, COMMAND, str(plan)]
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_killed = False

    def finish(self) -> dict[str, Any]:
        """Run it to its end, which blocks; return what the export holds. Raises ExportFailedError."""
        with self._lock:
            if self._is_killed:
                return {}
            try:
                process = self._process = self._start()
            except OSError as error:
                raise ExportFailedError("The export was not begun.", f"{error.strerror}.") from error
        last: dict[str, Any] = {}
        with contextlib.ExitStack() as stack:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    stack.callback(pipe.close)
            for line in process.stdout or ():
                with contextlib.suppress(ValueError):
                    last = json.loads(line)
                    self._on_progress(last)
            code = process.wait()
        if "result" in last and code == 0:
            result: dict[str, Any] = last["result"]
            return result
        cause = last.get("fault") or f"The process that made it ended with {code}."
        raise ExportFailedError("The export was not made.", f"{cause}.", _FULL if last.get("is_disk") else _AGAIN)

    def kill(self) -> None:
        """End it now; from any thread. One that has not been started yet never will be."""
        with self._lock:
            self._is_killed = True
            if self._process is not None and self._process.poll() is None:
                self._process.kill()

    def _start(self) -> subprocess.Popen[str]:
        apart = 0
        if sys.platform == "win32":
            apart = subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(  # noqa: S603 - our own program; no shell
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            creationflags=apart,
        )
