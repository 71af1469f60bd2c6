"""A command's arguments as the wire wants them; what cannot be meant is refused before it is sent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from device.board import CommandRefusedError
from device.firmware import messages

_LONGEST_S = 0xFFFFFFFF / 1e6  # 71 minutes: durations travel as 32 bit microseconds


def channel_number(channel: str, names: Sequence[str], kind: str) -> int:
    """Return the number on the wire, from 1, of the channel called `channel`."""
    if channel not in names:
        raise CommandRefusedError(f"there is no {kind} channel {channel!r}", f"Use one of {', '.join(names)}.")
    return names.index(channel) + 1


def percent(value: float) -> float:
    """Return `value` if it is 0 to 100."""
    if not 0.0 <= value <= 100.0:
        raise CommandRefusedError(f"{value} % is not between 0 and 100 %", "Use a value from 0 to 100.")
    return float(value)


def milliseconds(duration_s: float) -> int:
    """Return a duration of 0 to 71 minutes in whole milliseconds, rounded up so that no lease becomes nothing."""
    return math.ceil(_checked(duration_s) * 1e3 - 1e-6)


def microseconds(duration_s: float) -> int:
    """Return a duration of 0 to 71 minutes in whole microseconds."""
    return round(_checked(duration_s) * 1e6)


def switches_on(payload: bytes) -> bool:
    """Tell whether a command, as on the wire, would switch an output on."""
    identity = payload[0]
    if identity in (messages.SET_LED, messages.SET_PWM):
        fields = messages.unpack(*messages.REQUESTS[identity], payload[1:])
        return bool(fields.get("intensity_percent", 0) or fields.get("duty_percent", 0))
    return identity in (messages.RUN_PUMP, messages.MEASURE)


def runs_pump(channel: int, payload: bytes) -> bool:
    """Tell whether a command, as on the wire, would run the pump on a PWM channel."""
    if payload[0] != messages.RUN_PUMP:
        return False
    return messages.unpack(*messages.REQUESTS[messages.RUN_PUMP], payload[1:])["channel"] == channel


def _checked(duration_s: float) -> float:
    if not 0.0 <= duration_s <= _LONGEST_S:
        raise CommandRefusedError(f"{duration_s} s is not a duration", f"Use 0 to {_LONGEST_S:.0f} s.")
    return duration_s
