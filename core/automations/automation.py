"""What all automations have in common: the name of their rule, and the event each run of the rule results in."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.plugins.api import Job, Setting

AUTOMATION_SETTINGS = {
    "automation_name": Setting("string", label="Automation"),
    "latest_event": Setting("AutomationEvent", label="Latest event"),
}


class EventName(StrEnum):
    """What can have happened in a run."""

    NONE = "NoEvent"
    DILUTION = "DilutionEvent"
    DOSING_STARTED = "DosingStarted"
    DOSING_STOPPED = "DosingStopped"
    ADDED_MEDIA = "AddMediaEvent"
    ADDED_ALT_MEDIA = "AddAltMediaEvent"
    CHANGED_LED = "ChangedLedIntensity"
    UPDATED_HEATER = "UpdatedHeaterDC"
    ERROR = "ErrorOccurred"


@dataclass(frozen=True)
class AutomationEvent:
    """What a run of a rule did, for people (`message`) and for programs (`data`)."""

    name: EventName
    message: str | None = None
    data: dict[str, Any] | None = None

    def item(self) -> dict[str, Any]:
        """Return the event as the setting `latest_event` shows it."""
        return {"event_name": self.name.value, "message": self.message, "data": self.data}


class Automation(Job):
    """A job that hosts one rule; its `set_up` calls this one's first."""

    async def set_up(self) -> None:
        """Tell which rule runs."""
        self.publish("automation_name", self.declaration.automation_name)

    @property
    def source(self) -> str:
        """The name doses and changes of light are recorded under, such as `dosing_automation:chemostat`."""
        return f"{self.declaration.job_name}:{self.declaration.automation_name}"

    def tell(self, event: AutomationEvent | None) -> None:
        """Show what a run resulted in; None shows that it did nothing."""
        self.publish("latest_event", None if event is None else event.item())
        if event is not None and event.message:
            level = logging.ERROR if event.name is EventName.ERROR else logging.INFO
            self.log.log(level, "%s: %s", event.name.value, event.message)
