"""The pipe from the window that started the service: its last will, and its word to stop.

Lines on stdin: `when_window_dies keep`, `when_window_dies stop`, `stop`. The end of the pipe means that the
window is gone, however that came about; then the service does what was chosen last.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)
_CHUNK = 4096


class ParentPipe:
    """Heeds stdin until closed, and ends the service when the window says so or is gone.

    What to do when the window dies is to stop until it says otherwise.

    Args:
        stop: ends the service.
        stop_for_good: ends it because its user wants everything stopped.
    """

    def __init__(self, stop: Callable[[], None], stop_for_good: Callable[[], None]) -> None:
        self._stop = stop
        self._stop_for_good = stop_for_good
        self._loop = asyncio.get_running_loop()
        self._goes_on = False
        self._closed = False
        self._thread = threading.Thread(target=self._read, args=(sys.stdin.fileno(),), name="window", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Heed nothing more."""
        self._closed = True

    def _read(self, descriptor: int) -> None:
        rest = b""
        while True:
            try:
                chunk = os.read(descriptor, _CHUNK)
            except OSError:
                chunk = b""
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._hand_over(line.decode(errors="replace").strip())
            if not chunk:
                self._hand_over("end")
                return

    def _hand_over(self, line: str) -> None:
        if not self._closed and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heed, line)

    def _heed(self, line: str) -> None:
        if line == "when_window_dies keep":
            self._goes_on = True
        elif line == "when_window_dies stop":
            self._goes_on = False
        elif line == "stop":
            self._stop_for_good()
        elif line != "end":
            _log.warning("The window said %r, which means nothing to the service.", line)
        elif self._closed:
            return
        elif self._goes_on:
            _log.warning("The window is gone; the service goes on, as was chosen.")
        else:
            _log.warning("The window is gone; the service stops everything, as was chosen.")
            self._stop()
