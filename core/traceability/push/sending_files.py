"""A file of a unit or run brought to the server: announced, uploaded, confirmed, and only then linked.

A file is linked once, however often this is interrupted: an upload that is not linked shows up nowhere and is cleared
away by the server, and linking the same upload again changes nothing.
"""

from __future__ import annotations

import sqlite3
from urllib.parse import quote

from core.traceability.book import Change
from core.traceability.push.outbox import Item, mark_sent, mark_uploaded, note_remote
from core.traceability.push.place import PushPlace
from core.traceability.push.sending_units import know_unit_there
from core.traceability.push.troubles import RefusedError

_FILE = "SELECT * FROM attachments WHERE id = ?"
_SERIAL_NUMBER = "SELECT serial_number FROM units WHERE id = ?"

_NOT_THERE = 400


async def send_file(place: PushPlace, item: Item) -> None:
    """Bring a file that waits to the server; its unit goes first, its run is there already."""
    file = await place.read(lambda connection: connection.execute(_FILE, (item.attachment,)).fetchone())
    if file is None or file["file"] is None:
        # Whoever uploads it anew has it wait anew.
        await place.change(lambda change: mark_sent(change, item))
        return
    holder, number = ("unit", item.unit) if item.kind == "unit_file" else ("run", item.run)
    assert number is not None  # noqa: S101 - files wait under the row of what they belong to
    path = await _path(place, holder, number)
    remote = item.remote
    if remote is None or not await _is_there(place, remote):
        remote = await _upload(place, file)
        uploaded = remote
        await place.change(lambda change: mark_uploaded(change, item, uploaded))
        await place.server.ask("POST", _finalize(remote))
    await place.server.ask("PATCH", path, {"attachments": [remote]})
    linked = remote

    def note(change: Change) -> None:
        note_remote(change, place.row, item.kind, number, linked, file["id"])
        mark_sent(change, item)

    await place.change(note)


async def _path(place: PushPlace, holder: str, number: int) -> str:
    """Return where the server has what a file belongs to."""
    if holder == "unit":
        await know_unit_there(place, number)
        row = await place.read(lambda connection: connection.execute(_SERIAL_NUMBER, (number,)).fetchone())
        known = await place.remote_of("unit", number) or row["serial_number"]
        return f"/units/{quote(known, safe='')}"
    return f"/runs/{await place.remote_of('run', number)}"


async def _is_there(place: PushPlace, remote: str) -> bool:
    """Whether the server still has an upload that was not linked yet."""
    try:
        await place.server.ask("POST", _finalize(remote))
    except RefusedError:
        return False
    return True


def _finalize(remote: str) -> str:
    return f"/attachments/{remote}/finalize"


async def _upload(place: PushPlace, file: sqlite3.Row) -> str:
    remote, url = await place.server.announce(file["name"])
    path = place.record.files.path_of(file["file"])
    kind = file["content_type"] or "application/octet-stream"
    try:
        await place.server.upload(url, path, file["size_bytes"], kind)
    except OSError as error:
        what = f"The attachment {file['name']} has lost its file: {error.strerror}."
        remedy = "Upload it again, then try again; or do not send this."
        raise RefusedError(what, remedy, _NOT_THERE) from error
    return remote
