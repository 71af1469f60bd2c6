"""How values look in MQTT messages, and how they are read from them.

Numbers and texts are plain text, truth values `True` and `False`, structures JSON; nothing at all is an empty payload,
which takes a retained value off the broker.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from core.clock import timestamp

# The API's timestamps have three digits after the second, those in structures on the wire six.
_THREE_DIGITS = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z")
_TRUE = frozenset({"true", "1", "y", "on", "yes", "t"})


def payload_of(value: Any) -> str:
    """Return a value's payload."""
    if value is None:
        return ""
    return str(value) if isinstance(value, str | bool | int | float) else json_payload(value)


def json_payload(value: Any) -> str:
    """Return a structure's payload; numbers that JSON cannot hold become null."""
    return json.dumps(_for_the_wire(value), ensure_ascii=False, allow_nan=False)


def six_digits(utc_s: float) -> str:
    """Return a moment as structures on the wire write it: `2031-02-03T04:05:06.789000Z`."""
    return _THREE_DIGITS.sub(r"\g<1>000Z", timestamp(utc_s))


def read_payload(datatype: str, text: str) -> Any:
    """Return what a payload says in a setting's datatype; raise ValueError when it says nothing of the kind."""
    if datatype == "float":
        return float(text)
    if datatype == "integer":
        return float(text)  # what is not whole is told by the setting's own check
    if datatype == "boolean":
        return text.strip().lower() in _TRUE
    if datatype == "json":
        return json.loads(text)
    return text


def _for_the_wire(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _six_digits(item) if key == "timestamp" else _for_the_wire(item)
                for key, item in value.items()}  # fmt: skip
    if isinstance(value, list | tuple):
        return [_for_the_wire(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _six_digits(moment: Any) -> Any:
    return _THREE_DIGITS.sub(r"\g<1>000Z", moment) if isinstance(moment, str) else moment
