"""One alarm, and the states it goes through.

The states are those of ANSI/ISA-18.2-2016 and IEC 62682:2022 for alarms that nobody has to reset: an alarm is shown
until its condition is over *and* a person has acknowledged it, in whichever order. A condition that comes back while
its alarm is still open is counted on that alarm, so that a flapping signal leaves one row, not thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.clock import timestamp

# From mild to grave.
SEVERITIES = ("note", "warning", "alarm")


@dataclass
class Alarm:
    """One alarm; times in UTC seconds since 1970, None for what has not happened.

    Attributes:
        key: what it is about, exactly; at most one open alarm has it.
        signal: what it is about, for people: "temperature", "link", "board", "job", ...
        severity: one of `SEVERITIES`.
        value, limit: what was measured, and what it should have kept to, in the signal's unit; None where none is.
        raised_at, last_raised_at: when the condition began for the first and for the last time.
        times: how often it began.
        cleared_at: when the condition was over; None while it lasts.
        acknowledged_by: who said that they had seen it.
    """

    alarm_id: int
    key: str
    signal: str
    severity: str
    message: str
    remedy: str
    value: float | None
    limit: float | None
    experiment: str | None
    raised_at: float
    last_raised_at: float
    times: int = 1
    cleared_at: float | None = None
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether its condition lasts."""
        return self.cleared_at is None

    @property
    def is_open(self) -> bool:
        """Whether it must still be shown."""
        return self.cleared_at is None or self.acknowledged_at is None

    @property
    def state(self) -> str:
        """Its state as a word of the API."""
        condition = "active" if self.is_active else "cleared"
        return f"{condition}_{'unacknowledged' if self.acknowledged_at is None else 'acknowledged'}"

    def item(self) -> dict[str, Any]:
        """Return the alarm as the API shows it."""
        return {
            "id": self.alarm_id,
            "key": self.key,
            "signal": self.signal,
            "severity": self.severity,
            "state": self.state,
            "message": self.message,
            "remedy": self.remedy,
            "value": self.value,
            "limit": self.limit,
            "experiment": self.experiment,
            "raised_at": timestamp(self.raised_at),
            "last_raised_at": timestamp(self.last_raised_at),
            "times": self.times,
            "cleared_at": None if self.cleared_at is None else timestamp(self.cleared_at),
            "acknowledged_at": None if self.acknowledged_at is None else timestamp(self.acknowledged_at),
            "acknowledged_by": self.acknowledged_by,
        }
