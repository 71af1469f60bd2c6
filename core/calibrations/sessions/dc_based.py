"""Stirring calibration by duty: the motor goes down, up and down through its range while the speed is measured."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import numpy as np

from core.calibrations.fits import fit_spline
from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.protocol import ActionFailedError, SessionProtocol
from core.calibrations.sessions.steps import COMPLETE, Step, chart, series
from core.clock import timestamp
from core.output_names import pwm_channel, pwm_output

_SECTION = "stirring.config"
_LOW_SHARE, _HIGH_SHARE = 0.66, 1.33
_POINTS_PER_SWEEP = 5
_KICK_S = 0.5
_SPIN_UP_S = 3.0
_SETTLE_S, _MEASURE_S = 2.0, 2.0
_LEAST_POINTS = 5


class DcBased(SessionProtocol):
    """Relates the duty of the stirrer's motor to the speed of the bar."""

    protocol_name = "dc_based"
    jobs_in_the_way = ("stirring",)
    steps = (
        Step("intro", "info", "Stirring calibration",
             "This relates the duty of the stirrer's motor to the speed of the bar, so that a speed is reached at "
             "once. Put a vial with a stir bar and as much liquid as usual into the unit."),
        Step("run_calibration", "action", "Measure",
             "The motor runs through fifteen duties and measures the speed at each. It takes about a minute."),
        Step(COMPLETE, "result", "Stirring is calibrated", "It is active now."),
    )  # fmt: skip

    def outputs(self) -> tuple[str, ...]:
        """The motor's PWM channel."""
        return (pwm_output(self._channel),)

    async def run_run_calibration(self, _: dict[str, Any], action: CalibrationAction) -> str:
        """Measure, fit and save."""
        voltage = round(await action.board.read_supply_v(), 1)
        points = await self._sweep(action)
        duties, rpms = [duty for duty, _ in points], [rpm for _, rpm in points]
        if len(points) < _LEAST_POINTS or np.corrcoef(duties, rpms)[0, 1] <= 0:
            raise ActionFailedError(
                "The speed of the stir bar does not follow the motor.",
                cause=f"It turned at {len(points)} of {3 * _POINTS_PER_SWEEP} duties.",
                remedy="Look whether the bar is in the vial and centred, then continue again.",
            )
        self.data["points"] = points
        curve = await asyncio.to_thread(fit_spline, duties, rpms)
        return await self._save(duties, rpms, curve.model_dump(), voltage)

    def show_complete(self, step: Step) -> Step:
        """Show the points and the curve through them."""
        shown = series("measured", "Measured", self.data["points"], self.data["curve"])
        return dataclasses.replace(step, metadata=chart("Stirring calibration", "Duty (%)", "Speed (rpm)", shown))

    @property
    def _channel(self) -> int:
        return pwm_channel(self.place.config, "stirring")

    def _duties(self) -> list[float]:
        """Return the duties in percent in their order: down, up and down through the range."""
        middle = self.place.config.number(_SECTION, "initial_duty_cycle")
        low, high = _LOW_SHARE * middle, min(_HIGH_SHARE * middle, 100.0)
        up = [round(float(duty), 4) for duty in np.linspace(low, high, _POINTS_PER_SWEEP)]
        return up[::-1] + up + up[::-1]

    async def _sweep(self, action: CalibrationAction) -> list[tuple[float, float]]:
        """Return duty and speed wherever the bar turned."""
        frequency_hz = self.place.config.number(_SECTION, "pwm_hz")
        duties = self._duties()
        points = []
        for duty, seconds in ((100.0, _KICK_S), ((min(duties) + max(duties)) / 2, _SPIN_UP_S)):
            await action.context.outputs.set_pwm(self._channel, duty, frequency_hz)
            await action.sleep(seconds)
        for done, duty in enumerate(duties):
            action.tell_progress(self.device, done / len(duties))
            await action.context.outputs.set_pwm(self._channel, duty, frequency_hz)
            await action.sleep(_SETTLE_S + _MEASURE_S)
            rpm = (await action.board.read_tachometer(_MEASURE_S)).rpm
            if rpm > 0:
                points.append((duty, round(rpm, 2)))
        action.tell_progress(self.device, 1.0)
        return points

    async def _save(self, duties: list[float], rpms: list[float], curve: dict[str, Any], voltage: float) -> str:
        name = f"stirring-calibration-{self.place.clock.utc():%Y-%m-%d_%H-%M}"
        data = {
            "calibration_type": "simple_stirring",
            "calibration_name": name,
            "calibrated_on_pioreactor_unit": self.place.unit,
            "created_at": timestamp(self.place.clock.utc_s()),
            "curve_data_": curve,
            "x": "DC %",
            "y": "RPM",
            "recorded_data": {"x": duties, "y": rpms},
            "pwm_hz": self.place.config.number(_SECTION, "pwm_hz"),
            "voltage": voltage,
        }
        self.data["curve"] = curve
        path = await self.place.calibrations.save(self.device, data, set_active=True)
        return self.complete({"calibrations": [{"device": self.device, "calibration_name": name, "path": path}]})
