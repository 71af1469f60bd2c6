"""The hold on the process of a dry run, from the service or from the command line."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.dry_run.plan import COMMAND
from core.errors import ServiceError

_AGAIN = "Try again with fewer hours; if it comes back, look whether the disk has space."


class DryRunFailedError(ServiceError):
    """The dry run did not come to a result; nothing real has moved."""


class DryRunProcess:
    """One process.

    Args:
        plan: file of the plan.
        epoch_utc_s: UTC at which the rehearsal begins, None for now.
        on_progress: called with hours, of_hours and phase, in the thread that runs `finish`.
    """

    def __init__(self, plan: Path, epoch_utc_s: float | None, on_progress: Callable[[dict[str, Any]], object]) -> None:
        is_frozen = bool(getattr(sys, "frozen", False))
        program = [sys.executable] if is_frozen else [sys.executable, "-m", "core.cli"]
        self._command = [*program, COMMAND, str(plan), *(() if epoch_utc_s is None else (repr(epoch_utc_s),))]
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_killed = False

    def finish(self) -> dict[str, Any]:
        """Run it to its end, which blocks; return the result. Raises DryRunFailedError."""
        with self._lock:
            if self._is_killed:
                return {}
            try:
                process = self._process = self._start()
            except OSError as error:
                raise DryRunFailedError("The dry run was not begun.", f"{error.strerror}.") from error
        last: dict[str, Any] = {}
        with contextlib.ExitStack() as stack:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    stack.callback(pipe.close)
            for line in process.stdout or ():
                with contextlib.suppress(ValueError):
                    last = json.loads(line)
                    if "progress" in last:
                        self._on_progress(last["progress"])
            code = process.wait()
        if "result" in last and code == 0:
            result: dict[str, Any] = last["result"]
            return result
        cause = last.get("fault") or f"Its process ended with {code}"
        raise DryRunFailedError("The dry run came to no result. Nothing real has moved.", f"{cause}.", _AGAIN)

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
