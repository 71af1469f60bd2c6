"""Published settings in words: the structures of the API as a value with its unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gui.jobs.capability import Setting
from gui.jobs.numbers import short, with_digits
from gui.moments import exact

# Seconds beyond this are not a length of time but a moment: seconds since 1970, in 2001.
_FIRST_MOMENT_S = 1e9

# Of structures, the keys that hold the value people mean, in this order.
_VALUE_KEYS = ("od", "od_fused", "od_filtered", "growth_rate", "temperature", "voltage", "measured_rpm", "event_name")


def setting_label(setting: Setting, value: Any) -> str:
    """Return a setting's word; of an optical density with its angle, which people know better than the channel."""
    angle = value.get("angle") if setting.datatype == "ODReading" and isinstance(value, dict) else None
    return f"Optical density {angle}°" if angle else setting.label


def setting_text(setting: Setting, value: Any) -> str:
    """Return a setting's value with its unit, a dash when it has none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if setting.unit == "s" and value > _FIRST_MOMENT_S:
            return exact(datetime.fromtimestamp(value, UTC))
        return f"{with_digits(float(value), setting.unit)} {setting.unit}".strip()
    if isinstance(value, dict):
        return _structure_text(setting, value)
    return str(value) or "–"


def _structure_text(setting: Setting, value: dict[str, Any]) -> str:
    if isinstance(value.get("ods"), dict):
        return ", ".join(_structure_text(setting, reading) for reading in value["ods"].values())
    for key in (setting.name, *_VALUE_KEYS):
        if key in value:
            inner = value[key]
            unit = setting.unit or (("OD600" if value.get("calibrated") else "AU") if key == "od" else "")
            text = with_digits(float(inner), unit) if isinstance(inner, int | float) else str(inner)
            return f"{text} {unit}".strip()
    known = [f"{key.replace('_', ' ')} {_plain(inner)}" for key, inner in value.items() if key != "timestamp"]
    return ", ".join(known) or "–"


def _plain(value: Any) -> str:
    return short(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
