"""Parts and revisions as they are made and changed."""

from __future__ import annotations

from core.errors import BadRequestError, ConflictError
from core.schemas.unit_record.parts import NewPart, NewRevision, PartChange, RevisionChange
from core.traceability.attachments_store import find_image
from core.traceability.book import Change
from core.traceability.moments import moment
from core.traceability.refs import find_part, find_revision, refuse_taken

FIRST_REVISION = "A"
_IS_REVISION = (
    "SELECT 1 FROM revisions JOIN parts ON parts.id = revisions.part WHERE parts.number = ? AND revisions.number = ?"
)


def create_part(change: Change, body: NewPart) -> str:
    """Create a part with one revision; return its id. Raise ConflictError when the number is taken."""
    refuse_taken(change.connection, "part", "parts", "number", body.number)
    number, uuid = change.create("parts", number=body.number, name=body.name or body.number)
    change.merge_metadata("parts", number, body.metadata)
    change.create("revisions", part=number, number=body.revision_number or FIRST_REVISION)
    return uuid


def update_part(change: Change, part_number: str, body: PartChange) -> dict[str, str | None]:
    """Change a part's number or name; return it as it is now.

    Raises:
        NotFoundError: there is no such part.
        BadRequestError: nothing to change is given.
        ConflictError: the new number is another part's.
    """
    part = find_part(change.connection, part_number)
    if body.new_number is None and body.name is None and not body.metadata:
        raise BadRequestError("Nothing to change was given.", remedy="Send new_number or name.")
    if body.new_number is not None:
        refuse_taken(change.connection, "part", "parts", "number", body.new_number, besides=part["id"])
    number, name = body.new_number or part["number"], body.name or part["name"]
    change.connection.execute("UPDATE parts SET number = ?, name = ? WHERE id = ?", (number, name, part["id"]))
    change.merge_metadata("parts", part["id"], body.metadata)
    return {"id": part["uuid"], "number": number, "name": name, "updated_at": moment(change.utc_us)}


def delete_part(change: Change, part_number: str) -> dict[str, object]:
    """Delete a part with its revisions; return their ids.

    Raises:
        NotFoundError: there is no such part.
        ConflictError: units are of it.
    """
    part = find_part(change.connection, part_number)
    revisions = change.connection.execute("SELECT id, uuid FROM revisions WHERE part = ?", (part["id"],)).fetchall()
    for revision in revisions:
        _check_unused(change, revision["id"], f"part {part['number']!r}")
    change.connection.execute("DELETE FROM parts WHERE id = ?", (part["id"],))
    return {"id": part["uuid"], "deletedRevisionIds": [revision["uuid"] for revision in revisions]}


def create_revision(change: Change, part_number: str, body: NewRevision) -> str:
    """Create a revision of a part; return its id.

    Raises:
        NotFoundError: there is no such part.
        ConflictError: the part has a revision of that number.
    """
    part = find_part(change.connection, part_number)
    _check_revision_free(change, part["id"], body.number)
    number, uuid = change.create("revisions", part=part["id"], number=body.number)
    change.merge_metadata("revisions", number, body.metadata)
    return uuid


def know_revision(change: Change, part: str, name: str, revision: str) -> None:
    """Have the record know a part of that number, which is made under that name, and its revision."""
    if change.connection.execute("SELECT 1 FROM parts WHERE number = ?", (part,)).fetchone() is None:
        create_part(change, NewPart(number=part, name=name, revision_number=revision))
    elif change.connection.execute(_IS_REVISION, (part, revision)).fetchone() is None:
        create_revision(change, part, NewRevision(number=revision))


def update_revision(change: Change, part_number: str, revision_number: str, body: RevisionChange) -> str:
    """Change a revision's number or image; return its id.

    Raises:
        NotFoundError: revision or image are not there.
        ConflictError: the part has another revision of that number.
    """
    revision = find_revision(change.connection, part_number, revision_number)
    if body.number is not None:
        _check_revision_free(change, revision["part"], body.number, besides=revision["id"])
        change.connection.execute("UPDATE revisions SET number = ? WHERE id = ?", (body.number, revision["id"]))
    if body.image_id is not None:
        image = find_image(change, body.image_id)
        change.connection.execute("UPDATE revisions SET image = ? WHERE id = ?", (image, revision["id"]))
    change.merge_metadata("revisions", revision["id"], body.metadata)
    return str(revision["uuid"])


def delete_revision(change: Change, part_number: str, revision_number: str) -> str:
    """Delete a revision; return its id.

    Raises:
        NotFoundError: it is not there.
        ConflictError: units are of it.
    """
    revision = find_revision(change.connection, part_number, revision_number)
    _check_unused(change, revision["id"], f"revision {revision['number']!r}")
    change.connection.execute("DELETE FROM revisions WHERE id = ?", (revision["id"],))
    return str(revision["uuid"])


def _check_revision_free(change: Change, part: int, number: str, besides: int | None = None) -> None:
    sql = "SELECT id FROM revisions WHERE part = ? AND number = ? AND id IS NOT ?"
    if change.connection.execute(sql, (part, number, besides)).fetchone():
        what = f"A revision with the number {number!r} already exists for this part."
        raise ConflictError(what, remedy="Use another number.")


def _check_unused(change: Change, revision: int, what: str) -> None:
    count = change.connection.execute("SELECT count(*) FROM units WHERE revision = ?", (revision,)).fetchone()[0]
    if count:
        raise ConflictError(f"The {what} is in use by {count} units.", remedy="Move or delete these units first.")
