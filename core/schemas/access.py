"""Who may talk to the service, and the token that lets other computers in."""

from __future__ import annotations

from pydantic import BaseModel, Field


class AccessItem(BaseModel):
    """Where the service listens, and what it asks of whoever talks to it."""

    address: str = Field(description="Host and port it listens on.", examples=["127.0.0.1:4999"])
    beyond_this_computer: bool = Field(description="Other computers can reach it.")
    needs_token: bool = Field(description="Requests must carry `Authorization: Bearer <token>`.")
    has_token: bool = Field(description="A token has been given out.")
    token_made_at: str | None = Field(description="When, UTC; null where it is not known.")
    names: list[str] = Field(description="Host names it may be addressed by, besides its addresses.")


class TokenItem(BaseModel):
    """A token, shown this once: only its hash is kept."""

    token: str
    made_at: str = Field(description="UTC.", examples=["2031-02-03T04:05:06.789Z"])
