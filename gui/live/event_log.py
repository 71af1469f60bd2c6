"""Doses and light of the experiment: what was recorded, and what comes live."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QObject, QTimer, Signal

from gui import background
from gui.live.utc_text import utc_text
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import Unit, utc_s_of

# A pump runs in slices; those this close to each other are one dose.
SAME_DOSE_S = 5.0
# More than a lane has pixels; where there are more, doses near each other are fetched as one.
_MOST = 2000
_LONGEST_TOGETHER_S = 86400.0
_USUAL = ("add_media", "add_alt_media", "remove_waste")
# Pumps that can be at work at the same time, and then some.
_UNDER_WAY = 8
_SETTLE_MS = 250
_AROUND = 0.5


@dataclass(frozen=True)
class Dose:
    """Liquid moved by one pump for one cause, from `start_s` to `end_s` in UTC seconds; positive for waste too."""

    start_s: float
    end_s: float
    event: str
    volume_ml: float
    cause: str
    doses: int = 1


@dataclass(frozen=True)
class Light:
    """An LED lit with `percent` from `start_s` on; `end_s` is None while it is."""

    start_s: float
    end_s: float | None
    channel: str
    percent: float
    cause: str


class EventLog(QObject):
    """Knows every dose and every time of light, coarsely over the whole experiment, finely where one looks.

    Signals:
        changed: `doses` or `lights` are others.

    Attributes:
        doses: in the order of their beginnings.
        version: another number after each change.
    """

    changed = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._experiment: str | None = None
        self._generation = 0
        # Doses were fetched this far apart as one; None when every dose is known.
        self._coarse_s: float | None = None
        self._looked_at = (0.0, 0.0, 1)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settled.timeout.connect(self._look_closer)
        # What was told while an answer is on its way, which may not hold it yet.
        self._is_loading = False
        self._meanwhile: list[tuple[float, str, float, str]] = []
        self._lit_meanwhile: list[tuple[float, str, float, str]] = []
        self.version = 0
        self._rows: tuple[int, tuple[str, ...]] = (0, ())
        self.doses: list[Dose] = []
        self._lights = LightTimes()
        unit.dosed.connect(self._on_dosed)
        unit.lit.connect(self._on_lit)

    def load(self, experiment: str | None) -> None:
        """Ask for what was recorded of an experiment."""
        self._generation += 1
        if experiment != self._experiment:
            self._experiment, self._coarse_s = experiment, None
            self.doses, self._lights = [], LightTimes()
            self._tell()
        self._meanwhile, self._lit_meanwhile = [], []
        self._is_loading = experiment is not None
        if experiment is not None:
            background.run(self._load(experiment, self._generation), self, self._on_trouble)

    def look_at(self, span: tuple[float, float], columns: int) -> None:
        """Say what is shown; when it stays so for a moment and is known too coarsely, more detail is loaded."""
        if self._coarse_s is not None:
            self._looked_at = (*span, max(columns, 1))
            self._settled.start()

    @property
    def lights(self) -> list[Light]:
        """Times of light, in the order of their beginnings."""
        return self._lights.all

    @property
    def rows(self) -> tuple[str, ...]:
        """Which kinds there are: events of doses as the count names them, and "light"."""
        if self._rows[0] != self.version:
            self._rows = self.version, self._find_rows()
        return self._rows[1]

    def _find_rows(self) -> tuple[str, ...]:
        events = {dose.event for dose in self.doses}
        others = sorted(event for event in events if event not in _USUAL)
        in_order = ("add_media", "add_alt_media", *others, "remove_waste")
        return (*(event for event in in_order if event in events), *(("light",) if self.lights else ()))

    async def _load(self, experiment: str, generation: int) -> None:
        path = f"/unit_api/experiments/{quote(experiment, safe='')}"
        try:
            doses = await self._client.get(f"{path}/dosing_events", limit=_MOST)
            coarse_s = None
            if doses["has_older"]:
                coarse_s = await self._coarseness(path, doses)
                doses = await self._client.get(f"{path}/dosing_events", limit=_MOST * 2, together_s=coarse_s)
            lights = await self._client.get(f"{path}/led_events", limit=_MOST * 2)
        except ServiceRefusedError as refusal:
            if refusal.status != 404:
                raise
            self._is_loading = False
            return  # it begins with the first reading: nothing is recorded of it yet
        # Thousands of them take longer than a frame.
        known = await asyncio.to_thread(_doses, doses["events"])
        times = await asyncio.to_thread(LightTimes, lights["events"])
        if generation == self._generation:
            self._coarse_s = coarse_s
            last_s = utc_s_of(lights["events"][-1]["t"]) if lights["events"] else 0.0
            self._take(known, times, last_s)

    def _take(self, doses: list[Dose], lights: LightTimes, last_light_s: float) -> None:
        """Take what was recorded, and what was told since it was asked for and is not in it."""
        self.doses = doses
        told: dict[tuple[str, str], float] = {}
        for dose in doses:
            told[dose.event, dose.cause] = dose.end_s
        for utc_s, event, volume_ml, cause in self._meanwhile:
            if utc_s > told.get((event, cause), 0.0):
                self._add_slice(utc_s, event, volume_ml, cause)
        for change in self._lit_meanwhile:
            if change[0] > last_light_s:
                lights.change(*change)
        self._lights = lights
        self._is_loading = False
        self._tell()

    async def _coarseness(self, path: str, newest: dict[str, Any]) -> float:
        """Return how far apart doses are to be put together so that the whole experiment fits in one answer."""
        item = await self._client.get(path)
        length_s = utc_s_of(newest["events"][-1]["until"]) - utc_s_of(item["created_at"])
        # A few kinds share the answer.
        return min(max(2 * length_s / _MOST, SAME_DOSE_S), _LONGEST_TOGETHER_S)

    def _look_closer(self) -> None:
        start_s, end_s, columns = self._looked_at
        length_s = end_s - start_s
        if self._experiment is None or self._coarse_s is None or length_s <= 0:
            return
        wanted_s = max(SAME_DOSE_S, 2 * length_s / columns)
        if wanted_s < self._coarse_s / 2:
            span = (start_s - _AROUND * length_s, end_s + _AROUND * length_s)
            background.run(self._refine(self._experiment, span, wanted_s, self._generation), self, self._on_trouble)

    async def _refine(self, experiment: str, span: tuple[float, float], together_s: float, generation: int) -> None:
        path = f"/unit_api/experiments/{quote(experiment, safe='')}/dosing_events"
        answer = await self._client.get(
            path, limit=_MOST * 2, together_s=together_s, **{"from": utc_text(span[0]), "to": utc_text(span[1])}
        )
        finer = await asyncio.to_thread(_doses, answer["events"])
        if generation == self._generation and finer and not answer["has_older"]:
            first_s, last_s = finer[0].start_s, finer[-1].end_s
            outside = [dose for dose in self.doses if dose.end_s < first_s or dose.start_s > last_s]
            self.doses = sorted([*outside, *finer], key=_start)
            self._tell()

    def _on_dosed(self, utc_s: float, event: str, volume_ml: float, cause: str) -> None:
        if self._is_loading:
            self._meanwhile.append((utc_s, event, volume_ml, cause))
        self._add_slice(utc_s, event, volume_ml, cause)
        self._tell()

    def _add_slice(self, utc_s: float, event: str, volume_ml: float, cause: str) -> None:
        for place in range(len(self.doses) - 1, max(-1, len(self.doses) - 1 - _UNDER_WAY), -1):
            dose = self.doses[place]
            if (dose.event, dose.cause) == (event, cause) and 0 <= utc_s - dose.end_s <= SAME_DOSE_S:
                self.doses[place] = replace(dose, end_s=utc_s, volume_ml=dose.volume_ml + volume_ml)
                return
        new = Dose(utc_s, utc_s, event, volume_ml, cause)
        self.doses.insert(bisect.bisect(self.doses, utc_s, key=_start), new)

    def _on_lit(self, utc_s: float, channel: str, percent: float, cause: str) -> None:
        if self._is_loading:
            self._lit_meanwhile.append((utc_s, channel, percent, cause))
        self._lights.change(utc_s, channel, percent, cause)
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self.changed.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Draw what comes live; the history says already that loading failed, and the next snapshot asks again."""
        self._is_loading = False


class LightTimes:
    """Times of light, made of changes of intensity in the order they happened.

    Attributes:
        all: in the order of their beginnings.
    """

    def __init__(self, changes: Iterable[dict[str, Any]] = ()) -> None:
        self.all: list[Light] = []
        self._lit: dict[str, int] = {}  # place of the light that is on, by channel
        for each in changes:
            self.change(utc_s_of(each["t"]), each["channel"], float(each["intensity"]), str(each["source_of_event"]))

    def change(self, utc_s: float, channel: str, percent: float, cause: str) -> None:
        """Take in that a channel was set; what is told again changes nothing."""
        place = self._lit.get(channel)
        if place is not None:
            light = self.all[place]
            if light.percent == percent or utc_s < light.start_s:
                return
            self.all[place] = replace(light, end_s=utc_s)
            del self._lit[channel]
        if percent > 0:
            self._lit[channel] = len(self.all)
            self.all.append(Light(utc_s, None, channel, percent, cause))


def _doses(items: Iterable[dict[str, Any]]) -> list[Dose]:
    return [
        Dose(
            utc_s_of(item["t"]),
            utc_s_of(item["until"]),
            str(item["event"]),
            float(item["volume_change"]),
            str(item["source_of_event"]),
            int(item["doses"]),
        )
        for item in items
    ]


def _start(dose: Dose) -> float:
    return dose.start_s
