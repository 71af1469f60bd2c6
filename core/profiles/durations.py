"""Times in a profile: a number of hours, or a text with a unit such as `90s`, `5m`, `1.5h`, `2d`."""

from __future__ import annotations

import math
import re

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([smhd])", re.ASCII)
# Ten years; what is later was not meant.
LONGEST_S = 10 * 365 * 86400.0


def duration_s(value: object, written: str = "") -> float:
    """Return the seconds a time of a profile stands for.

    Args:
        value: as YAML gives it.
        written: as it stands in the text, because YAML takes `1:30` for the number 90.

    Raises:
        ValueError: it is no time; the message says what would be one.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a time is a number of hours, or a number with a unit such as 90s, 5m, 1.5h or 2d")
    if isinstance(value, str):
        form = _FORM.fullmatch(value.strip())
        if form is None:
            raise ValueError(f"{value[:40]!r} is no time; use a number of hours, or 90s, 5m, 1.5h, 2d")
        seconds = float(form[1]) * _SECONDS[form[2]]
    elif ":" in written:
        raise ValueError(f"{written[:40]} would be read as {value} hours; use 90s, 5m, 1.5h, 2d or a number of hours")
    else:
        seconds = float(value) * 3600.0
    if seconds < 0:
        raise ValueError(f"a time must be 0 or later, not {value}")
    if not math.isfinite(seconds) or seconds > LONGEST_S:
        raise ValueError("a time must be within ten years")
    return seconds
