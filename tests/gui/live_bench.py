"""A Live page on its own, with a unit fed by hand and a service that answers what the test orders."""

from __future__ import annotations

from functools import partial
from typing import Any

from loop_driver import LoopDriver
from PySide6.QtWidgets import QVBoxLayout, QWidget
from stand_in_service import StandInService, row, snapshot

from gui.live.page import LivePage
from gui.live.utc_text import utc_text
from gui.service_client import ServiceClient
from gui.unit import Unit

START_S = 1_927_857_600.0
EXPERIMENT = "/unit_api/experiments/exp%20one"
RUNNING = [row(1, "stirring"), row(2, "od_reading")]


def od(value: float = 0.1, angle: str = "90", channel: str = "2", calibrated: int = 0) -> dict[str, Any]:
    return {"od": value, "angle": angle, "channel": channel, "calibrated": calibrated, "timestamp": utc_text(START_S)}


SETTINGS = {
    "stirring": {"$state": "ready", "target_rpm": 500.0, "duty_cycle": 29.81},
    "od_reading": {"$state": "ready", "interval": 5.0, "ir_led_intensity": 80.0, "od2": od()},
}


def raw(count: int = 10, value: float = 0.2, step_s: float = 5.0) -> dict[str, Any]:
    """Return a `time_series` answer of readings up to START_S."""
    t = [START_S - (count - index) * step_s for index in range(count)]
    return {"decimated": False, "bucket_s": None, "columns": ["t", "value"], "data": [t, [value] * count]}


def buckets(count: int, bucket_s: float) -> dict[str, Any]:
    """Return a `time_series` answer of minima and maxima up to START_S."""
    t = [START_S - (count - index) * bucket_s for index in range(count)]
    data = [t, [0.1] * count, [0.3] * count]
    return {
        "decimated": True, "bucket_s": bucket_s, "columns": ["t", "min", "max"], "data": data, "to": utc_text(START_S),
    }  # fmt: skip


def _recorded(answer: dict[str, Any], body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
    """Answer with what is recorded; asked for the end of buckets in detail, with nothing more than they tell."""
    is_end = answer["decimated"] and "from" in query
    return 200, answer | {"decimated": False, "bucket_s": None, "data": [[], []]} if is_end else answer


class LiveBench:
    """The page and its surroundings; `tell` hands it events as the stream would."""

    def __init__(self, driver: LoopDriver, service: StandInService) -> None:
        self.driver = driver
        self.service = service
        self.unit = Unit()
        self.client = ServiceClient(service.url)
        self.page = LivePage(self.unit, self.client)
        self.bar = self.page.view_bar
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        column.addWidget(self.bar)
        column.addWidget(self.page)
        self.window.resize(900, 600)
        self.window.show()
        self.at_s = START_S

    def begin(self, *, running: bool = True, recorded: dict[str, Any] | None = None, **changes: Any) -> None:
        """Hand over a snapshot and wait until the page has loaded what is recorded of the experiment."""
        series = [{"series": name, "points": 1} for name in recorded or {}]
        self.service.answer(f"GET {EXPERIMENT}", 200, {"created_at": utc_text(START_S), "series": series})
        for name, answer in (recorded or {}).items():
            self.service.routes[f"GET {EXPERIMENT}/time_series/{name}"] = partial(_recorded, answer)
        state = {"jobs": RUNNING, "settings": SETTINGS} if running else {}
        self.tell("snapshot", **snapshot(**(state | changes)))
        self.driver.until(lambda: self.page.history.state in ("loaded", "failed", "none"), "history was asked for")

    def tell(self, name: str, **data: Any) -> None:
        """Hand over one event, as the stream does."""
        self.unit.handle(name, {"t": utc_text(self.at_s)} | data)

    def read(self, series: str, value: float, after_s: float = 5.0) -> None:
        """Hand over one reading, some seconds after what came before."""
        self.at_s += after_s
        self.tell("reading", series=series, value=value)

    def draw(self) -> None:
        """Draw now instead of within 50 ms."""
        self.page.stack.redraw_now()

    def drawn(self, series: str = "od2") -> list[float]:
        """Return the values of the points of a curve now on the screen."""
        self.draw()
        return [round(float(value), 9) for value in self.page.stack.curves[series].drawn.y]

    def close(self) -> None:
        self.driver.run(self.client.close())
        self.window.deleteLater()
        self.unit.deleteLater()
