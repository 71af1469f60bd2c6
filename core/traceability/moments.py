"""Moments and durations as the record keeps them, in microseconds, and as the API writes them, in ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

_START = datetime(1970, 1, 1, tzinfo=UTC)
# The same as moments are written: hundreds of times for a page of a list.
_START_UTC = _START.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_SPANS = (("D", 86400 * _SECOND_US), ("H", 3600 * _SECOND_US), ("M", 60 * _SECOND_US))


@overload
def moment(utc_us: int) -> str: ...
@overload
def moment(utc_us: None) -> None: ...


def moment(utc_us: int | None) -> str | None:
    """Return `2031-02-03T04:05:06.789Z`, with six fractional digits where three do not say it; None for None."""
    if utc_us is None:
        return None
    when = _START_UTC + timedelta(microseconds=utc_us)
    return when.isoformat(timespec="microseconds" if utc_us % 1000 else "milliseconds") + "Z"


def microseconds(when: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (when - _START) // _MICROSECOND


def duration(span_us: int) -> str:
    """Return a duration that is not negative as ISO 8601: PT5M, PT2M30S, P1DT2H, PT0.25S; nothing is PT0S."""
    left, parts = span_us, {"D": "", "H": "", "M": ""}
    for letter, length in _SPANS:
        count, left = divmod(left, length)
        parts[letter] = f"{count}{letter}" if count else ""
    seconds = f"{left // _SECOND_US}.{left % _SECOND_US:06d}".rstrip("0").rstrip(".")
    day, clock = parts["D"], parts["H"] + parts["M"] + (f"{seconds}S" if left else "")
    return f"P{day}" + (f"T{clock}" if clock or not day else "") + ("" if clock or day else "0S")
