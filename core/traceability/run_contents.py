"""Phases, measurements and log lines across the runs of a procedure: one of them, and lists."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from core.errors import NotFoundError
from core.schemas.unit_record.fields import MeasurementOutcome, Moment, PhaseOutcome, RunOutcome, Uuid
from core.traceability.lists import Filters, Order, Page, SortOrder, read_page
from core.traceability.measured import shown_details
from core.traceability.moments import moment
from core.traceability.refs import CREATOR_COLUMNS, CREATOR_JOINS, creators
from core.traceability.row_ids import Kind, RowIds
from core.traceability.runs_list import RunConditions, run_conditions
from core.traceability.runs_read import measurement_item, phase_item

_RUN = "JOIN runs AS run ON run.id = {run} JOIN units AS unit ON unit.id = run.unit"
_OF_PHASE = _RUN.format(run="row.run")
_OF_MEASUREMENT = "JOIN phases AS phase ON phase.id = row.phase " + _RUN.format(run="phase.run")
# CROSS JOIN has SQLite go through the tables in this order: it is that of the answer, and fifty rows are enough.
_RUNS = "runs AS run CROSS JOIN units AS unit ON unit.id = run.unit "
_PHASES_BY_RUN = _RUNS + "CROSS JOIN phases AS row ON row.run = run.id"
_MEASUREMENTS_BY_RUN = (
    _RUNS + "CROSS JOIN phases AS phase ON phase.run = run.id CROSS JOIN measurements AS row ON row.phase = phase.id"
)
_LOGS_BY_TIME = "logs AS row CROSS JOIN runs AS run ON run.id = row.run CROSS JOIN units AS unit ON unit.id = run.unit"
_RUN_COLUMNS = "run.uuid AS run_id, run.outcome AS run_outcome, run.started_us AS run_started_us, unit.serial_number"
_PROCEDURE = "JOIN procedures ON procedures.id = run.procedure"
_PROCEDURE_COLUMNS = "procedures.uuid AS procedure_id, procedures.name AS procedure_name"
# A phase is a run's last attempt when none of the same name has a higher count.
_IS_FINAL = (
    "NOT EXISTS (SELECT 1 FROM phases AS later WHERE later.run = {p}.run AND later.name = {p}.name "
    "AND later.retry_count > {p}.retry_count)"
)
_PHASE = (
    f"SELECT row.*, {_RUN_COLUMNS}, {_PROCEDURE_COLUMNS}, {_IS_FINAL.format(p='row')} AS is_final "  # noqa: S608
    f"FROM phases AS row {_OF_PHASE} {_PROCEDURE} WHERE row.id = ?"
)
_MEASUREMENT = (
    f"SELECT row.*, phase.name AS phase_name, phase.started_us, phase.retry_count, {_RUN_COLUMNS}, "  # noqa: S608
    f"{_PROCEDURE_COLUMNS}, {_IS_FINAL.format(p='phase')} AS is_final "
    f"FROM measurements AS row {_OF_MEASUREMENT} {_PROCEDURE} WHERE row.id = ?"
)
_LOG = (
    f"SELECT row.*, {_RUN_COLUMNS}, {_PROCEDURE_COLUMNS}, unit.uuid AS unit_id, {CREATOR_COLUMNS} "  # noqa: S608
    f"FROM logs AS row {_OF_PHASE} {_PROCEDURE} "
    f"{CREATOR_JOINS.replace('row.by_', 'run.by_')} WHERE row.id = ?"
)
_OF_PROCEDURE = "run.procedure = (SELECT id FROM procedures WHERE uuid = ?)"
_PHASE_ORDERS = {
    "started_at": "run.started_us, row.started_us",
    "duration": "row.ended_us - row.started_us",
    "outcome": "row.outcome",
    "serial_number": "unit.serial_number",
    "phase_name": "row.name",
}
_LOG_ORDERS = {"created_at": "row.utc_us", "level": "row.level", "run_id": "run.uuid", "outcome": "run.outcome"}


class PhaseQuery(RunConditions):
    """What a list of phases is asked for with; `ids` are those of runs."""

    procedure_id: Uuid
    exclude_retries: bool = True
    names: list[str] | None = None
    outcomes: list[PhaseOutcome] | None = None
    run_outcomes: list[RunOutcome] | None = None
    started_after: Moment | None = None
    started_before: Moment | None = None
    sort_by: Literal["started_at", "duration", "outcome", "serial_number", "phase_name"] = "started_at"
    sort_order: SortOrder = "desc"


class MeasurementQuery(RunConditions):
    """What a list of measurements is asked for with; `ids` and `outcomes` are those of runs."""

    procedure_id: Uuid
    exclude_retries: bool = True
    phase_name: str | None = None
    measurement_name: str | None = None
    phase_names: list[str] | None = None
    outcomes: list[RunOutcome] | None = None
    measurement_outcomes: list[MeasurementOutcome] | None = None
    value_min: Annotated[float | None, Field(allow_inf_nan=False)] = None
    value_max: Annotated[float | None, Field(allow_inf_nan=False)] = None
    value_bool: bool | None = None
    value_strings: list[str] | None = None
    started_after: Moment | None = None
    started_before: Moment | None = None
    sort_order: SortOrder = "desc"


class LogQuery(RunConditions):
    """What a list of log lines is asked for with."""

    search_query: str | None = None
    run_ids: list[str] | None = None
    run_outcomes: list[RunOutcome] | None = None
    procedure_ids: list[str] | None = None
    levels: list[str] | None = None
    source_files: list[str] | None = None
    timestamp_after: Moment | None = None
    timestamp_before: Moment | None = None
    sort_by: Literal["created_at", "level", "run_id", "outcome"] = "created_at"
    sort_order: SortOrder = "desc"


def list_phases(connection: sqlite3.Connection, query: PhaseQuery, page: Page) -> dict[str, Any]:
    """Return one page of the phases that fit."""
    filters = _of_runs(connection, query, query.run_outcomes)
    filters.add(_OF_PROCEDURE, query.procedure_id)
    filters.any_of("row.name", query.names)
    filters.any_of("row.outcome", query.outcomes)
    filters.between("row.started_us", query.started_after, query.started_before)
    if query.exclude_retries:
        filters.add(_IS_FINAL.format(p="row"))
    order = Order(_PHASE_ORDERS[query.sort_by], query.sort_order)
    return read_page(connection, "phases", _PHASES_BY_RUN, filters, order, page, _rows_by(_PHASE, _phase_row))


def list_measurements(connection: sqlite3.Connection, query: MeasurementQuery, page: Page) -> dict[str, Any]:
    """Return one page of the measurements that fit, by the start of their phases."""
    filters = _of_runs(connection, query, query.outcomes)
    filters.add(_OF_PROCEDURE, query.procedure_id)
    filters.any_of("phase.name", query.phase_names or _one(query.phase_name))
    filters.any_of("row.name", _one(query.measurement_name))
    filters.any_of("row.outcome", query.measurement_outcomes)
    if query.measurement_outcomes and "PASS" not in query.measurement_outcomes:
        filters.add("row.outcome <> 'PASS'")  # there is an index of the few that did not
    filters.between("phase.started_us", query.started_after, query.started_before)
    _of_value(filters, query)
    if query.exclude_retries:
        # This names `row` so that it is looked at last: most measurements have been left out by then.
        filters.add(f"{_IS_FINAL.format(p='phase')[:-1]} AND row.id)")
    order = Order("run.started_us, phase.started_us", query.sort_order)
    rows_of = _rows_by(_MEASUREMENT, _measurement_row)
    return read_page(connection, "measurements", _MEASUREMENTS_BY_RUN, filters, order, page, rows_of)


def list_logs(connection: sqlite3.Connection, query: LogQuery, page: Page) -> dict[str, Any]:
    """Return one page of the log lines that fit."""
    filters = _of_runs(connection, query, query.run_outcomes)
    filters.has_name(query.search_query, "row.message")
    filters.refers_to(connection, "row.run", "run", query.run_ids)
    filters.refers_to(connection, "run.procedure", "procedure", query.procedure_ids)
    filters.any_of("row.level", query.levels)
    filters.any_of("row.source_file", query.source_files)
    filters.between("row.utc_us", query.timestamp_after, query.timestamp_before)
    order = Order(_LOG_ORDERS[query.sort_by], query.sort_order)
    return read_page(connection, "logs", _LOGS_BY_TIME, filters, order, page, _rows_by(_LOG, _log_row))


def read_phase(connection: sqlite3.Connection, uuid: str) -> dict[str, Any]:
    """Return a phase with its measurements, run and procedure; raise NotFoundError when there is none."""
    row, ids = _find(connection, "phase", _PHASE, uuid)
    sql = "SELECT * FROM measurements WHERE phase = ? ORDER BY id"
    measurements = [measurement_item(each, ids) for each in connection.execute(sql, (row["id"],))]
    run = {"id": row["run_id"], "serial_number": row["serial_number"]}
    return {**phase_item(row, ids, measurements), "run": run, "procedure": _procedure(row)}


def read_measurement(connection: sqlite3.Connection, uuid: str) -> dict[str, Any]:
    """Return a measurement with its phase, run and procedure; raise NotFoundError when there is none."""
    row, ids = _find(connection, "measurement", _MEASUREMENT, uuid)
    return {
        **measurement_item(row, ids),
        "phase": {"id": ids.make("phase", row["phase"]), "name": row["phase_name"]},
        "run": {"id": row["run_id"], "outcome": row["run_outcome"], "serial_number": row["serial_number"]},
        "procedure": _procedure(row),
    }


def read_log(connection: sqlite3.Connection, uuid: str) -> dict[str, Any]:
    """Return a log line with its run, unit and procedure; raise NotFoundError when there is none."""
    row, ids = _find(connection, "log", _LOG, uuid)
    return _log_row(row, ids)


def _rows_by(
    sql: str, make: Callable[[sqlite3.Row, RowIds], dict[str, Any]]
) -> Callable[[sqlite3.Connection, Sequence[int]], list[dict[str, Any]]]:
    """Return what makes the rows of a page, each read by `sql`."""

    def rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
        ids = RowIds(connection)
        return [make(connection.execute(sql, (number,)).fetchone(), ids) for number in numbers]

    return rows


def _find(connection: sqlite3.Connection, kind: Kind, sql: str, uuid: str) -> tuple[sqlite3.Row, RowIds]:
    ids = RowIds(connection)
    number = ids.number(kind, uuid)
    row = None if number is None else connection.execute(sql, (number,)).fetchone()
    if row is None:
        raise NotFoundError(f"The {kind} {uuid} was not found.", remedy="Check the id.")
    return row, ids


def _of_runs(connection: sqlite3.Connection, query: RunConditions, outcomes: Sequence[str] | None) -> Filters:
    """Return the conditions on the runs that phases, measurements and log lines belong to."""
    runs, filters = run_conditions(connection, query), Filters()
    runs.any_of("row.outcome", outcomes)
    if runs.conditions:
        filters.add(f"run.id IN (SELECT row.id FROM runs AS row WHERE {runs.where()})", *runs.values)  # noqa: S608
    return filters


def _of_value(filters: Filters, query: MeasurementQuery) -> None:
    """Keep measurements of such a value, which is stored as JSON text."""
    if query.value_min is not None or query.value_max is not None:
        filters.add("row.value GLOB '[-0-9]*'")
    if query.value_min is not None:
        filters.add("CAST(row.value AS REAL) >= ?", query.value_min)
    if query.value_max is not None:
        filters.add("CAST(row.value AS REAL) <= ?", query.value_max)
    if query.value_bool is not None:
        filters.add("row.value = ?", json.dumps(query.value_bool))
    filters.any_of("row.value", [json.dumps(text) for text in query.value_strings or ()])


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _procedure(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["procedure_id"], "name": row["procedure_name"]}


def _phase_row(row: sqlite3.Row, ids: RowIds) -> dict[str, Any]:
    return {
        "id": ids.make("phase", row["id"]),
        "name": row["name"],
        "outcome": row["outcome"],
        "started_at": moment(row["started_us"]),
        "ended_at": moment(row["ended_us"]),
        "duration_ms": max(0, row["ended_us"] - row["started_us"]) // 1000,
        "retry_count": row["retry_count"],
        "sequence_path": row["sequence_path"],
        "is_final_attempt": bool(row["is_final"]),
        "run_id": row["run_id"],
        "run_outcome": row["run_outcome"],
        "serial_number": row["serial_number"],
        "sample": None,
    }


def _measurement_row(row: sqlite3.Row, ids: RowIds) -> dict[str, Any]:
    made = ids.make("measurement", row["id"])
    value, details = json.loads(row["value"]), shown_details(row["details"], made)
    kind = "multidimensional" if details["data_series"] else _type_of(value)
    return {
        "id": made,
        "phase_name": row["phase_name"],
        "measurement_name": row["name"],
        "started_at": moment(row["started_us"]),
        "value": value if kind == "numeric" else None,
        "bool_value": value if kind == "boolean" else None,
        "string_value": value if kind == "string" else None,
        "units": row["units"],
        "measurement_outcome": row["outcome"],
        "run_id": row["run_id"],
        "serial_number": row["serial_number"],
        "sample": None,
        "measurement_type": kind,
        "retry_count": row["retry_count"],
        "is_final_attempt": bool(row["is_final"]),
        "validators": details["validators"],
    }


def _type_of(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "boolean"
    return "numeric" if isinstance(value, int | float) else "string" if isinstance(value, str) else "json"


def _log_row(row: sqlite3.Row, ids: RowIds) -> dict[str, Any]:
    return {
        "id": ids.make("log", row["id"]),
        "level": row["level"],
        "message": row["message"],
        "created_at": moment(row["utc_us"]),
        "source_file": row["source_file"],
        "line_number": row["line_number"],
        "run": {"id": row["run_id"], "outcome": row["run_outcome"], "started_at": moment(row["run_started_us"])},
        "unit": {"id": row["unit_id"], "serial_number": row["serial_number"]},
        "procedure": _procedure(row),
        **creators(row),
    }
