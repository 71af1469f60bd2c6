"""Lists of units: what they can be filtered and sorted by."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from core.schemas.unit_record.fields import Moment, RunOutcome
from core.schemas.unit_record.shared import ListQuery
from core.traceability.lists import (
    Filters,
    Order,
    Page,
    SortOrder,
    read_page,
)
from core.traceability.metadata_filters import MetadataFilter, keep_metadata
from core.traceability.units_read import unit_rows

_ORDERS = {
    "created_at": "row.created_us",
    "serial_number": "row.serial_number",
    "last_run_at": "row.last_run_us",
    "part_number": "parts.number",
    "last_run_procedure": "casefold(procedures.name)",
}
# CROSS JOIN has SQLite go through the tables in this order: it is that of the answer, and fifty rows are enough.
_SOURCES = {
    "part_number": "parts CROSS JOIN revisions ON revisions.part = parts.id "
    "CROSS JOIN units AS row ON row.revision = revisions.id",
    "last_run_procedure": "units AS row LEFT JOIN runs ON runs.id = row.last_run "
    "LEFT JOIN procedures ON procedures.id = runs.procedure",
}
_MOST = 2**62

AnySample = Literal["production", "golden", "failing", "ignored"]
Count = Annotated[int, Field(ge=0, le=_MOST)] | None


class UnitQuery(ListQuery):
    """What a list of units is asked for with; parameters combine with AND, values of one with OR."""

    search_query: str | None = None
    ids: list[str] | None = None
    serial_numbers: list[str] | None = None
    part_numbers: list[str] | None = None
    revision_numbers: list[str] | None = None
    batch_numbers: list[str] | None = None
    procedure_ids: list[str] | None = None
    outcomes: list[RunOutcome] | None = None
    started_after: Moment | None = None
    started_before: Moment | None = None
    latest_only: bool = False
    run_count_min: Count = None
    run_count_max: Count = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    created_by_user_ids: list[str] | None = None
    created_by_station_ids: list[str] | None = None
    exclude_units_with_parent: bool = False
    samples: list[AnySample] | None = None
    metadata: MetadataFilter | None = None
    sort_by: Literal["created_at", "serial_number", "last_run_at", "part_number", "last_run_procedure"] = "created_at"
    sort_order: SortOrder = "desc"


def list_units(connection: sqlite3.Connection, query: UnitQuery, page: Page) -> dict[str, Any]:
    """Return one page of the units that fit."""
    filters = Filters()
    filters.has_number(query.search_query, "row.serial_number")
    filters.any_of("row.uuid", query.ids)
    filters.any_of("row.serial_number", query.serial_numbers)
    filters.refers_to(connection, "row.revision", "part", query.part_numbers)
    filters.refers_to(connection, "row.revision", "revision", query.revision_numbers)
    filters.between("row.run_count", query.run_count_min, query.run_count_max)
    filters.between("row.created_us", query.created_after, query.created_before)
    filters.refers_to(connection, "row.by_user", "user", query.created_by_user_ids)
    filters.refers_to(connection, "row.by_station", "station", query.created_by_station_ids)
    keep_metadata(filters, query.metadata)
    if query.exclude_units_with_parent:
        filters.add("row.parent IS NULL")
    _in_batches(connection, filters, query.batch_numbers)
    of_samples(filters, query.samples)
    _with_runs(connection, filters, query)
    order = Order(_ORDERS[query.sort_by], query.sort_order)
    source = _SOURCES.get(query.sort_by, "units AS row")
    return read_page(connection, "units", source, filters, order, page, unit_rows)


def of_samples(filters: Filters, samples: Sequence[AnySample] | None, inside: str = "{}") -> None:
    """Keep units that serve as such samples; `production` stands for those that are none. See `Filters.any_of`."""
    wanted = ["" if each == "production" else each for each in samples or ()]
    filters.any_of("coalesce(sample, '')", wanted, inside)


def _in_batches(connection: sqlite3.Connection, filters: Filters, numbers: list[str] | None) -> None:
    """Keep units of these batches; an empty number stands for being in none."""
    if not numbers:
        return
    named = Filters()
    named.refers_to(connection, "row.batch", "batch", [each for each in numbers if each])
    if "" in numbers:
        named.add("row.batch IS NULL")
    filters.add(f"({' OR '.join(named.conditions)})", *named.values)


def _with_runs(connection: sqlite3.Connection, filters: Filters, query: UnitQuery) -> None:
    """Keep units that have a run which meets all the conditions on runs; or whose newest one does."""
    runs = Filters()
    runs.refers_to(connection, "run.procedure", "procedure", query.procedure_ids)
    runs.any_of("run.outcome", query.outcomes)
    runs.between("run.started_us", query.started_after, query.started_before)
    if runs.conditions:
        which = "run.id = row.last_run" if query.latest_only else "run.unit = row.id"
        filters.add(f"EXISTS (SELECT 1 FROM runs AS run WHERE {which} AND {runs.where()})", *runs.values)  # noqa: S608
