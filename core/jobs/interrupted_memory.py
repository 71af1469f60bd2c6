"""What runs, kept so that the next service knows what it cut off: killed, without power, stopped, updated, restarted.

A job that ends while the service goes on, however it ends, is forgotten: somebody stopped it, or it was told that it
failed. Doses and other single actions are never kept: half a dose must not be given a second time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from core.bioreactor.variables import VARIABLES
from core.clock import timestamp
from core.jobs.declaration import STATE_SETTING
from core.jobs.job import Job
from core.jobs.registry import AUTOMATION_OPTION
from core.records.records import LIVE_ONLY_PREFIX, Records
from core.records.values import ValueStore

_RUNNING, _INTERRUPTED = "running_jobs", "interrupted_jobs"
_KILLED_STATE = "lost"
_SLEEPING, _READY = "sleeping", "ready"
# What a job said last of each setting before its end cleared it.
_SETTINGS = """
SELECT setting, value FROM settings WHERE job_id = ? AND value IS NOT NULL
AND NOT (setting = '$state' AND value NOT IN ('"ready"', '"sleeping"')) ORDER BY utc_s, rowid
"""


@dataclass(frozen=True)
class InterruptedJob:
    """A job that ran when a service ended.

    Attributes:
        options: of its start, by name, with the rule's name where it hosts one.
        settings: what could be set, as it was last.
        state: `ready`, or `sleeping` when it had been put to sleep.
        ended_at: when it was cut off, in UTC seconds; of a killed service its last sign of life.
        was_killed: the service did not end in good order.
    """

    job_id: int
    job_name: str
    automation_name: str
    label: str
    experiment: str
    job_source: str
    started_at: float
    options: dict[str, Any]
    arguments: list[str]
    config_overrides: list[list[str]]
    model: list[str] | None
    settable: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    state: str = _READY
    ended_at: float = 0.0
    was_killed: bool = True

    def item(self) -> dict[str, Any]:
        """Return the job as the API shows it."""
        kept = ("job_name", "automation_name", "label", "experiment", "job_source", "options", "settings", "state")
        moments = {"started_at": timestamp(self.started_at), "ended_at": timestamp(self.ended_at)}
        return {key: getattr(self, key) for key in kept} | moments | {"was_killed": self.was_killed}


def keep_running(store: ValueStore, job: Job, overrides: list[tuple[str, str, str]], model: object) -> None:
    """Keep what `job` was started with for as long as it runs; nothing of what cannot be resumed."""
    declaration, context = job.declaration, job.context
    if declaration.is_long_running or (declaration.is_action and not declaration.takes_over):
        return
    if context.experiment.startswith(LIVE_ONLY_PREFIX):
        return
    former = [
        each for each in _kept(store, _RUNNING) if declaration.takes_over and each.job_name == declaration.row_name
    ]
    options = {key: value for each in former for key, value in each.options.items()}
    options |= {key: value for key, value in job.options.items() if value is not None and key not in VARIABLES}
    rule = {AUTOMATION_OPTION: declaration.automation_name} if declaration.automation_name else {}
    settable = [name for name, each in declaration.published.items() if each.settable and name != STATE_SETTING]
    kept = InterruptedJob(
        context.job_id, declaration.row_name, declaration.automation_name, declaration.label, context.experiment,
        context.source, context.clock.utc_s(), options | rule, job.arguments, [list(each) for each in overrides],
        list(model) if isinstance(model, tuple) else None, settable,
    )  # fmt: skip
    store.set(_RUNNING, str(kept.job_id), json.loads(json.dumps(asdict(kept), default=str)))


def forget_running(records: Records, job_id: int) -> None:
    """A job has ended while the service goes on."""
    if records.store.remove(_RUNNING, str(job_id)):
        records.commit_soon()


async def read_interrupted(records: Records) -> list[InterruptedJob]:
    """Return what a former service cut off and nobody has decided about, one for each name, the newest."""
    newest: dict[str, InterruptedJob] = {each.job_name: each for each in _kept(records.store, _INTERRUPTED)}
    for kept in sorted(_kept(records.store, _RUNNING), key=lambda each: each.job_id):
        said = dict(await records.read(_settings_of(kept.job_id)))
        row = records.job_row(kept.job_id)
        ended_at = row.ended_at if row is not None and row.ended_at is not None else kept.started_at
        # One that is still offered was cut off while it was resumed, and had not come to all it had been.
        former = newest.get(kept.job_name)
        changes: dict[str, Any] = {
            "settings": {name: json.loads(said[name]) for name in kept.settable if name in said},
            "state": json.loads(said.get(STATE_SETTING, f'"{_READY}"')),
            "ended_at": ended_at,
            "was_killed": row is None or row.state == _KILLED_STATE,
        }
        if former is not None:
            changes |= {"settings": changes["settings"] | former.settings, "state": former.state}
        newest[kept.job_name] = InterruptedJob(**asdict(kept) | changes)
    # In this order: whatever of it is on the disk when the power goes, every job is in one of the two.
    keep_interrupted(records.store, list(newest.values()))
    for key in records.store.keys(_RUNNING):
        records.store.remove(_RUNNING, key)
    return sorted(newest.values(), key=lambda each: each.started_at)


def keep_interrupted(store: ValueStore, jobs: list[InterruptedJob]) -> None:
    """Keep what was interrupted until somebody has decided about it."""
    for key in store.keys(_INTERRUPTED):
        if key not in [each.job_name for each in jobs]:
            store.remove(_INTERRUPTED, key)
    for each in jobs:
        store.set(_INTERRUPTED, each.job_name, asdict(each))


def _kept(store: ValueStore, name: str) -> list[InterruptedJob]:
    """Return what is kept in a table; what another version kept in another form is left out."""
    found = []
    for key in store.keys(name):
        try:
            found.append(InterruptedJob(**store.get(name, key)))
        except TypeError:
            continue
    return found


def _settings_of(job_id: int) -> Callable[[sqlite3.Connection], list[tuple[str, str]]]:
    return lambda connection: connection.execute(_SETTINGS, (job_id,)).fetchall()
