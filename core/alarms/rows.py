"""Alarms in the records: one row each, written anew whenever something of it changes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from core.alarms.alarm import SEVERITIES, Alarm

_COLUMNS = (
    "id, key, signal, severity, message, remedy, value, limit_value, experiment, raised_at, last_raised_at, times, "
    "cleared_at, acknowledged_at, acknowledged_by"
)
SAVE = f"""
INSERT INTO alarms ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
severity = excluded.severity, message = excluded.message, remedy = excluded.remedy, value = excluded.value,
limit_value = excluded.limit_value, experiment = excluded.experiment, last_raised_at = excluded.last_raised_at,
times = excluded.times, cleared_at = excluded.cleared_at, acknowledged_at = excluded.acknowledged_at,
acknowledged_by = excluded.acknowledged_by
"""  # noqa: S608 - nothing in it comes from outside
_OPEN = f"SELECT {_COLUMNS} FROM alarms WHERE cleared_at IS NULL OR acknowledged_at IS NULL ORDER BY id"  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM alarms WHERE id = ?"  # noqa: S608
_HISTORY = f"""
SELECT {_COLUMNS} FROM alarms
WHERE id < :before AND raised_at <= :high AND max(last_raised_at, coalesce(cleared_at, 1e15)) >= :low
AND (:experiment IS NULL OR experiment = :experiment) AND (:signal IS NULL OR signal = :signal)
AND (:alarm AND severity = 'alarm' OR :warning AND severity = 'warning' OR :note AND severity = 'note')
ORDER BY id DESC LIMIT :most
"""  # noqa: S608
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class HistoryWanted:
    """Which alarms to look for: those whose condition lasted at some moment of the span, or began in it.

    Attributes:
        low_utc_s, high_utc_s: the span, both ends included.
        min_severity: this one and graver.
        most: how many at most, the newest.
        before_id: only alarms of a smaller id.
    """

    experiment: str | None = None
    signal: str | None = None
    min_severity: str = SEVERITIES[0]
    low_utc_s: float = 0.0
    high_utc_s: float = 1e15
    most: int = 200
    before_id: int = LARGEST_ID


def values_of(alarm: Alarm) -> tuple[str | float | int | None, ...]:
    """Return what `SAVE` takes."""
    return (
        alarm.alarm_id, alarm.key, alarm.signal, alarm.severity, alarm.message, alarm.remedy, alarm.value, alarm.limit,
        alarm.experiment, alarm.raised_at, alarm.last_raised_at, alarm.times, alarm.cleared_at, alarm.acknowledged_at,
        alarm.acknowledged_by,
    )  # fmt: skip


def load_open(connection: sqlite3.Connection) -> tuple[list[Alarm], int]:
    """Return the alarms that must still be shown, and the largest id there is."""
    alarms = [Alarm(*row) for row in connection.execute(_OPEN)]
    return alarms, connection.execute("SELECT max(id) FROM alarms").fetchone()[0] or 0


def load_one(connection: sqlite3.Connection, alarm_id: int) -> Alarm | None:
    """Return an alarm, None when there is none of that id."""
    row = connection.execute(_ONE, (alarm_id,)).fetchone()
    return None if row is None else Alarm(*row)


def load_history(connection: sqlite3.Connection, wanted: HistoryWanted) -> list[Alarm]:
    """Return alarms, the newest first."""
    least = SEVERITIES.index(wanted.min_severity)
    found = connection.execute(
        _HISTORY,
        {
            "before": wanted.before_id, "low": wanted.low_utc_s, "high": wanted.high_utc_s, "most": wanted.most,
            "experiment": wanted.experiment, "signal": wanted.signal,
            **{severity: least <= grade for grade, severity in enumerate(SEVERITIES)},
        },
    )  # fmt: skip
    return [Alarm(*row) for row in found]
