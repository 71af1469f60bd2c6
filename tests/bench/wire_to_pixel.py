"""From a sample to its pixel the whole way: simulated board, service in its own process, event stream, Live page."""

from __future__ import annotations

import asyncio
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from gui import background
from gui.event_stream import EventStream
from gui.live.page import LivePage
from gui.loop import WindowLoop
from gui.service_client import ServiceClient
from gui.unit import Unit
from tests.bench.figures import Figure, quantile
from tests.bench.running import service

READINGS = 40
GIVE_UP_S = 120.0
SERIES = "od2"
# One reading a second, so that the measuring takes no longer than it must.
OPTIONS = {"interval": 1.0}
# A sample's time is the middle of the 0.4 s in which the light is measured: only after the other half is there a sample
# to send.
HALF_WINDOW_MS = 200.0


def measure(application: QApplication) -> list[Figure]:
    """Return how long after its measuring a sample is on the screen, and how much of that is the window's share."""
    with service() as (_, client), asyncio.Runner(loop_factory=lambda: WindowLoop(application)) as runner:
        watch = runner.run(_watch(client.address))
    sent_ms = [age_ms - HALF_WINDOW_MS for age_ms in watch.ages_ms]
    return [
        Figure("sample measured to pixel, whole way, median", quantile(sent_ms, 0.5), "ms", 250),
        Figure("sample measured to pixel, whole way, worst", max(sent_ms), "ms", 250),
        Figure("of that, in the window, median", quantile(watch.own_ms, 0.5), "ms"),
        Figure("sample's own time (mid-window) to pixel, worst", max(watch.ages_ms), "ms"),
    ]


class Watch(QObject):
    """Notes for each reading of a series when it came and when the picture that shows it was painted.

    Attributes:
        ages_ms: from each sample's own time (UTC) to the end of painting.
        own_ms: from the arrival of its event to the end of painting.
        enough: set when there are enough of them.
    """

    def __init__(self, unit: Unit, page: LivePage) -> None:
        super().__init__(page)
        self._curve = page.stack.curves[SERIES]
        self._waiting: list[tuple[float, float]] = []
        self.ages_ms: list[float] = []
        self.own_ms: list[float] = []
        self.enough = asyncio.Event()
        unit.reading.connect(self._on_reading)
        page.stack.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """See the plots being painted; what comes next in the loop comes after the painting."""
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._on_painted)
        return False

    def _on_reading(self, series: str, utc_s: float, value: float) -> None:
        if series == SERIES:
            self._waiting.append((utc_s, time.time()))

    def _on_painted(self) -> None:
        now_s, drawn = time.time(), self._curve.drawn.t
        newest_s = float(drawn[-1]) if len(drawn) else 0.0
        for utc_s, came_s in [pair for pair in self._waiting if pair[0] <= newest_s]:
            self.ages_ms.append((now_s - utc_s) * 1e3)
            self.own_ms.append((now_s - came_s) * 1e3)
        self._waiting = [pair for pair in self._waiting if pair[0] > newest_s]
        if len(self.ages_ms) >= READINGS:
            self.enough.set()


async def _watch(address: str) -> Watch:
    unit, client = Unit(), ServiceClient(address)
    page = LivePage(unit, client)
    page.resize(1280, 720)
    page.show()
    stream = background.run(EventStream(client, unit).run(), page)
    await client.run_task("/unit_api/jobs/run/job_name/stirring", {"options": {}})
    watch = Watch(unit, page)
    await client.run_task("/unit_api/jobs/run/job_name/od_reading", {"options": OPTIONS})
    async with asyncio.timeout(GIVE_UP_S):
        await watch.enough.wait()
    stream.cancel()
    await client.close()
    page.hide()
    return watch
