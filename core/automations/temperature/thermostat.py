"""Hold the culture at a temperature.

Once per measured temperature the heater's duty is corrected by the output of a PID controller (`Kp`, `Ki`, `Kd` of
section [temperature_automation.thermostat], time counted in measurements), at most 25 % at a time.
"""

from __future__ import annotations

from typing import Any

from core.automations.automation import AutomationEvent, EventName
from core.automations.temperature.temperature_automation import TEMPERATURE_SETTINGS, TemperatureAutomation
from core.plugins.api import Config, Group, JobDeclaration, Option, Pid, Setting, StopOrder

_SECTION = "temperature_automation.thermostat"
_MOST_CHANGE_PERCENT = 25.0
# The target is recorded beside what was measured; a change of it is a step, not a slope.
_TARGET = "target_temperature"
_JUST_BEFORE_S = 1e-3


class Thermostat(TemperatureAutomation):
    """The rule thermostat."""

    declaration = JobDeclaration(
        job_name="temperature_automation",
        automation_name="thermostat",
        label="Hold a temperature",
        help="Heat the vial so that it stays at a temperature.",
        group=Group.STIR_AND_HEAT,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("target_temperature", "float", help="of the culture", required=True, unit="℃",
                   label="Target temperature", first=True),
        ),
        settings={
            **TEMPERATURE_SETTINGS,
            "target_temperature": Setting("float", settable=True, unit="℃", label="Target temperature"),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        kp, ki, kd = (config.number(_SECTION, key) for key in ("Kp", "Ki", "Kd"))
        self._pid = Pid(kp, ki, kd, -_MOST_CHANGE_PERCENT, _MOST_CHANGE_PERCENT)

    async def set_up(self) -> None:
        """Take the target and begin."""
        await super().set_up()
        await self.set_target_temperature(self.options["target_temperature"])
        if self.context.settings_of("stirring") is None:
            self.log.warning("Stirring is off: the culture is warmed unevenly. Start stirring too.")

    async def set_target_temperature(self, celsius: float) -> None:
        """Aim at `celsius` from the next measurement on, held within 0 and what the heater board may have."""
        held = min(max(celsius, 0.0), self.context.parts.models.current.max_temp_to_reduce_heating)
        if held != celsius:
            self.log.warning("A target of %g °C is out of range; %g °C is held instead.", celsius, held)
        before, now_s = self.settings.get("target_temperature"), self.clock.utc_s()
        if before is not None:
            self.record(_TARGET, float(before), now_s - _JUST_BEFORE_S)
        self.publish("target_temperature", held)
        self.record(_TARGET, held, now_s)

    async def on_sleeping_to_ready(self) -> None:
        """Begin anew: how the temperature moved meanwhile is no matter of this loop's."""
        await super().on_sleeping_to_ready()
        self._pid.reset()

    async def on_link_back(self) -> None:
        """Go on; how the temperature moved meanwhile is no matter of this loop's."""
        self._pid.reset()
        await super().on_link_back()

    async def control(self, celsius: float) -> AutomationEvent:
        """Correct the heater's duty."""
        target = self.settings["target_temperature"]
        self.record(_TARGET, target, self.clock.utc_s())
        before = self.duty_percent
        correction = self._pid.update(target, celsius, 1.0)
        self.trace_pid("temperature", self._pid)
        await self.drive(before + correction)
        change = round(self.duty_percent - before, 2)
        return AutomationEvent(
            EventName.UPDATED_HEATER,
            f"heater from {before:g} to {self.duty_percent:g} %, for {celsius:g} °C at a target of {target:g} °C",
            {
                "current_dc": self.duty_percent,
                "delta_dc": change,
                "target_temperature": target,
                "latest_temperature": celsius,
            },
        )
