"""Rows of the job table: what ran, for which experiment, from when to when."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.clock import timestamp

ROWS_SHOWN = 1000


@dataclass
class JobRow:
    """One start of a job; times in UTC seconds, `ended_at` None while it runs."""

    job_id: int
    job_name: str
    experiment: str
    job_source: str
    started_at: float
    ended_at: float | None
    state: str
    is_long_running: bool

    def item(self, unit: str) -> dict[str, object]:
        """Return the row as the API's list of jobs shows it."""
        return {
            "job_id": self.job_id,
            "job_name": self.job_name,
            "experiment": self.experiment,
            "job_source": self.job_source,
            "unit": unit,
            "started_at": timestamp(self.started_at),
            "ended_at": None if self.ended_at is None else timestamp(self.ended_at),
        }


_LOAD = """
SELECT job_id, job_name, experiment, job_source, started_at, ended_at, state, is_long_running FROM jobs
WHERE ended_at IS NULL OR job_id IN (SELECT job_id FROM jobs ORDER BY job_id DESC LIMIT ?) ORDER BY job_id
"""


def load_job_rows(connection: sqlite3.Connection) -> list[JobRow]:
    """Return the newest rows, oldest first, and every row that did not end."""
    rows = [JobRow(*row) for row in connection.execute(_LOAD, (ROWS_SHOWN,))]
    for row in rows:
        row.is_long_running = bool(row.is_long_running)
    return rows
