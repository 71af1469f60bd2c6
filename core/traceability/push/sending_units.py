"""A unit brought to the server as the record has it: made, changed, and put where it belongs.

Everything here compares first and then asks for what differs, so it can be done again without harm. What the server
knows besides, such as a batch or a parent the record knows nothing of, is left as it is.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any
from urllib.parse import quote

from core.traceability.push.outbox import Item, mark_sent
from core.traceability.push.place import PushPlace
from core.traceability.push.troubles import RefusedError
from core.traceability.refs import PART_COLUMNS, PART_JOINS

_UNIT = (
    f"SELECT unit.*, {PART_COLUMNS}, batches.number AS batch_number, above.serial_number AS parent_serial_number "  # noqa: S608
    f"FROM units AS unit {PART_JOINS} LEFT JOIN batches ON batches.id = unit.batch "
    "LEFT JOIN units AS above ON above.id = unit.parent WHERE unit.id = ?"
)
_CONFLICT, _MISSING = 409, 404


async def send_unit(place: PushPlace, item: Item) -> None:
    """Bring a unit that waits to the server."""
    assert item.unit is not None  # noqa: S101 - units wait under their row
    await bring_unit(place, item.unit)
    await place.change(lambda change: mark_sent(change, item))


async def know_unit_there(place: PushPlace, unit: int) -> None:
    """Bring a unit to the server unless it was brought before."""
    if await place.remote_of("unit", unit) is None:
        await bring_unit(place, unit)


async def bring_unit(place: PushPlace, unit: int) -> None:
    """Have the server know a unit as the record does; one that is gone from the record is left alone."""
    row = await place.read(lambda connection: connection.execute(_UNIT, (unit,)).fetchone())
    if row is None:
        return
    serial_number = row["serial_number"]
    former = await place.remote_of("unit", unit)
    there = None if former is None else await _find(place, former)
    there = there or await _find(place, serial_number)
    if there is None:
        await _make(place, row)
        there = await place.server.ask("GET", _path(serial_number))
    await _change(place, row, there)
    await place.note_remote("unit", unit, serial_number)
    await _put(place, row, there)


async def _find(place: PushPlace, serial_number: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await place.server.ask("GET", _path(serial_number))
    except RefusedError as error:
        if error.status == _MISSING:
            return None
        raise
    return found


async def _make(place: PushPlace, row: sqlite3.Row) -> None:
    await _make_revision(place, row)
    body = {
        "serial_number": row["serial_number"],
        "part_number": row["part_number"],
        "revision_number": row["revision_number"],
    }
    await _unless_there(place, "/units", body)


async def _make_revision(place: PushPlace, row: sqlite3.Row) -> None:
    number, revision = row["part_number"], row["revision_number"]
    body = {"number": number, "name": row["part_name"], "revision_number": revision}
    if not await _unless_there(place, "/parts", body):
        await _unless_there(place, f"/parts/{quote(number, safe='')}/revisions", {"number": revision})


async def _unless_there(place: PushPlace, path: str, body: dict[str, Any]) -> bool:
    """Make something; return whether it had not been there."""
    try:
        await place.server.ask("POST", path, body)
    except RefusedError as error:
        if error.status != _CONFLICT:
            raise
        return False
    return True


async def _change(place: PushPlace, row: sqlite3.Row, there: dict[str, Any]) -> None:
    """Change of a unit on the server what differs."""
    changes: dict[str, Any] = {}
    if not _is_same(there["serial_number"], row["serial_number"]):
        changes["new_serial_number"] = row["serial_number"]
    part = there.get("part") or {}
    revision = (part.get("revision") or {}).get("number")
    if not (_is_same(part.get("number"), row["part_number"]) and _is_same(revision, row["revision_number"])):
        await _make_revision(place, row)
        changes.update(part_number=row["part_number"], revision_number=row["revision_number"])
    batch = row["batch_number"]
    if batch is not None and not _is_same((there.get("batch") or {}).get("number"), batch):
        await _unless_there(place, "/batches", {"number": batch})
        changes["batch_number"] = batch
    if row["sample"] is not None and there.get("sample") != row["sample"]:
        changes["sample"] = row["sample"]
    known, metadata = there.get("metadata") or {}, json.loads(row["metadata"])
    if missing := {key: value for key, value in metadata.items() if known.get(key) != value}:
        changes["metadata"] = missing
    if changes:
        await place.server.ask("PATCH", _path(there["serial_number"]), changes)


async def _put(place: PushPlace, row: sqlite3.Row, there: dict[str, Any]) -> None:
    """Put a unit where the record has it; take it out of another one only if the record knows that one."""
    above = (there.get("parent") or {}).get("serial_number")
    wanted, serial_number = row["parent_serial_number"], row["serial_number"]
    if wanted is not None:
        await know_unit_there(place, row["parent"])
        if not _is_same(above, wanted):
            body = {"child_serial_number": serial_number}
            await place.server.ask("PUT", f"{_path(wanted)}/children", body)
    elif above is not None and await _is_known_here(place, above):
        query = {"child_serial_number": serial_number}
        await place.server.ask("DELETE", f"{_path(above)}/children", query=query)


async def _is_known_here(place: PushPlace, serial_number: str) -> bool:
    sql = "SELECT 1 FROM units WHERE serial_number = ?"
    return await place.read(lambda connection: connection.execute(sql, (serial_number,)).fetchone()) is not None


def _is_same(one: str | None, other: str | None) -> bool:
    """Whether two numbers are the same one; their case says nothing."""
    return one == other or (one is not None and other is not None and one.lower() == other.lower())


def _path(serial_number: str) -> str:
    return f"/units/{quote(serial_number, safe='')}"
