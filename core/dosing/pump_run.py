"""Moving liquid with a pump, for jobs: the run, and what is told of it.

A run is told in slices of half a second, each before its liquid moves, so that whoever counts is never behind. What was
told and what the pump did agree in the end: a last event takes back what was announced and not moved.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.bus import DosingEvent
from core.calibrations.curves import CurveError
from core.dosing.pumps import DEFAULT_CURVE, Pump, PumpCurve, curve_of, not_calibrated
from core.dosing.timed_run import TimedRun
from core.errors import BadRequestError, ServiceError, UnavailableError
from core.jobs.job import Job
from core.output_names import pwm_channel, pwm_output
from device.board import BoardError

SLICE_S = 0.5
# How long the board's word is waited for when a run is stopped; the count goes by the clock after that.
_LAST_WORD_S = 2.0
_LEAST_CORRECTION_ML = 1e-9
_LEAST_WAIT_S = 0.01


@dataclass(frozen=True)
class Dosed:
    """What a run did.

    Attributes:
        moved_ml: what it moved, by the pump's curve and the time the board ran it.
        error: why it moved less than was asked for; None when it did not.
        is_full: it ended because the vial would have been filled too high; `error` says so.
    """

    moved_ml: float
    error: ServiceError | BoardError | None = None
    is_full: bool = False


class PumpRun:
    """One run of one pump within a job; the pump's output is held for as long as it lasts.

    Args:
        source: who doses, as the events tell it.
        max_fill_ml: an inflow ends before the counted volume reaches it; the unit's own limit when left out.
        is_told: send dosing events; without them the count does not change.
    """

    def __init__(
        self, job: Job, pump: Pump, source: str, *, max_fill_ml: float = math.inf, is_told: bool = True
    ) -> None:
        self._job = job
        self._pump = pump
        self._source = source
        self._channel = pwm_channel(job.config, pump.role)
        self._max_fill_ml = min(max_fill_ml, job.context.parts.models.current.reactor_max_fill_volume_ml)
        self._is_told = is_told
        self._announced_ml = 0.0
        self._is_full = False
        self.calibrated = curve_of(job.context.parts.calibrations.active(pump.device))

    async def add_ml(self, volume_ml: float) -> Dosed:
        """Move `volume_ml`; raises BadRequestError when the pump is not calibrated, or the volume negative."""
        if self.calibrated is None:
            raise not_calibrated(self._pump)
        return await self._run(self.calibrated, self.calibrated.duration_s(_checked("ml", volume_ml)), volume_ml)

    async def run_s(self, duration_s: float) -> Dosed:
        """Run for `duration_s`; a pump that was never calibrated is counted with the default rate."""
        curve = self.calibrated or DEFAULT_CURVE
        return await self._run(curve, _checked("duration", duration_s), curve.volume_ml(duration_s))

    async def run_continuously(self) -> Dosed:
        """Run until the job ends, or an inflow has filled the vial; an inflow needs a calibrated pump."""
        if self.calibrated is None and self._pump.is_inflow:
            raise not_calibrated(self._pump)
        return await self._run(self.calibrated or DEFAULT_CURVE, math.inf, math.inf)

    async def _run(self, curve: PumpCurve, duration_s: float, total_ml: float) -> Dosed:
        if curve.duty_percent <= 0:
            raise BadRequestError(f"Calibration {curve.name} drives the pump with 0 %: nothing would move.")
        if duration_s <= 0:
            return Dosed(0.0)
        context = self._job.context
        with context.outputs.borrowed((pwm_output(self._channel),)):
            _ = context.board_link.board  # says why there is none, before anything is announced
            timed = TimedRun(context.outputs, context.board_link, self._job.clock, self._channel)
            if not self._announce(curve.volume_ml, duration_s, total_ml, SLICE_S):
                return Dosed(0.0, self._full(), is_full=True)
            keep = partial(self._keep_piece, curve, total_ml)
            run = timed.run(curve.duty_percent, curve.hz, duration_s, lambda: self._safe_s(curve), keep)
            running = asyncio.create_task(run, name="pump run")
            try:
                await self._follow(timed, running, curve, duration_s, total_ml)
            finally:
                moved_ml = await self._settle(timed, running, curve, duration_s, total_ml)
                self._over()
        return Dosed(moved_ml, timed.error or (self._full() if self._is_full else None), self._is_full)

    async def _follow(
        self, timed: TimedRun, running: asyncio.Task[None], curve: PumpCurve, duration_s: float, total_ml: float
    ) -> None:
        """Announce slice after slice until the run has ended, or the vial is full."""
        slices = 1
        while not running.done():
            is_last = timed.is_stopped or slices * SLICE_S >= duration_s
            # By the pump's time, not by ours: a computer that was suspended has not pumped meanwhile.
            left_s = slices * SLICE_S - timed.ran_s
            await asyncio.wait((running,), timeout=None if is_last else max(_LEAST_WAIT_S, left_s))
            if is_last or timed.is_stopped or running.done() or timed.ran_s < slices * SLICE_S - _LEAST_WAIT_S:
                continue
            slices += 1
            if not self._announce(curve.volume_ml, duration_s, total_ml, slices * SLICE_S):
                return

    def _announce(self, volume_ml: Callable[[float], float], duration_s: float, total_ml: float, end_s: float) -> bool:
        """Tell of the slice that ends at `end_s`; False when the vial would be full with it."""
        is_last = end_s >= duration_s - 1e-9
        slice_ml = (total_ml if is_last else min(volume_ml(end_s), total_ml)) - self._announced_ml
        context = self._job.context
        if self._pump.is_inflow:
            volume_now_ml = context.parts.bioreactor.fill_ml(context.experiment)
            self._is_full = volume_now_ml + max(slice_ml, 0.0) >= self._max_fill_ml
            if self._is_full:
                what = "The vial holds %.3f ml; the %s pump stops before it overflows."
                self._job.log.warning(what, volume_now_ml, self._pump.words)
                return False
        self._tell(max(slice_ml, 0.0))
        return True

    def _safe_s(self, curve: PumpCurve) -> float:
        """Return how long an inflow takes to fill the vial, from where its last slice ends; it has a slice at least."""
        if not self._pump.is_inflow:
            return math.inf
        context = self._job.context
        bioreactor = context.parts.bioreactor
        room_ml = (
            self._max_fill_ml - bioreactor.fill_ml(context.experiment) - bioreactor.vial.others_ml(self._pump.role)
        )
        try:
            return max(SLICE_S, curve.duration_s(room_ml))
        except CurveError:
            return SLICE_S

    async def _keep_piece(self, curve: PumpCurve, total_ml: float, end_s: float) -> None:
        """Keep what an inflow may add by `end_s` beyond what was told: a killed service tells no more."""
        if self._pump.is_inflow and self._is_told:
            vial = self._job.context.parts.bioreactor.vial
            most_ml = min(curve.volume_ml(end_s), total_ml) - self._announced_ml
            vial.keep_piece(self._pump.role, max(most_ml, 0.0))
            await vial.piece_kept()

    def _over(self) -> None:
        """What moved has been told."""
        vial = self._job.context.parts.bioreactor.vial
        if self._pump.is_inflow:
            vial.piece_over(self._pump.role)
        else:
            vial.waste_moved()

    def _tell(self, change_ml: float) -> None:
        self._announced_ml += change_ml
        if self._is_told and change_ml != 0:
            context = self._job.context
            if not self._pump.is_inflow and change_ml > 0:
                context.parts.bioreactor.vial.keep_waste_ahead(change_ml)
            event = DosingEvent(self._job.clock.utc_s(), context.experiment, self._pump.event, change_ml, self._source)
            context.bus.publish(event)

    async def _settle(
        self, timed: TimedRun, running: asyncio.Task[None], curve: PumpCurve, duration_s: float, total_ml: float
    ) -> float:
        """Stop what still runs, and have what was told agree with what the board did; return the volume moved."""
        if not running.done():
            stopping = asyncio.create_task(timed.stop(), name="pump stop")
            _, late = await asyncio.wait((running, stopping), timeout=_LAST_WORD_S)
            timed.give_up()
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LAST_WORD_S)
        moved_ml = total_ml if timed.ran_s >= duration_s - 1e-6 else min(curve.volume_ml(timed.ran_s), total_ml)
        if abs(moved_ml - self._announced_ml) > _LEAST_CORRECTION_ML:
            self._tell(moved_ml - self._announced_ml)
        if moved_ml < total_ml:
            asked = "" if math.isinf(total_ml) else f" of {total_ml:.3f}"
            self._job.log.info("The %s pump was stopped after %.3f%s ml.", self._pump.words, moved_ml, asked)
        return moved_ml

    def _full(self) -> UnavailableError:
        return UnavailableError(
            f"The vial would reach {self._max_fill_ml:g} ml: {self._pump.words} was not, or not wholly, added.",
            cause=self._job.context.parts.bioreactor.why_fuller(self._job.context.experiment),
            remedy="Remove waste first, or correct current_volume_ml if it is wrong.",
        )


def _checked(name: str, amount: float) -> float:
    if not amount >= 0:
        raise BadRequestError(f"{name} must be 0 or more, not {amount:g}.", fields=[name])
    return amount
