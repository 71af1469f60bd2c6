"""Published settings in words: the structures of the API as a value with its unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.jobs.capability import Setting, words
from gui.jobs.numbers import short, with_digits
from gui.moments import exact
from gui.words import sentences

# Seconds beyond this are not a length of time but a moment: seconds since 1970, in 2001.
_FIRST_MOMENT_S = 1e9

# Of structures, the keys that hold the value people mean, in this order.
_VALUE_KEYS = ("od", "od_fused", "od_filtered", "growth_rate", "temperature", "voltage", "measured_rpm")
# Ends of names that are units.
_UNIT_ENDS = (("_gb", "GB"), ("_percent", "%"), ("_celsius", "°C"), ("_ml", "mL"), ("_s", "s"))
# What a run of a rule did, where it says no more about it.
_EVENTS = {
    "NoEvent": "Nothing to do in the last run",
    "DilutionEvent": "Diluted the culture",
    "DosingStarted": "Dosing started",
    "DosingStopped": "Dosing stopped",
    "AddMediaEvent": "Added medium",
    "AddAltMediaEvent": "Added alternative medium",
    "ChangedLedIntensity": "Changed the light",
    "UpdatedHeaterDC": "Adjusted the heater",
    "ErrorOccurred": "Something went wrong",
}
_IS_ERROR = "ErrorOccurred"


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
        return event_sentence(value) if "event_name" in value else _structure_text(setting, value)
    return dict(setting.choices).get(str(value), str(value)) or "–"


def event_sentence(event: dict[str, Any]) -> str:
    """Return what a run of a rule did, as a sentence."""
    name = str(event.get("event_name") or "")
    told = event.get("message") or QCoreApplication.translate("jobs", _EVENTS.get(name, words(name)))
    return sentences(str(told).replace(" ml", " mL"))


def is_error(event: dict[str, Any]) -> bool:
    """Whether a run of a rule went wrong."""
    return event.get("event_name") == _IS_ERROR


def _structure_text(setting: Setting, value: dict[str, Any]) -> str:
    if isinstance(value.get("ods"), dict):
        return ", ".join(_structure_text(setting, reading) for reading in value["ods"].values())
    for key in (setting.name, *_VALUE_KEYS):
        if key in value:
            inner = value[key]
            unit = setting.unit or (("OD600" if value.get("calibrated") else "AU") if key == "od" else "")
            text = with_digits(float(inner), unit) if isinstance(inner, int | float) else str(inner)
            return f"{text} {unit}".strip()
    known = [_member(key, inner) for key, inner in value.items() if key != "timestamp" and inner is not None]
    return ", ".join(known) or "–"


def _member(key: str, value: Any) -> str:
    for end, unit in _UNIT_ENDS:
        if key.endswith(end) and isinstance(value, int | float):
            return f"{key.removesuffix(end).replace('_', ' ')} {_plain(value)} {unit}"
    return f"{key.replace('_', ' ')} {_plain(value)}"


def _plain(value: Any) -> str:
    return short(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
