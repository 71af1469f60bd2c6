"""What the window knows of the unit: fed by the service's event stream, a snapshot first, then changes.

Widgets read its attributes and listen to its signals; they never talk to each other. It keeps the last known values
while the service is lost, and says so (`service.state`), so that whoever shows them can dim them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QDateTime, QObject, Signal

# A service whose clock agrees with this computer's to within this is taken to run in real time.
_SAME_CLOCK_S = 2.0


def utc_s_of(timestamp: str) -> float:
    """Return the API's timestamp (`2031-02-03T04:05:06.789Z`) as seconds since 1970."""
    return datetime.fromisoformat(timestamp).timestamp()


@dataclass(frozen=True)
class ServiceConnection:
    """The hop between window and service.

    Attributes:
        state: "starting", "failed" (did not start), "connecting", "unreachable" (nothing answers at the address),
            "live", "silent" (connected, but it does not answer), "lost" (was live), "refused" (token, host).
        since_utc_s: when this state began, by this computer's clock.
        detail: what happened.
        remedy: what the user can do next; empty when nothing is needed.
    """

    state: str
    since_utc_s: float
    detail: str = ""
    remedy: str = ""

    @property
    def is_live(self) -> bool:
        """Whether what the window shows is the present."""
        return self.state == "live"

    @property
    def age_s(self) -> float:
        """How long this state has lasted, in seconds."""
        return max(0.0, _host_utc_s() - self.since_utc_s)


class Unit(QObject):
    """The unit as the service tells it.

    Signals:
        connection_changed: `service` changed (window to service).
        board_changed: `board` changed (service to board).
        snapshot_loaded: everything was replaced; read all attributes again.
        jobs_changed: `jobs` or `job_states` changed.
        jobs_missed: names of jobs that ran when the service was lost and do not run now that it is back.
        setting_changed: job name, setting, value (None when cleared).
        reading: series, UTC in seconds, value.
        gap: series ("" for all), UTC in seconds, reason; the curve stops here.
        log: one log item of the API.
        experiment_changed: `experiment` changed.
        task_changed: `{"task_id", "status", "error"?}`.
        led_changed: `leds` or `pwms` changed.
        alarms_changed: `alarms` changed.
        alarm: the item of an alarm that was raised, repeated, cleared or acknowledged.
        bioreactor_changed: `bioreactor` changed.
        dosed: UTC in seconds, event (add_media, ..., remove_waste), ml (negative takes back), cause; in slices, of the
            active experiment.
        lit: UTC in seconds, channel, percent, cause; a change of light in the active experiment.
        annotations_changed: name of the experiment of which a note was written, changed or deleted.
        interrupted_changed: `interrupted` changed.
        record_written: the service wrote into the unit's record; carries the serial number and the id of the run.
        profile_run_changed: the item of a run of a profile, whenever it moves on.
        dry_run_progressed: `{"task_id", "hours", "of_hours", "phase"}`.
        plugin_changed: `{"name", "state"}`; what the unit can do may be something else now.
        calibration_changed: `{"device", "name", "action"}`; action is created, deleted, activated or deactivated.

    Attributes:
        name: the unit's name, "" before the first snapshot.
        board: the API's board object: link, state, since, detail, remedy, url, firmware_version, round_trip_ms, ...
        experiment: the active experiment or None.
        jobs: rows of the running jobs by ascending job_id, as in `jobs/running`.
        job_states: job_id to `$state` word.
        settings: job name to its published settings.
        alarms: the API's items of the alarms that must still be shown, newest first.
        leds, pwms: outputs in percent by channel ("A", "1").
        bioreactor: the active experiment's bioreactor variables (volumes in ml, shares), empty while not known.
        interrupted: jobs a former service was cut off in, as the API's object; no `jobs` while not known.
        reactor: name and volumes of the reactor model: display_name, capacity_ml, max_fill_volume_ml.
        speed: how many times as fast as the wall clock the service's time runs.
    """

    connection_changed = Signal()
    board_changed = Signal()
    snapshot_loaded = Signal()
    jobs_changed = Signal()
    jobs_missed = Signal(list)
    setting_changed = Signal(str, str, object)
    reading = Signal(str, float, float)
    gap = Signal(str, float, str)
    log = Signal(dict)
    experiment_changed = Signal()
    task_changed = Signal(dict)
    led_changed = Signal()
    alarms_changed = Signal()
    alarm = Signal(dict)
    bioreactor_changed = Signal()
    dosed = Signal(float, str, float, str)
    lit = Signal(float, str, float, str)
    annotations_changed = Signal(str)
    calibration_changed = Signal(dict)
    plugin_changed = Signal(dict)
    interrupted_changed = Signal()
    record_written = Signal(dict)
    profile_run_changed = Signal(dict)
    dry_run_progressed = Signal(dict)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.service = ServiceConnection("starting", _host_utc_s())
        self._know_nothing()
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "snapshot": self._on_snapshot,
            "job": self._on_job,
            "setting": self._on_setting,
            "reading": self._on_reading,
            "gap": self._on_gap,
            "log": self.log.emit,
            "board": self._on_board,
            "experiment": self._on_experiment,
            "task": self.task_changed.emit,
            "led": self._on_led,
            "pwm": self._on_pwm,
            "alarm": self._on_alarm,
            "bioreactor": self._on_bioreactor,
            "dosing": self._on_dosing,
            "annotation": self._on_annotation,
            "calibration": self.calibration_changed.emit,
            "plugin": self.plugin_changed.emit,
            "interrupted": self._on_interrupted,
            "record": self.record_written.emit,
            "profile": self.profile_run_changed.emit,
            "dry_run": self.dry_run_progressed.emit,
        }

    def _know_nothing(self) -> None:
        self.has_snapshot = False
        self.name = ""
        self.board: dict[str, Any] = {}
        self.experiment: str | None = None
        self.jobs: list[dict[str, Any]] = []
        self.job_states: dict[int, str] = {}
        self.settings: dict[str, dict[str, Any]] = {}
        self.alarms: list[dict[str, Any]] = []
        self.leds: dict[str, float] = {}
        self.pwms: dict[str, float] = {}
        self.bioreactor: dict[str, float] = {}
        self.reactor: dict[str, Any] = {}
        self.interrupted: dict[str, Any] = {}
        self.speed = 1.0
        self._told_utc_s: float | None = None
        self._told_at_s = 0.0

    def forget(self) -> None:
        """Know nothing any more: another unit will be told of."""
        self._know_nothing()
        self.set_service("starting")
        self._tell_all()

    def set_service(self, state: str, detail: str = "", remedy: str = "") -> None:
        """Say how the window stands with the service; the time is kept while the state stays the same."""
        now = self.service
        if (state, detail, remedy) == (now.state, now.detail, now.remedy):
            return
        since_utc_s = now.since_utc_s if state == now.state else _host_utc_s()
        self.service = ServiceConnection(state, since_utc_s, detail, remedy)
        self.connection_changed.emit()

    def handle(self, name: str, data: dict[str, Any]) -> None:
        """Take in one event of the stream; names not known here are passed over."""
        if "t" in data:
            self._told_utc_s, self._told_at_s = utc_s_of(data["t"]), time.monotonic()
        handler = self._handlers.get(name)
        if handler is not None:
            handler(data)

    def utc_s(self) -> float:
        """Return UTC in seconds by the service's clock, which may run faster than this computer's."""
        host = _host_utc_s()
        if self._told_utc_s is None:
            return host
        told = self._told_utc_s + (time.monotonic() - self._told_at_s) * self.speed
        return host if abs(told - host) < _SAME_CLOCK_S else told

    def state_of(self, job_name: str) -> str | None:
        """Return the `$state` of the newest running job of that name, None when none runs."""
        for row in reversed(self.jobs):
            if row["job_name"] == job_name:
                return self.job_states.get(row["job_id"], "ready")
        return None

    def is_running(self, job_name: str) -> bool:
        """Whether a job of that name runs."""
        return self.state_of(job_name) is not None

    def needs_board(self, job_name: str) -> bool:
        """Whether the newest running job of that name waits while the board cannot be reached; True when none runs."""
        rows = [row for row in self.jobs if row["job_name"] == job_name]
        return bool(rows[-1].get("needs_board", True)) if rows else True

    def stoppable_jobs(self) -> list[dict[str, Any]]:
        """Return the rows that Stop all would end: all but the service's own long-running ones."""
        return [row for row in self.jobs if not row.get("is_long_running_job")]

    def _on_snapshot(self, data: dict[str, Any]) -> None:
        was_lost = self.has_snapshot and not self.service.is_live and self.name == data.get("unit")
        before = self.stoppable_jobs() if was_lost else []
        self.name = data.get("unit", "")
        self.board = data.get("board") or {}
        experiment = data.get("experiment")
        self.experiment = experiment.get("experiment") if isinstance(experiment, dict) else experiment
        self.jobs = sorted(data.get("jobs", []), key=_job_id)
        self.settings = {name: dict(values) for name, values in data.get("settings", {}).items()}
        self.job_states = {
            row["job_id"]: str(self.settings.get(row["job_name"], {}).get("$state", "ready")) for row in self.jobs
        }
        self.leds, self.pwms = dict(data.get("leds", {})), dict(data.get("pwms", {}))
        self.bioreactor, self.reactor = dict(data.get("bioreactor") or {}), dict(data.get("reactor") or {})
        self.alarms = list(data.get("alarms", []))
        self.interrupted = dict(data.get("interrupted") or {})
        self.speed = float(data.get("speed") or 1.0)
        self.has_snapshot = True
        self.set_service("live")
        self.snapshot_loaded.emit()
        self._tell_all()
        now = {row["job_id"] for row in self.jobs}
        missed = [str(row["job_name"]) for row in before if row["job_id"] not in now]
        if missed:
            self.jobs_missed.emit(missed)

    def _tell_all(self) -> None:
        for signal in (
            self.board_changed,
            self.experiment_changed,
            self.jobs_changed,
            self.led_changed,
            self.bioreactor_changed,
            self.alarms_changed,
            self.interrupted_changed,
        ):
            signal.emit()

    def _on_job(self, data: dict[str, Any]) -> None:
        job_id, name = data["job_id"], data["job_name"]
        others = [row for row in self.jobs if row["job_id"] != job_id]
        known = next((row for row in self.jobs if row["job_id"] == job_id), {})
        if data.get("is_running"):
            row = known | {key: value for key, value in data.items() if key not in ("seq", "t", "state")}
            self.jobs = sorted([*others, row], key=_job_id)
            self.job_states[job_id] = data["state"]
        else:
            self.jobs = others
            self.job_states.pop(job_id, None)
            if all(row["job_name"] != name for row in others):
                self.settings.pop(name, None)
        self.jobs_changed.emit()

    def _on_setting(self, data: dict[str, Any]) -> None:
        job, setting, value = data["job_name"], data["setting"], data["value"]
        values = self.settings.setdefault(job, {})
        if value is None:
            values.pop(setting, None)
        else:
            values[setting] = value
        if setting == "$state" and value is not None and data.get("job_id") in self.job_states:
            self.job_states[data["job_id"]] = value
            self.jobs_changed.emit()
        self.setting_changed.emit(job, setting, value)

    def _on_reading(self, data: dict[str, Any]) -> None:
        value = data["value"]
        if value is not None:
            self.reading.emit(data["series"], utc_s_of(data["t"]), float(value))

    def _on_gap(self, data: dict[str, Any]) -> None:
        self.gap.emit(data.get("series") or "", utc_s_of(data["t"]), data.get("reason", ""))

    def _on_board(self, data: dict[str, Any]) -> None:
        self.board = self.board | {key: value for key, value in data.items() if key not in ("seq", "t")}
        self.board_changed.emit()

    def _on_experiment(self, data: dict[str, Any]) -> None:
        name = data["experiment"]
        if data.get("is_active"):
            active: str | None = name
        elif name == self.experiment:
            active = None
        else:
            return
        if active != self.experiment:
            self.bioreactor = {}
            self.bioreactor_changed.emit()
        self.experiment = active
        self.experiment_changed.emit()

    def _on_led(self, data: dict[str, Any]) -> None:
        self.leds[data["channel"]] = data["intensity"]
        self.led_changed.emit()
        if self.experiment is not None and data.get("experiment") == self.experiment:
            cause = str(data.get("source_of_event") or "")
            self.lit.emit(utc_s_of(data["t"]), data["channel"], float(data["intensity"]), cause)

    def _on_dosing(self, data: dict[str, Any]) -> None:
        if data["experiment"] == self.experiment:
            cause = str(data.get("source_of_event") or "")
            self.dosed.emit(utc_s_of(data["t"]), data["event"], float(data["volume_change"]), cause)

    def _on_bioreactor(self, data: dict[str, Any]) -> None:
        if data["experiment"] == self.experiment:
            self.know_bioreactor(self.bioreactor | data["values"])

    def know_bioreactor(self, values: dict[str, float]) -> None:
        """Take the active experiment's bioreactor variables as these."""
        self.bioreactor = dict(values)
        self.bioreactor_changed.emit()

    def _on_interrupted(self, data: dict[str, Any]) -> None:
        self.interrupted = {key: value for key, value in data.items() if key not in ("seq", "t")}
        self.interrupted_changed.emit()

    def _on_annotation(self, data: dict[str, Any]) -> None:
        self.annotations_changed.emit(data["experiment"])

    def _on_alarm(self, data: dict[str, Any]) -> None:
        item = {key: value for key, value in data.items() if key not in ("seq", "t")}
        others = [each for each in self.alarms if each["id"] != item["id"]]
        is_open = item["cleared_at"] is None or item["acknowledged_at"] is None
        self.alarms = sorted([*others, *([item] if is_open else [])], key=_alarm_id, reverse=True)
        self.alarms_changed.emit()
        self.alarm.emit(item)

    def _on_pwm(self, data: dict[str, Any]) -> None:
        self.pwms[str(data["channel"])] = data["dc"]
        self.led_changed.emit()


def _host_utc_s() -> float:
    return QDateTime.currentMSecsSinceEpoch() / 1000


def _alarm_id(item: dict[str, Any]) -> int:
    return int(item["id"])


def _job_id(row: dict[str, Any]) -> int:
    return int(row["job_id"])
