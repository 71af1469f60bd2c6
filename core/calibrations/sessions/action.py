"""The hardware's part of a step: a job of its own while it acts, so that it is listed, stopped and leased like any other.

A plugged cable, a hung service and a user's "stop all" mean for it what they mean for a job: its outputs go off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.calibrations.sessions.protocol import ActionFailedError
from core.config import Config
from core.errors import ConflictError, ServiceError, UnavailableError
from core.jobs.declaration import Group, JobDeclaration, StopOrder
from core.jobs.job import Job
from device.board import BoardError, CommandRefusedError

if TYPE_CHECKING:
    from core.jobs.runner import JobRunner

LONGEST_S = 300.0

Work = Callable[["CalibrationAction"], Awaitable[str | None]]


class CalibrationAction(Job):
    """What the hardware does for one step of a calibration.

    Args:
        work: what to do; returns the next step's id, or None.
        runner: starts the jobs it needs beside it.
    """

    declaration = JobDeclaration(
        job_name="calibration",
        label="Calibration",
        help="The hardware's part of one step of a guided calibration.",
        group=Group.CHECK,
        stop_order=StopOrder.OUTPUTS,
        is_action=True,
    )

    def __init__(self, config: Config, work: Work, runner: JobRunner) -> None:
        super().__init__(config, {})
        self._work = work
        self._runner = runner
        self._next: str | None = None
        self._error: Exception | None = None
        self._is_done = False

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
            self._error = ActionFailedError(f"The board refused: {error}.", remedy=error.remedy)
        except BoardError as error:
            self._error = UnavailableError(f"The board was lost: {error}.", remedy=error.remedy)
        except ServiceError as error:
            self._error = error

    async def finished(self) -> str | None:
        """Return the next step's id when it is over and its outputs are off; raise why it did not get there."""
        await self.gone.wait()
        error = self._error or self.failure
        if error is not None:
            raise error
        if not self._is_done:
            raise ConflictError("This was stopped before it was done.", remedy="Continue again when it may run.")
        return self._next
