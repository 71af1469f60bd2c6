"""Attachments in the record: announced, uploaded, linked to units and runs, forgotten."""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal

from core.errors import BadRequestError, NotFoundError
from core.traceability.book import Change
from core.traceability.refs import find_by_id

Holder = Literal["unit", "run"]
# No unit, run, station or revision has the attachment.
UNUSED = """
NOT EXISTS (SELECT 1 FROM unit_attachments WHERE attachment = attachments.id)
AND NOT EXISTS (SELECT 1 FROM run_attachments WHERE attachment = attachments.id)
AND NOT EXISTS (SELECT 1 FROM stations WHERE image = attachments.id)
AND NOT EXISTS (SELECT 1 FROM revisions WHERE image = attachments.id)
"""


def announce(change: Change, name: str) -> tuple[int, str]:
    """Make an attachment of that name without content; return its row's number and its id."""
    return change.create("attachments", name=name)


def announce_for(change: Change, holder: Holder, number: int, name: str) -> str:
    """Make an attachment without content that belongs to a unit or run; return its id."""
    attachment, uuid = announce(change, name)
    change.insert(f"{holder}_attachments", **{holder: number}, attachment=attachment)
    return uuid


def take_content(change: Change, uuid: str, file: str, size_bytes: int, content_type: str) -> None:
    """Have an attachment point at the file that holds its content.

    Raises:
        NotFoundError: it was deleted meanwhile.
    """
    row = find_by_id(change.connection, "attachments", "attachment", uuid)
    kind = content_type or mimetypes.guess_type(row["name"])[0] or "application/octet-stream"
    if row["file"] is not None:
        change.files_left.append(row["file"])
    sql = "UPDATE attachments SET file = ?, size_bytes = ?, content_type = ? WHERE id = ?"
    change.connection.execute(sql, (file, size_bytes, kind, row["id"]))


def uploaded(connection: sqlite3.Connection, uuid: str) -> sqlite3.Row:
    """Return an attachment that has its content.

    Raises:
        NotFoundError: there is none of that id.
        BadRequestError: nothing has been uploaded yet.
    """
    row = find_by_id(connection, "attachments", "attachment", uuid)
    if row["file"] is None:
        raise BadRequestError("Nothing has been uploaded yet.", remedy="PUT the file to its upload_url first.")
    return row


def link_uploads(change: Change, holder: Holder, number: int, uuids: Iterable[str]) -> None:
    """Have attachments belong to a unit or run as well; raise NotFoundError for an unknown one."""
    for uuid in uuids:
        row = find_by_id(change.connection, "attachments", "attachment", uuid)
        sql = f"INSERT OR IGNORE INTO {holder}_attachments ({holder}, attachment) VALUES (?, ?)"  # noqa: S608 - own words
        change.connection.execute(sql, (number, row["id"]))


def find_image(change: Change, uuid: str) -> int | None:
    """Return the row of the upload that is to be an image, None for the empty string, which takes it away."""
    if not uuid:
        return None
    number: int = find_by_id(change.connection, "attachments", "attachment", uuid)["id"]
    return number


def delete_attachments(change: Change, uuids: Sequence[str]) -> list[str]:
    """Delete attachments wherever they are linked; raise NotFoundError, deleting none, when one is unknown."""
    found = {uuid: find_by_id(change.connection, "attachments", "attachment", uuid) for uuid in uuids}
    _delete(change, found.values())
    return [row["uuid"] for row in found.values()]


def take_from_unit(change: Change, unit: int, uuids: Sequence[str]) -> list[str]:
    """Take attachments from a unit, and delete those nothing else has; return their ids.

    Raises:
        NotFoundError: one is not the unit's; none is taken then.
    """
    numbers: dict[int, str] = {}
    for uuid in uuids:
        row = find_by_id(change.connection, "attachments", "attachment", uuid)
        sql = "DELETE FROM unit_attachments WHERE unit = ? AND attachment = ?"
        if row["uuid"] not in numbers.values() and not change.connection.execute(sql, (unit, row["id"])).rowcount:
            raise NotFoundError(f"The attachment {uuid} was not found on this unit.", remedy="Check the id.")
        numbers[row["id"]] = row["uuid"]
    remove_unused(change, list(numbers))
    return list(numbers.values())


def remove_unused(change: Change, numbers: Iterable[int]) -> None:
    """Delete those of the attachments that nothing has any more."""
    sql = f"SELECT * FROM attachments WHERE id = ? AND {UNUSED}"  # noqa: S608 - own words
    found = (change.connection.execute(sql, (number,)).fetchone() for number in numbers)
    _delete(change, [row for row in found if row is not None])


def _delete(change: Change, rows: Iterable[sqlite3.Row]) -> None:
    for row in rows:
        change.connection.execute("DELETE FROM attachments WHERE id = ?", (row["id"],))
        if row["file"] is not None:
            change.files_left.append(row["file"])
