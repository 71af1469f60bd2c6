"""Stopping jobs: which ones are meant, and every output off at once."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from core.board_link import BoardLink
from core.jobs.declaration import StopOrder
from core.jobs.runner import JobRunner
from core.jobs.running_job import RunningJob
from device.board import BoardError

_log = logging.getLogger(__name__)

# How long "stop all" waits for the board's word before it answers; the command is on its way then anyway.
_ALL_OFF_WITHIN_S = 1.0


@dataclass(frozen=True)
class StopFilter:
    """Which running jobs are meant; several values are combined with *and*, None means any."""

    job_name: str | None = None
    experiment: str | None = None
    job_source: str | None = None
    job_id: int | None = None

    def matches(self, entry: RunningJob) -> bool:
        """Whether a job is meant; one that belongs to the unit itself must be named or numbered."""
        row = entry.row
        if row.is_long_running and self.job_name is None and self.job_id is None:
            return False
        wanted = (self.job_name, self.experiment, self.job_source, self.job_id)
        actual = (row.job_name, row.experiment, row.job_source, row.job_id)
        return all(want is None or want == have for want, have in zip(wanted, actual, strict=True))


def matching(runner: JobRunner, which: StopFilter) -> list[RunningJob]:
    """Return the running jobs a filter means."""
    return [entry for entry in runner.running if which.matches(entry)]


def of_experiments(runner: JobRunner) -> list[RunningJob]:
    """Return every running job that does not belong to the unit itself."""
    return [entry for entry in runner.running if not entry.row.is_long_running]


async def switch_all_off(entries: list[RunningJob], board_link: BoardLink) -> None:
    """Command every output off at once, before anything else happens; never fails.

    The jobs that hold outputs are told to end first, so that none of them switches its output on again; so are those
    that take hold of one only while they need it, as dosing rules do.
    """
    for entry in entries:
        if entry.job.context.outputs.any_held or entry.job.declaration.stop_order is StopOrder.OUTPUTS:
            entry.job.end()
    board = board_link.current
    if board is None:
        return
    try:
        async with asyncio.timeout(_ALL_OFF_WITHIN_S):
            await board.all_off()
    except (BoardError, TimeoutError) as error:
        _log.error("The board did not confirm that everything is off (%s); leases end by themselves.", error)
