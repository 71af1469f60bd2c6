"""Runs of jobs, events and series in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.moments import duration
from gui.unit import utc_s_of
from gui.words import job_title

_ENDED = {
    "disconnected": ("Ended", "ok", "ok"),
    "lost": ("Crashed", "alarm", "alarm"),
    "init": ("Starting", "working", "note"),
    "ready": ("Running", "start", "ok"),
    "sleeping": ("Paused", "pause", "warn"),
}
_SOURCES = {
    "user": "A person",
    "system": "The service",
    "experiment_profile": "A profile",
    "mqtt": "The broker",
}
_SERIES = {
    "od_fused": "Optical density, fused",
    "od_filtered": "Optical density, filtered",
    "growth_rate": "Growth rate",
    "temperature": "Temperature",
    "board_temperature": "Temperature of the heater board",
    "heater_duty_cycle": "Heater, duty",
    "measured_rpm": "Stirring",
    "stirring_duty_cycle": "Stirring, duty",
    "media_ml": "Medium added",
    "alt_media_ml": "Alternative medium added",
    "waste_ml": "Waste removed",
    "current_volume_ml": "Volume",
    "alt_media_fraction": "Fraction of alternative medium",
    "relative_intensity_of_ir_led": "Infrared LED, relative",
}
_FIRST = ("od_fused", "od1", "od2", "od3", "od4", "growth_rate", "temperature")


def run_title(run: dict[str, Any]) -> str:
    """Return what a person calls the job of a run, its rule included."""
    title = job_title(str(run["job_name"]))
    rule = str(run.get("automation_name") or "")
    return f"{title}: {rule.replace('_', ' ')}" if rule else title


def ended(run: dict[str, Any]) -> tuple[str, str, str]:
    """Return how a run ended, or stands: word, icon, tone."""
    word, icon, tone = _ENDED.get(str(run["state"]), (str(run["state"]), "note", "quiet"))
    return QCoreApplication.translate("runs", word), icon, tone


def source_words(source: str) -> str:
    """Say who or what started a job."""
    known = _SOURCES.get(source)
    if known:
        return QCoreApplication.translate("runs", known)
    return job_title(source) if source.isidentifier() else source


def length_words(run: dict[str, Any], now_utc_s: float) -> str:
    """Say how long a run lasted, or lasts."""
    end_s = utc_s_of(run["ended_at"]) if run.get("ended_at") else now_utc_s
    return duration(max(0.0, end_s - utc_s_of(run["started_at"])))


def local_words(timestamp: str) -> str:
    """Return a timestamp as local date and time to the minute."""
    return f"{datetime.fromtimestamp(utc_s_of(timestamp), UTC).astimezone():%Y-%m-%d %H:%M}"


def value_words(value: Any) -> str:
    """Return an option's or setting's value as a person reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "−")
    if isinstance(value, list):
        return ", ".join(value_words(item) for item in value)
    return "–" if value is None else str(value)


def name_words(name: str) -> str:
    """Return an option's or setting's name in words."""
    return name.replace("_", " ").strip()


def options_words(run: dict[str, Any]) -> str:
    """Say what a run was started with that differs from the defaults, its arguments included."""
    options = run.get("options") or []
    parts = [f"{name_words(each['name'])} {value_words(each['value'])}" for each in options if not each["is_default"]]
    return " · ".join([*map(str, run.get("arguments") or []), *parts])


def series_place(series: str) -> tuple[int, str]:
    """Return where a series stands in a list: densities first, then growth rate and temperature, then the others."""
    return (_FIRST.index(series) if series in _FIRST else len(_FIRST), series_title(series))


def series_title(series: str) -> str:
    """Return what a person calls a series."""
    for prefix, words in (("raw_od", "Optical density {}, raw"), ("od", "Optical density, photodiode {}"),
                          ("led_", "LED {}"), ("pwm_", "Output {}, duty")):  # fmt: skip
        rest = series.removeprefix(prefix)
        if rest != series and len(rest) == 1:
            return words.format(rest)
    return _SERIES.get(series, name_words(series).capitalize())
