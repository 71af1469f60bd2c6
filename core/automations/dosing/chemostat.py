"""Chemostat: exchange a fixed volume at a fixed rhythm, so that the culture grows as fast as it is diluted."""

from __future__ import annotations

from core.automations.automation import AutomationEvent, EventName
from core.automations.dosing.dosing_automation import DOSING_OPTIONS, DosingAutomation
from core.automations.timed import TIMED_SETTINGS, TimedAutomation, duration_option
from core.plugins.api import MEDIA, WASTE, Group, JobDeclaration, Option, Setting, StopOrder

_DEFAULT_DURATION_MIN = 20.0


class Chemostat(DosingAutomation, TimedAutomation):
    """The rule chemostat."""

    pumps = (MEDIA, WASTE)
    amounts = ("exchange_volume_ml",)
    declaration = JobDeclaration(
        job_name="dosing_automation",
        automation_name="chemostat",
        label="Chemostat",
        help="Exchange a volume every so many minutes.",
        group=Group.DOSE,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("exchange_volume_ml", "float", help="medium added and waste removed in each run", required=True,
                   unit="mL", label="Exchange volume", first=True),
            duration_option(_DEFAULT_DURATION_MIN),
            *DOSING_OPTIONS,
        ),
        settings={
            **TIMED_SETTINGS,
            "exchange_volume_ml": Setting("float", settable=True, unit="mL", label="Exchange volume"),
        },
    )  # fmt: skip

    async def execute(self) -> AutomationEvent:
        """Exchange the volume."""
        volume_ml = float(self.settings["exchange_volume_ml"])
        moved = await self.dose(media_ml=volume_ml, waste_ml=volume_ml)
        return AutomationEvent(
            EventName.DILUTION,
            f"exchanged {moved['media_ml']:.3f} of {volume_ml:g} ml",
            {"exchange_volume_ml": volume_ml, "volume_actually_cycled_ml": moved["media_ml"]},
        )
