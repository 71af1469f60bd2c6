"""A window of curves full of samples, for measuring how fast they are drawn."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.live.plot_stack import PlotStack
from gui.live.time_view import TimeView
from gui.live.trace import traces

NOW_S = 1.9e9
EACH_S = 5.0
EIGHT = ("od1", "od2", "od3", "od4", "od_fused", "growth_rate", "temperature", "measured_rpm")


def application() -> QApplication:
    """Return the application, dressed as the window is."""
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else QApplication([])
    theme.current().choose("light")
    return app


def filled_stack(series: tuple[str, ...], samples: int, width_px: int = 1920, height_px: int = 1000) -> PlotStack:
    """Return a shown stack of plots whose `series` hold `samples` each: noisy growth, one reading every 5 s."""
    angles = {
        f"od{channel}": {"angle": angle} for channel, angle in zip("1234", ("45", "90", "135", "180"), strict=True)
    }
    stack = PlotStack(traces(angles), TimeView())
    random = np.random.default_rng(1)
    t = NOW_S - EACH_S * np.arange(samples)[::-1]
    growth = 0.05 + 1 / (1 + np.exp(-(np.arange(samples) - samples / 2) / (samples / 12)))
    for place, name in enumerate(series):
        values = growth * (place + 1) * (1 + random.normal(0, 0.01, samples))
        stack.curves[name].buffer.splice((t[0], t[-1]), t, values)
    stack.resize(width_px, height_px)
    stack.show()
    stack.arrange()
    stack.view.advance(NOW_S, float(t[0]))
    for _ in range(5):
        paint(stack)
        QApplication.processEvents()
    return stack


def read_all(stack: PlotStack) -> None:
    """Add one more reading to every curve that has some."""
    for curve in stack.curves.values():
        latest = curve.buffer.latest()
        if latest is not None:
            curve.buffer.append(latest[0] + EACH_S, latest[1])


def paint(stack: PlotStack) -> None:
    """Draw every curve from its buffer and paint it, now."""
    stack.redraw_now()
    stack.viewport().repaint()


def timed_ms(stack: PlotStack) -> float:
    """Return how much of the processor the redraw after one more reading of each curve takes, painting included.

    Other programs do not count.
    """
    read_all(stack)
    begin = time.thread_time()
    paint(stack)
    return (time.thread_time() - begin) * 1e3
