"""A recipe of doses, one after the other: `--media 2 --waste 2 --sleep 5 --media_ 1`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from core.jobs.dosing.add_and_remove import refuse_overfilling
from core.jobs.dosing.pump_action import pump_action
from core.plugins.api import (
    ALT_MEDIA,
    MEDIA,
    WASTE,
    Argument,
    BadRequestError,
    Job,
    Pump,
    PumpRun,
    StartPlace,
    after_dose,
    not_calibrated,
    pwm_channel,
    pwm_output,
)

_SOURCE = "pumps"
_PUMPS = {pump.role: pump for pump in (MEDIA, ALT_MEDIA, WASTE)}
_SLEEP = "sleep"


@dataclass(frozen=True)
class Step:
    """A step of a recipe: millilitres for a pump, seconds to wait where there is none."""

    pump: Pump | None
    amount: float


class Pumps(Job):
    """Follows a recipe; its steps are checked before the first one begins."""

    declaration = pump_action(
        "pumps",
        "Pump by a recipe",
        "Add, remove and wait in the order given: pairs such as --media 2 --waste 2 --sleep 5, in mL and s.",
        arguments=(Argument("pump_script", nargs=-1),),
    )

    _max_fill_ml = math.inf

    def outputs_to_hold(self) -> tuple[str, ...]:
        """The PWM channels of the pumps that occur."""
        roles = {step.pump.role for step in self._steps() if step.pump is not None}
        return tuple(pwm_output(pwm_channel(self.config, role)) for role in sorted(roles))

    def check_start(self, place: StartPlace) -> None:
        """Refuse a recipe in whose course the vial would be filled too high."""
        self._max_fill_ml = place.model.reactor_max_fill_volume_ml
        bioreactor = place.parts.bioreactor
        liquids = replace(bioreactor.liquids(place.experiment), current_volume_ml=bioreactor.fill_ml(place.experiment))
        for step in self._steps():
            if step.pump is None:
                continue
            if step.pump.is_inflow:
                refuse_overfilling(place, liquids.current_volume_ml, step.amount, ["args"])
            liquids = after_dose(liquids, step.pump.event, step.amount)

    async def set_up(self) -> None:
        """Refuse a recipe with a pump that is not calibrated."""
        pumps = {step.pump.role: step.pump for step in self._steps() if step.pump is not None}
        missing = [pump for pump in pumps.values() if self._run(pump).calibrated is None]
        if missing:
            raise not_calibrated(*missing)

    async def work(self) -> None:
        """Do step after step."""
        for step in self._steps():
            if step.pump is None:
                self.log.info("Waiting for %g s.", step.amount)
                await self.sleep(step.amount)
                continue
            verb = "Adding" if step.pump.is_inflow else "Removing"
            self.log.info("%s %.3f ml of %s.", verb, step.amount, step.pump.words)
            dosed = await self._run(step.pump).add_ml(step.amount)
            if dosed.error is not None:
                raise dosed.error

    def _run(self, pump: Pump) -> PumpRun:
        return PumpRun(self, pump, _SOURCE, max_fill_ml=self._max_fill_ml)

    def _steps(self) -> list[Step]:
        return read_recipe(self.arguments)


def read_recipe(words: list[str]) -> list[Step]:
    """Return the steps that pairs of name and amount mean; raise BadRequestError for what is none.

    A name may end in underscores: where names must differ, that repeats one.
    """
    parts = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    if len(parts) % 2:
        raise _no_recipe("Every name needs an amount.")
    return [_step(name, amount) for name, amount in zip(parts[::2], parts[1::2], strict=True)]


def _step(name: str, text: str) -> Step:
    role = name.removeprefix("--").replace("-", "_").rstrip("_")
    if not name.startswith("--") or (role != _SLEEP and role not in _PUMPS):
        raise _no_recipe(f"{name!r} is no step.")
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise _no_recipe(f"{text!r} is no amount for {name}: a number, 0 or more.")
    return Step(_PUMPS.get(role), amount)


def _no_recipe(cause: str) -> BadRequestError:
    return BadRequestError(
        "The recipe cannot be followed.",
        cause=cause,
        remedy="Give pairs such as --media 2 --waste 2 --sleep 5; repeat a name with an underscore behind it.",
        fields=["args"],
        known=[f"--{name}" for name in (*_PUMPS, _SLEEP)],
    )
