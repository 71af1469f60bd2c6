"""Morbidostat: dilute with as much drug as it takes to hold the growth rate at a target.

The growth rate decides, by a PID controller (section [dosing_automation.pid_morbidostat]), which share of each dilution
is alt-medium, the one with the drug (Toprak et al., Nature Genetics 44, 2012).
"""

from __future__ import annotations

from typing import Any

from core.automations.automation import AutomationEvent, EventName
from core.automations.dosing.dosing_automation import DOSING_OPTIONS, DosingAutomation
from core.automations.dosing.signals import GROWTH_RATE, RELATIVE_OD, latest
from core.automations.timed import TIMED_SETTINGS, TimedAutomation, duration_option
from core.plugins.api import ALT_MEDIA, MEDIA, WASTE, Config, Group, JobDeclaration, Option, Pid, Setting, StopOrder

_SECTION = "dosing_automation.pid_morbidostat"
_DEFAULT_DURATION_MIN = 60.0
_MIN_PER_H = 60.0
# Below this share of the target density the culture is left to grow; above that one it is thinned more.
_TOO_THIN, _TOO_DENSE = 0.7, 1.25
_MORE_WHEN_DENSE = 2.5


class PidMorbidostat(DosingAutomation, TimedAutomation):
    """The rule pid_morbidostat."""

    pumps = (MEDIA, ALT_MEDIA, WASTE)
    amounts = ("target_growth_rate", "target_normalized_od")
    declaration = JobDeclaration(
        job_name="dosing_automation",
        automation_name="pid_morbidostat",
        label="Morbidostat",
        help="Dilute with drug so that the growth rate stays at a target.",
        group=Group.DOSE,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("target_growth_rate", "float", help="while the culture grows faster, drug is added",
                   required=True, unit="h⁻¹", label="Target growth rate", first=True),
            Option("target_normalized_od", "float", help="1 is the density at the start of growth rate",
                   required=True, unit="AU", label="Target relative density", first=True),
            duration_option(_DEFAULT_DURATION_MIN),
            *DOSING_OPTIONS,
        ),
        settings={
            **TIMED_SETTINGS,
            "target_normalized_od": Setting("float", settable=True, unit="AU", label="Target relative density"),
            "target_growth_rate": Setting("float", settable=True, unit="h⁻¹", label="Target growth rate"),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        kp, ki, kd = (config.number(_SECTION, key) for key in ("Kp", "Ki", "Kd"))
        # More growth wants more drug, hence the signs.
        self._pid = Pid(-kp, -ki, -kd, 0.0, 1.0)
        self._least_ml = config.number(_SECTION, "minimum_dosing_volume_ml")

    async def execute(self) -> AutomationEvent:
        """Dilute, unless the culture is too thin for it."""
        target_od = float(self.settings["target_normalized_od"])
        density, growth_per_h = await latest(self, RELATIVE_OD), await latest(self, GROWTH_RATE)
        if density <= _TOO_THIN * target_od:
            message = f"relative density {density:.2f} is below {_TOO_THIN:g} of the target {target_od:g}"
            return AutomationEvent(EventName.NONE, message)
        hours = float(self.settings["duration"]) / _MIN_PER_H
        target_per_h = float(self.settings["target_growth_rate"])
        fraction = self._pid.update(target_per_h, growth_per_h, hours)
        self.trace_pid("growth_rate", self._pid)
        exchange_ml = round(target_per_h * self.volume_ml * hours, 4)
        if density > _TOO_DENSE * target_od:
            exchange_ml *= _MORE_WHEN_DENSE
        alt_media_ml, media_ml = (
            part if part >= self._least_ml else 0.0 for part in (fraction * exchange_ml, (1 - fraction) * exchange_ml)
        )
        total_ml = alt_media_ml + media_ml
        if total_ml > 0:
            await self.dose(media_ml=media_ml, alt_media_ml=alt_media_ml, waste_ml=total_ml)
        return AutomationEvent(
            EventName.ADDED_ALT_MEDIA,
            f"added {alt_media_ml:.3f} ml of alt-medium and {media_ml:.3f} ml of medium at {growth_per_h:.3f} per hour",
            {"fraction_of_alt_media_to_add": fraction, "alt_media_ml": alt_media_ml, "media_ml": media_ml},
        )
