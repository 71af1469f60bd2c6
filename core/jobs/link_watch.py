"""What jobs are told when the link to the board is lost or back, and when the board switched an output of theirs off.

A job stays listed while the link is lost: its curves get a gap and it is brought back afterwards. An output whose lease
ended although the link was there means that its job no longer answers: that job is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol

from core.board_link import BoardLink
from core.clock import Clock
from core.errors import UnavailableError
from core.jobs.job import Job
from core.output_holds import OutputHolds
from core.outputs import switch_off
from device.board import BoardError, BoardEvent, ConnectionChanged, OutputWentOff

# How much later than due a job that was only held up may renew a lease; so long it is given after a suspension, too.
_GRACE_S = 6.0
_LOOK_EVERY_S = 0.5
_LEASE_EXPIRED = "lease expired"


class HungJobError(Exception):
    """A job stopped renewing an output it holds."""


class JobsRunning(Protocol):
    """Where the jobs are found that must be told, and who holds what."""

    holds: OutputHolds

    def jobs(self) -> list[Job]:
        """Return the running jobs."""


class LinkWatch:
    """Tells running jobs of the link and of outputs the board took away."""

    def __init__(self, runner: JobsRunning, board_link: BoardLink, clock: Clock) -> None:
        self._runner = runner
        self._board_link = board_link
        self._clock = clock
        self._was_usable = board_link.is_usable
        self._tasks: set[asyncio.Task[None]] = set()
        board_link.listen(self._hear)

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, ConnectionChanged):
            self._tell(event.connection.is_usable)
        elif isinstance(event, OutputWentOff):
            self._output_gone(event)

    def _tell(self, usable: bool) -> None:
        if usable == self._was_usable:
            return
        self._was_usable = usable
        for job in self._runner.jobs():
            if not usable and job.needs_board:
                job.mark_gap("the link to the board was lost")
            job.spawn(job.tell_link(usable))
        if usable and self._runner.holds.left_on:
            self._begin(self._switch_off_what_was_left_on())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="link watch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _switch_off_what_was_left_on(self) -> None:
        left_on = self._runner.holds.left_on
        for output in sorted(left_on):
            if output in left_on:  # a job may have switched it on meanwhile
                with contextlib.suppress(BoardError, UnavailableError):  # the leases end by themselves
                    await switch_off(self._board_link.board, (output,))
                    left_on.discard(output)

    def _output_gone(self, event: OutputWentOff) -> None:
        for job in self._runner.jobs():
            job.context.outputs.board_switched_off(event.output)
            if event.reason == _LEASE_EXPIRED and event.output in job.context.outputs and not job.is_ending:
                self._begin(self._look_again(job, event, self._clock.monotonic_s()))

    async def _look_again(self, job: Job, event: OutputWentOff, when_s: float) -> None:
        """See whether the job was only held up (a busy or suspended computer) or hangs."""
        outputs = job.context.outputs
        while not outputs.renewed_since(event.output, when_s):
            if job.is_ending or not self._board_link.is_usable or not outputs.drives(event.output):
                return
            if min(outputs.overdue_s(event.output), self._clock.monotonic_s() - when_s) > _GRACE_S:
                job.fail(HungJobError(f"it did not renew {event.output}, so the board switched it off"))
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        job.log.warning("The board had switched %s off (%s); it is on again.", event.output, event.reason)
        job.spawn(job.tell_link(True))
