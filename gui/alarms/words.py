"""Alarms in a person's words: how grave, how it stands, what comes first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.moments import clock_time, exact
from gui.unit import Unit
from gui.words import job_title, sentences

# From grave to mild: word, several of them, icon, tone.
SEVERITIES: dict[str, tuple[str, str, str, str]] = {
    "alarm": ("Alarm", "{} alarms", "alarm", "alarm"),
    "warning": ("Warning", "{} warnings", "warning", "warn"),
    "note": ("Note", "{} notes", "note", "note"),
}
_GRAVEST_FIRST = tuple(SEVERITIES)
# How an alarm stands, by the service's word for it.
STATES = {
    "active_unacknowledged": "Active",
    "active_acknowledged": "Active, acknowledged",
    "cleared_unacknowledged": "Over, not acknowledged",
    "cleared_acknowledged": "Over, acknowledged",
}
_SIGNALS = {
    "temperature": "Culture temperature",
    "heater_board": "Heater board",
    "heater": "Heater",
    "optical_density": "Optical density",
    "growth_rate": "Growth rate",
    "stirring": "Stirring",
    "volume": "Volume",
    "link": "Link to the board",
    "readings": "Readings",
    "board": "Board",
    "job": "Job lost",
    "records": "Records",
    "service": "Service",
    "supply": "Supply",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("alarms", text)


def severity_words(severity: str) -> tuple[str, str, str]:
    """Return a severity's word, icon and tone."""
    word, _, icon_name, tone = SEVERITIES.get(severity, SEVERITIES["alarm"])
    return _tr(word), icon_name, tone


def signal_title(signal: str) -> str:
    """Return what a person calls what an alarm is about; a job's own alarms go by the job's name."""
    known = _SIGNALS.get(signal)
    return _tr(known) if known else job_title(signal)


def count_words(alarms: list[dict[str, Any]]) -> str:
    """Say how many alarms there are, by the gravest of them: "2 alarms", "1 warning"."""
    gravest = min(alarms, key=_grade)["severity"]
    word, several, _, _ = SEVERITIES.get(gravest, SEVERITIES["alarm"])
    return f"1 {_tr(word).lower()}" if len(alarms) == 1 else _tr(several).format(len(alarms))


def breakdown(alarms: list[dict[str, Any]]) -> str:
    """Say how many alarms there are of each severity: "2 alarms, 1 warning"."""
    by_severity = [[alarm for alarm in alarms if alarm["severity"] == severity] for severity in SEVERITIES]
    return ", ".join(count_words(some) for some in by_severity if some)


def unacknowledged(unit: Unit) -> list[dict[str, Any]]:
    """Return the alarms nobody has acknowledged, the gravest first, then the newest."""
    return gravest_first([alarm for alarm in unit.alarms if alarm["acknowledged_at"] is None])


def gravest_first(alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return alarms in the order in which they matter: the gravest first, then the newest."""
    return sorted(alarms, key=lambda alarm: (_grade(alarm), -moment_of(alarm, "last_raised_at").timestamp()))


def is_told_by_banner(unit: Unit, alarm: dict[str, Any]) -> bool:
    """Whether the banner under the top bar says the same just now: a board that is out of reach is told there."""
    return alarm["key"] == "link" and alarm["cleared_at"] is None and unit.board.get("link") == "disconnected"


def moment_of(alarm: dict[str, Any], key: str) -> datetime:
    """Return one of an alarm's times."""
    return datetime.fromisoformat(str(alarm[key]))


def brief(alarm: dict[str, Any]) -> str:
    """Say in one line when and what happened, how often, and whether it is over."""
    times = _tr(" · {} times").format(alarm["times"]) if alarm["times"] > 1 else ""
    over = _tr(" · over since {}").format(clock_time(moment_of(alarm, "cleared_at"))) if alarm["cleared_at"] else ""
    if alarm["cleared_at"] == alarm["last_raised_at"]:
        over = ""
    return f"{clock_time(moment_of(alarm, 'last_raised_at'))} · {alarm['message']}{times}{over}"


def whole(alarm: dict[str, Any]) -> str:
    """Say all there is to say of an alarm, for tooltips and notifications."""
    since = _tr("Raised {}").format(exact(moment_of(alarm, "raised_at")))
    return "\n".join(part for part in (sentences(alarm["message"]), sentences(alarm["remedy"]), since) if part)


def _grade(alarm: dict[str, Any]) -> int:
    severity = alarm["severity"]
    return _GRAVEST_FIRST.index(severity) if severity in _GRAVEST_FIRST else 0
