"""Adding and removing liquid with one pump: a volume, for a time, or until stopped."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from core.jobs.dosing.pump_action import SOURCE_OPTION, pump_action
from core.plugins.api import (
    ALT_MEDIA,
    DEFAULT_CURVE,
    MEDIA,
    WASTE,
    BadRequestError,
    Config,
    CurveError,
    Dosed,
    Job,
    Option,
    Pump,
    PumpRun,
    StartPlace,
    curve_of,
    not_calibrated,
    pwm_channel,
    pwm_output,
)

_AMOUNTS = ("ml", "duration", "continuously")
_HOW_MUCH = (
    Option(
        "ml",
        "float",
        help="give this, or a time, or run until stopped",
        unit="mL",
        minimum=0,
        label="Volume",
        first=True,
    ),
    Option(
        "duration",
        "float",
        help="how long the pump runs; needs no calibration",
        unit="s",
        minimum=0,
        label="Time",
        first=True,
    ),
    Option("continuously", "boolean", default=False, label="Until it is stopped", first=True),
    SOURCE_OPTION,
)


class _OnePump(Job):
    """Runs one pump once."""

    pump: ClassVar[Pump]

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._max_fill_ml = math.inf

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The pump's PWM channel."""
        return (pwm_output(pwm_channel(config, cls.pump.role)),)

    def check_start(self, place: StartPlace) -> None:
        """Refuse an amount that is none, and an inflow that would fill the vial too high."""
        given = [name for name in _AMOUNTS if self.options[name] is not None and self.options[name] is not False]
        if len(given) != 1:
            what = "not several of them" if given else "one of them is needed"
            raise BadRequestError(
                f"{self.declaration.job_name} takes exactly one of ml, duration, continuously; {what}.",
                remedy="Give one of the three.",
                fields=given or list(_AMOUNTS),
            )
        for name in ("ml", "duration"):
            if self.options[name] is not None and self.options[name] < 0:
                raise BadRequestError(f"{name} must be 0 or more, not {self.options[name]:g}.", fields=[name])
        if self.pump.is_inflow:
            self._max_fill_ml = place.model.reactor_max_fill_volume_ml
            refuse_overfilling(place, place.parts.bioreactor.fill_ml(place.experiment), self._volume_ml(place), given)

    def calibrations_needed(self) -> tuple[str, ...]:
        """The pump, where an amount is asked for, or where it must be known when the vial is full."""
        by_rate = self.options["ml"] is not None or (self.options["continuously"] and self.pump.is_inflow)
        return (self.pump.device,) if by_rate else ()

    async def set_up(self) -> None:
        """Refuse what needs a calibrated pump where there is none."""
        self._run = PumpRun(self, self.pump, self.options["source_of_event"], max_fill_ml=self._max_fill_ml)
        if self.calibrations_needed() and self._run.calibrated is None:
            raise not_calibrated(self.pump)

    async def work(self) -> None:
        """Run the pump."""
        dosed = await self._dose(self._run)
        verb = "Added" if self.pump.is_inflow else "Removed"
        self.log.info("%s %.3f ml of %s.", verb, dosed.moved_ml, self.pump.words)
        if dosed.error is not None and not (self.options["continuously"] and dosed.is_full):
            raise dosed.error

    async def _dose(self, run: PumpRun) -> Dosed:
        verb = "Adding" if self.pump.is_inflow else "Removing"
        if self.options["ml"] is not None:
            self.log.info("%s %.3f ml of %s.", verb, self.options["ml"], self.pump.words)
            return await run.add_ml(self.options["ml"])
        if self.options["duration"] is not None:
            self.log.info("%s %s for %g s.", verb, self.pump.words, self.options["duration"])
            return await run.run_s(self.options["duration"])
        self.log.info("%s %s until it is stopped.", verb, self.pump.words)
        return await run.run_continuously()

    def _volume_ml(self, place: StartPlace) -> float:
        if self.options["ml"] is not None:
            return float(self.options["ml"])
        curve = curve_of(place.parts.calibrations.active(self.pump.device)) or DEFAULT_CURVE
        try:
            return curve.volume_ml(self.options["duration"] or 0.0)
        except CurveError:
            return math.inf


def refuse_overfilling(place: StartPlace, current_ml: float, added_ml: float, fields: list[str]) -> None:
    """Raise BadRequestError when a vial with `current_ml` would reach its limit with `added_ml` more in it."""
    model, most_ml = place.model, place.model.reactor_max_fill_volume_ml
    why_fuller = place.parts.bioreactor.why_fuller(place.experiment)
    if current_ml + added_ml >= most_ml:
        raise BadRequestError(
            f"Adding {added_ml:.3f} ml is unsafe: the vial holds {current_ml:.3f} ml, and must stay below {most_ml:g}.",
            cause=f"The safe limit of a {model.display_name} is {most_ml:g} ml. {why_fuller}".rstrip(),
            remedy="Add less, remove waste first, or correct current_volume_ml if it is wrong.",
            fields=fields,
        )


class AddMedia(_OnePump):
    """Adds media."""

    declaration = pump_action("add_media", "Add medium", "Add medium to the vial.", _HOW_MUCH)
    pump = MEDIA


class AddAltMedia(_OnePump):
    """Adds alt-media."""

    declaration = pump_action(
        "add_alt_media", "Add alternative medium", "Add alternative medium to the vial.", _HOW_MUCH
    )
    pump = ALT_MEDIA


class RemoveWaste(_OnePump):
    """Removes waste, down to the tip of the waste tube."""

    declaration = pump_action(
        "remove_waste", "Remove waste", "Remove liquid down to the tip of the waste tube.", _HOW_MUCH
    )
    pump = WASTE
