"""Pans four curves of 100 000 samples in a window until it is stopped; prints a line when it has begun."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer

from tests.bench.plot_window import EACH_S, application, filled_stack

SAMPLES = 100_000
_EACH_MS = 50


def main() -> int:
    """Show the window and move it twenty times a second, to and fro."""
    app = application()
    stack = filled_stack(("od1", "od2", "od3", "od4"), SAMPLES, 1280, 720)
    stack.view.zoom(0.3)
    step_s = SAMPLES * EACH_S / 2000
    moves = 0

    def move() -> None:
        nonlocal moves
        moves += 1
        stack.view.pan(step_s if moves // 200 % 2 else -step_s)

    timer = QTimer()
    timer.timeout.connect(move)
    timer.start(_EACH_MS)
    print("panning", flush=True)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
