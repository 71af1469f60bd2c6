"""The recorder: stores what is told on the bus, and answers questions about what was stored."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.bus import (
    AlarmBegan,
    AlarmEnded,
    Bus,
    DosingEvent,
    GapMarked,
    JobChanged,
    LedChanged,
    LogWritten,
    PwmChanged,
    ReadingTaken,
    SettingChanged,
)
from core.clock import Clock, timestamp
from core.errors import ServiceError
from core.logs import LEVELS
from core.records.database import OpenedDatabase, connect, open_database
from core.records.job_rows import ROWS_SHOWN, JobRow, load_job_rows
from core.records.values import ValueStore, load_values
from core.records.writer import Writer
from core.times import utc_seconds

NO_EXPERIMENT = "$experiment"
LIVE_ONLY_PREFIX = "_testing_"
_READERS = 2
# Series of the doses of each kind.
_DOSES = {"add_media": "media_ml", "add_alt_media": "alt_media_ml", "remove_waste": "waste_ml"}
_LEAST_TIME_APART_S = 1e-6
_T = TypeVar("_T")

_ADD_JOB = "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, NULL, ?, ?)"
_MOVE_JOB = "UPDATE jobs SET state = ?, ended_at = ? WHERE job_id = ?"
_ADD_GAP = "INSERT OR IGNORE INTO gaps VALUES (?, ?, ?)"
# A service that died left no mark where the curves of what was running break off.
_GAPS_AFTER_CRASH = """
INSERT OR IGNORE INTO gaps
SELECT series_id, (SELECT max(utc_s) FROM readings WHERE readings.series_id = series.series_id) AS last, ?
FROM series WHERE experiment = ? AND last IS NOT NULL
"""
_LAST_SIGN_OF_LIFE = """
SELECT max(utc_s) FROM (
    SELECT (SELECT max(utc_s) FROM readings WHERE readings.series_id = series.series_id) AS utc_s FROM series
    UNION ALL SELECT utc_s FROM logs WHERE id = (SELECT max(id) FROM logs)
)
"""
_MARK_CLOSED = "DELETE FROM store WHERE name = 'service' AND key = 'open'"


class UnreadableRecordsError(ServiceError):
    """The database cannot be read."""

    default_remedy = "Look for a failing or full disk, then restart the service: unreadable records are set aside."


@dataclass(frozen=True)
class _Found:
    """What the database held when it was opened."""

    jobs: list[JobRow]
    series: dict[tuple[str, str], int]
    store: dict[tuple[str, str], object]
    last_log_id: int
    last_utc_s: float


class Records:
    """Everything kept of what happens; made by `open_records`.

    Attributes:
        store: the key-value store.
        lost_jobs: names of the jobs that ran when the last service ended without ending them.
        notes: what the user must know of how the records were found.
    """

    def __init__(self, database: OpenedDatabase, found: _Found, bus: Bus, clock: Clock, unit: str) -> None:
        self._path = database.path
        self._clock = clock
        self._unit = unit
        self._series = found.series
        self._jobs = {row.job_id: row for row in found.jobs}
        self._job_ids = itertools.count(max(self._jobs, default=0) + 1)
        self._log_ids = itertools.count(found.last_log_id + 1)
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(self._path, self._on_trouble)
        self._pool = ThreadPoolExecutor(_READERS, "records reader")
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self.store = ValueStore(self._writer, found.store)
        self.lost_jobs: list[str] = []
        self.notes = [*database.notes, *self._end_lost_jobs(found.last_utc_s)]
        self._last_dose_s: dict[tuple[str, str], float] = {}
        self._bus = bus
        self._listen(bus)

    def next_log_id(self) -> int:
        """Return the number of the next log line."""
        return next(self._log_ids)

    def insert_job(self, job_name: str, experiment: str, job_source: str, is_long_running: bool = False) -> int:
        """Add a row in state `init`; return its id, which is never used again. Does not wait."""
        job_id = next(self._job_ids)
        row = JobRow(job_id, job_name, experiment, job_source, self._clock.utc_s(), None, "init", is_long_running)
        self._jobs[job_id] = row
        self._forget_old_rows()
        values = (job_id, job_name, experiment, job_source, row.started_at, row.state, int(is_long_running))
        self._writer.write(_ADD_JOB, *values)
        self._writer.commit_soon()
        return job_id

    def job_row(self, job_id: int) -> JobRow | None:
        """Return one of the newest rows."""
        return self._jobs.get(job_id)

    def job_items(self) -> list[dict[str, object]]:
        """Return the newest rows as GET /jobs shows them, newest first."""
        rows = sorted(self._jobs.values(), key=lambda row: (row.started_at, row.job_id), reverse=True)
        return [row.item(self._unit) for row in rows[:ROWS_SHOWN]]

    def write(self, sql: str, *values: str | float | int | None) -> None:
        """Hand a statement to the writer; committed within a second."""
        self._writer.write(sql, *values)

    def commit_soon(self) -> None:
        """Have everything handed over so far written without waiting for its second to pass."""
        self._writer.commit_soon()

    def note_action(self, who: str, method: str, path: str, body: str | None, status: int) -> None:
        """Keep what a user asked for: who (address), what (method, path, body), when, and how it was answered."""
        sql = "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?)"
        self._writer.write(sql, self._clock.utc_s(), who, method, path, body, status)

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `query` in a reader's thread on a connection that sees everything told so far.

        Raises:
            UnreadableRecordsError: the database cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._query, query)

    async def flush(self) -> None:
        """Wait until everything told so far is on the disk, or the disk has been waited for long enough."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._writer.flush)

    async def close(self) -> None:
        """Stop listening, write everything, let go of the file."""
        for stop in self._stops:
            stop()
        self._writer.write(_MARK_CLOSED)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.close)
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        for connection in self._readers:
            connection.close()

    def _query(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        self._writer.flush()
        try:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect(self._path)
                connection.execute("PRAGMA query_only = ON")
                self._local.connection = connection
                self._readers.append(connection)
            return query(connection)
        except sqlite3.Error as error:
            raise UnreadableRecordsError("The records cannot be read.", cause=str(error)) from error

    def _on_trouble(self, trouble: str) -> None:
        """Raise an alarm when rows cannot be written; called in the writer's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_trouble, trouble)

    def _tell_trouble(self, trouble: str) -> None:
        key = "records"
        if not trouble:
            self._bus.publish(AlarmEnded(key))
            return
        what = f"The records could not be written ({trouble}). They wait in memory, and are lost if the service ends."
        remedy = "Free space on the disk with the data folder; if it has space, restart the service."
        self._bus.publish(AlarmBegan(key, key, "alarm", what, remedy))

    def _listen(self, bus: Bus) -> None:
        self._stops = [
            bus.listen(ReadingTaken, self._on_reading),
            bus.listen(GapMarked, self._on_gap),
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(LedChanged, self._on_led),
            bus.listen(PwmChanged, self._on_pwm),
            bus.listen(DosingEvent, self._on_dosing),
            bus.listen(LogWritten, self._on_log),
        ]

    def _series_id(self, experiment: str, series: str) -> int:
        series_id = self._series.get((experiment, series))
        if series_id is None:
            series_id = max(self._series.values(), default=0) + 1
            self._series[experiment, series] = series_id
            self._writer.write("INSERT INTO series VALUES (?, ?, ?)", series_id, experiment, series)
        return series_id

    def _on_reading(self, event: ReadingTaken) -> None:
        if event.experiment.startswith(LIVE_ONLY_PREFIX) or not math.isfinite(event.value):
            return
        series_id = self._series_id(event.experiment, event.series)
        self._writer.write("INSERT OR IGNORE INTO readings VALUES (?, ?, ?)", series_id, event.utc_s, event.value)

    def _on_gap(self, event: GapMarked) -> None:
        if not event.experiment.startswith(LIVE_ONLY_PREFIX):
            self._writer.write(_ADD_GAP, self._series_id(event.experiment, event.series), event.utc_s, event.reason)

    def _on_job(self, event: JobChanged) -> None:
        job_id, ended = event.row["job_id"], event.row["ended_at"]
        ended_at = None if ended is None else utc_seconds(ended)
        if row := self._jobs.get(job_id):
            row.state, row.ended_at = event.state, ended_at
        self._writer.write(_MOVE_JOB, event.state, ended_at, job_id)

    def _on_setting(self, event: SettingChanged) -> None:
        value = None if event.value is None else json.dumps(event.value)
        sql = "INSERT INTO settings VALUES (?, ?, ?, ?)"
        self._writer.write(sql, event.job_id, self._clock.utc_s(), event.setting, value)

    def _on_led(self, event: LedChanged) -> None:
        sql = "INSERT INTO led_events VALUES (?, ?, ?, ?, ?)"
        self._writer.write(sql, event.utc_s, event.experiment, event.channel, event.intensity, event.source)
        if event.experiment is not None:
            self._on_reading(ReadingTaken(event.utc_s, event.experiment, f"led_{event.channel}", event.intensity))

    def _on_pwm(self, event: PwmChanged) -> None:
        if event.experiment not in (None, NO_EXPERIMENT):
            series = f"pwm_{event.channel}"
            self._on_reading(ReadingTaken(event.utc_s, event.experiment, series, event.duty_percent))

    def _on_dosing(self, event: DosingEvent) -> None:
        if event.experiment.startswith(LIVE_ONLY_PREFIX):
            return
        sql = "INSERT INTO dosing_events VALUES (?, ?, ?, ?, ?)"
        change_ml = event.volume_change_ml
        self._writer.write(sql, event.utc_s, event.experiment, event.event, change_ml, event.source)
        series = _DOSES.get(event.event)
        if series is not None:
            # A slice and its correction can fall on one moment, of which a series keeps one reading.
            key = (event.experiment, series)
            utc_s = max(event.utc_s, self._last_dose_s.get(key, 0.0) + _LEAST_TIME_APART_S)
            self._last_dose_s[key] = utc_s
            self._on_reading(ReadingTaken(utc_s, event.experiment, series, change_ml))

    def _on_log(self, event: LogWritten) -> None:
        item = event.item
        level = LEVELS.get(item["level"], 20)
        values = (item["id"], utc_seconds(item["timestamp"]), level, item["source"], item["task"], item["message"])
        self._writer.write("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?)", *values, item["experiment"])

    def _forget_old_rows(self) -> None:
        """Keep the newest rows in memory, and those that still run."""
        while len(self._jobs) > ROWS_SHOWN:
            oldest = next((job_id for job_id, row in self._jobs.items() if row.ended_at is not None), None)
            if oldest is None:
                return
            del self._jobs[oldest]

    def _end_lost_jobs(self, last_utc_s: float) -> list[str]:
        """End what was running when the last service gave its last sign of life; return what to tell the user."""
        notes = []
        reason = "the service ended unexpectedly"
        for row in self._jobs.values():
            if row.ended_at is not None:
                continue
            row.state, row.ended_at = "lost", min(max(row.started_at, last_utc_s), self._clock.utc_s())
            self._writer.write(_MOVE_JOB, row.state, row.ended_at, row.job_id)
            self._writer.write(_GAPS_AFTER_CRASH, reason, row.experiment)
            if row.is_long_running:
                continue  # the service has started it again
            self.lost_jobs.append(row.job_name)
            started = timestamp(row.started_at)
            notes.append(f"Job {row.job_name} of {started} was lost: {reason}. Start it again to go on.")
        return notes


def _load(connection: sqlite3.Connection) -> _Found:
    series = connection.execute("SELECT experiment, series, series_id FROM series").fetchall()
    # Loaded later, when it is too late to set a file aside from which they cannot be read.
    connection.execute("SELECT * FROM experiments").fetchall()
    return _Found(
        load_job_rows(connection),
        {(experiment, name): series_id for experiment, name, series_id in series},
        load_values(connection),
        connection.execute("SELECT max(id) FROM logs").fetchone()[0] or 0,
        connection.execute(_LAST_SIGN_OF_LIFE).fetchone()[0] or 0.0,
    )


async def open_records(path: Path, bus: Bus, clock: Clock, unit: str) -> Records:
    """Open or begin the records at `path`; what cannot be read is moved aside and told in `notes`.

    Raises:
        OSError, sqlite3.Error: nothing can be written there.
    """
    stamp = clock.utc().strftime("%Y%m%dT%H%M%SZ")
    database, found = await asyncio.get_running_loop().run_in_executor(None, open_database, path, stamp, _load)
    return Records(database, found, bus, clock, unit)
