"""A job that is listed: itself, its row in the records, and that row as the API shows it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

from core.clock import timestamp
from core.errors import ServiceError
from core.jobs.job import Job
from core.jobs.state import JobState
from core.records.job_rows import JobRow
from device.board import BoardError


@dataclass
class RunningJob:
    """A job from before its start is answered until its outputs are off.

    Attributes:
        unit: name of the unit it runs on.
        item: its row as the API shows it; made anew by `end_at`.
        task: what it lives in.
        was_ready: whether it has been ready, so that it `goes on` the next time.
    """

    job: Job
    row: JobRow
    unit: str
    task: asyncio.Task[None] | None = None
    was_ready: bool = False
    item: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.item = _item(self.row, self.unit)

    @property
    def name(self) -> str:
        """The job's name."""
        return self.row.job_name

    def end_at(self, utc_s: float) -> None:
        """Note when it ended, in seconds since 1970."""
        self.row.ended_at = utc_s
        self.item = _item(self.row, self.unit)

    def brief(self) -> dict[str, Any]:
        """Return the row's id and name, as results of stopping list them."""
        return {"job_id": self.row.job_id, "job_name": self.row.job_name}

    def tell_course(self) -> None:
        """Log that the job has started, sleeps, goes on or has ended."""
        job, state = self.job, self.job.state
        if state is JobState.READY:
            job.log.info("%s %s.", job.declaration.label, "goes on" if self.was_ready else "started")
            self.was_ready = True
        elif state is JobState.SLEEPING:
            job.log.info("%s sleeps.", job.declaration.label)
        elif state is JobState.DISCONNECTED and self.was_ready and job.failure is None:
            job.log.info("%s ended.", job.declaration.label)

    def tell_failure(self) -> None:
        """Log why the job ended, if it was not to end, and raise an alarm where it had come up before."""
        failure, label = self.job.failure, self.job.declaration.label
        if failure is not None and self.job.state is JobState.LOST:
            why = str(failure) or type(failure).__name__
            what = f"{label} was lost: {why.rstrip('.')}. Its outputs are off; the other jobs go on."
            remedy = getattr(failure, "remedy", "") or "The log says more. Start the job again when the cause is gone."
            self.job.alarms.begin("lost", what, remedy, signal="job", lasts=False)
        if isinstance(failure, ServiceError | BoardError):
            self.job.log.error("%s ended: %s %s", label, failure, failure.remedy)
        elif failure is not None:
            crashed = "%s crashed and was ended; its outputs are off. The other jobs go on."
            self.job.log.error(crashed, label, exc_info=failure)


def _item(row: JobRow, unit: str) -> dict[str, Any]:
    return {
        "job_id": row.job_id,
        "unit": unit,
        "experiment": row.experiment,
        "job_name": row.job_name,
        "job_source": row.job_source,
        "started_at": timestamp(row.started_at),
        "is_running": int(row.ended_at is None),
        "leader": unit,
        "pid": os.getpid(),
        "is_long_running_job": int(row.is_long_running),
        "ended_at": None if row.ended_at is None else timestamp(row.ended_at),
    }
