"""From the unit to the curves: live readings, gaps, and the words of angles and units."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QObject, Signal

from gui.live.curve import Curve
from gui.live.gaps import Gap, GapMarks, to_shade
from gui.live.history import History
from gui.live.outages import Outage, Outages
from gui.live.series_buffer import SeriesBuffer
from gui.live.trace import HEATER_BOARD, traces
from gui.unit import Unit


class LiveFeed(QObject):
    """Puts what the unit tells into the curves' buffers.

    Signals:
        received: a reading of this series came.
        relabelled: angles or units of curves have become known.
        reloaded: name of the experiment (None without one) of which the record is asked.
        outages_changed: the board or the service was lost, or came back.
    """

    received = Signal(str)
    relabelled = Signal()
    reloaded = Signal(object)
    outages_changed = Signal()

    def __init__(
        self,
        unit: Unit,
        curves: dict[str, Curve],
        buffers: dict[str, SeriesBuffer],
        history: History,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._unit = unit
        self._curves = curves
        self._buffers = buffers
        self._history = history
        self._outages = Outages(unit)
        self._marks: defaultdict[str, GapMarks] = defaultdict(GapMarks)
        history.gap_recorded.connect(self._on_recorded_gap)
        unit.reading.connect(self._on_reading)
        unit.gap.connect(self._on_gap)
        unit.setting_changed.connect(self._on_setting)
        unit.snapshot_loaded.connect(self._on_snapshot)
        unit.experiment_changed.connect(self._on_experiment)
        unit.board_changed.connect(self._look_at_connection)
        unit.connection_changed.connect(self._look_at_connection)
        if unit.has_snapshot:
            self._on_snapshot()

    @property
    def outages(self) -> list[Outage]:
        """When the window saw that no readings could come, oldest first."""
        return self._outages.all

    def gaps(self, span: tuple[float, float]) -> dict[str, list[Gap]]:
        """Return what to shade within a span, by pane: where its curves break off, and every trouble."""
        now_s = self._unit.utc_s()
        own: dict[str, list[Gap]] = {curve.trace.pane: [] for curve in self._curves.values()}
        for curve in self._curves.values():
            own[curve.trace.pane] += self._marks[curve.trace.series].gaps(curve.buffer, span, now_s)
        troubles = [gap for gaps in own.values() for gap in gaps if gap.is_trouble]
        troubles += [
            Gap(o.start_s, now_s if o.end_s is None else o.end_s, o.words, o.words, is_trouble=True)
            for o in self._outages.all
        ]
        return {pane: to_shade(gaps, troubles) for pane, gaps in own.items()}

    def first_s(self) -> float | None:
        """Return the time of the oldest sample of any recorded series."""
        firsts = [buffer.t[0] for series, buffer in self._buffers.items() if len(buffer) and series != HEATER_BOARD]
        return float(min(firsts)) if firsts else None

    def now_s(self) -> float:
        """Return the service's UTC, or the time of the newest sample where that is later: a clock was set back."""
        newest = [latest[0] for buffer in self._buffers.values() if (latest := buffer.latest()) is not None]
        return max([self._unit.utc_s(), *newest])

    def reload(self) -> None:
        """Ask the service for what it recorded."""
        if self._unit.experiment != self._history.experiment:
            for marks in self._marks.values():
                marks.clear()
        self._history.load(self._unit.experiment, self._unit.utc_s())
        self.reloaded.emit(self._unit.experiment)

    def _on_reading(self, series: str, utc_s: float, value: float) -> None:
        buffer = self._buffers.get(series)
        if buffer is not None:
            buffer.append(utc_s, value)
            self.received.emit(series)

    def _on_gap(self, series: str, utc_s: float, reason: str) -> None:
        for name, buffer in self._buffers.items():
            if series in ("", name):
                buffer.mark_gap(utc_s)
                self._marks[name].add(utc_s, reason)

    def _on_recorded_gap(self, series: str, utc_s: float, reason: str) -> None:
        self._marks[series].add(utc_s, reason)

    def _on_setting(self, job: str, setting: str, value: object) -> None:
        if job == "od_reading" and setting.startswith("od") and isinstance(value, dict):
            self._relabel()

    def _on_snapshot(self) -> None:
        self._relabel()
        self._look_at_connection()
        self.reload()

    def _on_experiment(self) -> None:
        # The curves of an experiment that has ended stay until another begins.
        if self._unit.experiment not in (None, self._history.experiment):
            self.reload()

    def _look_at_connection(self) -> None:
        if not self._outages.look():
            return
        newest = self._outages.all[-1] if self._outages.all else None
        if newest is not None and not newest.is_of_service:
            for buffer in self._buffers.values():
                buffer.mark_gap(newest.start_s)
        self.outages_changed.emit()

    def _relabel(self) -> None:
        changed = False
        for trace in traces(self._unit.settings.get("od_reading", {})):
            curve = self._curves[trace.series]
            # Once known, an angle stays: after a stop the settings are gone, the curve is not.
            if trace != curve.trace and (trace.angle or not curve.trace.angle):
                curve.relabel(trace)
                changed = True
        if changed:
            self.relabelled.emit()
