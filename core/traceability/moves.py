"""What was built into a unit and taken out of it, when and by whom: the history of what a unit is made of."""

from __future__ import annotations

import sqlite3
from typing import Any

from core.traceability.book import Change
from core.traceability.moments import moment
from core.traceability.refs import CREATOR_COLUMNS, CREATOR_JOINS, PART_COLUMNS, PART_JOINS, creators, part_ref

_MOVES = f"""
SELECT row.utc_us, row.is_in, row.position, unit.uuid AS unit_id, unit.serial_number, {PART_COLUMNS}, {CREATOR_COLUMNS},
    above.uuid AS parent_id, above.serial_number AS parent_serial_number
FROM moves AS row JOIN units AS unit ON unit.id = row.unit JOIN units AS above ON above.id = row.parent
{PART_JOINS} {CREATOR_JOINS} WHERE row.parent = ?1 OR row.unit = ?1 ORDER BY row.id DESC
"""  # noqa: S608 - own words
# Where in its parent a unit is, by the move that brought it there.
POSITION = (
    "(SELECT position FROM moves WHERE moves.unit = unit.id AND moves.parent = unit.parent AND is_in = 1 "
    "ORDER BY moves.id DESC LIMIT 1)"
)
_POSITION_OF = f"SELECT {POSITION} FROM units AS unit WHERE unit.id = ?"  # noqa: S608 - own words


def note_move(change: Change, unit: int, before: int | None, after: int | None, position: str | None = None) -> None:
    """Note that the unit in row `unit` left one unit and came into another, there at a position; nothing if it stayed.

    It must be called before the unit's row says so: the position it leaves is found by where it is.
    """
    if before == after:
        return
    whose = {"by_user": change.caller.user, "by_station": change.caller.station}
    for parent, is_in, at in ((before, 0, position_of(change.connection, unit)), (after, 1, position)):
        if parent is not None:
            change.insert("moves", utc_us=change.utc_us, unit=unit, parent=parent, is_in=is_in, position=at, **whose)


def position_of(connection: sqlite3.Connection, unit: int) -> str | None:
    """Return where in its parent the unit in row `unit` is, None when nobody said so."""
    position: str | None = connection.execute(_POSITION_OF, (unit,)).fetchone()[0]
    return position


def list_moves(connection: sqlite3.Connection, number: int) -> list[dict[str, Any]]:
    """Return what came into the unit in row `number` and left it, and where it went itself, newest first."""
    return [
        {
            "at": moment(row["utc_us"]),
            "action": "put_in" if row["is_in"] else "taken_out",
            "position": row["position"],
            "unit": {"id": row["unit_id"], "serial_number": row["serial_number"], "part": part_ref(row)},
            "parent": {"id": row["parent_id"], "serial_number": row["parent_serial_number"]},
            **creators(row),
        }
        for row in connection.execute(_MOVES, (number,))
    ]
