"""Units as they are read: one with all that belongs to it, and lists of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from core.traceability.attachment_links import Links
from core.traceability.moments import duration, moment
from core.traceability.refs import (
    CREATOR_COLUMNS,
    CREATOR_JOINS,
    PART_COLUMNS,
    PART_JOINS,
    batch_ref,
    creators,
    file_ref,
    find_unit,
    part_ref,
)

_CHILDREN_IN_LISTS = 10
_UNIT = f"""
SELECT row.*, {CREATOR_COLUMNS}, {PART_COLUMNS}, batches.uuid AS batch_id, batches.number AS batch_number,
    above.uuid AS parent_id, above.serial_number AS parent_serial_number,
    runs.uuid AS run_id, runs.outcome, runs.started_us, runs.ended_us, runs.created_us AS run_created_us,
    procedures.uuid AS procedure_id, procedures.name AS procedure_name
FROM units AS row JOIN revisions ON revisions.id = row.revision JOIN parts ON parts.id = revisions.part
LEFT JOIN batches ON batches.id = row.batch LEFT JOIN units AS above ON above.id = row.parent
LEFT JOIN runs ON runs.id = {{run}} LEFT JOIN procedures ON procedures.id = runs.procedure {CREATOR_JOINS}
WHERE row.id IN ({{numbers}})
"""  # noqa: S608 - own words
_RELATIVES = f"""
SELECT unit.id, unit.uuid, unit.serial_number, unit.parent, {PART_COLUMNS} FROM units AS unit {PART_JOINS}
WHERE unit.{{column}} IN ({{numbers}}) ORDER BY unit.id
"""  # noqa: S608 - own words
_ATTACHMENTS = """
SELECT attachments.* FROM unit_attachments JOIN attachments ON attachments.id = unit_attachments.attachment
WHERE unit_attachments.unit = ? ORDER BY attachments.id
"""


def read_unit(connection: sqlite3.Connection, serial_number: str, links: Links) -> dict[str, Any]:
    """Return a unit with its parts, parent, children and attachments; raise NotFoundError when there is none."""
    number = find_unit(connection, serial_number)["id"]
    row = connection.execute(_UNIT.format(run="row.created_during", numbers="?"), (number,)).fetchone()
    parents = [] if row["parent"] is None else _relatives(connection, "id", [row["parent"]])
    during = None
    if row["run_id"] is not None:
        lasted = duration(row["ended_us"] - row["started_us"])
        during = {**_run(row), "created_at": moment(row["run_created_us"]), "duration": lasted}
    return {
        **_own(row),
        "parent": _relative(parents[0]) if parents else None,
        "children": [_relative(child) for child in _relatives(connection, "parent", [number])],
        "created_during": during,
        "attachments": [file_ref(each, links) for each in connection.execute(_ATTACHMENTS, (number,))],
        "metadata": json.loads(row["metadata"]),
    }


def unit_rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return units as lists show them, in the order of the given row numbers."""
    marks = ", ".join("?" * len(numbers))
    found = {row["id"]: row for row in connection.execute(_UNIT.format(run="row.last_run", numbers=marks), numbers)}
    children: dict[int, list[dict[str, Any]]] = {}
    for child in _relatives(connection, "parent", numbers):
        children.setdefault(child["parent"], []).append(_ref(child))
    return [_row(found[number], children.get(number, [])) for number in numbers]


def _row(row: sqlite3.Row, children: list[dict[str, Any]]) -> dict[str, Any]:
    parent = {"id": row["parent_id"], "serial_number": row["parent_serial_number"]}
    return {
        **_own(row),
        "parent": None if row["parent"] is None else parent,
        "children": children[:_CHILDREN_IN_LISTS],
        "last_run": None if row["run_id"] is None else _run(row),
        "metadata": json.loads(row["metadata"]),
    }


def _own(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["uuid"],
        "serial_number": row["serial_number"],
        "created_at": moment(row["created_us"]),
        **creators(row),
        "part": part_ref(row),
        "batch": batch_ref(row),
        "sample": row["sample"],
    }


def _run(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["run_id"],
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "procedure": {"id": row["procedure_id"], "name": row["procedure_name"]},
    }


def _relatives(connection: sqlite3.Connection, column: str, numbers: Sequence[int]) -> list[sqlite3.Row]:
    marks = ", ".join("?" * len(numbers))
    return connection.execute(_RELATIVES.format(column=column, numbers=marks), numbers).fetchall()


def _ref(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["uuid"], "serial_number": row["serial_number"]}


def _relative(row: sqlite3.Row) -> dict[str, Any]:
    return {**_ref(row), "part": part_ref(row)}
