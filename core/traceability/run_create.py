"""A run as it is stored: everything it names is found or made, all of it or nothing."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from core.errors import ForbiddenError, NotFoundError
from core.schemas.unit_record.run_parts import SentLog, SentMeasurement, SentPhase
from core.schemas.unit_record.runs import NewRun
from core.traceability.answers import EndBeforeStartError, UnprocessableError
from core.traceability.book import Change
from core.traceability.measured import kept_details
from core.traceability.parts_store import FIRST_REVISION
from core.traceability.procedures_store import version_for_run
from core.traceability.refs import find_by_id, find_unit
from core.traceability.unit_children import put_under

_LONGEST_MESSAGE = 10_000
_LONGEST_SOURCE = 200
_LINKED = (
    "SELECT procedures.id FROM links JOIN procedures ON procedures.id = links.procedure "
    "WHERE links.station = ? AND procedures.uuid = ?"
)
_ADD_MEASUREMENT = "INSERT INTO measurements (phase, name, outcome, value, units, details) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_LOG = "INSERT INTO logs (run, level, utc_us, message, source_file, line_number) VALUES (?, ?, ?, ?, ?, ?)"


def create_run(change: Change, body: NewRun) -> str:
    """Store a run; return its id, that of the earlier run when it was sent before under the same `client_run_ref`.

    Raises:
        EndBeforeStartError: it ends before it starts.
        ForbiddenError: the station that asks may not run the procedure.
        NotFoundError: procedure, operator or a sub-unit are not there.
        UnprocessableError: the unit is new, and no part number is given.
        BadRequestError: a sub-unit would contain itself.
    """
    if body.ended_at < body.started_at:
        raise EndBeforeStartError("The run ended before it started.", remedy="Send a later ended_at.")
    procedure = _procedure(change, body.procedure_id)
    if earlier := _sent_before(change.connection, body.client_run_ref):
        return earlier
    operator = None if body.operated_by is None else _operator(change.connection, body.operated_by)
    unit, is_new = _unit(change, body)
    number, uuid = _add_run(change, body, procedure, unit, operator)
    if is_new:
        change.connection.execute("UPDATE units SET created_during = ? WHERE id = ?", (number, unit))
    change.merge_metadata("runs", number, body.metadata)
    change.merge_metadata("units", unit, body.unit_metadata)
    _put_sub_units(change, number, unit, body.sub_units or [])
    for phase in body.phases or []:
        _add_phase(change, number, phase)
    change.connection.executemany(_ADD_LOG, [_log_values(number, log) for log in body.logs or []])
    return uuid


def _procedure(change: Change, uuid: str) -> int:
    if change.caller.station is None:
        return int(find_by_id(change.connection, "procedures", "procedure", uuid)["id"])
    row = change.connection.execute(_LINKED, (change.caller.station, uuid)).fetchone()
    if row is None:
        what = "This station is not authorized to run this procedure."
        remedy = "Link the procedure to the station first, with a user's key."
        raise ForbiddenError(what, "Stations may run the procedures they are linked to.", remedy)
    return int(row["id"])


def _sent_before(connection: sqlite3.Connection, client_run_ref: str | None) -> str | None:
    if client_run_ref is None:
        return None
    row = connection.execute("SELECT uuid FROM runs WHERE client_run_ref = ?", (client_run_ref,)).fetchone()
    return None if row is None else str(row["uuid"])


def _operator(connection: sqlite3.Connection, email: str) -> int:
    row = connection.execute("SELECT id FROM users WHERE email = ?", (email,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no user with the email address {email!r}.", remedy="Check operated_by.")
    number: int = row["id"]
    return number


def _unit(change: Change, body: NewRun) -> tuple[int, bool]:
    """Return the row of the run's unit, linked to what the run says of it, and whether it was made just now."""
    connection = change.connection
    row = connection.execute("SELECT * FROM units WHERE serial_number = ?", (body.serial_number,)).fetchone()
    revision = _revision(change, body, None if row is None else row["revision"])
    if row is None:
        number, _ = change.create("units", serial_number=body.serial_number, revision=revision)
    else:
        number = row["id"]
        connection.execute("UPDATE units SET revision = ? WHERE id = ?", (revision, number))
    if body.batch_number is not None:
        batch = _found_or_made(change, "batches", body.batch_number)
        connection.execute("UPDATE units SET batch = ? WHERE id = ?", (batch, number))
    return number, row is None


def _revision(change: Change, body: NewRun, current: int | None) -> int:
    """Return the revision the unit is of after this run."""
    connection = change.connection
    if body.part_number is None and current is None:
        what = f"The unit {body.serial_number!r} is not known yet."
        raise UnprocessableError(what, "A new unit needs a part number.", "Send part_number.")
    part = _part(change, body.part_number, current)
    if body.revision_number is not None:
        sql = "SELECT id FROM revisions WHERE part = ? AND number = ?"
        row = connection.execute(sql, (part, body.revision_number)).fetchone()
        if row is None:
            return change.create("revisions", part=part, number=body.revision_number)[0]
        return int(row["id"])
    if current is not None and _part(change, None, current) == part:
        return current
    first = connection.execute("SELECT min(id) FROM revisions WHERE part = ?", (part,)).fetchone()[0]
    return change.create("revisions", part=part, number=FIRST_REVISION)[0] if first is None else int(first)


def _part(change: Change, part_number: str | None, current: int | None) -> int:
    if part_number is not None:
        return _found_or_made(change, "parts", part_number, name=part_number)
    found: int = change.connection.execute("SELECT part FROM revisions WHERE id = ?", (current,)).fetchone()[0]
    return found


def _found_or_made(change: Change, table: str, number: str, **values: Any) -> int:
    sql = f"SELECT id FROM {table} WHERE number = ?"  # noqa: S608 - own words
    row = change.connection.execute(sql, (number,)).fetchone()
    return change.create(table, number=number, **values)[0] if row is None else int(row["id"])


def _add_run(change: Change, body: NewRun, procedure: int, unit: int, operator: int | None) -> tuple[int, str]:
    tag = body.procedure_version
    return change.create(
        "runs",
        unit=unit,
        procedure=procedure,
        version=None if tag is None else version_for_run(change, procedure, tag),
        outcome=body.outcome,
        started_us=body.started_at,
        ended_us=body.ended_at,
        docstring=body.docstring,
        operated_by=operator,
        client_run_ref=body.client_run_ref,
        details=_details(body),
    )


def _put_sub_units(change: Change, run: int, unit: int, serial_numbers: list[str]) -> None:
    for serial_number in serial_numbers:
        child = find_unit(change.connection, serial_number, "sub-unit")
        put_under(change, unit, child)
        sql = "INSERT OR IGNORE INTO run_sub_units (run, unit) VALUES (?, ?)"
        change.connection.execute(sql, (run, child["id"]))


def _add_phase(change: Change, run: int, phase: SentPhase) -> None:
    number = change.insert(
        "phases",
        run=run,
        name=phase.name,
        outcome=phase.outcome,
        started_us=phase.started_at,
        ended_us=phase.ended_at,
        retry_count=phase.retry_count,
        docstring=phase.docstring,
        sequence_path=phase.sequence_path,
    )
    rows = [_measurement_values(number, measurement) for measurement in phase.measurements or []]
    change.connection.executemany(_ADD_MEASUREMENT, rows)


def _measurement_values(phase: int, measurement: SentMeasurement) -> tuple[object, ...]:
    units = measurement.units
    if isinstance(units, list):
        units = ", ".join(units)
    value = json.dumps(measurement.measured_value, separators=(",", ":"))
    details = json.dumps(kept_details(measurement), separators=(",", ":"))
    return phase, measurement.name, measurement.outcome, value, units, details


def _log_values(run: int, log: SentLog) -> tuple[object, ...]:
    message = log.message[:_LONGEST_MESSAGE] or "(empty)"
    source = log.source_file[-_LONGEST_SOURCE:] or "unknown"
    return run, log.level, log.timestamp, message, source, log.line_number


def _details(body: NewRun) -> str:
    given = {"execution_id": body.execution_id, "slot_key": body.slot_key, "slot_name": body.slot_name}
    return json.dumps({key: value for key, value in given.items() if value is not None})
