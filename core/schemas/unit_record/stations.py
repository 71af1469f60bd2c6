"""Stations and users: who reads and writes the record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from core.schemas.unit_record.fields import Metadata, Sent, StationName, Uuid
from core.schemas.unit_record.shared import NameRef, UserRef


class NewStation(Sent):
    """A station to create, linked to a procedure when one is given."""

    name: StationName
    procedure_id: Uuid | None = None
    team_id: str | None = None
    metadata: Metadata | None = None


class StationChange(Sent):
    """What to change of a station; an empty `image_id` takes its image away."""

    name: StationName | None = None
    image_id: str | None = None
    team_id: str | None = None
    metadata: Metadata | None = None


class StationProcedure(BaseModel):
    """A procedure linked to a station in a list."""

    id: str
    identifier: str | None
    name: str


class LinkedProcedure(StationProcedure):
    """A procedure linked to a station."""

    runs_count: int = Field(description="Runs of this station in the last seven days.")
    deployment: Any = Field(description="Always null here.")


class StationRow(BaseModel):
    """A station in a list."""

    id: str
    name: str
    procedures: list[StationProcedure]
    procedures_count: int
    team: NameRef | None
    metadata: dict[str, Any]


class StationDetail(BaseModel):
    """A station."""

    id: str
    name: str
    api_key: str | None = Field(description="Prefix of its newest valid key; null when it has none.")
    procedures: list[LinkedProcedure]
    organization_slug: str
    connection_status: Literal["connected", "disconnected"] | None
    team: NameRef | None
    metadata: dict[str, Any]


class User(BaseModel):
    """A user."""

    id: str
    email: str
    name: str | None
    image: str | None
    banned: bool


class Organization(BaseModel):
    """Whom the record belongs to: the unit."""

    id: str
    slug: str
    name: str


class WhoAmI(BaseModel):
    """Whose key was brought."""

    type: Literal["user", "station"]
    station: NameRef | None
    user: UserRef | None
    organization: Organization


class StationLink(Sent):
    """Which station may run which procedure."""

    id: Uuid
    procedure_id: Uuid


class StationLinkCall(Sent):
    """The link, in the envelope TofuPilot's own web page sends it in."""

    json_: StationLink = Field(alias="json")
