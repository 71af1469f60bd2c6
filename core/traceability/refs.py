"""The short forms in which answers mention parts, batches, creators and files; what a request names, found or taken."""

from __future__ import annotations

import sqlite3
from typing import Any

from core.errors import ConflictError, NotFoundError
from core.traceability.attachment_links import Links

# Columns and joins for a row of any table with creators, under the alias `row`.
CREATOR_COLUMNS = (
    "by_u.uuid AS by_user_id, by_u.name AS by_user_name, by_u.email AS by_user_email, "
    "by_s.uuid AS by_station_id, by_s.name AS by_station_name"
)
CREATOR_JOINS = (
    "LEFT JOIN users AS by_u ON by_u.id = row.by_user LEFT JOIN stations AS by_s ON by_s.id = row.by_station"
)
# The same for the part and revision of a unit, whose alias is `unit`.
PART_COLUMNS = (
    "parts.uuid AS part_id, parts.number AS part_number, parts.name AS part_name, "
    "revisions.uuid AS revision_id, revisions.number AS revision_number"
)
PART_JOINS = "JOIN revisions ON revisions.id = unit.revision JOIN parts ON parts.id = revisions.part"


def creators(row: sqlite3.Row) -> dict[str, Any]:
    """Return the two keys that say who made it."""
    user = station = None
    if row["by_user_id"] is not None:
        user = {"id": row["by_user_id"], "name": row["by_user_name"], "email": row["by_user_email"]}
    if row["by_station_id"] is not None:
        station = {"id": row["by_station_id"], "name": row["by_station_name"]}
    return {"created_by_user": user, "created_by_station": station}


def part_ref(row: sqlite3.Row) -> dict[str, Any]:
    """Return a unit's part with its revision."""
    revision = {"id": row["revision_id"], "number": row["revision_number"]}
    return {"id": row["part_id"], "number": row["part_number"], "name": row["part_name"], "revision": revision}


def batch_ref(row: sqlite3.Row) -> dict[str, Any] | None:
    """Return a unit's batch, None when it is in none."""
    return None if row["batch_id"] is None else {"id": row["batch_id"], "number": row["batch_number"]}


def file_ref(row: sqlite3.Row, links: Links) -> dict[str, Any]:
    """Return an attachment; size and link are null until it has been uploaded."""
    return {
        "id": row["uuid"],
        "name": row["name"],
        "size": row["size_bytes"],
        "content_type": row["content_type"],
        "download_url": None if row["file"] is None else links.download(row["uuid"]),
    }


def find_unit(connection: sqlite3.Connection, serial_number: str, what: str = "unit") -> sqlite3.Row:
    """Return the row of a unit; raise NotFoundError when there is none of that serial number."""
    return _find(connection, what, "units", "serial_number", serial_number)


def find_part(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Return the row of a part; raise NotFoundError when there is none of that number."""
    return _find(connection, "part", "parts", "number", number)


def find_revision(connection: sqlite3.Connection, part_number: str, number: str) -> sqlite3.Row:
    """Return the row of a part's revision; raise NotFoundError when part or revision is missing."""
    sql = (
        "SELECT revisions.*, parts.id AS part_row, parts.uuid AS part_id, parts.number AS part_number, "
        "parts.name AS part_name FROM revisions JOIN parts ON parts.id = revisions.part "
        "WHERE parts.number = ? AND revisions.number = ?"
    )
    row: sqlite3.Row | None = connection.execute(sql, (part_number, number)).fetchone()
    if row is None:
        what = f"The revision {number!r} of part {part_number!r} was not found."
        raise NotFoundError(what, remedy="Create part and revision first.")
    return row


def find_batch(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Return the row of a batch; raise NotFoundError when there is none of that number."""
    return _find(connection, "batch", "batches", "number", number)


def find_by_id(connection: sqlite3.Connection, table: str, what: str, uuid: str) -> sqlite3.Row:
    """Return the row with that id; raise NotFoundError when there is none."""
    return _find(connection, what, table, "uuid", uuid.lower())


def refuse_taken(
    connection: sqlite3.Connection, what: str, table: str, column: str, number: str, besides: int | None = None
) -> None:
    """Raise ConflictError when another row than `besides` has that number."""
    sql = f"SELECT 1 FROM {table} WHERE {column} = ? AND id IS NOT ?"  # noqa: S608 - own words
    if connection.execute(sql, (number, besides)).fetchone():
        called = _in_words(column)
        raise ConflictError(f"A {what} with the {called} {number!r} already exists.", remedy=f"Use another {called}.")


def _find(connection: sqlite3.Connection, what: str, table: str, column: str, value: str) -> sqlite3.Row:
    sql = f"SELECT * FROM {table} WHERE {column} = ?"  # noqa: S608 - own words
    row: sqlite3.Row | None = connection.execute(sql, (value,)).fetchone()
    if row is None:
        raise NotFoundError(f"The {what} {value!r} was not found.", remedy=f"Check the {_in_words(column)}.")
    return row


def _in_words(column: str) -> str:
    return "id" if column == "uuid" else column.replace("_", " ")
