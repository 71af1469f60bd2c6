"""Fed batch: add a fixed volume of medium at a fixed rhythm, and remove nothing, until the vial is full."""

from __future__ import annotations

from core.automations.automation import AutomationEvent, EventName
from core.automations.dosing.dosing_automation import DOSING_OPTIONS, DosingAutomation
from core.automations.timed import TIMED_SETTINGS, TimedAutomation, duration_option
from core.plugins.api import MEDIA, Group, JobDeclaration, Option, Setting, StopOrder

_DEFAULT_DURATION_MIN = 720.0


class FedBatch(DosingAutomation, TimedAutomation):
    """The rule fed_batch."""

    pumps = (MEDIA,)
    amounts = ("dosing_volume_ml",)
    declaration = JobDeclaration(
        job_name="dosing_automation",
        automation_name="fed_batch",
        label="Fed batch",
        help="Add medium every so many minutes and remove nothing.",
        group=Group.DOSE,
        stop_order=StopOrder.OUTPUTS,
        options=(
            Option("dosing_volume_ml", "float", help="medium added in each run", required=True, unit="mL",
                   label="Dose", first=True),
            duration_option(_DEFAULT_DURATION_MIN),
            *DOSING_OPTIONS,
        ),
        settings={
            **TIMED_SETTINGS,
            "dosing_volume_ml": Setting("float", settable=True, unit="mL", label="Dose"),
        },
    )  # fmt: skip

    async def execute(self) -> AutomationEvent:
        """Add the volume; sleep when it would fill the vial to its limit."""
        volume_ml = float(self.settings["dosing_volume_ml"])
        if self.would_fill(volume_ml):
            held_ml = self.fill_ml
            await self.fall_asleep()
            message = f"the vial holds {held_ml:.2f} ml, and {volume_ml:g} ml more would fill it: dosing stops"
            return AutomationEvent(EventName.ERROR, message, {"current_volume_ml": held_ml})
        moved = {"media_ml": 0.0}
        await self.add_in_parts("media_ml", volume_ml, moved)
        return AutomationEvent(
            EventName.ADDED_MEDIA,
            f"added {moved['media_ml']:.3f} of {volume_ml:g} ml",
            {"dosing_volume_ml": volume_ml, "volume_actually_moved_ml": moved["media_ml"]},
        )
