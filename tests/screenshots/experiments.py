"""The experiments of a unit that has been at work for some weeks, written into its records before it starts."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.records.database import open_database

_HOUR_S, _DAY_S = 3600.0, 86400.0
_EVERY_S = 30.0
_LAG_H, _FIRST_OD, _LAST_OD = 3.0, 0.05, 1.6


@dataclass(frozen=True)
class _Past:
    name: str
    notes: str
    tags: tuple[str, ...]
    days_ago: float
    hours: float
    rate_per_h: float
    celsius: float


_PAST = (
    _Past("yeast 30 °C, YPD", "S288C in YPD at 30 °C, 0.2 mL of an overnight culture.\nFoam after five hours: stirring "
          "down to 450.", ("yeast", "30 °C"), 1.5, 34.0, 0.31, 30.0),
    _Past("yeast 25 °C, YPD", "S288C in YPD at 25 °C.", ("yeast", "25 °C"), 6.0, 34.0, 0.2, 25.0),
    _Past("yeast 34 °C, YPD", "", ("yeast", "34 °C"), 9.0, 38.0, 0.38, 34.0),
    _Past("E. coli MG1655 in M9 and glucose, morbidostat against trimethoprim, second attempt with a new pump", "",
          ("E. coli", "morbidostat", "trimethoprim"), 12.0, 42.0, 0.6, 37.0),
    _Past("medium without cells", "", (), 15.0, 46.0, 0.0, 30.0),
    *(_Past(f"screen, well {row}{column}", "", ("screen",), 18.0 + column, 20.0, 0.25, 30.0)
      for row in "ABCD" for column in range(1, 12)),
)  # fmt: skip


def keep_past(data: Path) -> None:
    """Write the past into a data folder of which no service has been started yet."""
    records = data / "storage" / "vialdesk.sqlite"
    open_database(records, "then", lambda _: None)
    chance = random.Random(7)
    with closing(sqlite3.connect(records)) as connection:
        for number, past in enumerate(_PAST):
            _keep(connection, number, past, time.time(), chance)
        connection.commit()


def _keep(connection: sqlite3.Connection, number: int, past: _Past, now_s: float, chance: random.Random) -> None:
    start_s = now_s - past.days_ago * _DAY_S
    end_s = start_s + past.hours * _HOUR_S
    row = (past.name, past.notes or None, json.dumps(past.tags), start_s, end_s, 0)
    connection.execute("INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?)", row)
    if number >= 5:
        return  # of the screen the list is all that is shown
    times_h = [each * _EVERY_S / _HOUR_S for each in range(int(past.hours * _HOUR_S / _EVERY_S))]
    densities = [_density(hour, past.rate_per_h) for hour in times_h]
    curves = {
        "od2": [density + chance.gauss(0, 0.004) for density in densities],
        "growth_rate": [
            past.rate_per_h * min(max(hour - _LAG_H, 0.0) / 2, 1.0) * (1 - density / _LAST_OD) + chance.gauss(0, 0.006)
            for hour, density in zip(times_h, densities, strict=True)
        ],
        "temperature": [past.celsius - 7 * math.exp(-2.4 * hour) + chance.gauss(0, 0.08) for hour in times_h],
    }
    for place, (series, values) in enumerate(curves.items()):
        series_id = 10 * number + place + 1
        connection.execute("INSERT INTO series VALUES (?, ?, ?)", (series_id, past.name, series))
        rows = ((series_id, start_s + hour * _HOUR_S, value) for hour, value in zip(times_h, values, strict=True))
        connection.executemany("INSERT INTO readings VALUES (?, ?, ?)", rows)
    _keep_runs(connection, number, past.name, start_s, end_s)


def _keep_runs(connection: sqlite3.Connection, number: int, experiment: str, start_s: float, end_s: float) -> None:
    runs = (
        ("od_reading", "", "user", "disconnected", {"ir_led_intensity": ("80", "auto")}),
        ("stirring", "", "user", "disconnected", {"target_rpm": (450.0, None)}),
        ("temperature_automation", "thermostat", "experiment_profile", "disconnected", {}),
        ("dosing_automation", "turbidostat", "user", "lost", {"volume": (0.5, None), "duration": (5.0, 20.0)}),
    )
    for place, (job, rule, source, state, options) in enumerate(runs):
        job_id = 100 * number + place + 1
        row = (job_id, job, experiment, source, start_s + 60 * place, end_s - 600, state, 0)
        connection.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        kept = {name: {"value": value, "default": default} for name, (value, default) in options.items()}
        start = (job_id, rule, "", json.dumps(kept), "[]", "[]")
        connection.execute("INSERT INTO job_starts VALUES (?, ?, ?, ?, ?, ?)", start)


def _density(hour: float, rate_per_h: float) -> float:
    grown = _FIRST_OD * math.exp(rate_per_h * max(hour - _LAG_H, 0.0))
    return grown / (1 + grown / _LAST_OD)
