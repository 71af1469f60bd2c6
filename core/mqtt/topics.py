"""The topics of this unit: `pioreactor/<unit>/<experiment>/<rest>`, as the programs around a Pioreactor know them."""

from __future__ import annotations

_ROOT = "pioreactor"
EVERY_UNIT = "$broadcast"
STATE = "$state"
_SET = "set"
_BLINKS = ("flicker_led_response_okay", "flicker_led_with_error_code")


def topic_of(unit: str, experiment: str, rest: str) -> str:
    """Return a topic of the unit."""
    return f"{_ROOT}/{unit}/{experiment}/{rest}"


def subscriptions(unit: str) -> list[str]:
    """Return what the unit listens to: changes of settings, wishes to blink, and what is said of its jobs' states."""
    changes = [f"{_ROOT}/{whose}/+/+/+/{_SET}" for whose in (unit, EVERY_UNIT)]
    blinks = [f"{_ROOT}/{whose}/+/monitor/{blink}" for whose in (unit, EVERY_UNIT) for blink in _BLINKS]
    return [*changes, *blinks, f"{_ROOT}/{unit}/+/+/{STATE}"]


def parts_of(topic: str) -> list[str]:
    """Return what follows the unit: experiment, job, setting, and `set` for a change."""
    return topic.split("/")[2:]
