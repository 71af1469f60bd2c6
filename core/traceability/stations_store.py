"""Stations: test benches with keys of their own, and the procedures they may run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from core.errors import ConflictError, NotFoundError
from core.schemas.unit_record.shared import ListQuery
from core.schemas.unit_record.stations import NewStation, StationChange, StationLink
from core.traceability.attachments_store import find_image
from core.traceability.book import Change
from core.traceability.lists import Filters, Order, Page, read_page
from core.traceability.metadata_filters import MetadataFilter, keep_metadata
from core.traceability.refs import find_by_id

_RECENT_US = 7 * 86400 * 1_000_000
_PROCEDURES = (
    "SELECT procedures.id, procedures.uuid, procedures.name FROM links "
    "JOIN procedures ON procedures.id = links.procedure WHERE links.station = ? ORDER BY procedures.id"
)
_RECENT_RUNS = "SELECT count(*) FROM runs WHERE by_station = ? AND procedure = ? AND started_us >= ?"
_NEWEST_KEY = (
    "SELECT prefix FROM keys WHERE station = ? AND revoked_us IS NULL ORDER BY created_us DESC, prefix LIMIT 1"
)
_LINKED = "row.id IN (SELECT station FROM links JOIN procedures ON procedures.id = links.procedure WHERE {})"


class StationQuery(ListQuery):
    """What a list of stations is asked for with."""

    search_query: str | None = None
    procedure_ids: list[str] | None = None
    metadata: MetadataFilter | None = None


def create_station(change: Change, body: NewStation) -> str:
    """Create a station; return its id.

    Raises:
        NotFoundError: the procedure it is to be linked to is not there, or a team is named: there are none here.
        ConflictError: the name is taken.
    """
    _check_free(change, body.name)
    _check_team(body.team_id)
    number, uuid = change.create("stations", name=body.name)
    if body.procedure_id is not None:
        procedure = find_by_id(change.connection, "procedures", "procedure", body.procedure_id)
        change.insert("links", station=number, procedure=procedure["id"])
    change.merge_metadata("stations", number, body.metadata)
    return uuid


def update_station(change: Change, uuid: str, body: StationChange) -> dict[str, Any]:
    """Change what is given of a station; return its id and name.

    Raises:
        NotFoundError: there is no such station, image or team.
        ConflictError: the name is another station's.
    """
    station = find_station(change.connection, uuid)
    _check_team(body.team_id)
    name = body.name or station["name"]
    if body.name is not None:
        _check_free(change, body.name, besides=station["id"])
        change.connection.execute("UPDATE stations SET name = ? WHERE id = ?", (name, station["id"]))
    if body.image_id is not None:
        image = find_image(change, body.image_id)
        change.connection.execute("UPDATE stations SET image = ? WHERE id = ?", (image, station["id"]))
    change.merge_metadata("stations", station["id"], body.metadata)
    return {"id": station["uuid"], "name": name}


def remove_station(change: Change, uuid: str) -> str:
    """Delete a station, or archive it when the record says it made something; return its id.

    Its keys are worthless from then on. Raises NotFoundError when there is none.
    """
    station = find_station(change.connection, uuid)
    try:
        change.connection.execute("DELETE FROM stations WHERE id = ?", (station["id"],))
    except sqlite3.IntegrityError:
        now = (change.utc_us, station["id"])
        change.connection.execute("UPDATE stations SET archived_us = ? WHERE id = ?", now)
        change.connection.execute("UPDATE keys SET revoked_us = ? WHERE station = ? AND revoked_us IS NULL", now)
        change.connection.execute("DELETE FROM links WHERE station = ?", (station["id"],))
    return str(station["uuid"])


def link_station(change: Change, body: StationLink) -> str:
    """Let a station run a procedure; return the station's id. Raises NotFoundError when one of the two is unknown."""
    station = find_station(change.connection, body.id)
    procedure = find_by_id(change.connection, "procedures", "procedure", body.procedure_id)
    sql = "INSERT OR IGNORE INTO links (station, procedure) VALUES (?, ?)"
    change.connection.execute(sql, (station["id"], procedure["id"]))
    return str(station["uuid"])


def find_station(connection: sqlite3.Connection, uuid: str) -> sqlite3.Row:
    """Return the row of a station in use; raise NotFoundError when there is none."""
    row = find_by_id(connection, "stations", "station", uuid)
    if row["archived_us"] is not None:
        raise NotFoundError(f"The station {uuid} was removed.", remedy="Check the id.")
    return row


def read_station(connection: sqlite3.Connection, uuid: str, unit: str, now_us: int) -> dict[str, Any]:
    """Return a station with the procedures it may run; raise NotFoundError when there is none."""
    row = find_station(connection, uuid)
    key = connection.execute(_NEWEST_KEY, (row["id"],)).fetchone()
    procedures = []
    for each in connection.execute(_PROCEDURES, (row["id"],)).fetchall():
        runs = connection.execute(_RECENT_RUNS, (row["id"], each["id"], now_us - _RECENT_US)).fetchone()[0]
        procedures.append({**_procedure(each), "runs_count": runs, "deployment": None})
    return {
        "id": row["uuid"],
        "name": row["name"],
        "api_key": None if key is None else key["prefix"],
        "procedures": procedures,
        "organization_slug": unit,
        "connection_status": None,
        "team": None,
        "metadata": json.loads(row["metadata"]),
    }


def list_stations(connection: sqlite3.Connection, query: StationQuery, page: Page) -> dict[str, Any]:
    """Return one page of the stations that fit, newest first."""
    filters = Filters(["row.archived_us IS NULL"])
    filters.has_name(query.search_query, "row.name")
    filters.any_of("procedures.uuid", query.procedure_ids, _LINKED)
    keep_metadata(filters, query.metadata)
    return read_page(connection, "stations", "stations AS row", filters, Order("row.id"), page, _rows)


def _rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    for number in numbers:
        row = connection.execute("SELECT * FROM stations WHERE id = ?", (number,)).fetchone()
        procedures = [_procedure(each) for each in connection.execute(_PROCEDURES, (number,))]
        count = len(procedures)
        rows.append(
            {
                "id": row["uuid"],
                "name": row["name"],
                "procedures": procedures,
                "procedures_count": count,
                "team": None,
                "metadata": json.loads(row["metadata"]),
            }
        )
    return rows


def _procedure(row: sqlite3.Row) -> dict[str, Any]:
    return {"id": row["uuid"], "identifier": None, "name": row["name"]}


def _check_free(change: Change, name: str, besides: int | None = None) -> None:
    sql = "SELECT id FROM stations WHERE name = ? AND archived_us IS NULL AND id IS NOT ?"
    if change.connection.execute(sql, (name, besides)).fetchone():
        raise ConflictError(f"A station named {name!r} already exists.", remedy="Use another name.")


def _check_team(team: str | None) -> None:
    if team is not None:
        raise NotFoundError("The team was not found.", "A unit's record has no teams.", "Leave team_id out.")
