"""Annotations: what people note of an experiment, each at a moment of its time axis."""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from core.bus import AnnotationChanged, Bus
from core.clock import Clock, timestamp
from core.errors import BadRequestError, NotFoundError
from core.records.records import Records

_ADD = "INSERT INTO annotations VALUES (?, ?, ?, ?, ?, ?, NULL)"
_CHANGE = "UPDATE annotations SET text = ?, utc_s = ?, changed_at = ? WHERE id = ?"
_DELETE = "DELETE FROM annotations WHERE id = ?"
_FIND = "SELECT * FROM annotations WHERE experiment = ? AND id = ?"
_LIST = """
SELECT * FROM annotations WHERE experiment = ? AND utc_s BETWEEN ? AND ? ORDER BY utc_s DESC, id DESC LIMIT ?
"""


@dataclass(frozen=True)
class Annotation:
    """One note; times in UTC seconds, `utc_s` the moment it is about, `changed_at` None while nobody changed it."""

    id: int
    utc_s: float
    experiment: str
    text: str
    who: str
    recorded_at: float
    changed_at: float | None = None

    def item(self) -> dict[str, Any]:
        """Return the note as the API shows it."""
        return {
            "id": self.id,
            "experiment": self.experiment,
            "t": timestamp(self.utc_s),
            "text": self.text,
            "who": self.who,
            "recorded_at": timestamp(self.recorded_at),
            "changed_at": None if self.changed_at is None else timestamp(self.changed_at),
        }


class Annotations:
    """The notes of all experiments; made by `load_annotations`. Whether an experiment is known is the caller's to see.

    Args:
        last_id: the greatest number a note ever had, as far as known.
    """

    def __init__(self, records: Records, bus: Bus, clock: Clock, last_id: int) -> None:
        self._records = records
        self._bus = bus
        self._clock = clock
        self._ids = itertools.count(last_id + 1)

    async def list(self, experiment: str, from_s: float, to_s: float, most: int) -> list[Annotation]:
        """Return the newest notes of an experiment within a span, oldest first."""

        def read(connection: sqlite3.Connection) -> list[Annotation]:
            rows = connection.execute(_LIST, (experiment, from_s, to_s, most)).fetchall()
            return [Annotation(*row) for row in reversed(rows)]

        return await self._records.read(read)

    def add(self, experiment: str, text: str, utc_s: float | None, who: str) -> Annotation:
        """Write down a note about a moment, now when None; raise BadRequestError when the text says nothing."""
        now_s = self._clock.utc_s()
        moment_s = now_s if utc_s is None else utc_s
        note = Annotation(next(self._ids), moment_s, experiment, _checked(text), who, now_s)
        self._records.write(_ADD, note.id, note.utc_s, experiment, note.text, who, now_s)
        self._tell("created", note)
        return note

    async def change(self, experiment: str, note_id: int, text: str | None, utc_s: float | None) -> Annotation:
        """Change what is given (not None) of a note; raise NotFoundError when there is no such note."""
        note = await self._find(experiment, note_id)
        note = replace(
            note,
            text=note.text if text is None else _checked(text),
            utc_s=note.utc_s if utc_s is None else utc_s,
            changed_at=self._clock.utc_s(),
        )
        self._records.write(_CHANGE, note.text, note.utc_s, note.changed_at, note.id)
        self._tell("changed", note)
        return note

    async def delete(self, experiment: str, note_id: int) -> None:
        """Delete a note; raise NotFoundError when there is no such note."""
        note = await self._find(experiment, note_id)
        self._records.write(_DELETE, note.id)
        self._tell("deleted", note)

    async def _find(self, experiment: str, note_id: int) -> Annotation:
        row = await self._records.read(lambda connection: connection.execute(_FIND, (experiment, note_id)).fetchone())
        if row is None:
            raise NotFoundError(f"Experiment {experiment!r} has no note {note_id}.", remedy="It may have been deleted.")
        return Annotation(*row)

    def _tell(self, action: str, note: Annotation) -> None:
        self._bus.publish(AnnotationChanged(note.experiment, note.id, action, note.text, note.who))


async def load_annotations(records: Records, bus: Bus, clock: Clock) -> Annotations:
    """Return the annotations in the records."""
    last_id = await records.read(lambda connection: connection.execute("SELECT max(id) FROM annotations").fetchone()[0])
    return Annotations(records, bus, clock, last_id or 0)


def _checked(text: str) -> str:
    if not text.strip():
        raise BadRequestError("A note needs a text.", remedy="Write what there is to say.", fields=["text"])
    return text.strip()
