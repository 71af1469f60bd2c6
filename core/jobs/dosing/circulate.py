"""Circulating: waste is removed all the time while an inflow is pulsed, for rinsing and priming.

The vial stays at the tip of the waste tube: the inflow runs 0.85 of each second at most, and never faster than the
waste pump where both are calibrated.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from core.jobs.dosing.pump_action import SOURCE_OPTION, pump_action
from core.plugins.api import (
    ALT_MEDIA,
    DEFAULT_CURVE,
    MEDIA,
    WASTE,
    BadRequestError,
    Config,
    DosingEvent,
    Job,
    Option,
    Pump,
    PumpCurve,
    StartPlace,
    TimedRun,
    curve_of,
    pwm_channel,
    pwm_output,
)

_MOST_OF_A_SECOND = 0.85
_WASTE_ALONE_S = 1.0
# More than any vial holds above the waste tube's tip: the count falls to the efflux level.
_ALL_ABOVE_THE_TUBE_ML = 20.0


_HOW_LONG = (
    Option(
        "duration",
        "float",
        help="how long liquid is added and removed at once",
        required=True,
        unit="s",
        label="Time",
        first=True,
    ),
    SOURCE_OPTION,
)


class _Circulate(Job):
    """Runs the waste pump, and an inflow in pulses."""

    pump: ClassVar[Pump]

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        if self.options["duration"] < 0:
            what = f"duration must be 0 or more, not {self.options['duration']:g}."
            raise BadRequestError(what, fields=["duration"])
        self._added_s = 0.0

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The PWM channels of both pumps."""
        return tuple(pwm_output(pwm_channel(config, pump.role)) for pump in (cls.pump, WASTE))

    def check_start(self, place: StartPlace) -> None:
        """Refuse where the level would rise to a waste tube that ends above the vial's limit."""
        tip_ml = place.parts.bioreactor.liquids(place.experiment).efflux_tube_volume_ml
        most_ml = min(model.reactor_max_fill_volume_ml for model in (place.model, place.parts.models.current))
        if tip_ml >= most_ml:
            raise BadRequestError(
                f"Circulating is unsafe: the waste tube's tip is at {tip_ml:g} ml, and the vial must stay below"
                f" {most_ml:g}.",
                cause="Waste is only removed above the tip of its tube; the vial is filled up to there.",
                remedy="Lower the tube, or correct efflux_tube_volume_ml if it is wrong.",
                fields=["duration"],
            )

    async def work(self) -> None:
        """Start to remove, pulse the inflow, and go on removing for a second."""
        duration_s = self.options["duration"]
        if duration_s == 0:
            return
        inflow, waste = self._curve(self.pump), self._curve(WASTE)
        share = self._share(inflow, waste)
        self.log.info("Circulating %s for %g s.", self.pump.words, duration_s)
        source, now_s = self.options["source_of_event"], self.clock.utc_s()
        # The experiment's count falls at once; the vial's by what really moves: it may be cut off, or be too short.
        event = DosingEvent(now_s, self.context.experiment, WASTE.event, _ALL_ABOVE_THE_TUBE_ML, source, in_vial=False)
        self.context.bus.publish(event)
        removing_s = duration_s + 2 * _WASTE_ALONE_S
        removing = self._timed(WASTE)
        running = asyncio.create_task(removing.run(waste.duty_percent, waste.hz, removing_s), name="waste pump")
        try:
            await self._pulse(inflow, waste, duration_s, share, removing)
            await running
        finally:
            if not running.done():
                await removing.stop()
                await asyncio.wait((running,), timeout=2.0)
            self._count(inflow.volume_ml(self._added_s), waste.volume_ml(removing.ran_s))
        if removing.error is not None:
            raise removing.error

    async def _pulse(
        self, inflow: PumpCurve, waste: PumpCurve, duration_s: float, share: float, removing: TimedRun
    ) -> None:
        """Run the inflow for a share of each second, as long as the waste pump runs."""

        async def keep(pulse_s: float) -> None:
            added_ml = inflow.volume_ml(self._added_s + pulse_s)
            vial.keep_piece(self.pump.role, max(added_ml - waste.volume_ml(removing.ran_s), inflow.volume_ml(pulse_s)))
            await vial.piece_kept()

        vial = self.context.parts.bioreactor.vial
        start_s = self.clock.monotonic_s() + _WASTE_ALONE_S
        second = 0
        while second < duration_s:
            await self.sleep(max(0.0, start_s + second - self.clock.monotonic_s()))
            if removing.is_stopped or removing.error is not None:
                return
            adding = self._timed(self.pump)
            try:
                pulse_s = share * min(1.0, duration_s - second)
                await adding.run(inflow.duty_percent, inflow.hz, pulse_s, keep_piece=keep)
            finally:
                await adding.stop()
                self._added_s += adding.ran_s
            if adding.error is not None:
                raise adding.error
            second += 1

    def _count(self, added_ml: float, removed_ml: float) -> None:
        """Count for the vial what was moved through it, at once: both went side by side."""
        bioreactor, net_ml = self.context.parts.bioreactor, added_ml - removed_ml
        event = self.pump.event if net_ml > 0 else WASTE.event
        bioreactor.count_in_vial(self.context.experiment, event, abs(net_ml))
        bioreactor.vial.piece_over(self.pump.role)

    def _timed(self, pump: Pump) -> TimedRun:
        channel = pwm_channel(self.config, pump.role)
        return TimedRun(self.context.outputs, self.context.board_link, self.clock, channel)

    def _curve(self, pump: Pump) -> PumpCurve:
        return curve_of(self.context.parts.calibrations.active(pump.device)) or DEFAULT_CURVE

    def _share(self, inflow: PumpCurve, waste: PumpCurve) -> float:
        """Return for how much of each second the inflow may run."""
        if inflow.is_default or waste.is_default:
            self.log.warning(
                "A pump is not calibrated: if the inflow is faster than the waste pump, the vial fills up."
            )
            return _MOST_OF_A_SECOND
        if inflow.ml_per_s <= waste.ml_per_s:
            return _MOST_OF_A_SECOND
        return min(waste.ml_per_s / inflow.ml_per_s, _MOST_OF_A_SECOND)


class CirculateMedia(_Circulate):
    """Circulates media."""

    declaration = pump_action(
        "circulate_media",
        "Circulate medium",
        "Rinse or prime the tubes: add medium and remove waste at once.",
        _HOW_LONG,
    )
    pump = MEDIA


class CirculateAltMedia(_Circulate):
    """Circulates alt-media."""

    declaration = pump_action(
        "circulate_alt_media",
        "Circulate alternative medium",
        "Rinse or prime the tubes: add alternative medium and remove waste at once.",
        _HOW_LONG,
    )
    pump = ALT_MEDIA
