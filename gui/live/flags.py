"""What stands at the top edge of the plots: people's notes, and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from PySide6.QtCore import QCoreApplication, QObject, Signal

from gui import background
from gui.moments import clock_time, exact
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceTroubleError
from gui.unit import Unit, utc_s_of

_MOST_NOTES, _MOST_ALARMS = 1000, 1000
# A severity's icon and tone; notes of people have their own.
_SEVERITIES = {"alarm": ("alarm", "alarm"), "warning": ("warning", "warn"), "note": ("note", "note")}
_NOTE = ("flag", "accent")
_RANKS = ("accent", "note", "warn", "alarm")


@dataclass(frozen=True)
class Flag:
    """One flag.

    Attributes:
        utc_s: the moment it is about.
        icon, tone: how it looks, by name.
        text: what it says.
        told: when and by whom it was said, or how the alarm stands.
        note: the API's item of a person's note, None for an alarm.
    """

    utc_s: float
    icon: str
    tone: str
    text: str
    told: str
    note: dict[str, Any] | None = None

    @property
    def rank(self) -> int:
        """How grave it is, the gravest highest."""
        return _RANKS.index(self.tone)


def _tr(text: str) -> str:
    return QCoreApplication.translate("live", text)


class Flags(QObject):
    """Knows the flags of an experiment.

    Signals:
        changed: `all` has others.

    Attributes:
        all: in the order of their moments.
    """

    changed = Signal()

    def __init__(self, unit: Unit, client: ServiceClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._experiment: str | None = None
        self._notes: list[Flag] = []
        self._alarms: dict[int, Flag] = {}
        self.all: list[Flag] = []
        unit.annotations_changed.connect(self._on_annotations)
        unit.alarm.connect(self._on_alarm)

    def load(self, experiment: str | None) -> None:
        """Ask for the notes and alarms of an experiment."""
        if experiment != self._experiment:
            self._experiment = experiment
            self._notes, self._alarms = [], {}
            self._collect()
        if experiment is not None:
            background.run(self._load_notes(experiment), self, self._on_trouble)
            background.run(self._load_alarms(experiment), self, self._on_trouble)

    async def _load_notes(self, experiment: str) -> None:
        try:
            path = f"/unit_api/experiments/{quote(experiment, safe='')}/annotations"
            items = await self._client.get(path, limit=_MOST_NOTES)
        except ServiceRefusedError as refusal:
            if refusal.status != 404:
                raise
            return  # it begins with the first reading: nothing is noted of it yet
        if experiment == self._experiment:
            self._notes = [_note_flag(item) for item in items]
            self._collect()

    async def _load_alarms(self, experiment: str) -> None:
        answer = await self._client.get("/unit_api/alarms/history", experiment=experiment, limit=_MOST_ALARMS)
        if experiment == self._experiment:
            self._alarms = {item["id"]: _alarm_flag(item) for item in answer["alarms"]} | self._alarms
            self._collect()

    def _on_annotations(self, experiment: str) -> None:
        if experiment == self._experiment:
            background.run(self._load_notes(experiment), self, self._on_trouble)

    def _on_alarm(self, item: dict[str, Any]) -> None:
        if item.get("experiment") == self._experiment is not None:
            self._alarms[item["id"]] = _alarm_flag(item)
            self._collect()

    def _collect(self) -> None:
        self.all = sorted([*self._notes, *self._alarms.values()], key=_moment)
        self.changed.emit()

    def _on_trouble(self, trouble: ServiceTroubleError) -> None:
        """Keep those known: the curves are whole without them, and the next snapshot asks again."""


def _note_flag(item: dict[str, Any]) -> Flag:
    told = _tr("noted by {who}, {when}").format(who=item["who"], when=_exactly(item["recorded_at"]))
    if item.get("changed_at"):
        told += _tr(", changed {when}").format(when=_exactly(item["changed_at"]))
    return Flag(utc_s_of(item["t"]), *_NOTE, str(item["text"]), told, item)


def _alarm_flag(item: dict[str, Any]) -> Flag:
    parts = [_tr("raised {when}").format(when=_exactly(item["raised_at"]))]
    if item.get("cleared_at"):
        parts.append(_tr("over since {when}").format(when=_clock(item["cleared_at"])))
    else:
        parts.append(_tr("still so"))
    if item.get("acknowledged_at"):
        who = item.get("acknowledged_by") or "?"
        parts.append(_tr("seen by {who}, {when}").format(who=who, when=_clock(item["acknowledged_at"])))
    icon, tone = _SEVERITIES.get(item["severity"], ("note", "note"))
    return Flag(utc_s_of(item["raised_at"]), icon, tone, str(item["message"]), ", ".join(parts))


def _exactly(timestamp: str) -> str:
    return exact(datetime.fromtimestamp(utc_s_of(timestamp), UTC))


def _clock(timestamp: str) -> str:
    return clock_time(datetime.fromtimestamp(utc_s_of(timestamp), UTC))


def _moment(flag: Flag) -> float:
    return flag.utc_s
