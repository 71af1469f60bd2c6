"""How a run of a profile stands, and the lines of its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.clock import timestamp


class RunState(StrEnum):
    """The states of a run; the last four are final."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETE = "complete"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of an action."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class RunLine:
    """What became of one action; `hours` since the run began, `line` of the profile's text."""

    utc_s: float
    hours: float
    line: int
    job_name: str
    action: str
    outcome: Outcome
    message: str

    def item(self) -> dict[str, Any]:
        """Return the line as the API shows it."""
        return {
            "timestamp": timestamp(self.utc_s),
            "hours": round(self.hours, 6),
            "line": self.line,
            "job_name": self.job_name,
            "action": self.action,
            "outcome": self.outcome.value,
            "message": self.message,
        }


@dataclass
class RunItem:
    """How a run stands; times in UTC seconds, hours since it began without its pauses.

    Attributes:
        profile: file name of the profile.
        name: what the profile calls itself.
        reason: why it ended, when it did not end by itself.
        next_hours, next_action, next_line: what comes next.
    """

    run_id: str
    profile: str
    name: str
    experiment: str
    started_at: float
    inputs: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    state: RunState = RunState.RUNNING
    ended_at: float | None = None
    reason: str = ""
    actions_done: int = 0
    actions_total: int = 0
    actions_failed: int = 0
    hours: float = 0.0
    next_hours: float | None = None
    next_action: str = ""
    next_line: int | None = None
    last_action: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self.state not in (RunState.RUNNING, RunState.PAUSED)

    @property
    def job_source(self) -> str:
        """Job source of what the run starts."""
        return f"experiment_profile/{self.run_id}"

    def as_json(self) -> dict[str, Any]:
        """Return the run as the API shows it."""
        return {
            "run_id": self.run_id,
            "profile": self.profile,
            "experiment_profile_name": self.name,
            "experiment": self.experiment,
            "inputs": self.inputs,
            "label": self.label,
            "state": self.state.value,
            "reason": self.reason,
            "started_at": timestamp(self.started_at),
            "ended_at": None if self.ended_at is None else timestamp(self.ended_at),
            "hours": round(self.hours, 6),
            "actions_done": self.actions_done,
            "actions_total": self.actions_total,
            "actions_failed": self.actions_failed,
            "next_action": self.next_action,
            "next_hours": None if self.next_hours is None else round(self.next_hours, 6),
            "next_line": self.next_line,
            "last_action": self.last_action,
        }
