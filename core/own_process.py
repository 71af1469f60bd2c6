"""A second process of this same program for long work: it says lines of JSON, and dies with whoever began it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

Line = dict[str, Any]


class OwnProcess:
    """The hold on one process; it ends by itself when its standard input does.

    Args:
        arguments: what comes after the program's name: an inner command and what it needs.
        on_line: called with each line it says, in the thread that runs `finish`.
        told: a line that it reads on its standard input, "" for none.
    """

    def __init__(self, arguments: list[str], on_line: Callable[[Line], object], told: str = "") -> None:
        is_frozen = bool(getattr(sys, "frozen", False))
        self._command = [*([sys.executable] if is_frozen else [sys.executable, "-m", "core.cli"]), *arguments]
        self._on_line = on_line
        self._told = told
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_killed = False

    def finish(self) -> tuple[int | None, Line]:
        """Run it to its end, which blocks; return its exit code and its last line.

        The code is None for one that was killed before it began. Raises OSError when it cannot be begun.
        """
        with self._lock:
            if self._is_killed:
                return None, {}
            process = self._process = self._start()
        last: Line = {}
        with contextlib.ExitStack() as stack:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    stack.callback(_close, pipe)
            self._tell(process)
            for line in process.stdout or ():
                with contextlib.suppress(ValueError):
                    last = json.loads(line)
                    self._on_line(last)
            return process.wait(), last

    def _tell(self, process: subprocess.Popen[str]) -> None:
        if self._told and process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended already: its exit code says more
                process.stdin.write(f"{self._told}\n")
                process.stdin.flush()

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


def _close(pipe: IO[str]) -> None:
    with contextlib.suppress(OSError):  # what it was not told because it had ended
        pipe.close()
