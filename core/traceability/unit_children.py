"""What a unit is made of: units under units, never in a circle."""

from __future__ import annotations

import sqlite3

from core.errors import BadRequestError
from core.traceability.book import Change
from core.traceability.moves import note_move
from core.traceability.refs import find_unit

# No instrument has that many levels, and every reader of the whole tree must be able to follow it.
DEEPEST = 100
# How many levels there are under a unit; more than those need not be told apart.
_HEIGHT = f"""
WITH RECURSIVE below (id, level) AS (
    SELECT ?, 0 UNION ALL
    SELECT units.id, level + 1 FROM units JOIN below ON units.parent = below.id WHERE level < {DEEPEST}
) SELECT max(level) FROM below
"""  # noqa: S608 - a number of our own


def add_child(change: Change, parent_serial: str, child_serial: str, position: str | None = None) -> str:
    """Put a unit under another one, there at a position, taking it from where it was; return the child's id.

    Raises:
        NotFoundError: one of the two is not there.
        BadRequestError: the child is the parent itself or above it, or would be deeper than `DEEPEST`.
    """
    parent, child = _both(change, parent_serial, child_serial)
    put_under(change, parent["id"], child, position)
    return str(child["uuid"])


def remove_child(change: Change, parent_serial: str, child_serial: str) -> str:
    """Take a unit out from under another one; return the child's id.

    Raises:
        NotFoundError: one of the two is not there.
        BadRequestError: it is not directly under that one.
    """
    parent, child = _both(change, parent_serial, child_serial)
    if child["parent"] != parent["id"]:
        what = f"The unit {child['serial_number']!r} is not a child of {parent['serial_number']!r}."
        raise BadRequestError(what, remedy="Look at the unit's children first.")
    note_move(change, child["id"], parent["id"], None)
    change.connection.execute("UPDATE units SET parent = NULL WHERE id = ?", (child["id"],))
    return str(child["uuid"])


def put_under(change: Change, parent: int, child: sqlite3.Row, position: str | None = None) -> None:
    """Put a unit under the one in row `parent`; raise BadRequestError for a circle, or too deep."""
    above: int | None = parent
    levels = change.connection.execute(_HEIGHT, (child["id"],)).fetchone()[0]
    while above is not None:
        levels += 1
        if above == child["id"]:
            what = f"The unit {child['serial_number']!r} cannot be put under itself or under what it contains."
            raise BadRequestError(what, remedy="Take it apart first.")
        above = change.connection.execute("SELECT parent FROM units WHERE id = ?", (above,)).fetchone()[0]
    if levels > DEEPEST:
        what = f"The unit {child['serial_number']!r} would be too deep: at most {DEEPEST} levels are possible."
        raise BadRequestError(what, remedy="Put it under one further up.")
    note_move(change, child["id"], child["parent"], parent, position)
    change.connection.execute("UPDATE units SET parent = ? WHERE id = ?", (parent, child["id"]))


def _both(change: Change, parent_serial: str, child_serial: str) -> tuple[sqlite3.Row, sqlite3.Row]:
    parent = find_unit(change.connection, parent_serial)
    return parent, find_unit(change.connection, child_serial, "child unit")
