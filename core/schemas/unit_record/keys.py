"""Keys to the unit's record."""

from __future__ import annotations

from pydantic import BaseModel, Field

from core.schemas.bodies import Body


class NewKey(Body):
    """Whose key to make: a user or a station, by name; they are made when they are not there."""

    user: str | None = Field(default=None, min_length=1, max_length=60, pattern=r"\S")
    station: str | None = Field(default=None, min_length=1, max_length=60, pattern=r"\S")


class KeyItem(BaseModel):
    """A key, without what makes it valid."""

    prefix: str = Field(description="What names the key.")
    user: str | None = Field(description="The user it belongs to; null for a station's.")
    station: str | None = Field(description="The station it belongs to; null for a user's.")
    created_at: str
    revoked_at: str | None = Field(description="Since when it is worthless; null while it is valid.")


class MadeKey(BaseModel):
    """A key, this once."""

    key: str = Field(description="Send it as Authorization: Bearer <key>. It cannot be shown again.")
    prefix: str
