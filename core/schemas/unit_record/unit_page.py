"""A unit as the window shows it: all its parts, its procedures, its history; and the file it is saved as."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.bodies import Body
from core.schemas.unit_record.fields import PartNumber, RevisionNumber, SerialNumber
from core.schemas.unit_record.runs import RunDetail
from core.schemas.unit_record.shared import Created, UnitRef
from core.schemas.unit_record.units import Relative, UnitDetail


class RecordItem(BaseModel):
    """The record as a whole."""

    model_config = ConfigDict(protected_namespaces=())

    own_serial_number: str | None = Field(description="Of the board in use; null while none was ever reached.")
    is_own_recorded: bool = Field(description="Whether there is a unit of that serial number.")
    unit_count: int
    run_count: int
    model_name: str | None = Field(description="Of the reactor model this unit is configured as; null when none.")
    model_version: str | None


class TreePart(Relative):
    """A sub-unit with its own."""

    position: str | None = Field(description="Where in its unit it is, such as `Media pump`; null when nobody said so.")
    is_placeholder: bool = Field(description="Whether its serial number only stands for one that is not known.")
    parts_tree: list[TreePart]


class UnitProcedure(BaseModel):
    """A procedure a unit went through."""

    id: str
    name: str
    run_count: int = Field(description="Runs of this unit.")


class Move(Created):
    """A sub-unit that came or went."""

    at: str
    action: Literal["put_in", "taken_out"]
    position: str | None = Field(description="Where in the parent it came to or went from.")
    unit: Relative
    parent: UnitRef = Field(description="What it came into or left.")


class UnitPage(UnitDetail):
    """A unit with all that its record says of it, but for its runs."""

    parts_tree: list[TreePart] = Field(description="What it is made of, to the last part.")
    procedures: list[UnitProcedure] = Field(description="By name.")
    moves: list[Move] = Field(
        description="What came and went directly under it, and where it went itself; newest first."
    )


class UnitExport(BaseModel):
    """A unit's whole record."""

    format: str
    exported_at: str
    unit: UnitPage
    runs: list[RunDetail] = Field(description="Oldest first; links to attachments are left out.")


class BuiltIn(Body):
    """How a sub-unit is built in. Part and revision are needed for one that is not in the record yet."""

    part_number: PartNumber | None = None
    revision_number: RevisionNumber | None = Field(default=None, description="The part's newest one when left out.")
    replaces: SerialNumber | None = Field(default=None, description="The sub-unit that comes out for it.")
    position: str | None = Field(
        default=None, min_length=1, max_length=60, pattern=r"\S",
        description="Where in the unit, such as `Media pump`; where the replaced one was when left out.",
    )  # fmt: skip


class RealSerialNumber(Body):
    """A unit's own serial number, in the place of one that only stood for it or was wrong."""

    new_serial_number: SerialNumber
