"""Timestamps as the API takes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from core.errors import BadRequestError

# The last moment that can be told as well as read; there are no records before 1970 either.
_LAST_S = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?(Z|\+00:00)", re.ASCII)


def utc_seconds(text: str, field: str = "timestamp") -> float:
    """Return the UTC seconds since 1970 of `2031-02-03T04:05:06.789Z`.

    Raises:
        BadRequestError: not ISO 8601 in UTC with `Z` or `+00:00` and at most six fractional digits; names `field`.
    """
    form = _FORM.fullmatch(text)
    try:
        if form is None:
            raise ValueError(text)
        whole = datetime.fromisoformat(form[1]).replace(tzinfo=UTC)
    except ValueError:
        raise BadRequestError(
            f"'{field}' is not a UTC timestamp.",
            cause=f"{text[:60]!r} does not have the form 2031-02-03T04:05:06.789Z.",
            fields=[field],
        ) from None
    return min(max(whole.timestamp() + float(form[2] or 0), 0.0), _LAST_S)


def utc_seconds_in_query(text: str, field: str) -> float:
    """Return what `utc_seconds` does of a value in a query string, where an unescaped plus sign arrives as a space."""
    return utc_seconds(text.replace(" 00:00", "+00:00"), field)
