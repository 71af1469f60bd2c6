"""Curves out of the records: raw when they are short, otherwise least and greatest per bucket, so that spikes stay."""

from __future__ import annotations

import itertools
import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Unit of each series a reactor can have, "" for a plain number.
SERIES_UNITS: dict[str, str] = {
    **{f"od{channel}": "OD" for channel in "1234"},
    **{f"raw_od{channel}": "V" for channel in "1234"},
    "od_fused": "OD",
    "od_filtered": "",
    "growth_rate": "h⁻¹",
    "temperature": "℃",
    "board_temperature": "℃",
    "target_temperature": "℃",
    "heater_duty_cycle": "%",
    "measured_rpm": "RPM",
    "stirring_duty_cycle": "%",
    **{f"led_{channel}": "%" for channel in "ABCD"},
    **{f"pwm_{channel}": "%" for channel in "12345"},
    "media_ml": "mL",
    "alt_media_ml": "mL",
    "waste_ml": "mL",
    "current_volume_ml": "mL",
    "alt_media_fraction": "",
    "relative_intensity_of_ir_led": "",
}

_FIND = "SELECT series_id FROM series WHERE experiment = ? AND series = ?"
_MORE_THAN = """
SELECT count(*) FROM (SELECT 1 FROM readings WHERE series_id = ? AND utc_s BETWEEN ? AND ? LIMIT ?)
"""
_ENDS = """
SELECT (SELECT min(utc_s) FROM readings WHERE series_id = ?1 AND utc_s BETWEEN ?2 AND ?3),
    (SELECT max(utc_s) FROM readings WHERE series_id = ?1 AND utc_s BETWEEN ?2 AND ?3)
"""
_RAW = "SELECT utc_s, value FROM readings WHERE series_id = ? AND utc_s BETWEEN ? AND ? ORDER BY utc_s"
_BUCKET = """
SELECT min(utc_s), min(value), max(value), count(*) FROM readings WHERE series_id = ? AND utc_s >= ? AND utc_s < ?
"""
_GAPS = "SELECT utc_s, reason FROM gaps WHERE series_id = ? AND utc_s BETWEEN ? AND ? ORDER BY utc_s"
_SUMMARY = """
SELECT series, (SELECT count(*) FROM readings WHERE readings.series_id = series.series_id),
    (SELECT min(utc_s) FROM readings WHERE readings.series_id = series.series_id),
    (SELECT max(utc_s) FROM readings WHERE readings.series_id = series.series_id)
FROM series WHERE experiment = ? ORDER BY series
"""


@dataclass(frozen=True)
class Curve:
    """A series within a span of time; times in UTC seconds.

    Attributes:
        raw_count: readings in the span.
        bucket_s: width of a bucket, None when the readings came as they are.
        columns: `t`, `value`, or `t` (of the first reading in the bucket), `min`, `max`.
        data: one list for each column, all of one length.
        gaps: (time, reason) after which the curve must not be bridged.
    """

    from_s: float | None
    to_s: float | None
    raw_count: int
    bucket_s: float | None
    columns: tuple[str, ...]
    data: list[list[float]]
    gaps: list[tuple[float, str]]


def read_curve(
    connection: sqlite3.Connection, experiment: str, series: str, from_s: float | None, to_s: float | None, points: int
) -> Curve:
    """Return a series in at most `points` points; the ends of the span default to the first and last reading."""
    low, high = from_s if from_s is not None else 0.0, to_s if to_s is not None else 1e15
    found = connection.execute(_FIND, (experiment, series)).fetchone()
    if found is None:
        return Curve(from_s, to_s, 0, None, ("t", "value"), [[], []], [])
    series_id: int = found[0]
    first, last = connection.execute(_ENDS, (series_id, low, high)).fetchone()
    start = from_s if from_s is not None else first
    end = to_s if to_s is not None else last
    bucket_s = None
    if connection.execute(_MORE_THAN, (series_id, low, high, points + 1)).fetchone()[0] <= points:
        columns: tuple[str, ...] = ("t", "value")
        rows = connection.execute(_RAW, (series_id, low, high)).fetchall()
        count = len(rows)
    else:
        # Readings that all have one time cannot be more than one: time is part of the key.
        columns = ("t", "min", "max")
        bucket_s = (end - start) / points
        rows, count = _thin(connection, series_id, start, end, points)
    data = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    data[0] = [round(moment, 3) for moment in data[0]]
    gaps = connection.execute(_GAPS, (series_id, low, high)).fetchall()
    return Curve(start, end, count, bucket_s, columns, data, gaps)


def _thin(
    connection: sqlite3.Connection, series_id: int, start: float, end: float, points: int
) -> tuple[list[tuple[float, float, float]], int]:
    """Return first time, least and greatest value of each bucket that has readings, and how many readings there are.

    One index range scan per bucket is twice as fast as grouping in one query, which sorts what is sorted already.
    """
    edges = [start + (end - start) * number / points for number in range(points)] + [math.nextafter(end, math.inf)]
    rows, count = [], 0
    for low, high in itertools.pairwise(edges):
        moment, least, greatest, many = connection.execute(_BUCKET, (series_id, low, high)).fetchone()
        if many:
            rows.append((moment, least, greatest))
            count += many
    return rows, count


def summarise(connection: sqlite3.Connection, experiment: str) -> list[tuple[str, int, float | None, float | None]]:
    """Return name, number of readings, first and last time of each series of an experiment."""
    return connection.execute(_SUMMARY, (experiment,)).fetchall()


def known_series(connection: sqlite3.Connection, added: Iterable[str] = ()) -> list[str]:
    """Return every series there can be or ever was; `added` are those of plug-ins."""
    recorded: list[tuple[Any]] = connection.execute("SELECT DISTINCT series FROM series").fetchall()
    return sorted({*SERIES_UNITS, *added, *(name for (name,) in recorded)})
