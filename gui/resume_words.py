"""What was cut off when the service ended, in words: which jobs, with what, when, why, and how it is now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.jobs.capability import in_sentence
from gui.moments import ago, clock_time, exact
from gui.unit import utc_s_of
from gui.words import job_title, listing, rule_title, sentences

# The values a person knows a job by, with their units; as many of them as a job has.
_TELLING = {
    "target_rpm": "{:g}\u00a0RPM",
    "target_temperature": "{:g}\u00a0°C",
    "interval": "every {:g}\u00a0s",
    "exchange_volume_ml": "{:g}\u00a0mL",
    "dosing_volume_ml": "{:g}\u00a0mL",
    "target_biomass": "at {:g}",
    "light_intensity": "{:g}\u00a0%",
    "duration": "every {:g}\u00a0min",
}
DOSING = "dosing_automation"
_LEDS = ("a", "b", "c", "d")
_A_DAY_S = 86_400.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("resume", text)


def job_words(job: dict[str, Any]) -> str:
    """Name an interrupted job with what it did: "Temperature: thermostat (30 °C)"."""
    rule = str(job.get("automation_name") or "")
    title, ruled = job_title(str(job["job_name"])), in_sentence(rule_title(rule))
    name = f"{title}: {ruled}" if rule else title
    values = {**job.get("options", {}), **job.get("settings", {})}
    told = [form.format(values[key]) for key, form in _TELLING.items() if isinstance(values.get(key), int | float)]
    if job["job_name"] == "led_intensity":
        told = [f"{led.upper()} {values[led]:g}\u00a0%" for led in _LEDS if values.get(led)]
    if job.get("state") == "sleeping":
        told.append(_tr("asleep"))
    return f"{name} ({', '.join(told)})" if told else name


def headline(interrupted: dict[str, Any], now_s: float) -> str:
    """Say how many jobs were cut off, and how long ago."""
    count = len(interrupted["jobs"])
    when = ago(max(0.0, now_s - utc_s_of(interrupted["ended_at"])))
    if interrupted.get("is_resuming"):
        return _tr("Resuming 1 job…") if count == 1 else _tr("Resuming {} jobs…").format(count)
    return (
        _tr("1 job was cut off {}").format(when) if count == 1 else _tr("{} jobs were cut off {}").format(count, when)
    )


def what_happened(interrupted: dict[str, Any], now_s: float) -> str:
    """Say what ran, where, until when, what ended it, and that it is off since."""
    jobs = interrupted["jobs"]
    names = listing([job_words(job) for job in jobs])
    experiments = listing([f"“{name}”" for name in dict.fromkeys(str(job["experiment"]) for job in jobs)])
    ended = datetime.fromisoformat(interrupted["ended_at"])
    is_today = now_s - ended.timestamp() < _A_DAY_S
    if interrupted.get("was_killed"):
        why = _tr("the service was killed or the computer lost its power")
    else:
        why = _tr("the service was stopped or restarted")
    ran = _tr("{} ran in {} until {}, when {}.").format(
        names, experiments, clock_time(ended) if is_today else exact(ended), why
    )
    off = _tr("What they heated, stirred, lit and pumped has been off since then.")
    return sentences(ran, off, doubt_words(interrupted))


def doubt_words(interrupted: dict[str, Any]) -> str:
    """Warn of dosing into a vial of which nobody knows what is in it; empty where that is known, or nothing doses."""
    doses = any(job["job_name"] == DOSING for job in interrupted["jobs"])
    return str(interrupted.get("volume_doubt") or "") if doses else ""
