"""Fused OD from standards: four or more suspensions of known OD teach an estimator what three angles see together."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from typing import Any

import numpy as np

from core.calibrations.fits import fit_akima
from core.calibrations.sessions.fusion import RPM, FusionProtocol, Sample, mean_log_volts
from core.calibrations.sessions.naming import name_step, overwrite_step
from core.calibrations.sessions.od_meter import DEVICE_ANGLES
from core.calibrations.sessions.steps import COMPLETE, Step, StepField, chart, series
from core.errors import BadRequestError

_LEAST_STANDARDS = 4
_SIGMA_FLOOR = 0.04
# The standard deviation of a normal distribution over its median absolute deviation.
_SIGMA_PER_MAD = 1.4826
# How little each angle is trusted at the thin end: 135 degrees sees thin cultures best.
_LOW_CONC_SCALES = {"45": 10.0, "90": 4.0, "135": 0.04}

_OD = StepField("od_value", "OD of this standard", "float", minimum=0.0001, maximum=1000)
_ANOTHER = StepField("another", "Record another standard", "bool", default=True)


class OdFusionStandards(FusionProtocol):
    """Makes an estimator of fused optical density from standards."""

    protocol_name = "od_fusion_standards"
    steps = (
        Step("intro", "info", "Fused OD from standards",
             "This teaches an estimator to tell optical density from light at three angles. Have ready: at least four "
             "standards of different, known OD that span what you will grow, each with a stir bar in a vial of the "
             "same kind."),
        name_step("name", "estimator_name", "estimator"),
        overwrite_step("name_overwrite"),
        Step("rpm", "form", "Stirring", "How fast is to be stirred while measuring?", (RPM,)),
        Step("place_standard", "action", "Place a standard", "Put the vial with the next standard into the unit."),
        Step("measure_standard", "form", "Its density", "Which optical density does this standard have?", (_OD,)),
        Step("record_observation", "action", "Measure",
             "The unit stirs at four speeds and measures at each when you continue; it takes about a minute."),
        Step("remove_observation", "action", "Take it out", "Take the vial out of the unit."),
        Step("another_standard", "form", "Another standard?", None, (_ANOTHER,)),
        Step(COMPLETE, "result", "The estimator of fused OD is ready", "It is active now."),
    )  # fmt: skip

    async def on_measure_standard(self, inputs: dict[str, Any]) -> None:
        """Keep the density of the standard that is in the unit."""
        self.data["od"] = inputs["od_value"]

    def show_another_standard(self, step: Step) -> Step:
        """Show what was measured so far."""
        count = len(self._by_od())
        body = f"{count} different standards measured so far; at least {_LEAST_STANDARDS} are needed."
        return dataclasses.replace(step, body=body, metadata=self._chart())

    async def on_another_standard(self, inputs: dict[str, Any]) -> str:
        """Go on with another one, or fit and save."""
        if inputs["another"]:
            return "place_standard"
        count = len(self._by_od())
        if count < _LEAST_STANDARDS:
            raise BadRequestError(
                f"Only {count} different standards were measured.",
                cause=f"The estimator needs at least {_LEAST_STANDARDS} different densities.",
                remedy="Answer yes, and record another standard.",
                fields=["another"],
            )
        return await self._save_estimator(await asyncio.to_thread(fitted_estimator, self._by_od()))

    def show_complete(self, step: Step) -> Step:
        """Show what was measured."""
        return dataclasses.replace(step, metadata=self._chart())

    def _by_od(self) -> dict[float, list[Sample]]:
        """Return the samples by density, ascending."""
        by_od: dict[float, list[Sample]] = {}
        for observation in sorted(self._observations, key=lambda each: each["od"]):
            by_od.setdefault(observation["od"], []).extend(observation["samples"])
        return by_od

    def _chart(self) -> dict[str, Any]:
        shown = [
            series(angle, f"{angle}°", [
                (math.log10(od), mean_log_volts(samples, angle)) for od, samples in self._by_od().items()
            ])
            for angle in DEVICE_ANGLES
        ]  # fmt: skip
        return chart("Fused OD", "log10(OD)", "ln(Voltage)", *shown)


def fitted_estimator(by_od: dict[float, list[Sample]]) -> dict[str, Any]:
    """Return the keys of an estimator that follow from samples by density: at each angle, Akima splines over log10(OD).

    One goes through the means of ln(volts), the other through the logs of their spreads.
    """
    log_ods = [math.log10(od) for od in by_od]
    means, spreads, recorded = {}, {}, {}
    for angle in DEVICE_ANGLES:
        logs = [[math.log(sample[angle]) for sample in samples] for samples in by_od.values()]
        means[angle] = fit_akima(log_ods, [float(np.mean(each)) for each in logs]).model_dump()
        spreads[angle] = fit_akima(log_ods, [math.log(_spread(each)) for each in logs]).model_dump()
        recorded[angle] = [[od, sample[angle]] for od, samples in by_od.items() for sample in samples]
    return {
        "angles": list(DEVICE_ANGLES),
        "mu_splines": means,
        "sigma_splines_log": spreads,
        "min_logc": min(log_ods),
        "max_logc": max(log_ods),
        "sigma_floor": _SIGMA_FLOOR,
        "low_conc_scales": _LOW_CONC_SCALES,
        "recorded_data": {"by_angle": recorded},
    }


def _spread(logs: list[float]) -> float:
    deviations = np.abs(np.array(logs) - np.median(logs))
    return max(_SIGMA_PER_MAD * float(np.median(deviations)), _SIGMA_FLOOR)
