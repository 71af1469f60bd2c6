"""What the two calibrations of fused optical density share: naming an estimator, and observing a standard."""

from __future__ import annotations

import math
from typing import Any

from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.naming import NamingProtocol
from core.calibrations.sessions.od_meter import DEVICE_ANGLES, reach_speed, refuse_rpm, stirred
from core.calibrations.sessions.od_protocol import OdProtocol
from core.calibrations.sessions.steps import StepField
from core.clock import timestamp
from core.errors import BadRequestError
from core.estimators.estimator import DEVICE

_TOLERANCE_RPM = 60.0
# Each standard is seen at four speeds near the chosen one, so that the estimator knows what stirring changes.
_SPEEDS = (0.9, 1.1, 0.8, 1.2)
_FASTEST_SHARE = max(_SPEEDS)
_SETTLE_S = 2.0
_WARM_UP_READINGS = 3

RPM = StepField("rpm", "Speed (rpm)", "float", default=500.0, minimum=0, maximum=10000,
            help_text="150 to 600 rpm are usual; measured is at 80 to 120 % of it.")  # fmt: skip

# Volts by angle, of one reading.
Sample = dict[str, float]


class FusionProtocol(OdProtocol):
    """A protocol that makes an estimator of fused optical density."""

    name_field = "estimator_name"
    name_step_id = "name"
    overwrite_step_id = "name_overwrite"

    def check_start(self) -> None:
        """Insist on photodiodes at all three angles."""
        missing = sorted(set(DEVICE_ANGLES) - set(self.optics.angles.values()))
        if missing:
            raise BadRequestError(
                f"No photodiode looks at {', '.join(missing)} degrees.",
                cause="Fused optical density needs photodiodes at 45, 90 and 135 degrees.",
                remedy="See section [od_config.photodiode_channel] of the configuration.",
                fields=["target_device"],
            )

    def default_name(self) -> str:
        """What it is, and the date."""
        return f"od-fused-estimator-{self.today}"

    def is_taken(self, name: str) -> bool:
        """Whether there is an estimator of that name."""
        return self.place.estimators.has(DEVICE, name)

    async def on_rpm(self, inputs: dict[str, Any]) -> None:
        """Keep the speed."""
        refuse_rpm(_FASTEST_SHARE * inputs["rpm"])
        self.data["rpm"] = inputs["rpm"]
        self.data["observations"] = []
        self.keep_optics()

    async def run_record_observation(self, _: dict[str, Any], action: CalibrationAction) -> None:
        """Measure the standard that was named."""
        self._observations.append({"od": self.data["od"], "samples": await self._observe(action)})

    show_name, on_name = NamingProtocol.show_name, NamingProtocol.take_name
    show_name_overwrite, on_name_overwrite = NamingProtocol.show_overwrite, NamingProtocol.take_overwrite

    @property
    def _observations(self) -> list[dict[str, Any]]:
        observations: list[dict[str, Any]] = self.data["observations"]
        return observations

    async def _observe(self, action: CalibrationAction) -> list[Sample]:
        """Return a sample at each of the speeds."""
        rpm = self.data["rpm"]
        meter = self.meter(action)
        samples = []
        async with stirred(action, _SPEEDS[0] * rpm, _TOLERANCE_RPM) as stirring:
            await meter.prepare()
            for _ in range(_WARM_UP_READINGS):
                await meter.read()
            for share in _SPEEDS:
                if stirring is not None:
                    await stirring.set_target_rpm(share * rpm)
                    await reach_speed(stirring, share * rpm, _TOLERANCE_RPM)
                await action.sleep(_SETTLE_S)
                samples.append(_by_angle(await meter.read(), self.data["optics"]["angles"]))
        self.keep_light(meter)
        return samples

    async def _save_estimator(self, estimator: dict[str, Any], **more: Any) -> str:
        await self.settle_name()
        common = {
            "estimator_type": "od_fused_estimator",
            "estimator_name": self.name,
            "calibrated_on_pioreactor_unit": self.place.unit,
            "created_at": timestamp(self.place.clock.utc_s()),
            "ir_led_intensity": self.data["optics"]["ir_led_intensity"],
            "y": "log(Voltage)",
        }
        overwrite = self.data.get("overwrite", False)
        path = await self.place.estimators.save(DEVICE, common | estimator, set_active=True, overwrite=overwrite)
        title = "The estimator of fused OD is ready"
        return self.complete({"title": title, "device": DEVICE, "estimator_name": self.name, "path": path, **more})


def mean_log_volts(samples: list[Sample], angle: str) -> float:
    """Return the mean of ln(volts) at one angle."""
    return sum(math.log(sample[angle]) for sample in samples) / len(samples)


def _by_angle(volts: dict[str, float], angles: dict[str, str]) -> Sample:
    """Return volts by angle; of two photodiodes at one angle, their mean. Volts are above 0: there is always noise."""
    sample = {}
    for angle in DEVICE_ANGLES:
        seen = [value for channel, value in volts.items() if angles[channel] == angle]
        sample[angle] = max(sum(seen) / len(seen), 1e-6)
    return sample
