"""The record of runs: each run, its text, and what became of each action."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from core.errors import NotFoundError
from core.profiles.run_item import Outcome, RunItem, RunLine, RunState
from core.records.records import Records

MOST_SHOWN = 1000
_ADD = "INSERT INTO profile_runs VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, '', 0, 0)"
_MOVE = """
UPDATE profile_runs SET ended_at = ?, state = ?, reason = ?, actions_done = ?, actions_total = ? WHERE run_id = ?
"""
_ADD_LINE = "INSERT INTO profile_run_actions VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
# What a service that is gone left running stopped when it gave its last sign of life.
_INTERRUPT = """
UPDATE profile_runs SET state = 'interrupted', reason = ?,
ended_at = (SELECT max(profile_runs.started_at, coalesce(max(utc_s), 0)) FROM profile_run_actions
    WHERE profile_run_actions.run_id = profile_runs.run_id)
WHERE ended_at IS NULL
"""
_RUNS = """
SELECT run_id, profile, name, experiment, inputs, started_at, ended_at, state, reason, actions_done, actions_total,
    (SELECT count(*) FROM profile_run_actions
        WHERE profile_run_actions.run_id = profile_runs.run_id AND outcome = 'failed')
FROM profile_runs
"""
_LINES = """
SELECT utc_s, hours, line, job_name, action, outcome, message FROM profile_run_actions WHERE run_id = ?
ORDER BY utc_s DESC, rowid DESC LIMIT ?
"""
AFTER_RESTART = "The service ended while it ran; nothing of it went on by itself."


class RunRecords:
    """Reads and writes the record of runs.

    What a former service left running is marked as interrupted at once.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        records.write(_INTERRUPT, AFTER_RESTART)

    def add(self, item: RunItem, text: str) -> None:
        """Keep that a run begins, and the text it runs by."""
        values = (item.run_id, item.profile, item.name, item.experiment, text, json.dumps(item.inputs))
        self._records.write(_ADD, *values, item.started_at, item.state.value)

    def move(self, item: RunItem) -> None:
        """Keep how a run stands."""
        values = (item.ended_at, item.state.value, item.reason, item.actions_done, item.actions_total, item.run_id)
        self._records.write(_MOVE, *values)

    def add_line(self, run_id: str, line: RunLine) -> None:
        """Keep what became of an action."""
        values = (line.utc_s, line.hours, line.line, line.job_name, line.action, line.outcome.value, line.message)
        self._records.write(_ADD_LINE, run_id, *values)

    async def newest_first(self, limit: int, experiment: str | None = None) -> list[RunItem]:
        """Return runs, the newest first, of one experiment or of all."""

        def read(connection: sqlite3.Connection) -> list[RunItem]:
            where = "WHERE experiment = ?1 " if experiment is not None else ""
            query = f"{_RUNS} {where}ORDER BY started_at DESC, rowid DESC LIMIT ?2"
            return [_item(row) for row in connection.execute(query, (experiment, limit))]

        return await self._records.read(read)

    async def get(self, run_id: str) -> tuple[RunItem, str, list[RunLine]]:
        """Return a run, its text, and its newest thousand lines in their order; raise NotFoundError."""

        def read(connection: sqlite3.Connection) -> tuple[RunItem, str, list[RunLine]] | None:
            row = connection.execute(f"{_RUNS} WHERE run_id = ?", (run_id,)).fetchone()
            if row is None:
                return None
            (text,) = connection.execute("SELECT text FROM profile_runs WHERE run_id = ?", (run_id,)).fetchone()
            lines = [
                RunLine(utc_s, hours, line, job_name, action, Outcome(outcome), message)
                for utc_s, hours, line, job_name, action, outcome, message in connection.execute(
                    _LINES, (run_id, MOST_SHOWN)
                )
            ]
            return _item(row), text, lines[::-1]

        found = await self._records.read(read)
        if found is None:
            raise NotFoundError(
                f"There is no run {run_id[:60]!r}.", remedy="Use a run_id of GET experiment_profiles/runs."
            )
        return found


def _item(row: tuple[Any, ...]) -> RunItem:
    run_id, profile, name, experiment, inputs, started_at, ended_at, state, reason, done, total, failed = row
    return RunItem(
        run_id,
        profile,
        name,
        experiment,
        started_at,
        json.loads(inputs),
        state=RunState(state),
        ended_at=ended_at,
        reason=reason,
        actions_done=done,
        actions_total=total,
        actions_failed=failed,
        hours=((ended_at or started_at) - started_at) / 3600.0,
    )
