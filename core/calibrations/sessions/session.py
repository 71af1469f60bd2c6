"""One guided calibration: where it stands, what it has gathered, and how it ended. Kept as JSON across restarts."""

from __future__ import annotations

import copy
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from core.clock import timestamp

# The session whose step is being answered, for whatever that leads to.
session_under_way: ContextVar[Session | None] = ContextVar("session_under_way", default=None)


class SessionStatus(StrEnum):
    """How far a session has come."""

    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    ABORTED = "aborted"


@dataclass
class Session:
    """One session.

    Attributes:
        step_id: the step it waits at.
        data: what the protocol has gathered so far; JSON.
        created_utc_s, updated_utc_s: seconds since 1970.
        result: what it led to, once it is complete.
        error: why it failed or was aborted.
    """

    session_id: str
    protocol_name: str
    target_device: str
    step_id: str
    created_utc_s: float
    updated_utc_s: float
    status: SessionStatus = SessionStatus.IN_PROGRESS
    data: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status is not SessionStatus.IN_PROGRESS

    def draft(self) -> Session:
        """Return a copy to work on: what goes wrong half-way leaves this one as it was."""
        return copy.deepcopy(self)

    def item(self) -> dict[str, Any]:
        """Return the session as the API shows it."""
        return {
            "session_id": self.session_id,
            "protocol_name": self.protocol_name,
            "target_device": self.target_device,
            "status": self.status.value,
            "step_id": self.step_id,
            "data": self.data,
            "created_at": timestamp(self.created_utc_s),
            "updated_at": timestamp(self.updated_utc_s),
            "result": self.result,
            "error": self.error,
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything there is to keep."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Session:
        """Return what was kept; raise TypeError, KeyError or ValueError when it was not a session."""
        return cls(**(value | {"status": SessionStatus(value["status"])}))
