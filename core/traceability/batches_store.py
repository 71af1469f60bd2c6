"""Batches as they are made, changed and read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from core.schemas.unit_record.fields import Moment
from core.schemas.unit_record.shared import ListQuery
from core.traceability.book import Change
from core.traceability.lists import Filters, Order, Page, SortOrder, read_page
from core.traceability.moments import moment
from core.traceability.refs import (
    CREATOR_COLUMNS,
    CREATOR_JOINS,
    PART_COLUMNS,
    PART_JOINS,
    creators,
    find_batch,
    part_ref,
    refuse_taken,
)

_ORDERS = {"created_at": "row.created_us", "number": "row.number"}
_BATCH = (
    f"SELECT row.*, (SELECT count(*) FROM units WHERE batch = row.id) AS unit_count, {CREATOR_COLUMNS} "  # noqa: S608
    f"FROM batches AS row {CREATOR_JOINS} WHERE row.id = ?"
)
_UNITS = (
    f"SELECT unit.uuid, unit.serial_number, unit.created_us, {PART_COLUMNS} FROM units AS unit {PART_JOINS} "  # noqa: S608
    "WHERE unit.batch = ? ORDER BY unit.id"
)
_HAS_UNIT = """
EXISTS (
    SELECT 1 FROM units AS unit JOIN revisions ON revisions.id = unit.revision JOIN parts ON parts.id = revisions.part
    WHERE unit.batch = row.id AND {}
)
"""


class BatchQuery(ListQuery):
    """What a list of batches is asked for with; parts and revisions are those of units in the batch."""

    search_query: str | None = None
    ids: list[str] | None = None
    numbers: list[str] | None = None
    part_numbers: list[str] | None = None
    revision_numbers: list[str] | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    sort_by: Literal["created_at", "number"] = "created_at"
    sort_order: SortOrder = "desc"


def create_batch(change: Change, number: str) -> str:
    """Create a batch; return its id. Raise ConflictError when the number is taken."""
    refuse_taken(change.connection, "batch", "batches", "number", number)
    return change.create("batches", number=number)[1]


def update_batch(change: Change, number: str, new_number: str) -> str:
    """Give a batch another number; return its id.

    Raises:
        NotFoundError: there is no such batch.
        ConflictError: the new number is another batch's.
    """
    batch = find_batch(change.connection, number)
    refuse_taken(change.connection, "batch", "batches", "number", new_number, besides=batch["id"])
    change.connection.execute("UPDATE batches SET number = ? WHERE id = ?", (new_number, batch["id"]))
    return str(batch["uuid"])


def delete_batch(change: Change, number: str) -> list[str]:
    """Delete a batch, whose units stay; return its id in a list. Raise NotFoundError when there is none."""
    batch = find_batch(change.connection, number)
    change.connection.execute("DELETE FROM batches WHERE id = ?", (batch["id"],))
    return [batch["uuid"]]


def read_batch(connection: sqlite3.Connection, number: str) -> dict[str, Any]:
    """Return a batch with its units; raise NotFoundError when there is none."""
    found = find_batch(connection, number)["id"]
    units = [
        {
            "id": unit["uuid"],
            "serial_number": unit["serial_number"],
            "created_at": moment(unit["created_us"]),
            "part": part_ref(unit),
        }
        for unit in connection.execute(_UNITS, (found,))
    ]
    return {**_own(connection.execute(_BATCH, (found,)).fetchone()), "units": units}


def list_batches(connection: sqlite3.Connection, query: BatchQuery, page: Page) -> dict[str, Any]:
    """Return one page of the batches that fit."""
    filters = Filters()
    filters.has_number(query.search_query, "row.number")
    filters.any_of("row.uuid", query.ids)
    filters.any_of("row.number", query.numbers)
    filters.any_of("parts.number", query.part_numbers, _HAS_UNIT)
    filters.any_of("revisions.number", query.revision_numbers, _HAS_UNIT)
    filters.between("row.created_us", query.created_after, query.created_before)
    order = Order(_ORDERS[query.sort_by], query.sort_order)
    return read_page(connection, "batches", "batches AS row", filters, order, page, _rows)


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    rows = (connection.execute(_BATCH, (number,)).fetchone() for number in numbers)
    return [{**_own(row), "unit_count": row["unit_count"]} for row in rows]


def _own(row: sqlite3.Row) -> dict[str, Any]:
    own = {"id": row["uuid"], "number": row["number"], "created_at": moment(row["created_us"])}
    return {**own, **creators(row)}
