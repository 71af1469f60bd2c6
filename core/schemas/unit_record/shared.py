"""Shapes that many answers of the unit record share. Every key is always there; null where there is nothing."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

_Row = TypeVar("_Row")


class Issue(BaseModel):
    """One thing that is wrong with a request."""

    message: str


class Refusal(BaseModel):
    """What every error answers."""

    message: str = Field(description="What happened, and what to do next.")
    code: str = Field(description="BAD_REQUEST, NOT_FOUND, CONFLICT and so on.")
    issues: list[Issue]


class Made(BaseModel):
    """The id of what was made, changed, linked or deleted."""

    id: str


class Deleted(BaseModel):
    """The ids of what was deleted."""

    id: list[str]


class UserRef(BaseModel):
    """A user."""

    id: str
    name: str | None
    email: str | None


class StationRef(BaseModel):
    """A station."""

    id: str
    name: str


class Created(BaseModel):
    """Who made it: exactly one of the two is set."""

    created_by_user: UserRef | None
    created_by_station: StationRef | None


class NumberRef(BaseModel):
    """A revision or a batch."""

    id: str
    number: str


class NameRef(BaseModel):
    """A procedure or phase."""

    id: str
    name: str


class PartRef(BaseModel):
    """A part with the revision a unit is of."""

    id: str
    number: str
    name: str
    revision: NumberRef


class UnitRef(BaseModel):
    """A unit."""

    id: str
    serial_number: str


class FileRef(BaseModel):
    """An attachment; size and URL are null until it has been uploaded."""

    id: str
    name: str
    size: int | None = Field(description="Bytes.")
    content_type: str | None
    download_url: str | None = Field(description="Works without a key, for a quarter of an hour.")


class ListQuery(BaseModel):
    """What every list is asked for with; unknown parameters are ignored. A cursor may come as 1.0."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[float, Field(ge=0, le=2**53, allow_inf_nan=False)] = 0


class Meta(BaseModel):
    """Where a list goes on."""

    has_more: bool
    next_cursor: int | None = Field(description="Send it back as `cursor`; null at the end.")


class Listing(BaseModel, Generic[_Row]):
    """One page of a list."""

    data: list[_Row]
    meta: Meta
