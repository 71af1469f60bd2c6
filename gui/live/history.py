"""What the service has recorded: loaded for the whole experiment at first, in more detail where one looks closer."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from typing import Any
from urllib.parse import quote

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from gui import background
from gui.live.coverage import Coverage, Known
from gui.live.decimation import Floats
from gui.live.series_buffer import SeriesBuffer
from gui.live.utc_text import utc_text
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import utc_s_of

# Enough for a very wide screen, as minima and maxima; and what the service gives at most.
_POINTS = 2800
_MOST_POINTS = 20_000
_SETTLE_MS = 200
# Looking closer also loads this share of the span on either side, so that moving a little needs no new request.
_AROUND = 0.5


class History(QObject):
    """Fills the buffers, of which there may come more, from `GET time_series`.

    Signals:
        changed: buffers have new samples, or `state` changed.
        gap_recorded: series, UTC second from which on readings are missing, why.

    Attributes:
        experiment: whose readings these are.
        state: "none" (no experiment), "loading", "loaded" or "failed".
        trouble: why loading failed, None otherwise.
        start_utc_s: when the experiment began, as far as known.
    """

    changed = Signal()
    gap_recorded = Signal(str, float, str)

    def __init__(self, client: ServiceClient, buffers: dict[str, SeriesBuffer], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._buffers = buffers
        self._coverage: defaultdict[str, Coverage] = defaultdict(Coverage)
        self.experiment: str | None = None
        self._generation = 0
        self._looked_at = (0.0, 0.0, 1)
        self._settled = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settled.timeout.connect(self._look_closer)
        self.state = "none"
        self.trouble: ServiceTroubleError | None = None
        self.start_utc_s: float | None = None

    def load(self, experiment: str | None, now_s: float) -> None:
        """Load what was recorded of `experiment` until now; of the one already there, only what is new."""
        self._generation += 1
        if experiment != self.experiment:
            self.experiment, self.start_utc_s = experiment, None
            for series, buffer in self._buffers.items():
                buffer.clear()
                self._coverage[series].clear()
        self.trouble = None
        self.state = "none" if experiment is None else "loading"
        self.changed.emit()
        if experiment is not None:
            # Looked up now: readings that come live while the answer is on its way are newer than what is missing.
            known = {series: buffer.latest() for series, buffer in self._buffers.items()}
            known_until = {series: None if latest is None else latest[0] for series, latest in known.items()}
            background.run(self._load(experiment, known_until, now_s, self._generation), self, self._on_trouble)

    def look_at(self, span: tuple[float, float], columns: int) -> None:
        """Say what is shown; when it stays so for a moment and is known too coarsely, more detail is loaded."""
        self._looked_at = (*span, max(columns, 1))
        self._settled.start()

    def bucket_s(self, series: str, span: tuple[float, float]) -> float:
        """Return how coarsely a series is known within a span: a bucket's length in seconds, 0 for every reading."""
        return self._coverage[series].coarsest_s(span)

    async def load_in_full(self, span: tuple[float, float]) -> None:
        """Load as much detail of a span as the service gives in one answer per series."""
        if self.experiment is not None:
            rough = [series for series, coverage in self._coverage.items() if coverage.lacks_detail(span, 0.0)]
            await asyncio.gather(
                *(self._fetch(self.experiment, series, *span, self._generation, _MOST_POINTS) for series in rough)
            )

    async def _load(self, experiment: str, known_until: dict[str, float | None], now_s: float, generation: int) -> None:
        try:
            item = await self._client.get(_path(experiment))
        except ServiceRefusedError as refusal:
            if refusal.status != 404:
                raise
            item = {}  # it begins with the first reading: nothing is recorded of it yet
        if generation != self._generation:
            return
        if item.get("created_at"):
            self.start_utc_s = utc_s_of(item["created_at"])
        recorded = [entry["series"] for entry in item.get("series", []) if entry.get("points", 1)]
        wanted = [series for series in recorded if series in self._buffers]
        fetches = (self._fetch_until(now_s, experiment, series, known_until[series], generation) for series in wanted)
        await asyncio.gather(*fetches)
        if generation == self._generation:
            self.state = "loaded"
            self.changed.emit()

    async def _fetch_until(
        self, now_s: float, experiment: str, series: str, start_s: float | None, generation: int
    ) -> None:
        """Load what there is until now, of the end every reading: a bucket's highest value is not its newest."""
        known = await self._fetch(experiment, series, start_s, now_s, generation)
        if known is not None and known.bucket_s:
            bucket_start_s = known.end_s - known.bucket_s
            await self._fetch(experiment, series, bucket_start_s, now_s, generation, rough_until_s=known.end_s)

    def _look_closer(self) -> None:
        start_s, end_s, columns = self._looked_at
        length_s = end_s - start_s
        if self.experiment is None or self.state != "loaded" or length_s <= 0:
            return
        span = (start_s - _AROUND * length_s, end_s + _AROUND * length_s)
        for series, coverage in self._coverage.items():
            if coverage.lacks_detail((start_s, end_s), 2 * length_s / columns):
                background.run(self._fetch(self.experiment, series, *span, self._generation), self, self._on_trouble)

    async def _fetch(
        self,
        experiment: str,
        series: str,
        start_s: float | None,
        end_s: float,
        generation: int,
        points: int = _POINTS,
        rough_until_s: float = -math.inf,
    ) -> Known | None:
        """Put what is recorded into the buffer; what is rough there goes, up to `rough_until_s` at least."""
        if start_s is not None and round(start_s * 1000) >= round(end_s * 1000):
            return None
        query = {"from": None if start_s is None else utc_text(start_s), "to": utc_text(end_s), "points": points}
        answer = await self._client.get(f"{_path(experiment)}/time_series/{quote(series, safe='')}", **query)
        if generation != self._generation:
            return None
        t, values, known = samples_of(answer)
        if known is not None:
            first_s = known.start_s if start_s is None else start_s
            span = (first_s, max(known.end_s, rough_until_s))
            self._buffers[series].splice(span, t, values, known.bucket_s)
            self._coverage[series].add(Known(first_s, known.end_s, known.bucket_s))
        # A gap that began after the newest reading comes without any reading.
        for gap in answer.get("gaps", []):
            self._buffers[series].mark_gap(float(gap["t"]))
            self.gap_recorded.emit(series, float(gap["t"]), str(gap.get("reason") or ""))
        self.changed.emit()
        return known

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        self.state, self.trouble = "failed", trouble
        self.changed.emit()


def samples_of(answer: dict[str, Any]) -> tuple[Floats, Floats, Known | None]:
    """Return times and values to draw of a `time_series` answer, and the stretch they cover (None without data).

    A bucket becomes its minimum at its first reading and its maximum half a bucket later, within the stretch.
    """
    columns = [np.array([np.nan if value is None else value for value in column], float) for column in answer["data"]]
    t = columns[0]
    if not len(t):
        return t, t, None
    if not answer["decimated"]:
        return t, columns[1], Known(float(t[0]), float(t[-1]), 0.0)
    bucket_s = float(answer["bucket_s"])
    # The last bucket may still be filling while readings come live; half of it is certainly over.
    later = t + np.minimum(bucket_s / 2, np.append(np.diff(t), bucket_s) / 2)
    end_s = min(float(later[-1]), utc_s_of(answer["to"])) if answer.get("to") else float(later[-1])
    later[-1] = max(end_s, t[-1])
    _end_before_gaps(t, later, [float(gap["t"]) for gap in answer.get("gaps", [])])
    times = np.column_stack((t, later)).ravel()
    values = np.column_stack((columns[1], columns[2])).ravel()
    return times, values, Known(float(t[0]), float(times[-1]), bucket_s)


def _end_before_gaps(t: Floats, later: Floats, gaps_s: list[float]) -> None:
    """Move the second point of a bucket in which a gap begins to before that: after it there may be no reading."""
    for gap_s in gaps_s:
        bucket = int(np.searchsorted(t, gap_s)) - 1
        if bucket >= 0:
            later[bucket] = min(later[bucket], (t[bucket] + gap_s) / 2)


def _path(experiment: str) -> str:
    return f"/unit_api/experiments/{quote(experiment, safe='')}"
