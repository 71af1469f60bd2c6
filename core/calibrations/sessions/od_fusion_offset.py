"""Fused OD from an existing estimator: two standards shift and stretch it to the vial and the LED of now.

In L = log10(OD) the estimate of the old one is mapped to scale * L + offset, by which the two standards come out true.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from core.calibrations.sessions.fusion import RPM, FusionProtocol, Sample, mean_log_volts
from core.calibrations.sessions.naming import name_step, overwrite_step
from core.calibrations.sessions.protocol import SessionFailedError
from core.calibrations.sessions.steps import COMPLETE, Step, StepField
from core.errors import BadRequestError
from core.estimators.estimator import DEVICE, FusedOdEstimator

_STANDARDS = 2

_WORKER = StepField("source_unit", "Unit that has the estimator", "choice")
_SOURCE = StepField("source_estimator_name", "Estimator", "choice")
_OD = StepField("standard_od", "OD of this standard", "float", minimum=1e-6, maximum=1000)


class OdFusionOffset(FusionProtocol):
    """Makes an estimator of fused optical density from another one and two standards."""

    protocol_name = "od_fusion_offset"
    steps = (
        Step("intro", "info", "Fused OD from an existing estimator",
             "This adapts an estimator to the vial and the LED of now. Have ready: two standards of different, known "
             "OD, one thin and one dense, each with a stir bar in a vial of the same kind."),
        Step("select_worker", "form", "Unit", "Which unit has the estimator?", (_WORKER,)),
        Step("select_estimator", "form", "Estimator", "Which estimator is to be adapted?", (_SOURCE,)),
        name_step("name", "estimator_name", "estimator"),
        overwrite_step("name_overwrite"),
        Step("rpm", "form", "Stirring", "How fast is to be stirred while measuring?", (RPM,)),
        Step("place_standard", "action", "Place a standard", "Put the vial with the standard into the unit."),
        Step("standard_od", "form", "Its density", "Which optical density does this standard have?", (_OD,)),
        Step("record_observation", "action", "Measure",
             "The unit stirs at four speeds and measures at each when you continue; it takes about a minute."),
        Step("remove_standard", "action", "Take it out", "Take the vial out of the unit."),
        Step(COMPLETE, "result", "The estimator of fused OD is ready", "It is active now."),
    )  # fmt: skip

    def check_start(self) -> None:
        """Insist on an estimator to begin with."""
        super().check_start()
        if not self._sources:
            raise BadRequestError(
                "There is no estimator of fused OD to adapt.",
                remedy="Make one by od_fusion_standards, or import one.",
                fields=["protocol_name"],
            )

    def show_select_worker(self, step: Step) -> Step:
        """Offer this unit."""
        field = dataclasses.replace(_WORKER, options=(self.place.unit,), default=self.place.unit)
        return dataclasses.replace(step, fields=(field,))

    async def on_select_worker(self, inputs: dict[str, Any]) -> None:
        """Keep the unit."""
        self.data |= inputs

    def show_select_estimator(self, step: Step) -> Step:
        """Offer the estimators there are, the active one first."""
        names, active = self._sources, self.place.estimators.active_name(DEVICE)
        default = active if active in names else next(iter(names), None)
        return dataclasses.replace(step, fields=(dataclasses.replace(_SOURCE, options=tuple(names), default=default),))

    async def on_select_estimator(self, inputs: dict[str, Any]) -> None:
        """Keep a copy of the estimator: the session goes on with it whatever becomes of the file."""
        source = self.place.estimators.get(DEVICE, inputs["source_estimator_name"])
        intensity_percent = self.optics.intensity_percent
        if source.ir_led_intensity != intensity_percent:
            raise BadRequestError(
                f"{source.name} holds for an infrared LED at {source.ir_led_intensity:g} %.",
                cause=f"The LED is configured to {intensity_percent:g} %.",
                remedy="Choose another estimator, or change ir_led_intensity in section [od_reading.config].",
                fields=["source_estimator_name"],
            )
        self.data |= {**inputs, "source": source.item()}

    def show_place_standard(self, step: Step) -> Step:
        """Tell which of the two it is."""
        return dataclasses.replace(step, title=f"Place standard {len(self._observations) + 1} of {_STANDARDS}")

    async def on_standard_od(self, inputs: dict[str, Any]) -> None:
        """Keep the density, which must not be that of the standard before."""
        if any(each["od"] == inputs["standard_od"] for each in self._observations):
            raise BadRequestError("Both standards have the same OD.", remedy="Use another.", fields=["standard_od"])
        self.data["od"] = inputs["standard_od"]

    async def on_remove_standard(self, _: dict[str, Any]) -> str:
        """Go on with the second standard, or map and save."""
        if len(self._observations) < _STANDARDS:
            return "place_standard"
        return await self._save_mapped()

    @property
    def _sources(self) -> list[str]:
        return [estimator.name for estimator in self.place.estimators.all_of(DEVICE)]

    async def _save_mapped(self) -> str:
        source = FusedOdEstimator.model_validate(self.data["source"])
        true = [math.log10(each["od"]) for each in self._observations]
        told = [math.log10(source.estimate(_mean_volts(source, each["samples"]))) for each in self._observations]
        if (told[1] - told[0]) * (true[1] - true[0]) <= 0:
            raise SessionFailedError(
                f"The estimator tells OD {10 ** told[0]:.3g} and {10 ** told[1]:.3g} for standards of OD "
                f"{10 ** true[0]:.3g} and {10 ** true[1]:.3g}: no stretching makes that true. Look whether the "
                "standards were swapped, then begin again."
            )
        scale = (true[1] - true[0]) / (told[1] - told[0])
        offset = true[0] - scale * told[0]
        mapped = mapped_estimator(source, scale, offset)
        mapped["recorded_data"] = {"standards": self._observations, "source": source.recorded_data}
        return await self._save_estimator(
            mapped,
            source_unit=self.data["source_unit"],
            source_estimator=source.name,
            scale_logc=scale,
            offset_logc=offset,
        )


def _mean_volts(source: FusedOdEstimator, samples: list[Sample]) -> Sample:
    return {angle: math.exp(mean_log_volts(samples, angle)) for angle in source.angles}


def mapped_estimator(source: FusedOdEstimator, scale: float, offset: float) -> dict[str, Any]:
    """Return the keys of an estimator that tells 10 ** (scale * L + offset) where `source` tells 10 ** L."""

    def mapped(splines: dict[Any, Any]) -> dict[str, Any]:
        return {
            angle: {
                **spline.model_dump(),
                "knots": [scale * knot + offset for knot in spline.knots],
                "coefficients": [
                    [a, b / scale, c / scale**2, d / scale**3] for a, b, c, d in spline.coefficients
                ],
            }
            for angle, spline in splines.items()
        }  # fmt: skip

    return {
        "angles": list(source.angles),
        "mu_splines": mapped(source.mu_splines),
        "sigma_splines_log": mapped(source.sigma_splines_log),
        "min_logc": scale * source.min_logc + offset,
        "max_logc": scale * source.max_logc + offset,
        "sigma_floor": source.sigma_floor,
        "low_conc_scales": dict(source.low_conc_scales),
    }
