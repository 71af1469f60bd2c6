"""What is told on the bus, told to the broker: each event as the messages that programs around a Pioreactor expect."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from core.bus import (
    BioreactorChanged,
    Bus,
    CalibrationProgressed,
    DosingEvent,
    ExperimentChanged,
    JobChanged,
    LedChanged,
    LogWritten,
    PidCorrected,
    ProfileRunChanged,
    PwmChanged,
    SettingChanged,
)
from core.experiments.experiments import Experiments
from core.jobs.declaration import STATE_SETTING, JobDeclaration
from core.jobs.job import Job
from core.jobs.od_reading.blank import BLANK_STORE
from core.jobs.runner import JobRunner
from core.mqtt.outbox import Message
from core.mqtt.topics import topic_of
from core.mqtt.wire import json_payload, payload_of, six_digits
from core.records.records import LIVE_ONLY_PREFIX, NO_EXPERIMENT
from core.records.values import ValueStore
from core.times import utc_seconds

# What a board calls an output, and what programs that read `pwms/dc` know it by: the pins of the usual extension board.
_PINS = {1: "17", 2: "13", 3: "16", 4: "12", 5: "18"}
_SELF_TEST, _OD_BLANK = "self_test", "od_blank"


class ToldToBroker:
    """Turns what is told on the bus into messages.

    Args:
        send: takes each message.
        leave_will, withdraw_will: take the topic of a job's `$state` when it begins, and when it has ended.
    """

    def __init__(
        self,
        unit: str,
        bus: Bus,
        jobs: JobRunner,
        experiments: Experiments,
        store: ValueStore,
        send: Callable[[Message], None],
        leave_will: Callable[[str], None],
        withdraw_will: Callable[[str], None],
    ) -> None:
        self._unit = unit
        self._jobs = jobs
        self._experiments = experiments
        self._store = store
        self._send = send
        self._leave_will = leave_will
        self._withdraw_will = withdraw_will
        self._leds = dict.fromkeys("ABCD", 0.0)
        self._pwms: dict[int, float] = {}
        # Jobs that are listed, and the settings a user can change of those that host a rule.
        self._listed: dict[int, Job] = {}
        self._rules: dict[int, dict[str, Any]] = {}
        self._stops = [
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(DosingEvent, self._on_dosing),
            bus.listen(LedChanged, self._on_led),
            bus.listen(PwmChanged, self._on_pwm),
            bus.listen(BioreactorChanged, self._on_bioreactor),
            bus.listen(LogWritten, self._on_log),
            bus.listen(ExperimentChanged, self._on_experiment),
            bus.listen(ProfileRunChanged, self._on_profile),
            bus.listen(PidCorrected, self._on_pid),
            bus.listen(CalibrationProgressed, self._on_calibration),
        ]
        if (active := experiments.active()) is not None:
            self._tell_assignment(active)
            self._tell_blank(active)

    def stop(self) -> None:
        """Tell the broker nothing more."""
        for stop in self._stops:
            stop()

    def _tell(self, experiment: str | None, rest: str, payload: str, *, retain: bool, qos: int) -> None:
        experiment = experiment or self._experiments.active() or NO_EXPERIMENT
        self._send(Message(topic_of(self._unit, experiment, rest), payload, retain, qos))

    def _on_job(self, event: JobChanged) -> None:
        job_id, experiment, name = event.row["job_id"], event.row["experiment"], event.row["job_name"]
        topic = topic_of(self._unit, experiment, f"{name}/{STATE_SETTING}")
        if event.row["ended_at"] is None:
            if job_id not in self._listed and (job := self._job(job_id)) is not None:
                self._listed[job_id] = job
                if job.declaration.shows_state:
                    self._leave_will(topic)
            return
        ended = self._listed.pop(job_id, None)
        if not any(each.context.experiment == experiment and each.declaration.row_name == name
                   for each in self._listed.values()):  # fmt: skip
            self._withdraw_will(topic)
        if job_id in self._rules and ended is not None:
            self._tell_rule(ended, event.row)
            del self._rules[job_id]
        if name == _OD_BLANK and ended is not None:
            self._tell_blank(str(ended.options.get("experiment") or experiment))

    def _job(self, job_id: int) -> Job | None:
        return next((entry.job for entry in self._jobs.running if entry.row.job_id == job_id), None)

    def _on_setting(self, event: SettingChanged) -> None:
        job = self._listed.get(event.job_id) or self._job(event.job_id)
        if job is None or not job.declaration.shows_state:
            return
        if event.value is None and job.declaration.is_action:
            return  # what an action found stays on the broker
        of_unit = event.job_name == _SELF_TEST and event.setting != STATE_SETTING
        experiment = NO_EXPERIMENT if of_unit else event.experiment
        self._tell(experiment, f"{event.job_name}/{event.setting}", payload_of(event.value), retain=True, qos=2)
        if event.value is not None and _is_of_rule(job.declaration, event.setting):
            self._rules.setdefault(event.job_id, {})[event.setting] = event.value
            if (row := self._row(event.job_id)) is not None:
                self._tell_rule(job, row)

    def _row(self, job_id: int) -> dict[str, Any] | None:
        return next((entry.item for entry in self._jobs.running if entry.row.job_id == job_id), None)

    def _tell_rule(self, job: Job, row: dict[str, Any]) -> None:
        """Tell how a rule is set now, and that it has ended."""
        settings = json.dumps(self._rules[row["job_id"]]).encode()
        payload = {
            "pioreactor_unit": self._unit,
            "experiment": row["experiment"],
            "started_at": six_digits(utc_seconds(row["started_at"])),
            "ended_at": None if row["ended_at"] is None else six_digits(utc_seconds(row["ended_at"])),
            "automation_name": job.declaration.automation_name,
            "settings": base64.b64encode(settings).decode(),
        }
        name = row["job_name"]
        self._tell(row["experiment"], f"{name}/{name}_settings", json_payload(payload), retain=False, qos=2)

    def _tell_blank(self, experiment: str) -> None:
        blank = self._store.get(BLANK_STORE, experiment)
        self._tell(experiment, f"{_OD_BLANK}/means", payload_of(blank), retain=True, qos=1)

    def _on_dosing(self, event: DosingEvent) -> None:
        payload = {
            "volume_change": event.volume_change_ml,
            "event": event.event,
            "source_of_event": event.source,
            "timestamp": six_digits(event.utc_s),
        }
        self._tell(event.experiment, "dosing_events", json_payload(payload), retain=False, qos=2)

    def _on_led(self, event: LedChanged) -> None:
        self._leds[event.channel] = event.intensity
        payload = {
            "channel": event.channel,
            "intensity": event.intensity,
            "source_of_event": event.source,
            "timestamp": six_digits(event.utc_s),
        }
        self._tell(event.experiment, "leds/intensity", json_payload(self._leds), retain=True, qos=0)
        self._tell(event.experiment, "led_change_events", json_payload(payload), retain=False, qos=0)

    def _on_pwm(self, event: PwmChanged) -> None:
        self._pwms[event.channel] = event.duty_percent
        driven = {_PINS[channel]: duty for channel, duty in sorted(self._pwms.items()) if duty and channel in _PINS}
        self._tell(event.experiment, "pwms/dc", json_payload(driven), retain=True, qos=0)

    def _on_bioreactor(self, event: BioreactorChanged) -> None:
        for variable, value in event.values.items():
            self._tell(event.experiment, f"bioreactor/{variable}", payload_of(value), retain=True, qos=2)

    def _on_log(self, event: LogWritten) -> None:
        item = event.item
        payload = json.dumps(
            {key: item[key] for key in ("message", "level", "task", "timestamp", "source")}, ensure_ascii=False
        )
        rest = f"logs/{item['source']}/{item['level'].lower()}"
        self._tell(item["experiment"] or NO_EXPERIMENT, rest, payload, retain=False, qos=0)

    def _on_profile(self, event: ProfileRunChanged) -> None:
        """Tell of a run of a profile while it lasts."""
        run, is_over = event.run, event.run["ended_at"] is not None
        told = {
            "experiment_profile_name": run["experiment_profile_name"],
            "start_time_utc": run["started_at"],
            "profile_filename": run["profile"],
            "action_count": run["actions_done"],
        }
        for name, value in told.items():
            rest = f"experiment_profile/{run['run_id']}/{name}"
            self._tell(run["experiment"], rest, "" if is_over else payload_of(value), retain=True, qos=2)

    def _on_pid(self, event: PidCorrected) -> None:
        payload = json_payload({**event.trace, "job_name": event.job_name, "target_name": event.target_name})
        self._tell(event.experiment, f"pid_log/{event.target_name}", payload, retain=False, qos=0)

    def _on_calibration(self, event: CalibrationProgressed) -> None:
        """Tell how far a calibration is, under the name its data go by: they belong to no experiment."""
        experiment = f"{LIVE_ONLY_PREFIX}{self._experiments.active() or NO_EXPERIMENT}"
        rest = f"{event.device}_calibration/percent_progress"
        self._tell(experiment, rest, payload_of(event.percent), retain=False, qos=0)

    def _on_experiment(self, event: ExperimentChanged) -> None:
        active = self._experiments.active()
        self._tell_assignment(active)
        if active is not None and active == event.experiment["experiment"]:
            self._tell_blank(active)

    def _tell_assignment(self, experiment: str | None) -> None:
        """Tell which experiment the unit belongs to."""
        known = None if experiment is None else self._experiments.get(experiment)
        assigned = None if known is None else six_digits(known.created_at)
        payload = {
            "pioreactor_unit": self._unit,
            "experiment": experiment,
            "assigned_at": assigned,
            "updated_at": assigned,
        }
        self._tell(NO_EXPERIMENT, "assignment", json_payload(payload), retain=True, qos=2)


def _is_of_rule(declaration: JobDeclaration, setting: str) -> bool:
    declared = declaration.published.get(setting)
    return bool(declaration.automation_name) and setting != STATE_SETTING and declared is not None and declared.settable
