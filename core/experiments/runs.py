"""Which jobs ran in an experiment: from when to when, with what, started by whom, changed how, ended how.

What a job was started with is kept with its row (`keep_start`), and with it the defaults of that day: they change with
versions, and a plug-in that brought a job may be gone.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from core.clock import timestamp
from core.jobs.declaration import STATE_SETTING, JobDeclaration
from core.records.records import Records

# More than a person changes one setting by hand in a run: beyond that the job adjusts it by itself, and it is counted.
MOST_CHANGES = 20
_KEEP = "INSERT INTO job_starts VALUES (?, ?, ?, ?, ?, ?)"
_RUNS = """
SELECT job_id, job_name, job_source, started_at, ended_at, state, automation_name, label, options, arguments, settable
FROM jobs LEFT JOIN job_starts USING (job_id)
WHERE experiment = ? AND job_id < ? ORDER BY job_id DESC LIMIT ?
"""
_CHANGES = """
SELECT setting, utc_s, value FROM settings WHERE job_id = ? AND setting IN ({}) ORDER BY setting, utc_s, rowid
"""
_EVENTS = """
SELECT settings.rowid, utc_s, value, job_id, job_name FROM jobs JOIN settings USING (job_id)
WHERE experiment = ? AND setting = 'latest_event' AND value IS NOT NULL AND settings.rowid < ?
AND json_extract(value, '$.event_name') != 'NoEvent' ORDER BY settings.rowid DESC LIMIT ?
"""


def keep_start(
    records: Records, job_id: int, declaration: JobDeclaration, options: dict[str, Any], arguments: list[str]
) -> None:
    """Keep what a job was started with: every option with its value and its default, and the positional arguments."""
    defaults = {option.name: option.entry()["default"] for option in declaration.options}
    kept = {name: {"value": value, "default": defaults.get(name)} for name, value in options.items()}
    settable = [name for name, each in declaration.published.items() if each.settable and name != STATE_SETTING]
    texts = (json.dumps(each, default=str) for each in (kept, arguments, settable))
    records.write(_KEEP, job_id, declaration.automation_name, declaration.label, *texts)


def read_runs(connection: sqlite3.Connection, experiment: str, before_id: int, limit: int) -> list[dict[str, Any]]:
    """Return at most `limit` runs of an experiment with ids below `before_id`, newest first, as the API has them."""
    rows = connection.execute(_RUNS, (experiment, before_id, limit)).fetchall()
    return [_run(connection, experiment, row) for row in rows]


def read_automation_events(
    connection: sqlite3.Connection, experiment: str, before_id: int, limit: int
) -> list[dict[str, Any]]:
    """Return what automations did, the newest first; runs of a rule that did nothing are left out."""
    return [
        {"id": row_id, "t": timestamp(utc_s), "job_id": job_id, "job_name": job_name, **_event(value)}
        for row_id, utc_s, value, job_id, job_name in connection.execute(_EVENTS, (experiment, before_id, limit))
    ]


def _run(connection: sqlite3.Connection, experiment: str, row: tuple[Any, ...]) -> dict[str, Any]:
    job_id, job_name, source, started_at, ended_at, state, automation, label, options, arguments, settable = row
    changes, many = _changes(connection, job_id, json.loads(settable or "[]"))
    return {
        "job_id": job_id,
        "job_name": job_name,
        "automation_name": automation or "",
        "label": label or "",
        "experiment": experiment,
        "job_source": source,
        "started_at": timestamp(started_at),
        "ended_at": None if ended_at is None else timestamp(ended_at),
        "state": state,
        "options": None if options is None else [_option(name, kept) for name, kept in json.loads(options).items()],
        "arguments": json.loads(arguments or "[]"),
        "setting_changes": changes,
        "setting_changes_left_out": many,
    }


def _option(name: str, kept: dict[str, Any]) -> dict[str, Any]:
    value, default = kept["value"], kept["default"]
    return {"name": name, "value": value, "default": default, "is_default": value == default}


def _changes(
    connection: sqlite3.Connection, job_id: int, settable: list[str]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the changes of settable settings in order of time, and how many there are of those with too many."""
    changes: list[dict[str, Any]] = []
    many: dict[str, int] = {}
    query = _CHANGES.format(",".join("?" * len(settable)))
    for setting, group in groupby(connection.execute(query, (job_id, *settable)), key=lambda row: row[0]):
        moves = _moves(group)
        if len(moves) > MOST_CHANGES:
            many[setting] = len(moves)
        else:
            changes += [{"t": timestamp(t), "setting": setting, "before": old, "value": new} for t, old, new in moves]
    return sorted(changes, key=lambda change: str(change["t"])), many


def _moves(rows: Iterable[tuple[str, float, str | None]]) -> list[tuple[float, Any, Any]]:
    """Return when a setting changed, from what, to what.

    Its first value is no change, and neither is clearing it, as a job does at its end.
    """
    moves: list[tuple[float, Any, Any]] = []
    before = None
    for _, utc_s, text in rows:
        if text is None:
            continue
        value = json.loads(text)
        if before is not None and value != before:
            moves.append((utc_s, before, value))
        before = value
    return moves


def _event(text: str) -> dict[str, Any]:
    event = json.loads(text)
    return {"event_name": event.get("event_name"), "message": event.get("message"), "data": event.get("data")}
