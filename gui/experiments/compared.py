"""The experiments that are compared: their curves against the time since each began, and their numbers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gui.experiment_dialogs import EXPERIMENTS
from gui.experiments.experiment import Experiment
from gui.experiments.run_words import series_place, series_title
from gui.live.curve import Curve
from gui.live.history import samples_of
from gui.live.series_buffer import SeriesBuffer
from gui.live.trace import GROWTH, OPTICAL_DENSITY, PANES, TEMPERATURE, Pane, Trace
from gui.service_client import ServiceClient

# Told apart by the colour-blind (Okabe and Ito, "Color Universal Design", 2008), the last one ours.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#94819E", "#A07A00")
# More curves over each other cannot be told apart.
MOST = len(COLOURS)
_POINTS = 2800
_DENSITIES = ("od_fused", "od1", "od2", "od3", "od4")
_LIKE = {"growth_rate": GROWTH, "temperature": TEMPERATURE, "board_temperature": TEMPERATURE,
         "measured_rpm": "stirring", "current_volume_ml": "volume"}  # fmt: skip


@dataclass
class Compared:
    """One of the experiments.

    Attributes:
        colour: of its curves, as "#RRGGBB".
        units: the unit of each series it has, by name.
        points: the number of readings of each.
        summary: the API's summary of it.
        buffers: samples by series, times in seconds since it began.
        is_shown: whether its curves are drawn.
    """

    experiment: Experiment
    colour: str
    units: dict[str, str] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    buffers: dict[str, SeriesBuffer] = field(default_factory=dict)
    is_shown: bool = True

    @property
    def length_s(self) -> float:
        """How long it lasted, or lasts, in seconds; its last reading counts."""
        last = max((float(buffer.t[-1]) for buffer in self.buffers.values() if len(buffer)), default=0.0)
        return max(float(self.summary.get("duration_s", 0.0)), last)

    def density(self) -> str:
        """Return its optical density: fused, or that with the most readings; "" when it has none."""
        known = [series for series in _DENSITIES if self.points.get(series)]
        return "od_fused" if "od_fused" in known else max(known, key=lambda series: self.points[series], default="")

    async def load(self, client: ServiceClient) -> None:
        """Ask which series it has, and for its summary."""
        detail, summary = await asyncio.gather(client.get(self._path), client.get(f"{self._path}/summary"))
        self.summary = summary
        recorded = [entry for entry in detail["series"] if entry["points"]]
        self.units = {entry["series"]: entry["unit"] for entry in recorded}
        self.points = {entry["series"]: entry["points"] for entry in recorded}

    async def load_series(self, client: ServiceClient, series: str) -> None:
        """Ask for the curve of a series it has, once."""
        if series in self.buffers or series not in self.units:
            return
        answer = await client.get(f"{self._path}/time_series/{quote(series, safe='')}", points=_POINTS)
        buffer, start_s = SeriesBuffer(holds=series == "current_volume_ml"), self.experiment.created_utc_s
        t, values, known = samples_of(answer)
        if known is not None:
            buffer.splice((known.start_s - start_s, known.end_s - start_s), t - start_s, values, known.bucket_s)
        for gap in answer.get("gaps", []):
            buffer.mark_gap(float(gap["t"]) - start_s)
        self.buffers[series] = buffer

    def curve(self, series: str, pane: Pane) -> Curve:
        """Return the curve of a series that is loaded."""
        holds = self.buffers[series].holds
        decimals = 3 if pane.can_be_log or series == "growth_rate" else None
        trace = Trace(series, self.experiment.name, pane.unit, pane.key, decimals, holds=holds, tint=self.colour)
        return Curve(trace, self.buffers[series], f"{self.experiment.name}/{series}")

    @property
    def _path(self) -> str:
        return f"{EXPERIMENTS}/{quote(self.experiment.name, safe='')}"


def pane_of(series: str, unit: str) -> Pane:
    """Return the pane a series is drawn in when experiments are compared."""
    is_density = series in _DENSITIES
    like = OPTICAL_DENSITY if is_density else _LIKE.get(series)
    usual = next((pane for pane in PANES if pane.key == like), None)
    unit = unit.replace("℃", "°C")
    if usual is None:
        return Pane(series, series_title(series), unit, 3)
    stretch = 4 if is_density else 3
    return Pane(series, series_title(series), unit, stretch, usual.usual, usual.smallest, can_be_log=is_density)


def offered(compared: list[Compared]) -> dict[str, str]:
    """Return the series any of them has, with its unit: densities, growth rate and temperature first."""
    units = {series: unit for one in compared for series, unit in one.units.items()}
    return {series: units[series] for series in sorted(units, key=series_place)}


def chosen_at_first(compared: list[Compared]) -> list[str]:
    """Return what is drawn at first: the density most of them have, growth rate, temperature."""
    densities = [one.density() for one in compared if one.density()]
    known = offered(compared)
    common = [max(set(densities), key=densities.count)] if densities else []
    return [*common, *(series for series in ("growth_rate", "temperature") if series in known)]
