"""What was built into a unit and taken out of it, when and by whom: the history of what a unit is made of."""

from __future__ import annotations

import sqlite3
from typing import Any

from core.traceability.book import Change
from core.traceability.moments import moment
from core.traceability.refs import CREATOR_COLUMNS, CREATOR_JOINS, PART_COLUMNS, PART_JOINS, creators, part_ref

_MOVES = f"""
SELECT row.utc_us, row.is_in, unit.uuid AS unit_id, unit.serial_number, {PART_COLUMNS}, {CREATOR_COLUMNS}
FROM moves AS row JOIN units AS unit ON unit.id = row.unit {PART_JOINS} {CREATOR_JOINS}
WHERE row.parent = ? ORDER BY row.id DESC
"""  # noqa: S608 - own words


def note_move(change: Change, unit: int, before: int | None, after: int | None) -> None:
    """Note that the unit in row `unit` left one unit and came into another; nothing when it stayed."""
    if before == after:
        return
    whose = {"by_user": change.caller.user, "by_station": change.caller.station}
    for parent, is_in in ((before, 0), (after, 1)):
        if parent is not None:
            change.insert("moves", utc_us=change.utc_us, unit=unit, parent=parent, is_in=is_in, **whose)


def list_moves(connection: sqlite3.Connection, parent: int) -> list[dict[str, Any]]:
    """Return what came into the unit in row `parent` and what left it, newest first."""
    return [
        {
            "at": moment(row["utc_us"]),
            "action": "put_in" if row["is_in"] else "taken_out",
            "unit": {"id": row["unit_id"], "serial_number": row["serial_number"], "part": part_ref(row)},
            **creators(row),
        }
        for row in connection.execute(_MOVES, (parent,))
    ]
