"""What of a run is still to come, in the order it is due."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field

from core.profiles.profile import ORDER, Action, Kind

# What is done once, such as a dose, is given up when it is later than this: it would come on top of the next.
LATE_AT_MOST_S = 600.0


@dataclass(frozen=True)
class Due:
    """One action that is due `due_s` seconds after the run began.

    Attributes:
        loops: of a repeat: how often it has come round already.
        has_begun: of a repeat or when: whether its `if` was looked at.
        late_at_most_s: later than this it is given up, if it is something that is done once.
    """

    due_s: float
    job_name: str
    action: Action
    loops: int = 0
    has_begun: bool = False
    late_at_most_s: float = LATE_AT_MOST_S

    @property
    def order(self) -> int:
        """Its rank among what is due at the same moment."""
        return ORDER[self.action.kind]


@dataclass
class Agenda:
    """A queue ordered by time, then by kind, then by the order in which things were put in."""

    _heap: list[tuple[float, int, int, Due]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def put(self, due: Due) -> None:
        """Add something."""
        heapq.heappush(self._heap, (due.due_s, due.order, next(self._numbers), due))

    @property
    def next(self) -> Due | None:
        """What comes first, None when nothing is left."""
        return self._heap[0][3] if self._heap else None

    def take(self) -> Due:
        """Remove and return what comes first."""
        return heapq.heappop(self._heap)[3]

    @property
    def waits_only(self) -> bool:
        """Whether nothing is left but actions that wait for something to become true."""
        return bool(self._heap) and all(due.action.kind is Kind.WHEN for *_, due in self._heap)
