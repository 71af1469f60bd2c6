"""The field's words for the service's names: a user reads "Optical density", not `od_reading`."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

_JOBS = {
    "add_alt_media": "Add alternative medium",
    "add_media": "Add medium",
    "circulate_alt_media": "Circulate alternative medium",
    "circulate_media": "Circulate medium",
    "dosing_automation": "Dosing",
    "growth_rate_calculating": "Growth rate",
    "led_automation": "Light",
    "led_intensity": "LEDs by hand",
    "monitor": "Monitor",
    "mqtt_to_db_streaming": "Broker recording",
    "od_blank": "Blank",
    "od_reading": "Optical density",
    "pumps": "Pump by a recipe",
    "remove_waste": "Remove waste",
    "self_test": "Self-test",
    "stirring": "Stirring",
    "temperature_automation": "Temperature",
}


_LOCKS = {
    "update-lock": "An update is under way.",
    "power-lock": "The unit is being restarted or shut down.",
    "clock-lock": "The clock is being set.",
    "web-restart-lock": "The web server is being restarted.",
    "import-dot-pioreactor-lock": "A backup is being restored.",
    "repair-system-lock": "A repair is under way.",
}
_DEVICES = {
    "media_pump": "Media pump",
    "alt_media_pump": "Alternative media pump",
    "waste_pump": "Waste pump",
    "stirring": "Stirring",
    "od45": "Optical density at 45°",
    "od90": "Optical density at 90°",
    "od135": "Optical density at 135°",
    "od_fused": "Fused optical density",
}


def job_title(job_name: str) -> str:
    """Return what a person calls a job; names not known here lose their underscores."""
    known = _JOBS.get(job_name)
    return QCoreApplication.translate("jobs", known) if known else job_name.replace("_", " ").capitalize()


_RULES = {
    "chemostat": "Chemostat",
    "fed_batch": "Fed batch",
    "light_dark_cycle": "Light and dark by turns",
    "only_record_temperature": "Only record",
    "pid_morbidostat": "Morbidostat",
    "silent": "Silent",
    "thermostat": "Thermostat",
    "turbidostat": "Turbidostat",
}
_BY_HAND = {"UI": "by hand", "CLI": "by the command line"}


def rule_title(automation_name: str) -> str:
    """Return what a person calls the rule of an automation; names not known here lose their underscores."""
    known = _RULES.get(automation_name)
    plain = automation_name.replace("_", " ").capitalize()
    return QCoreApplication.translate("rules", known) if known else plain


def cause_words(cause: str) -> str:
    """Say who dosed or lit: "turbidostat", "by hand", "blank"."""
    if cause in _BY_HAND:
        return QCoreApplication.translate("rules", _BY_HAND[cause])
    job_name, _, rule = cause.partition(":")
    words = rule_title(rule) if rule else job_title(job_name)
    return words[:1].lower() + words[1:]


def device_title(device: str) -> str:
    """Return what a person calls a device that is calibrated; names not known here lose their underscores."""
    known = _DEVICES.get(device)
    return QCoreApplication.translate("devices", known) if known else device.replace("_", " ").capitalize()


def lock_words(lock: str) -> str:
    """Say what is under way while the service holds a lock."""
    return QCoreApplication.translate(
        "locks", _LOCKS.get(lock, "The service is busy with something that excludes this.")
    )


def sentences(*parts: str) -> str:
    """Join what was said in parts to whole sentences: each with a capital and a full stop, empty ones left out."""
    whole = []
    for part in (part.strip() for part in parts):
        if part:
            end = "" if part[-1] in ".!?…" else "."
            whole.append(part[0].upper() + part[1:] + end)
    return " ".join(whole)


def listing(words: list[str]) -> str:
    """Join words as in a sentence: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {QCoreApplication.translate('words', 'and')} {words[-1]}"
