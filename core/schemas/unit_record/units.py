"""Units: single pieces with a serial number, and what they are made of."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from core.schemas.unit_record.fields import (
    FileName,
    Metadata,
    PartNumber,
    RevisionNumber,
    RunOutcome,
    Sample,
    Sent,
    SerialNumber,
    Uuid,
)
from core.schemas.unit_record.shared import Created, FileRef, NameRef, NumberRef, PartRef, UnitRef


class NewUnit(Sent):
    """A unit to create; its part and revision must be there."""

    serial_number: SerialNumber
    part_number: PartNumber
    revision_number: RevisionNumber
    sample: Sample | None = None
    metadata: Metadata | None = None


class UnitChange(Sent):
    """What to change of a unit; what is left out stays. A `batch_number` of null takes it out of its batch."""

    new_serial_number: SerialNumber | None = None
    part_number: str | None = None
    revision_number: str | None = None
    batch_number: str | None = None
    attachments: list[Uuid] | None = None
    sample: Sample | None = None
    metadata: Metadata | None = None


class ChildLink(Sent):
    """A unit to put under another one."""

    child_serial_number: SerialNumber


class NewAttachment(Sent):
    """A file to upload: its name with extension."""

    name: FileName


class Relative(UnitRef):
    """A unit's parent or child."""

    part: PartRef


class RunShort(BaseModel):
    """A unit's newest run."""

    id: str
    outcome: RunOutcome
    started_at: str
    ended_at: str
    procedure: NameRef


class CreatingRun(RunShort):
    """The run that made a unit."""

    created_at: str
    duration: str


class UnitDetail(Created):
    """A unit."""

    id: str
    serial_number: str
    created_at: str
    part: PartRef
    batch: NumberRef | None
    parent: Relative | None
    children: list[Relative]
    created_during: CreatingRun | None
    attachments: list[FileRef]
    sample: Sample | None
    metadata: dict[str, Any]


class UnitRow(Created):
    """A unit in a list; at most ten of its children."""

    id: str
    serial_number: str
    created_at: str
    part: PartRef
    batch: NumberRef | None
    parent: UnitRef | None
    children: list[UnitRef]
    last_run: RunShort | None
    sample: Sample | None
    metadata: dict[str, Any]
