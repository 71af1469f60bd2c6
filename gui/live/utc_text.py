"""UTC as the API and our files write it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(utc_s: float) -> str:
    """Return seconds since 1970 as `2031-02-03T04:05:06.789Z`, rounded to the millisecond."""
    moment = datetime.fromtimestamp(round(utc_s * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
