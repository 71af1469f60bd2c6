"""What actions do: jobs are started, changed, put to sleep, woken and stopped as a user would.

Where the board cannot be reached, or a job is still starting, an action waits. A job that lives on is started when the
board is back, however late; what is done once, such as a dose, is given up after ten minutes, or when its
repeat comes round again, because a late one would come on top of the next. While the run is paused everything waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.board_link import BoardLink
from core.calibrations.calibrations import Calibrations
from core.errors import ConflictError, ServiceError, TooSoonError, UnavailableError
from core.estimators.estimators import Estimators
from core.jobs.declaration import STATE_SETTING
from core.jobs.runner import JobRunner, StartRequest
from core.jobs.state import JobState
from core.jobs.stop import StopFilter, matching

LED_JOB = "led_intensity"
_STARTS_WITHIN_S = 120.0
_LOOK_EVERY_S = 1.0
# Of a job that does not take a setting although the board is there.
_TRIES = 60


@dataclass(frozen=True)
class Start:
    """How a job is to be started."""

    job_name: str
    options: dict[str, Any]
    args: list[str]
    overrides: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Lateness:
    """How late something is: seconds since it was due, without the run's pauses, and at how many it is given up."""

    now_s: Callable[[], float]
    at_most_s: float

    def refuse_later(self, error: ServiceError | None = None) -> None:
        """Raise UnavailableError when it is too late by now; `error` is what it waited for."""
        if self.now_s() >= self.at_most_s:
            raise UnavailableError(
                f"This was not done within {self.at_most_s / 60:g} min and was given up.",
                cause=str(error or ""),
                remedy="A late one would come on top of the next. Do it by hand if it is still wanted.",
            ) from error


class Effects:
    """Carries actions of one run out.

    Args:
        source: job source of what is started.
        tell_waiting: called with the reason when an action has to wait for the board.
    """

    def __init__(
        self,
        *,
        jobs: JobRunner,
        board_link: BoardLink,
        calibrations: Calibrations,
        estimators: Estimators,
        experiment: str,
        source: str,
        log: logging.LoggerAdapter[Any],
    ) -> None:
        self._jobs = jobs
        self._board_link = board_link
        self._calibrations = calibrations
        self._estimators = estimators
        self._experiment = experiment
        self._source = source
        self._log = log
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    def pause(self) -> None:
        """Let nothing more begin."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Let things begin again."""
        self._goes_on.set()

    async def until_it_goes_on(self) -> None:
        """Wait as long as the run is paused."""
        await self._goes_on.wait()

    async def start(self, start: Start, lateness: Lateness) -> None:
        """Start a job and wait until it is ready; raise ServiceError when it is refused, fails or comes too late."""
        arguments = [str(argument) for argument in start.args]
        job_class, *_ = self._jobs.registry.choose(start.job_name, start.options, arguments)
        declaration = job_class.declaration
        is_done_once = declaration.is_action and not declaration.takes_over
        request = StartRequest(
            start.job_name, start.options, arguments, self._experiment, self._source, start.overrides
        )

        async def begin() -> None:
            await self._calibrations.load()
            await self._estimators.load()
            job = self._jobs.start(request)
            try:
                async with asyncio.timeout(_STARTS_WITHIN_S):
                    await self._jobs.until_started(job)
            except TimeoutError:
                self._log.warning("%s takes long to start.", declaration.label)

        await self._in_time(begin, start.job_name, lateness if is_done_once else None)

    async def update(self, job_name: str, values: dict[str, Any], lateness: Lateness) -> None:
        """Give a running job new settings; setting LEDs is starting them anew."""
        if job_name == LED_JOB:
            await self.start(Start(job_name, values, [], []), lateness)
            return
        await self._change(job_name, values)

    async def put_to_sleep(self, job_name: str) -> None:
        """Put a job to sleep; LEDs go dark."""
        if job_name == LED_JOB:
            await self.stop(job_name)
            return
        await self._change(job_name, {STATE_SETTING: JobState.SLEEPING.value})

    async def wake(self, job_name: str) -> None:
        """Wake a job that sleeps; raise ConflictError where it sleeps because of an alarm, which is for a person."""
        job = self._jobs.newest(job_name)
        if job is not None and job.state is JobState.SLEEPING and job.alarms.any_lasts:
            what = f"{job_name} sleeps because of an alarm, and no profile wakes it."
            raise ConflictError(what, remedy="Do what the alarm says, then wake it by hand.")
        await self._change(job_name, {STATE_SETTING: JobState.READY.value})

    async def stop(self, job_name: str) -> None:
        """End a job of the run's experiment; none is fine. Raise ConflictError when it does not end in time."""
        result = await self._jobs.end(matching(self._jobs, StopFilter(job_name, self._experiment)))
        if result["still_running"]:
            raise ConflictError(f"{job_name} did not end in time.", remedy="See the log, then stop it by hand.")

    async def stop_started(self) -> list[str]:
        """End every job this run has started that still runs; return the names of those that do not end."""
        result = await self._jobs.end(matching(self._jobs, StopFilter(job_source=self._source)))
        return [entry["job_name"] for entry in result["still_running"]]

    async def _change(self, job_name: str, values: dict[str, Any]) -> None:
        await self._in_time(lambda: self._jobs.change_settings(job_name, values), job_name)

    async def _in_time(
        self, action: Callable[[], Awaitable[None]], job_name: str, lateness: Lateness | None = None
    ) -> None:
        """Do an action as soon as it can be done; raise what refuses it for good, or once it is too late."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        tries, has_told = 0, False
        error: ServiceError | None = None
        while True:
            await self.until_it_goes_on()
            if lateness is not None:
                lateness.refuse_later(error)
            try:
                await action()
            except TooSoonError:
                await asyncio.sleep(_LOOK_EVERY_S)
            except UnavailableError as unavailable:
                error = unavailable
                tries = tries + 1 if self._board_link.is_usable else 0
                if tries >= _TRIES:
                    raise
                if not self._board_link.is_usable and not has_told:
                    has_told = True
                    self._log.warning("%s waits for the board: %s", job_name, error)
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                if has_told:
                    late_s = loop.time() - began_s
                    self._log.warning("The board is back; %s came %.0f s late.", job_name, late_s)
                return
