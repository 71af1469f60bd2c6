"""An experiment in a few numbers, to be set beside those of another.

The greatest value of a curve is that of its smoothed form, the highest mean of ten minutes: one bubble is no maximum.
"""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from core.clock import timestamp

# As long as a person would average by eye.
WINDOW_S = 600.0
CURVES = ("od1", "od2", "od3", "od4", "od_fused", "growth_rate", "temperature")
DOSES = ("media_ml", "alt_media_ml", "waste_ml")
_IDS = "SELECT series, series_id FROM series WHERE experiment = ?"
_MEAN = "SELECT avg(value), count(*) FROM readings WHERE series_id = ?"
_GREATEST = """
SELECT avg(value) AS mean, min(utc_s) FROM readings WHERE series_id = ?1
GROUP BY CAST((utc_s - ?2) / ?3 AS INTEGER) ORDER BY mean DESC LIMIT 1
"""
_SUM = "SELECT sum(value) FROM readings WHERE series_id = ?"


def read_summary(connection: sqlite3.Connection, experiment: str, created_at: float) -> dict[str, Any]:
    """Return mean and greatest ten-minute mean of each curve, the volumes moved, and the fastest doubling in hours."""
    ids = dict(connection.execute(_IDS, (experiment,)).fetchall())
    curves = {name: _curve(connection, ids[name], created_at) for name in CURVES if name in ids}
    curves = {name: curve for name, curve in curves.items() if curve["points"]}
    rate = curves.get("growth_rate", {}).get("greatest", 0.0)
    return {
        "curves": curves,
        "volumes_ml": {
            name: connection.execute(_SUM, (ids[name],)).fetchone()[0] or 0.0 for name in DOSES if name in ids
        },
        "doubling_time_h": math.log(2) / rate if rate > 0 else None,
    }


def _curve(connection: sqlite3.Connection, series_id: int, created_at: float) -> dict[str, Any]:
    mean, points = connection.execute(_MEAN, (series_id,)).fetchone()
    if not points:
        return {"points": 0}
    greatest, at = connection.execute(_GREATEST, (series_id, created_at, WINDOW_S)).fetchone()
    return {"points": points, "mean": mean, "greatest": greatest, "greatest_at": timestamp(at)}
