"""Runs as they are read: one with all that belongs to it, or as a row of a list."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from core.traceability.attachment_links import Links
from core.traceability.measured import shown_details
from core.traceability.moments import duration, moment
from core.traceability.refs import (
    CREATOR_COLUMNS,
    CREATOR_JOINS,
    PART_COLUMNS,
    PART_JOINS,
    batch_ref,
    creators,
    file_ref,
    find_by_id,
    part_ref,
)
from core.traceability.row_ids import RowIds

_RUN = f"""
SELECT row.*, {CREATOR_COLUMNS}, {PART_COLUMNS}, batches.uuid AS batch_id, batches.number AS batch_number,
    unit.uuid AS unit_id, unit.serial_number, unit.sample, procedures.uuid AS procedure_id,
    procedures.name AS procedure_name, versions.uuid AS version_id, versions.tag,
    operators.uuid AS operator_id, operators.name AS operator_name, operators.email AS operator_email
FROM runs AS row JOIN units AS unit ON unit.id = row.unit {PART_JOINS}
JOIN procedures ON procedures.id = row.procedure LEFT JOIN batches ON batches.id = unit.batch
LEFT JOIN versions ON versions.id = row.version LEFT JOIN users AS operators ON operators.id = row.operated_by
{CREATOR_JOINS} WHERE row.id IN ({{numbers}})
"""  # noqa: S608 - own words
_PHASES = "SELECT * FROM phases WHERE run = ? ORDER BY started_us, name, retry_count, id"
_MEASUREMENTS = (
    "SELECT measurements.* FROM phases JOIN measurements ON measurements.phase = phases.id "
    "WHERE phases.run = ? ORDER BY measurements.id"
)
_LOGS = "SELECT * FROM logs WHERE run = ? ORDER BY id"
_ATTACHMENTS = (
    "SELECT attachments.* FROM run_attachments JOIN attachments ON attachments.id = run_attachments.attachment "
    "WHERE run_attachments.run = ? ORDER BY attachments.id"
)
_SUB_UNITS = (
    f"SELECT unit.uuid, unit.serial_number, {PART_COLUMNS} FROM run_sub_units "  # noqa: S608 - own words
    f"JOIN units AS unit ON unit.id = run_sub_units.unit {PART_JOINS} WHERE run_sub_units.run = ? ORDER BY unit.id"
)


def read_run(connection: sqlite3.Connection, uuid: str, links: Links) -> dict[str, Any]:
    """Return a run with everything in it; raise NotFoundError when there is none."""
    number = find_by_id(connection, "runs", "run", uuid)["id"]
    ids = RowIds(connection)
    files = [{**file_ref(each, links), "is_report": False} for each in connection.execute(_ATTACHMENTS, (number,))]
    return {
        **run_rows(connection, [number])[0],
        "phases": _phases(connection, number, ids),
        "logs": [_log(each, ids) for each in connection.execute(_LOGS, (number,))],
        "attachments": files,
        "sub_units": [_sub_unit(each) for each in connection.execute(_SUB_UNITS, (number,))],
        "config": [],
        "secrets": [],
        "sequences": [],
    }


def run_rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return runs as lists show them, in the order of the given row numbers."""
    marks = ", ".join("?" * len(numbers))
    found = {row["id"]: row for row in connection.execute(_RUN.format(numbers=marks), numbers)}
    return [_row(found[number]) for number in numbers]


def phase_item(row: sqlite3.Row, ids: RowIds, measurements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a phase as a run shows it."""
    return {
        "id": ids.make("phase", row["id"]),
        "name": row["name"],
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "duration": duration(max(0, row["ended_us"] - row["started_us"])),
        "retry_count": row["retry_count"],
        "docstring": row["docstring"],
        "sequence_path": row["sequence_path"],
        "measurements": measurements,
    }


def measurement_item(row: sqlite3.Row, ids: RowIds) -> dict[str, Any]:
    """Return a measurement as a run shows it."""
    made = ids.make("measurement", row["id"])
    return {
        "id": made,
        "name": row["name"],
        "outcome": row["outcome"],
        "units": row["units"],
        "measured_value": json.loads(row["value"]),
        **shown_details(row["details"], made),
    }


def _phases(connection: sqlite3.Connection, run: int, ids: RowIds) -> list[dict[str, Any]]:
    measurements: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(_MEASUREMENTS, (run,)):
        measurements.setdefault(row["phase"], []).append(measurement_item(row, ids))
    return [phase_item(row, ids, measurements.get(row["id"], [])) for row in connection.execute(_PHASES, (run,))]


def _row(row: sqlite3.Row) -> dict[str, Any]:
    operator = None
    if row["operator_id"] is not None:
        operator = {"id": row["operator_id"], "name": row["operator_name"], "email": row["operator_email"]}
    version = None if row["version_id"] is None else {"id": row["version_id"], "tag": row["tag"]}
    details = json.loads(row["details"])
    return {
        "id": row["uuid"],
        "created_at": moment(row["created_us"]),
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "duration": duration(row["ended_us"] - row["started_us"]),
        "outcome": row["outcome"],
        "docstring": row["docstring"],
        **creators(row),
        "operated_by": operator,
        "procedure": {"id": row["procedure_id"], "name": row["procedure_name"], "version": version},
        "unit": {
            "id": row["unit_id"],
            "serial_number": row["serial_number"],
            "part": part_ref(row),
            "batch": batch_ref(row),
            "sample": row["sample"],
        },
        "execution_id": details.get("execution_id"),
        "slot_key": details.get("slot_key"),
        "slot_name": details.get("slot_name"),
        "metadata": json.loads(row["metadata"]),
    }


def _log(row: sqlite3.Row, ids: RowIds) -> dict[str, Any]:
    return {
        "id": ids.make("log", row["id"]),
        "level": row["level"],
        "timestamp": moment(row["utc_us"]),
        "message": row["message"],
        "source_file": row["source_file"],
        "line_number": row["line_number"],
    }


def _sub_unit(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["uuid"],
        "serial_number": row["serial_number"],
        "part_number": row["part_number"],
        "part_name": row["part_name"],
    }
