"""The base of every request body."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A JSON object with no unknown fields, whose values are not silently converted."""

    model_config = ConfigDict(extra="forbid", strict=True)
