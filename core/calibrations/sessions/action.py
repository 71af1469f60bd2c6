"""The hardware's part of a step: a job of its own while it acts, so that it is listed, stopped and leased like others.

A plugged cable, a hung service and a user's "stop all" mean for it what they mean for a job: its outputs go off.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from core.bus import CalibrationProgressed
from core.calibrations.sessions.protocol import ActionFailedError, SessionFailedError
from core.config import Config
from core.dosing.timed_run import TimedRun
from core.errors import ConflictError, ServiceError, TooSoonError, UnavailableError
from core.jobs.declaration import Group, JobDeclaration, StopOrder
from core.jobs.job import Job
from device.board import BoardError, CommandRefusedError

LONGEST_S = 300.0
_AGAIN = "Wait until the board is connected, then continue again: the calibration waits at this step."

Work = Callable[["CalibrationAction"], Awaitable[str | None]]
# Starts a job: experiment, source, name, options; it is listed when this returns.
StartJob = Callable[[str, str, str, dict[str, Any]], Job]


class CalibrationAction(Job):
    """What the hardware does for one step of a calibration.

    Args:
        work: what to do; returns the next step's id, or None.
        start_job: starts a job it needs beside it.
    """

    declaration = JobDeclaration(
        job_name="calibration",
        label="Calibration",
        help="The hardware's part of one step of a guided calibration.",
        group=Group.CHECK,
        stop_order=StopOrder.OUTPUTS,
        is_action=True,
    )

    def __init__(self, config: Config, work: Work, start_job: StartJob) -> None:
        super().__init__(config, {})
        self._work = work
        self._start_job = start_job
        self._next: str | None = None
        self._error: Exception | None = None
        self._is_done = False

    # What a protocol uses, beside `board`, `sleep` and `context.outputs`.

    async def run_pump(self, channel: int, duty_percent: float, frequency_hz: float, duration_s: float) -> float:
        """Run a pump as a dose does, timed by the board; return how long it really ran, in seconds.

        Raises:
            UnavailableError, BoardError: it ended before its time.
        """
        timed = TimedRun(self.context.outputs, self.context.board_link, self.clock, channel)
        await timed.run(duty_percent, frequency_hz, duration_s)
        if timed.error is not None:
            raise timed.error
        return timed.ran_s

    def tell_progress(self, device: str, share: float) -> None:
        """Tell whoever waits that `share`, from 0 to 1, of what is measured of a device is done."""
        self.context.bus.publish(CalibrationProgressed(device, round(100 * share, 1)))

    @contextlib.asynccontextmanager
    async def job_beside(self, job_name: str, **options: Any) -> AsyncIterator[Job]:
        """Have another job run for the length of the block; its data are not stored.

        Raises:
            ConflictError: it runs already, or was ended meanwhile by somebody else.
        """
        start = partial(self._start_job, self.context.experiment, self.context.source, job_name, options)
        try:
            job = start()
        except TooSoonError as error:
            await self.sleep(error.retry_after_s)
            job = start()
        try:
            await job.left_init.wait()
            _refuse_ended(job)
            yield job
            _refuse_ended(job)
        finally:
            job.end()
            await job.gone.wait()

    # What the engine and the runner use.

    async def on_link_lost(self) -> None:
        """End: what was being measured is worth nothing any more."""
        self._give_up(UnavailableError("The link to the board was lost meanwhile.", remedy=_AGAIN))

    async def on_link_back(self) -> None:
        """End: the board had switched an output off."""
        self._give_up(UnavailableError("The board had switched an output off meanwhile.", remedy=_AGAIN))

    async def work(self) -> None:
        """Do it; what goes wrong is the step's to tell, and no crash."""
        try:
            async with asyncio.timeout(LONGEST_S):
                self._next = await self._work(self)
            self._is_done = True
        except TimeoutError:
            self._error = UnavailableError(
                f"This took longer than {LONGEST_S:g} s and was stopped.",
                remedy="Look at the board and what is connected to it, then continue again.",
            )
        except CommandRefusedError as error:
            self._error = ActionFailedError(
                f"The board refused: {str(error).rstrip('.')}.",
                remedy=f"{error.remedy or 'Put it right.'} Then continue again; or begin again with other settings.",
            )
        except BoardError as error:
            self._error = self._error or UnavailableError(
                f"The board was lost: {error}.", remedy=error.remedy or _AGAIN
            )
        except (ServiceError, SessionFailedError) as error:
            self._error = error

    def _give_up(self, error: ServiceError) -> None:
        self._error = self._error or error
        self.end()

    async def finished(self) -> str | None:
        """Return the next step's id when it is over and its outputs are off; raise why it did not get there."""
        await self.gone.wait()
        error = self._error or self.failure
        if error is not None:
            raise error
        if not self._is_done:
            raise ConflictError("This was stopped before it was done.", remedy="Continue again when it may run.")
        return self._next


def _refuse_ended(job: Job) -> None:
    """Raise why a job that is needed has ended, if it has."""
    if not job.is_ending:
        return
    if isinstance(job.failure, ServiceError | BoardError):
        raise job.failure
    what = f"{job.declaration.label} ended while the calibration needed it."
    raise ConflictError(what, remedy="Continue again to repeat this.")
