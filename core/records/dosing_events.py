"""Doses and changes of light out of the records, newest first in the reading, oldest first in the answer.

A pump's run is recorded in slices of half a second and a correction. Here they are put together again: events of one
kind and cause that follow each other closely are one dose.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

# Slices of one run, and the parts of one dose without a pause for mixing, follow each other within this time.
SAME_DOSE_S = 5.0

_DOSES = """
SELECT rowid, utc_s, event, volume_change_ml, source FROM dosing_events
WHERE experiment = ? AND utc_s BETWEEN ? AND ? ORDER BY utc_s DESC, rowid DESC
"""
_LEDS = """
SELECT rowid, utc_s, channel, intensity, source FROM led_events
WHERE experiment = ? AND utc_s BETWEEN ? AND ? ORDER BY utc_s DESC, rowid DESC LIMIT ?
"""


@dataclass
class Dose:
    """Events of one kind and cause, put together.

    Attributes:
        id: number of the first of them, which is never another dose's.
        start_s, end_s: UTC seconds of the first and of the last of them.
        event: add_media, add_alt_media, another add_..., remove_waste.
        volume_ml: their sum, positive for waste too.
        source: who dosed.
        doses: how many doses these are: more than one when they were put together over a longer time.
    """

    id: int
    start_s: float
    end_s: float
    event: str
    volume_ml: float
    source: str
    doses: int = 1

    def reaches_back_to(self, utc_s: float, together_s: float) -> bool:
        """Whether an earlier event belongs to it: one close before its first, or not long before its last."""
        is_close = self.start_s - utc_s <= min(SAME_DOSE_S, together_s)
        return together_s > 0 and (is_close or self.end_s - utc_s <= together_s)

    def add_earlier(self, event_id: int, utc_s: float, volume_ml: float) -> None:
        """Take in an event from before."""
        self.doses += self.start_s - utc_s > SAME_DOSE_S
        self.id, self.start_s = event_id, utc_s
        self.volume_ml += volume_ml


@dataclass(frozen=True)
class LedEvent:
    """An LED was set to an intensity in percent at a time in UTC seconds."""

    id: int
    utc_s: float
    channel: str
    intensity: float
    source: str


def read_doses(
    connection: sqlite3.Connection, experiment: str, from_s: float, to_s: float, most: int, together_s: float
) -> tuple[list[Dose], bool]:
    """Return the newest doses of an experiment, oldest first, and whether there are older ones in the span.

    At most `most` doses are given. Events of one dose are put together, and doses within `together_s`; none at 0.
    """
    under_way: dict[tuple[str, str], Dose] = {}
    whole: list[Dose] = []
    for event_id, utc_s, event, volume_ml, source in connection.execute(_DOSES, (experiment, from_s, to_s)):
        for key, dose in tuple(under_way.items()):
            if not dose.reaches_back_to(utc_s, together_s):
                whole.append(under_way.pop(key))
        if len(whole) > most:
            break
        known = under_way.get((event, source))
        if known is None:
            under_way[event, source] = Dose(event_id, utc_s, utc_s, event, volume_ml, source)
        else:
            known.add_earlier(event_id, utc_s, volume_ml)
    else:
        whole += under_way.values()
    whole.sort(key=lambda dose: (dose.start_s, dose.id))
    return whole[-most:], len(whole) > most


def read_led_events(
    connection: sqlite3.Connection, experiment: str, from_s: float, to_s: float, most: int
) -> tuple[list[LedEvent], bool]:
    """Return the newest changes of light of an experiment, oldest first, and whether there are older ones."""
    rows = connection.execute(_LEDS, (experiment, from_s, to_s, most + 1)).fetchall()
    return [LedEvent(*row) for row in reversed(rows[:most])], len(rows) > most
