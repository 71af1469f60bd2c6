"""The states of a job, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """The states of a job a user can see."""

    INIT = "init"
    READY = "ready"
    SLEEPING = "sleeping"
    DISCONNECTED = "disconnected"
    LOST = "lost"

    def may_become(self, target: JobState) -> bool:
        """Tell whether `target` may follow this state."""
        return target in _FOLLOWING[self]


_FOLLOWING = {
    JobState.INIT: {JobState.READY, JobState.DISCONNECTED, JobState.LOST},
    JobState.READY: {JobState.SLEEPING, JobState.DISCONNECTED, JobState.LOST},
    JobState.SLEEPING: {JobState.READY, JobState.DISCONNECTED, JobState.LOST},
    JobState.DISCONNECTED: {JobState.LOST},
    JobState.LOST: set[JobState](),
}
