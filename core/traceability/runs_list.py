"""Lists of runs: what they can be filtered and sorted by."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from core.schemas.unit_record.fields import Moment, RunOutcome, Span
from core.schemas.unit_record.shared import ListQuery
from core.traceability.lists import (
    CONTAINS,
    Filters,
    Order,
    Page,
    SortOrder,
    containing,
    read_page,
)
from core.traceability.metadata_filters import MetadataFilter, keep_metadata
from core.traceability.runs_read import run_rows
from core.traceability.units_list import AnySample, of_samples

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
# What a run's unit must be; where the list goes through the units anyway, there is no need to look for it.
_OF_UNIT = "row.unit IN (SELECT id FROM units WHERE {})"
_OF_UNIT_THERE = "unit.{}"
_OPERATED_BY = "row.operated_by IN (SELECT id FROM users WHERE {})"
_UNITS_WITH = f"SELECT id FROM units WHERE serial_number {CONTAINS}"  # noqa: S608 - own words
# Runs of fewer units than this are looked for unit by unit.
_FEW_UNITS = 200


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
    operated_by_names: list[str] | None = None
    samples: list[AnySample] | None = None
    execution_ids: list[str] | None = None
    slot_keys: list[str] | None = None
    slot_names: list[str] | None = None
    metadata: MetadataFilter | None = None
    sort_by: Literal[
        "started_at", "created_at", "duration", "outcome", "serial_number", "part_number", "revision_number"
    ] = "started_at"
    sort_order: SortOrder = "desc"


def run_conditions(connection: sqlite3.Connection, query: RunConditions, of_unit: str = _OF_UNIT) -> Filters:
    """Return the conditions on runs, whose table has the alias `row`; `of_unit` holds what their unit must be."""
    filters = Filters()
    filters.any_of("row.uuid", query.ids)
    filters.refers_to(connection, "row.version", "version", query.procedure_versions)
    filters.refers_to(connection, "row.unit", "unit", query.serial_numbers)
    filters.refers_to(connection, "revision", "part", query.part_numbers, of_unit)
    filters.refers_to(connection, "revision", "revision", query.revision_numbers, of_unit)
    filters.refers_to(connection, "batch", "batch", query.batch_numbers, of_unit)
    filters.between("row.ended_us - row.started_us", query.duration_min, query.duration_max)
    filters.refers_to(connection, "row.by_user", "user", query.created_by_user_ids)
    filters.refers_to(connection, "row.by_station", "station", query.created_by_station_ids)
    filters.refers_to(connection, "row.operated_by", "user", query.operated_by_ids)
    return filters


def list_runs(connection: sqlite3.Connection, query: RunQuery, page: Page) -> dict[str, Any]:
    """Return one page of the runs that fit."""
    goes_by_unit = query.sort_by in _SOURCES
    filters = run_conditions(connection, query, _OF_UNIT_THERE if goes_by_unit else _OF_UNIT)
    if query.search_query:
        _search(connection, filters, query.search_query.lower())
    filters.refers_to(connection, "row.procedure", "procedure", query.procedure_ids)
    # Most runs pass. Where those are asked for, where something else says which ones are meant, or where the list goes
    # through the units anyway, the plus has SQLite go by that and not by the index of outcomes.
    goes_by_other = goes_by_unit or _is_narrow(query) or "PASS" in (query.outcomes or ())
    filters.any_of("+row.outcome" if goes_by_other else "row.outcome", query.outcomes)
    filters.between("row.started_us", query.started_after, query.started_before)
    filters.between("row.ended_us", query.ended_after, query.ended_before)
    filters.between("row.created_us", query.created_after, query.created_before)
    keep_metadata(filters, query.metadata)
    filters.any_of("name", query.operated_by_names, _OPERATED_BY)
    of_samples(filters, query.samples, _OF_UNIT)
    for key, wanted in (
        ("execution_id", query.execution_ids),
        ("slot_key", query.slot_keys),
        ("slot_name", query.slot_names),
    ):
        filters.any_of(f"json_extract(row.details, '$.{key}')", wanted)
    order = Order(_ORDERS[query.sort_by], query.sort_order)
    source = _SOURCES.get(query.sort_by, "runs AS row")
    return read_page(connection, "runs", source, filters, order, page, run_rows)


def _is_narrow(query: RunQuery) -> bool:
    """Whether what is asked for keeps a small part of all runs."""
    by_unit = (query.serial_numbers, query.part_numbers, query.batch_numbers, query.search_query)
    return any((query.ids, query.procedure_ids, query.procedure_versions, *by_unit))


def _search(connection: sqlite3.Connection, filters: Filters, text: str) -> None:
    """Keep runs of units whose serial number has the text, and runs whose id begins with it."""
    found = connection.execute(_UNITS_WITH, (containing(text),))
    numbers = [str(row[0]) for row in found.fetchmany(_FEW_UNITS + 1)]
    conditions: list[str] = []
    values: list[str] = []
    if len(numbers) > _FEW_UNITS:
        # The plus has SQLite not look for the runs of each of them first.
        conditions, values = [f"+row.unit IN ({_UNITS_WITH})"], [containing(text)]
    elif numbers:
        conditions = [f"row.unit IN ({', '.join(numbers)})"]
    if len(text) >= _SHORTEST_ID_PART:
        conditions.append("(row.uuid >= ? AND row.uuid < ?)")
        values += [text, f"{text}~"]
    filters.add(f"({' OR '.join(conditions) or '0'})", *values)
