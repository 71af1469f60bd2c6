"""Times as people say them near now, and exact where they ask: local on screen, with the zone."""

from __future__ import annotations

from datetime import datetime


def ago(age_s: float) -> str:
    """Say how long ago something was: "now", "3 s ago", "4 min ago", "2 h ago", "5 days ago"."""
    return "now" if age_s < 1 else f"{duration(age_s)} ago"


def duration(length_s: float) -> str:
    """Say a length of time in its largest fitting unit: "12 s", "4 min", "2 h", "5 days"."""
    if length_s < 90:
        return f"{int(length_s)} s"
    if length_s < 90 * 60:
        return f"{int(length_s / 60)} min"
    if length_s < 48 * 3600:
        return f"{int(length_s / 3600)} h"
    return f"{int(length_s / 86400)} days"


def exact(moment: datetime) -> str:
    """Return an aware moment as local date and time to the second, with its zone."""
    local = moment.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"


def clock_time(moment: datetime) -> str:
    """Return an aware moment as local time of day to the second."""
    return f"{moment.astimezone():%H:%M:%S}"
