"""Parts and revisions as they are read."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from core.schemas.unit_record.shared import ListQuery
from core.traceability.lists import Filters, Order, Page, SortOrder, read_page
from core.traceability.metadata_filters import MetadataFilter, keep_metadata
from core.traceability.moments import moment
from core.traceability.refs import CREATOR_COLUMNS, CREATOR_JOINS, creators, find_part, find_revision

_ORDERS = {"created_at": "row.created_us", "name": "casefold(row.name)", "number": "row.number"}
_WITH_CREATORS = f"SELECT row.*, {CREATOR_COLUMNS} FROM {{table}} AS row {CREATOR_JOINS} WHERE row.id = ?"  # noqa: S608
_REVISIONS = "SELECT uuid, number, created_us FROM revisions WHERE part = ? ORDER BY id"
_HAS_REVISION = "EXISTS (SELECT 1 FROM revisions WHERE part = row.id AND instr(casefold(number), ?))"
_RUN_UNDER = """
row.id IN (
    SELECT revisions.part FROM procedures JOIN runs ON runs.procedure = procedures.id
    JOIN units ON units.id = runs.unit JOIN revisions ON revisions.id = units.revision WHERE {}
)
"""


class PartQuery(ListQuery):
    """What a list of parts is asked for with; `procedure_ids` keeps parts whose units ran under these."""

    search_query: str | None = None
    procedure_ids: list[str] | None = None
    metadata: MetadataFilter | None = None
    sort_by: Literal["created_at", "name", "number"] = "created_at"
    sort_order: SortOrder = "desc"


def read_part(connection: sqlite3.Connection, part_number: str) -> dict[str, Any]:
    """Return a part with its revisions; raise NotFoundError when there is none."""
    number = find_part(connection, part_number)["id"]
    row = connection.execute(_WITH_CREATORS.format(table="parts"), (number,)).fetchone()
    revisions = [
        {"id": each["uuid"], "number": each["number"], "created_at": moment(each["created_us"])}
        for each in connection.execute(_REVISIONS, (number,))
    ]
    return {**_own(row), **creators(row), "revisions": revisions}


def list_parts(connection: sqlite3.Connection, query: PartQuery, page: Page) -> dict[str, Any]:
    """Return one page of the parts that fit."""
    filters = Filters()
    if query.search_query:
        text = query.search_query.casefold()
        found = f"(instr(casefold(row.number), ?) OR instr(casefold(row.name), ?) OR {_HAS_REVISION})"
        filters.add(found, text, text, text)
    keep_metadata(filters, query.metadata)
    filters.any_of("procedures.uuid", query.procedure_ids, _RUN_UNDER)
    order = Order(_ORDERS[query.sort_by], query.sort_order)
    return read_page(connection, "parts", "parts AS row", filters, order, page, _rows)


def read_revision(connection: sqlite3.Connection, part_number: str, revision_number: str) -> dict[str, Any]:
    """Return a revision with its units; raise NotFoundError when part or revision is missing."""
    found = find_revision(connection, part_number, revision_number)
    row = connection.execute(_WITH_CREATORS.format(table="revisions"), (found["id"],)).fetchone()
    units = connection.execute("SELECT uuid, serial_number FROM units WHERE revision = ? ORDER BY id", (found["id"],))
    return {
        "id": row["uuid"],
        "number": row["number"],
        "created_at": moment(row["created_us"]),
        **creators(row),
        "part": {"id": found["part_id"], "number": found["part_number"], "name": found["part_name"]},
        "units": [{"id": unit["uuid"], "serial_number": unit["serial_number"]} for unit in units],
    }


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    for number in numbers:
        row = connection.execute("SELECT * FROM parts WHERE id = ?", (number,)).fetchone()
        revisions = connection.execute(_REVISIONS, (number,))
        refs = [{"id": each["uuid"], "number": each["number"]} for each in revisions]
        rows.append({**_own(row), "revisions": refs})
    return rows


def _own(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["uuid"],
        "number": row["number"],
        "name": row["name"],
        "created_at": moment(row["created_us"]),
    }
