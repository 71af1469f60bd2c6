"""Building a unit: a sub-unit comes in, new or known, in an empty place or in another one's."""

from __future__ import annotations

from core.errors import BadRequestError, ConflictError
from core.schemas.unit_record.unit_page import BuiltIn
from core.schemas.unit_record.units import NewUnit
from core.traceability.book import Change
from core.traceability.moves import position_of
from core.traceability.parts_store import FIRST_REVISION, know_revision
from core.traceability.refs import find_unit
from core.traceability.unit_children import add_child, remove_child
from core.traceability.units_store import create_unit

_NEWEST_REVISION = (
    "SELECT revisions.number FROM revisions JOIN parts ON parts.id = revisions.part WHERE parts.number = ? "
    "ORDER BY revisions.id DESC LIMIT 1"
)


def build_in(change: Change, parent_serial: str, child_serial: str, body: BuiltIn) -> None:
    """Put a sub-unit into a unit; one it takes the place of comes out. An unknown one is made, with part and revision.

    Raises:
        NotFoundError: the unit is not there, or the one to be replaced.
        BadRequestError: the one to be replaced is not in it; the sub-unit is new and nobody says of which part; or it
            would be within itself.
        ConflictError: it is known as another part, or is replaced by itself.
    """
    position = body.position
    if body.replaces is not None:
        if body.replaces.lower() == child_serial.lower():
            raise ConflictError("A sub-unit cannot take its own place.", remedy="Name the one that is put in.")
        place = position_of(change.connection, find_unit(change.connection, body.replaces)["id"])
        position = position or place
        remove_child(change, parent_serial, body.replaces)
    connection = change.connection
    known = connection.execute(
        "SELECT parts.number FROM units JOIN revisions ON revisions.id = units.revision "
        "JOIN parts ON parts.id = revisions.part WHERE units.serial_number = ?",
        (child_serial,),
    ).fetchone()
    if known is None:
        _make(change, child_serial, body)
    elif body.part_number is not None and body.part_number.lower() != known["number"].lower():
        what = f"The unit {child_serial!r} is known as part {known['number']!r}."
        raise ConflictError(what, remedy="Check the serial number, or leave the part number out.")
    add_child(change, parent_serial, child_serial, position)


def _make(change: Change, serial_number: str, body: BuiltIn) -> None:
    part = body.part_number
    if part is None:
        cause = f"The unit {serial_number!r} is not in the record yet."
        raise BadRequestError("A new sub-unit needs a part number.", cause, "Give it.", fields=["part_number"])
    newest = change.connection.execute(_NEWEST_REVISION, (part,)).fetchone()
    revision = body.revision_number or (FIRST_REVISION if newest is None else newest["number"])
    know_revision(change, part, part, revision)
    create_unit(change, NewUnit(serial_number=serial_number, part_number=part, revision_number=revision))
