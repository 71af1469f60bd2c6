"""The one form of every error answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.schemas.described import described


class ErrorInfo(BaseModel):
    """Why it happened and what to do next."""

    model_config = ConfigDict(extra="allow")

    cause: str = Field(description="Why.")
    remediation: str = Field(description="What to do next.")
    status: int = Field(description="The HTTP status.")
    fields: list[str] | None = Field(default=None, description="Names of the fields at fault.")
    known: list[str] | None = Field(default=None, description="The names that would have been valid.")


class ErrorAnswer(BaseModel):
    """What every error answers."""

    error: str = Field(description="What happened, in one sentence.")
    error_info: ErrorInfo


_MEANING = {
    400: "A fault in the body, the query or a name.",
    404: "Not known on this unit.",
    409: "Something is in the way: already running, held, taken, ended.",
    413: "The body is larger than 1 MiB.",
    429: "Too soon after the last time; see Retry-After.",
    503: "The board is not connected, or the service is busy, starting or going down; see Retry-After.",
}
_ALWAYS = {
    401: "The token is missing or wrong (only beyond loopback).",
    403: "The Host or Origin header is foreign to this unit.",
    500: "A fault of the service, or a stored file that cannot be read.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses`: the given statuses and those every route can answer."""
    meanings = {**{status: _MEANING[status] for status in statuses}, **_ALWAYS}
    return {status: described(ErrorAnswer, meanings[status]) for status in sorted(meanings)}
