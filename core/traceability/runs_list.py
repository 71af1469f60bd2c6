"""Lists of runs: what they can be filtered and sorted by."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from core.schemas.unit_record.fields import Moment, RunOutcome, Span
from core.traceability.lists import Filters, ListQuery, Order, Page, SortOrder, read_page
from core.traceability.runs_read import run_rows

_SHORTEST_ID_PART = 8
_ORDERS = {
    "started_at": "row.started_us",
    "created_at": "row.created_us",
    "duration": "row.ended_us - row.started_us",
    "outcome": "row.outcome",
    "serial_number": "unit.serial_number",
    "part_number": "parts.number",
    "revision_number": "revisions.number",
}
# CROSS JOIN has SQLite go through the tables in this order: it is that of the answer, and fifty rows are enough.
_OF_REVISION = "CROSS JOIN units AS unit ON unit.revision = revisions.id CROSS JOIN runs AS row ON row.unit = unit.id"
_SOURCES = {
    "serial_number": "units AS unit CROSS JOIN runs AS row ON row.unit = unit.id",
    "part_number": f"parts CROSS JOIN revisions ON revisions.part = parts.id {_OF_REVISION}",
    "revision_number": f"revisions {_OF_REVISION}",
}
_UNIT_IN = "row.unit IN (SELECT id FROM units WHERE {})"
_REVISION_IN = _UNIT_IN.format(
    "revision IN (SELECT r.id FROM revisions AS r JOIN parts AS p ON p.id = r.part WHERE {})"
)
_BATCH_IN = _UNIT_IN.format("batch IN (SELECT id FROM batches WHERE {})")


class RunConditions(ListQuery):
    """What a list of runs, or of what runs consist of, is asked for with; parameters combine with AND."""

    ids: list[str] | None = None
    procedure_versions: list[str] | None = None
    serial_numbers: list[str] | None = None
    part_numbers: list[str] | None = None
    revision_numbers: list[str] | None = None
    batch_numbers: list[str] | None = None
    duration_min: Span | None = None
    duration_max: Span | None = None
    created_by_user_ids: list[str] | None = None
    created_by_station_ids: list[str] | None = None
    operated_by_ids: list[str] | None = None


class RunQuery(RunConditions):
    """What a list of runs is asked for with; parameters combine with AND, values of one with OR."""

    search_query: str | None = None
    outcomes: list[RunOutcome] | None = None
    procedure_ids: list[str] | None = None
    started_after: Moment | None = None
    started_before: Moment | None = None
    ended_after: Moment | None = None
    ended_before: Moment | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    sort_by: Literal[
        "started_at", "created_at", "duration", "outcome", "serial_number", "part_number", "revision_number"
    ] = "started_at"
    sort_order: SortOrder = "desc"


def run_conditions(query: RunConditions) -> Filters:
    """Return the conditions on runs, whose table has the alias `row`."""
    filters = Filters()
    filters.any_of("row.uuid", query.ids)
    filters.any_of("tag", query.procedure_versions, "row.version IN (SELECT id FROM versions WHERE {})")
    filters.any_of("serial_number", query.serial_numbers, _UNIT_IN)
    filters.any_of("p.number", query.part_numbers, _REVISION_IN)
    filters.any_of("r.number", query.revision_numbers, _REVISION_IN)
    filters.any_of("number", query.batch_numbers, _BATCH_IN)
    filters.between("row.ended_us - row.started_us", query.duration_min, query.duration_max)
    filters.any_of("uuid", query.created_by_user_ids, "row.by_user IN (SELECT id FROM users WHERE {})")
    filters.any_of("uuid", query.created_by_station_ids, "row.by_station IN (SELECT id FROM stations WHERE {})")
    filters.any_of("uuid", query.operated_by_ids, "row.operated_by IN (SELECT id FROM users WHERE {})")
    return filters


def list_runs(connection: sqlite3.Connection, query: RunQuery, page: Page) -> dict[str, Any]:
    """Return one page of the runs that fit."""
    filters = run_conditions(query)
    if query.search_query:
        _search(filters, query.search_query.lower())
    filters.any_of("row.outcome", query.outcomes)
    filters.any_of("uuid", query.procedure_ids, "row.procedure IN (SELECT id FROM procedures WHERE {})")
    filters.between("row.started_us", query.started_after, query.started_before)
    filters.between("row.ended_us", query.ended_after, query.ended_before)
    filters.between("row.created_us", query.created_after, query.created_before)
    order = Order(_ORDERS[query.sort_by], query.sort_order)
    source = _SOURCES.get(query.sort_by, "runs AS row")
    return read_page(connection, "runs", source, filters, order, page, lambda found: run_rows(connection, found))


def _search(filters: Filters, text: str) -> None:
    """Keep runs of units whose serial number has the text, and runs whose id begins with it."""
    of_units = _UNIT_IN.format("instr(lower(serial_number), ?)")
    if len(text) < _SHORTEST_ID_PART:
        filters.add(of_units, text)
    else:
        filters.add(f"({of_units} OR (row.uuid >= ? AND row.uuid < ?))", text, text, f"{text}~")
