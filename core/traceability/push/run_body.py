"""A run of the record in the form in which it is sent, which is the one it was once sent here in."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from core.schemas.unit_record.fields import MOST_METADATA
from core.traceability.moments import moment
from core.traceability.refs import PART_COLUMNS, PART_JOINS

_RUN = (
    f"SELECT row.*, unit.serial_number, {PART_COLUMNS}, batches.number AS batch_number, "  # noqa: S608 - own words
    "procedures.name AS procedure_name, versions.tag, users.email AS operator_email "
    f"FROM runs AS row JOIN units AS unit ON unit.id = row.unit {PART_JOINS} "
    "JOIN procedures ON procedures.id = row.procedure LEFT JOIN batches ON batches.id = unit.batch "
    "LEFT JOIN versions ON versions.id = row.version LEFT JOIN users ON users.id = row.operated_by WHERE row.id = ?"
)
_SUB_UNITS = (
    "SELECT units.id, units.serial_number FROM run_sub_units JOIN units ON units.id = run_sub_units.unit "
    "WHERE run_sub_units.run = ? ORDER BY units.id"
)
_PHASES = "SELECT * FROM phases WHERE run = ? ORDER BY id"
_MEASUREMENTS = (
    "SELECT measurements.* FROM phases JOIN measurements ON measurements.phase = phases.id "
    "WHERE phases.run = ? ORDER BY measurements.id"
)
_LOGS = "SELECT * FROM logs WHERE run = ? ORDER BY id"


@dataclass(frozen=True)
class RunToSend:
    """A run, and what must be on the server before it.

    Attributes:
        body: without the procedure's id, which the server gives, and the operator, who may be unknown there.
        units: rows of the unit and of its sub-units.
        procedure: the procedure's row.
        operator: e-mail address; None for none.
    """

    body: dict[str, Any]
    started_us: int
    ended_us: int
    units: tuple[int, ...]
    procedure: int
    procedure_name: str
    operator: str | None

    @property
    def metadata(self) -> dict[str, Any]:
        """The run's own metadata."""
        return dict(self.body.get("metadata", {}))

    def body_for(self, procedure_id: str, *, knows_operator: bool) -> dict[str, Any]:
        """Return the whole body; an operator the server does not know is named in the metadata."""
        body = {**self.body, "procedure_id": procedure_id}
        if self.operator is None:
            return body
        if knows_operator:
            return {**body, "operated_by": self.operator}
        if len(self.metadata) < MOST_METADATA:
            body["metadata"] = {"operated_by": self.operator, **self.metadata}
        return body


def run_to_send(connection: sqlite3.Connection, run: int) -> RunToSend | None:
    """Return a run as it is sent, None when it is gone."""
    row = connection.execute(_RUN, (run,)).fetchone()
    if row is None:
        return None
    sub_units = connection.execute(_SUB_UNITS, (run,)).fetchall()
    body = {
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "serial_number": row["serial_number"],
        "part_number": row["part_number"],
        "revision_number": row["revision_number"],
        "phases": _phases(connection, run),
        "logs": [_log(each) for each in connection.execute(_LOGS, (run,))],
        # By this the server knows a run that is sent again.
        "client_run_ref": row["uuid"],
        **_given(
            procedure_version=row["tag"],
            batch_number=row["batch_number"],
            docstring=row["docstring"],
            sub_units=[each["serial_number"] for each in sub_units],
            metadata=json.loads(row["metadata"]),
            **json.loads(row["details"]),
        ),
    }
    units = (row["unit"], *(each["id"] for each in sub_units))
    return RunToSend(
        body, row["started_us"], row["ended_us"], units, row["procedure"], row["procedure_name"], row["operator_email"]
    )


def _phases(connection: sqlite3.Connection, run: int) -> list[dict[str, Any]]:
    measurements: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(_MEASUREMENTS, (run,)):
        measurements.setdefault(row["phase"], []).append(_measurement(row))
    return [_phase(row, measurements.get(row["id"], [])) for row in connection.execute(_PHASES, (run,))]


def _phase(row: sqlite3.Row, measurements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "retry_count": row["retry_count"],
        "measurements": measurements,
        **_given(docstring=row["docstring"], sequence_path=row["sequence_path"]),
    }


def _measurement(row: sqlite3.Row) -> dict[str, Any]:
    value, kept = json.loads(row["value"]), json.loads(row["details"])
    series = kept.get("series") or []
    measured = {} if value is None else {"measured_value": value}
    return {
        "name": row["name"],
        "outcome": row["outcome"],
        **measured,
        **_given(
            units=row["units"],
            docstring=kept.get("docstring"),
            validators=kept.get("validators"),
            aggregations=kept.get("aggregations"),
            x_axis=series[0] if series else None,
            y_axis=series[1:],
        ),
    }


def _log(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "level": row["level"],
        "timestamp": moment(row["utc_us"]),
        "message": row["message"],
        "source_file": row["source_file"],
        "line_number": row["line_number"],
    }


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, [], {})}
