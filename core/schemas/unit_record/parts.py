"""Parts and their revisions: what a unit is one of."""

from __future__ import annotations

from pydantic import BaseModel

from core.schemas.unit_record.fields import Metadata, PartName, PartNumber, RevisionNumber, Sent
from core.schemas.unit_record.shared import Created, NumberRef, UnitRef


class NewPart(Sent):
    """A part to create, with its first revision: `A` when none is given."""

    number: PartNumber
    name: PartName | None = None
    revision_number: RevisionNumber | None = None
    metadata: Metadata | None = None


class PartChange(Sent):
    """What to change of a part; at least one of number and name."""

    new_number: PartNumber | None = None
    name: PartName | None = None
    metadata: Metadata | None = None


class RevisionMoment(NumberRef):
    """A revision of a part."""

    created_at: str


class PartDetail(Created):
    """A part."""

    id: str
    number: str
    name: str
    created_at: str
    revisions: list[RevisionMoment]


class PartRow(BaseModel):
    """A part in a list."""

    id: str
    number: str
    name: str
    created_at: str
    revisions: list[NumberRef]


class PartChanged(BaseModel):
    """A part as it is now."""

    id: str
    number: str
    name: str
    updated_at: str


class PartDeleted(BaseModel):
    """What was deleted with a part."""

    id: str
    deletedRevisionIds: list[str]  # noqa: N815 - so it is called in the API


class NewRevision(Sent):
    """A revision to create."""

    number: RevisionNumber
    metadata: Metadata | None = None


class RevisionChange(Sent):
    """What to change of a revision; an empty `image_id` takes its image away."""

    number: RevisionNumber | None = None
    image_id: str | None = None
    metadata: Metadata | None = None


class PartShort(BaseModel):
    """The part of a revision."""

    id: str
    number: str
    name: str


class RevisionDetail(Created):
    """A revision and the units that are of it."""

    id: str
    number: str
    created_at: str
    part: PartShort
    units: list[UnitRef]
