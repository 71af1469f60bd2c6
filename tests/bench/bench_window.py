"""The window: from the command to the first picture on the screen."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from PySide6.QtGui import QColor, QGuiApplication

from tests.bench.figures import Figure, quantile
from tests.bench.plot_window import application

STARTS = 5
GIVE_UP_S = 30.0


def measure() -> list[Figure]:
    """Return the time from `vialdesk --simulate` to a lit screen; needs an empty virtual screen without a manager."""
    application()
    samples = [_start() for _ in range(STARTS)]
    return [
        Figure("start to window shown, median", quantile(samples, 0.5), "s", 2),
        Figure("start to window shown, slowest", quantile(samples, 1.0), "s"),
    ]


def _start() -> float:
    with tempfile.TemporaryDirectory(prefix="vialdesk-start-") as folder:
        begin = time.perf_counter()
        window = subprocess.Popen(
            [sys.executable, "-m", "gui.main", "--simulate", "--data", f"{folder}/data"],
            env={**os.environ, "VIALDESK_SETTINGS_DIR": f"{folder}/settings"},
        )
        try:
            while not _is_lit():
                if time.perf_counter() - begin > GIVE_UP_S:
                    raise TimeoutError("the window did not appear")
                time.sleep(0.01)
            return time.perf_counter() - begin
        finally:
            window.terminate()
            window.wait(timeout=30)
            while _is_lit():
                time.sleep(0.01)


def _is_lit() -> bool:
    """Whether the screen shows something where the window opens."""
    pixel = QGuiApplication.primaryScreen().grabWindow(0, 100, 100, 1, 1).toImage().pixelColor(0, 0)
    return pixel != QColor("black")
