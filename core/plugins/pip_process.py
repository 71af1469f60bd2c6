"""The package installer pip in a process of its own, which is this very program: a frozen one has no other Python.

`run_pip` is what happens in that process (`vialdesk pip`), `PipRun` is its hold on it from the service. The process
ends with the service, however that ends: its stdin is a pipe from the service.
"""

from __future__ import annotations

import contextlib
import os
import re
import runpy
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from core.security import without_credentials

COMMAND = "pip"
_HAS_PARENT = "--has-parent"
_LAST_LINES = 12
_LONGEST_LINE = 400


def run_pip(arguments: Sequence[str]) -> int:
    """Run pip with these arguments and return its exit code."""
    arguments = list(arguments)
    if arguments[:1] == [_HAS_PARENT]:
        arguments = arguments[1:]
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    sys.argv = [COMMAND, *arguments]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _end_with_parent() -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    if sys.platform != "win32" and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what pip started goes too
    os._exit(1)


class PipRun:
    """One run of pip.

    Args:
        arguments: of pip.
        scratch: folder for everything it writes on its way.
        say: called with each line of its output, in the thread that runs `finish`.
        index_url: index that packages come from, "" for the one pip is set up for. It may hold a password, so it goes
            over in the environment, where only this user sees it, and not on the command line.

    Attributes:
        last_lines: the end of its output.
    """

    def __init__(
        self, arguments: Sequence[str], scratch: Path, say: Callable[[str], None], index_url: str = ""
    ) -> None:
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._command = [*_program(), COMMAND, _HAS_PARENT, *arguments]
        self._scratch = scratch
        self._index_url = index_url
        self._say = say
        # Where things lie on this computer is nobody's business; pip also writes paths relative to where it runs.
        self._own_paths = r"\S*" + re.escape(os.path.join(scratch.parent.name, scratch.name))
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_killed = False

    def finish(self) -> int:
        """Run it to its end, which blocks; return the exit code. Raises OSError when it cannot be started."""
        with self._lock:
            if self._is_killed:
                return -signal.SIGTERM
            process = self._process = self._start()
        with contextlib.ExitStack() as stack:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    stack.callback(pipe.close)
            for line in process.stdout or ():
                self._tell(line)
            return process.wait()

    def kill(self) -> None:
        """End it now; from any thread. One that has not been started yet never will be."""
        with self._lock:
            self._is_killed = True
            process = self._process
            if process is None or process.poll() is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                if sys.platform == "win32":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)

    def _start(self) -> subprocess.Popen[str]:
        apart = 0
        if sys.platform == "win32":
            apart = subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(  # noqa: S603 - our own program; no shell, and arguments that cannot be options
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(self._scratch, self._index_url),
            start_new_session=True,
            creationflags=apart,
        )

    def _tell(self, line: str) -> None:
        line = re.sub(self._own_paths, "…", line.rstrip().replace(str(self._scratch), "…"))
        line = without_credentials(line)[:_LONGEST_LINE]
        if line:
            self.last_lines.append(line)
            self._say(line)


def _program() -> list[str]:
    return [sys.executable] if is_frozen() else [sys.executable, "-m", "core.cli"]


def is_frozen() -> bool:
    """Whether the program is frozen, so that there is no Python to build a package with."""
    return bool(getattr(sys, "frozen", False))


def _environment(scratch: Path, index_url: str) -> dict[str, str]:
    """Return the environment of the process: ours, so that proxies hold, without what would send packages elsewhere."""
    index = {"PIP_INDEX_URL": index_url} if index_url else {}
    ours = {name: value for name, value in os.environ.items() if name not in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")}
    folder = str(scratch)
    return {**ours, **index, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1",
            "TMPDIR": folder, "TEMP": folder, "TMP": folder}  # fmt: skip
