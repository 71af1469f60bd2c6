"""Units as they are made and changed."""

from __future__ import annotations

from collections.abc import Sequence

from core.schemas.unit_record.units import NewUnit, UnitChange
from core.traceability.attachments_store import link_uploads, remove_unused
from core.traceability.book import Change
from core.traceability.refs import find_batch, find_revision, find_unit, refuse_taken

# In the metadata of a unit whose serial number only stands for one that is not known.
PLACEHOLDER = "serial_number_is_placeholder"


def create_unit(change: Change, body: NewUnit) -> str:
    """Create a unit of an existing part and revision; return its id.

    Raises:
        NotFoundError: the revision is not there.
        ConflictError: the serial number is taken.
    """
    revision = find_revision(change.connection, body.part_number, body.revision_number)
    refuse_taken(change.connection, "unit", "units", "serial_number", body.serial_number)
    values = {"serial_number": body.serial_number, "revision": revision["id"], "sample": body.sample}
    number, uuid = change.create("units", **values)
    change.merge_metadata("units", number, body.metadata)
    return uuid


def update_unit(change: Change, serial_number: str, body: UnitChange) -> str:
    """Change what is given of a unit; return its id.

    Raises:
        NotFoundError: the unit is not there, or what it is to be linked to.
        ConflictError: the new serial number is another unit's.
    """
    unit = find_unit(change.connection, serial_number)
    number = unit["id"]
    values: dict[str, object] = {}
    if body.new_serial_number is not None:
        values["serial_number"] = body.new_serial_number
        refuse_taken(change.connection, "unit", "units", "serial_number", body.new_serial_number, besides=number)
        change.merge_metadata("units", number, {PLACEHOLDER: None})
    if body.part_number is not None or body.revision_number is not None:
        values["revision"] = _revision(change, unit["revision"], body)
    if "batch_number" in body.model_fields_set:
        batch = body.batch_number
        values["batch"] = None if batch is None else find_batch(change.connection, batch)["id"]
    if "sample" in body.model_fields_set:
        values["sample"] = body.sample
    if values:
        sql = f"UPDATE units SET {', '.join(f'{column} = ?' for column in values)} WHERE id = ?"  # noqa: S608 - own words
        change.connection.execute(sql, (*values.values(), number))
    change.merge_metadata("units", number, body.metadata)
    link_uploads(change, "unit", number, body.attachments or ())
    return str(unit["uuid"])


def delete_units(change: Change, serial_numbers: Sequence[str]) -> list[str]:
    """Delete units with their runs and attachments; return their ids. Children stay.

    Raises:
        NotFoundError: one is not there; none is deleted then.
    """
    connection = change.connection
    units = {row["id"]: row["uuid"] for row in (find_unit(connection, each) for each in serial_numbers)}
    for number in units:
        own = "SELECT attachment FROM unit_attachments WHERE unit = ?"
        of_runs = (
            "SELECT attachment FROM run_attachments JOIN runs ON runs.id = run_attachments.run WHERE runs.unit = ?"
        )
        attachments = connection.execute(f"{own} UNION {of_runs}", (number, number)).fetchall()
        connection.execute("DELETE FROM units WHERE id = ?", (number,))
        remove_unused(change, [row[0] for row in attachments])
    return list(units.values())


def _revision(change: Change, current: int, body: UnitChange) -> int:
    """Return the revision a unit moves to; the half that is not given stays as it is."""
    sql = (
        "SELECT parts.number AS part, revisions.number AS revision FROM revisions "
        "JOIN parts ON parts.id = revisions.part WHERE revisions.id = ?"
    )
    now = change.connection.execute(sql, (current,)).fetchone()
    part = now["part"] if body.part_number is None else body.part_number
    revision = now["revision"] if body.revision_number is None else body.revision_number
    found: int = find_revision(change.connection, part, revision)["id"]
    return found
