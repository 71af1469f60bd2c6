"""What the service gives a job that starts: its row, the board, its outputs, and what the unit has besides."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.board_link import BoardLink
from core.bus import Bus
from core.clock import Clock
from core.jobs.unit_parts import UnitParts
from core.output_holds import LedLocks
from core.outputs import HeldOutputs
from core.records.values import ValueStore

if TYPE_CHECKING:
    from core.jobs.job import Job


@dataclass(frozen=True)
class JobContext:
    """What a job is given by the service.

    Attributes:
        outputs: the outputs this job holds, and no other job.
        store: values kept for good, by store name and key.
        settings_of: published settings of the running job of a name, `$state` included; None when it does not run.
        active_experiment: name of the active experiment, None when there is none.
        start_job: starts another job by name, with options, in an experiment; refused as a user's start is.
        parts: what the unit has besides its board.
    """

    job_id: int
    unit: str
    experiment: str
    source: str
    clock: Clock
    bus: Bus
    board_link: BoardLink
    outputs: HeldOutputs
    led_locks: LedLocks
    store: ValueStore
    log: logging.LoggerAdapter[Any]
    settings_of: Callable[[str], dict[str, Any] | None] = field(repr=False)
    active_experiment: Callable[[], str | None] = field(repr=False)
    start_job: Callable[[str, dict[str, Any], str], Job] = field(repr=False)
    parts: UnitParts = field(repr=False)
