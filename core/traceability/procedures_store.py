"""Procedures and their versions as they are made, changed and read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from core.errors import ConflictError, NotFoundError
from core.schemas.unit_record.fields import Moment
from core.schemas.unit_record.procedures import ProcedureChange
from core.schemas.unit_record.shared import ListQuery
from core.traceability.attachments_store import remove_unused
from core.traceability.book import Change
from core.traceability.lists import Filters, Order, Page, read_page
from core.traceability.moments import moment
from core.traceability.refs import CREATOR_COLUMNS, CREATOR_JOINS, creators, find_by_id

_SHORTEST_ID_PART = 6
_RUNS_SHOWN = 10
_ONE = f"SELECT row.*, {CREATOR_COLUMNS} FROM {{table}} AS row {CREATOR_JOINS} WHERE row.id = ?"  # noqa: S608 - own words
_RECENT = (
    "SELECT runs.uuid, runs.outcome, runs.started_us, units.uuid AS unit_id, units.serial_number FROM runs "
    "JOIN units ON units.id = runs.unit WHERE runs.procedure = ? ORDER BY runs.started_us DESC, runs.id DESC LIMIT ?"
)
_STATIONS = (
    "SELECT stations.uuid AS id, stations.name FROM links JOIN stations ON stations.id = links.station "
    "WHERE links.procedure = ? AND stations.archived_us IS NULL ORDER BY stations.id"
)


class ProcedureQuery(ListQuery):
    """What a list of procedures is asked for with: part of a name, or six or more characters of an id."""

    search_query: str | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None


def create_procedure(change: Change, name: str) -> str:
    """Create a procedure; return its id."""
    return change.create("procedures", name=name)[1]


def update_procedure(change: Change, uuid: str, body: ProcedureChange) -> str:
    """Change a procedure's name or settings; return its id. Raise NotFoundError when there is none."""
    row = find_by_id(change.connection, "procedures", "procedure", uuid)
    settings = {**json.loads(row["settings"]), **body.model_dump(exclude={"name"}, exclude_unset=True)}
    sql = "UPDATE procedures SET name = ?, settings = ? WHERE id = ?"
    change.connection.execute(sql, (body.name or row["name"], json.dumps(settings), row["id"]))
    return str(row["uuid"])


def delete_procedure(change: Change, uuid: str) -> str:
    """Delete a procedure with its runs and their attachments; return its id. Raise NotFoundError when there is none."""
    row = find_by_id(change.connection, "procedures", "procedure", uuid)
    sql = "SELECT attachment FROM run_attachments JOIN runs ON runs.id = run_attachments.run WHERE runs.procedure = ?"
    attachments = [each[0] for each in change.connection.execute(sql, (row["id"],))]
    change.connection.execute("DELETE FROM runs WHERE procedure = ?", (row["id"],))
    change.connection.execute("DELETE FROM procedures WHERE id = ?", (row["id"],))
    remove_unused(change, attachments)
    return str(row["uuid"])


def read_procedure(connection: sqlite3.Connection, uuid: str) -> dict[str, Any]:
    """Return a procedure with its newest runs and its stations; raise NotFoundError when there is none."""
    number = find_by_id(connection, "procedures", "procedure", uuid)["id"]
    row = connection.execute(_ONE.format(table="procedures"), (number,)).fetchone()
    recent = [
        {
            "id": run["uuid"],
            "started_at": moment(run["started_us"]),
            "outcome": run["outcome"],
            "unit": {"serial_number": run["serial_number"]},
        }
        for run in connection.execute(_RECENT, (number, _RUNS_SHOWN))
    ]
    return {
        **_own(row),
        "identifier": None,
        "runs_count": connection.execute("SELECT count(*) FROM runs WHERE procedure = ?", (number,)).fetchone()[0],
        "recent_runs": recent,
        "stations": [dict(station) for station in connection.execute(_STATIONS, (number,))],
    }


def list_procedures(connection: sqlite3.Connection, query: ProcedureQuery, page: Page) -> dict[str, Any]:
    """Return one page of the procedures that fit, newest first."""
    filters = Filters()
    if text := (query.search_query or "").casefold():
        is_id = len(text) >= _SHORTEST_ID_PART
        also = " OR instr(row.uuid, ?)" if is_id else ""
        filters.add(f"(instr(casefold(row.name), ?){also})", *[text] * (1 + is_id))
    filters.between("row.created_us", query.created_after, query.created_before)
    return read_page(connection, "procedures", "procedures AS row", filters, Order("row.id"), page, _rows)


def create_version(change: Change, procedure: str, tag: str) -> str:
    """Create a version of a procedure; return its id.

    Raises:
        NotFoundError: there is no such procedure.
        ConflictError: the procedure has a version of that tag.
    """
    row = find_by_id(change.connection, "procedures", "procedure", procedure)
    if _version_of(change.connection, row["id"], tag) is not None:
        raise ConflictError(f"A version with the tag {tag!r} already exists.", remedy="Use another tag.")
    return change.create("versions", procedure=row["id"], tag=tag)[1]


def version_for_run(change: Change, procedure: int, tag: str) -> int:
    """Return the row of a procedure's version, which is made when there is none of that tag."""
    row = _version_of(change.connection, procedure, tag)
    return change.create("versions", procedure=procedure, tag=tag)[0] if row is None else row["id"]


def read_version(connection: sqlite3.Connection, procedure: str, tag: str) -> dict[str, Any]:
    """Return a version; raise NotFoundError when procedure or tag are unknown."""
    above = find_by_id(connection, "procedures", "procedure", procedure)
    number = _find_version(connection, above["id"], tag)["id"]
    row = connection.execute(_ONE.format(table="versions"), (number,)).fetchone()
    return {
        "id": row["uuid"],
        "tag": row["tag"],
        "created_at": moment(row["created_us"]),
        "procedure": {"id": above["uuid"], "name": above["name"]},
        "run_count": _runs_of_version(connection, number),
        **creators(row),
    }


def delete_version(change: Change, procedure: str, tag: str) -> str:
    """Delete a version; return its id.

    Raises:
        NotFoundError: procedure or tag are unknown.
        ConflictError: runs were made with it.
    """
    above = find_by_id(change.connection, "procedures", "procedure", procedure)
    row = _find_version(change.connection, above["id"], tag)
    if count := _runs_of_version(change.connection, row["id"]):
        what = f"The version {row['tag']!r} is in use by {count} runs."
        raise ConflictError(what, remedy="Delete these runs first.")
    change.connection.execute("DELETE FROM versions WHERE id = ?", (row["id"],))
    return str(row["uuid"])


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    for number in numbers:
        row = connection.execute(_ONE.format(table="procedures"), (number,)).fetchone()
        runs = [
            {
                "id": run["uuid"],
                "outcome": run["outcome"],
                "started_at": moment(run["started_us"]),
                "unit": {"id": run["unit_id"]},
            }
            for run in connection.execute(_RECENT, (number, _RUNS_SHOWN))
        ]
        rows.append({**_own(row), "runs": runs, "linkedRepository": None})
    return rows


def _own(row: sqlite3.Row) -> dict[str, Any]:
    who = creators(row)["created_by_user"]
    return {"id": row["uuid"], "name": row["name"], "created_at": moment(row["created_us"]), "created_by_user": who}


def _version_of(connection: sqlite3.Connection, procedure: int, tag: str) -> sqlite3.Row | None:
    sql = "SELECT * FROM versions WHERE procedure = ? AND tag = ?"
    row: sqlite3.Row | None = connection.execute(sql, (procedure, tag)).fetchone()
    return row


def _find_version(connection: sqlite3.Connection, procedure: int, tag: str) -> sqlite3.Row:
    row = _version_of(connection, procedure, tag)
    if row is None:
        raise NotFoundError(f"The version {tag!r} of this procedure was not found.", remedy="Check the tag.")
    return row


def _runs_of_version(connection: sqlite3.Connection, version: int) -> int:
    count: int = connection.execute("SELECT count(*) FROM runs WHERE version = ?", (version,)).fetchone()[0]
    return count
