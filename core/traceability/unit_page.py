"""A unit with all its record says of it: what it is made of to the last part, its history, its procedures, its runs."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from core.traceability.attachment_links import Links
from core.traceability.large_answers import written
from core.traceability.moves import POSITION, list_moves
from core.traceability.refs import PART_COLUMNS, PART_JOINS, find_unit, part_ref
from core.traceability.runs_read import read_run
from core.traceability.unit_children import DEEPEST
from core.traceability.units_read import read_unit
from core.traceability.units_store import PLACEHOLDER

EXPORT_FORMAT = "vialdesk unit record 1"
_BELOW = f"""
WITH RECURSIVE below (id, level) AS (
    SELECT id, 1 FROM units WHERE parent = ?1
    UNION ALL SELECT units.id, level + 1 FROM units JOIN below ON units.parent = below.id WHERE level < {DEEPEST}
)
SELECT unit.id, unit.uuid, unit.serial_number, unit.parent, unit.metadata, {POSITION} AS position, {PART_COLUMNS}
FROM below JOIN units AS unit ON unit.id = below.id {PART_JOINS} ORDER BY coalesce(position, parts.name), unit.id
"""  # noqa: S608 - own words
_PROCEDURES = """
SELECT procedures.uuid AS id, procedures.name, count(*) AS run_count
FROM runs JOIN procedures ON procedures.id = runs.procedure WHERE runs.unit = ? GROUP BY procedures.id
ORDER BY casefold(procedures.name), procedures.id
"""
_RUNS = "SELECT uuid FROM runs WHERE unit = ? ORDER BY started_us, id"


def read_unit_page(connection: sqlite3.Connection, serial_number: str, links: Links) -> dict[str, Any]:
    """Return a unit, the tree of its parts, its procedures and its history; raise NotFoundError when there is none."""
    number = find_unit(connection, serial_number)["id"]
    return {
        **read_unit(connection, serial_number, links),
        "parts_tree": _tree(connection, number),
        "procedures": [dict(row) for row in connection.execute(_PROCEDURES, (number,))],
        "moves": list_moves(connection, number),
    }


def export_unit(connection: sqlite3.Connection, serial_number: str, links: Links, exported_at: str) -> bytes:
    """Return a unit and all its runs, oldest first, as JSON; raise NotFoundError when there is none.

    Each run is written before the next is read: thousands of them would fill the memory otherwise. Links to attachments
    are left out: they would be worthless by the time the file is read.
    """
    unit = _without_links(read_unit_page(connection, serial_number, links))
    head = written({"format": EXPORT_FORMAT, "exported_at": exported_at, "unit": unit})
    found = connection.execute(_RUNS, (find_unit(connection, serial_number)["id"],)).fetchall()
    runs = (written(_without_links(read_run(connection, row["uuid"], links))) for row in found)
    return head[:-1] + b',"runs":[\n' + b",\n".join(runs) + b"]}\n"


def _without_links(holder: dict[str, Any]) -> dict[str, Any]:
    for file in holder["attachments"]:
        file["download_url"] = None
    return holder


def _tree(connection: sqlite3.Connection, number: int) -> list[dict[str, Any]]:
    below: dict[int, list[dict[str, Any]]] = {number: []}
    rows = connection.execute(_BELOW, (number,)).fetchall()
    below.update({row["id"]: [] for row in rows})
    for row in rows:
        below[row["parent"]].append(
            {
                "id": row["uuid"],
                "serial_number": row["serial_number"],
                "position": row["position"],
                "is_placeholder": bool(json.loads(row["metadata"]).get(PLACEHOLDER)),
                "part": part_ref(row),
                "parts_tree": below[row["id"]],
            }
        )
    return below[number]
