"""The curves on the screen: how long a redraw takes, how smoothly they move, and how soon a reading is seen."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QApplication

from gui.live.page import LivePage
from gui.live.plot_stack import PlotStack
from gui.live.utc_text import utc_text
from gui.service_client import ServiceClient
from gui.unit import Unit
from tests.bench import wire_to_pixel
from tests.bench.figures import Figure, quantile
from tests.bench.plot_window import EACH_S, EIGHT, NOW_S, application, filled_stack, timed_ms

FRAMES = 60
READINGS = 40
# What rail, cards and margins leave for the plots in a window of 1920 x 1080.
PLOTS_AT_1920_PX = (1440, 880)


def measure() -> list[Figure]:
    """Return redraw times (of the processor) at screen width, pan times, and reading-to-pixel times."""
    running = application()
    return [*_redraws(), *_pans(), *_reading_to_pixel(), *_thinning(), *wire_to_pixel.measure(running)]


def _redraws() -> list[Figure]:
    figures = []
    for samples, bar in ((100_000, 10.0), (1_000_000, None)):
        stack = filled_stack(EIGHT, samples, *PLOTS_AT_1920_PX)
        times = [timed_ms(stack) for _ in range(FRAMES)]
        name = f"redraw 8 curves x {samples:,}, 1920 x 1080 window"
        figures.append(Figure(name, quantile(times, 0.5), "ms", bar))
        _close(stack)
    return figures


def _pans() -> list[Figure]:
    stack = filled_stack(("od1", "od2", "od3", "od4"), 100_000, 1280, 720)
    stack.view.zoom(0.3)
    times = []
    for _ in range(FRAMES):
        begin = time.perf_counter()
        stack.view.pan(-EACH_S * 40)
        stack.redraw_now()
        stack.viewport().repaint()
        times.append((time.perf_counter() - begin) * 1e3)
    _close(stack)
    # 20 frames a second leave 50 ms for each, axes with new labels included.
    return [
        Figure("pan 4 curves x 100,000, median", quantile(times, 0.5), "ms", 50),
        Figure("pan 4 curves x 100,000, p95", quantile(times, 0.95), "ms"),
    ]


def _reading_to_pixel() -> list[Figure]:
    unit = Unit()
    page = LivePage(unit, ServiceClient())
    page.resize(1280, 720)
    page.show()
    unit.handle("reading", {"t": utc_text(NOW_S), "series": "od2", "value": 0.1})
    _settle(0.3)
    times = []
    for index in range(1, READINGS):
        painted: list[float] = []

        def on_drawn(seen: list[float] = painted) -> None:
            page.stack.viewport().repaint()
            seen.append(time.perf_counter())

        page.stack.drawn.connect(on_drawn)
        begin = time.perf_counter()
        unit.handle("reading", {"t": utc_text(NOW_S + index * EACH_S), "series": "od2", "value": 0.1 + index / 100})
        while not painted:
            QApplication.processEvents()
        times.append((painted[0] - begin) * 1e3)
        page.stack.drawn.disconnect(on_drawn)
        _settle(0.01 * (index % 7))
    page.deleteLater()
    _settle(0.05)
    return [
        Figure("reading received to pixel, median", quantile(times, 0.5), "ms", 250),
        Figure("reading received to pixel, worst", max(times), "ms", 250),
    ]


def _thinning() -> list[Figure]:
    figures = []
    for samples in (100_000, 1_000_000):
        stack = filled_stack(("od2",), samples, 640, 480)
        buffer, span = stack.curves["od2"].buffer, stack.view.span
        times = []
        for index in range(FRAMES):
            buffer.append(NOW_S + (index + 1) * EACH_S, 1.0)
            begin = time.perf_counter()
            buffer.polyline(span, 1920)
            times.append((time.perf_counter() - begin) * 1e3)
        figures.append(Figure(f"thin {samples:,} samples after one more, median", quantile(times, 0.5), "ms"))
        _close(stack)
    return figures


def _settle(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        QApplication.processEvents()


def _close(stack: PlotStack) -> None:
    stack.hide()
    stack.deleteLater()
    QApplication.processEvents()
