"""A whole service on the simulated board in bent time, and what is told on its bus."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from core.bent_loop import BentLoop
from core.bus import (
    GapMarked,
    JobChanged,
    LedChanged,
    LogWritten,
    PwmChanged,
    ReadingTaken,
    SettingChanged,
)
from core.jobs.job import Job
from core.jobs.runner import StartRequest
from core.service import Service, ServiceOptions, running_service

EPOCH_UTC_S = 1_900_000_000.0
_KINDS = (GapMarked, JobChanged, LedChanged, LogWritten, PwmChanged, ReadingTaken, SettingChanged)
_E = TypeVar("_E")


class Told:
    """Everything that was told on the bus, in order."""

    def __init__(self, service: Service) -> None:
        self.events: list[Any] = []
        for kind in _KINDS:
            service.bus.listen(kind, self.events.append)

    def of(self, kind: type[_E]) -> list[_E]:
        return [event for event in self.events if isinstance(event, kind)]

    def readings(self, series: str) -> list[ReadingTaken]:
        return [reading for reading in self.of(ReadingTaken) if reading.series == series]

    def duties(self) -> list[tuple[float, float]]:
        """Seconds since the start, and percent, of every change of a PWM output."""
        return [(round(event.utc_s - EPOCH_UTC_S, 3), event.duty_percent) for event in self.of(PwmChanged)]

    def log(self, level: str) -> str:
        return "\n".join(event.item["message"] for event in self.of(LogWritten) if event.item["level"] == level)

    def states(self, job_name: str) -> list[str]:
        return [event.state for event in self.of(JobChanged) if event.row["job_name"] == job_name]


def bent(coroutine: Coroutine[Any, Any, Any], within_s: float = 3 * 3600.0) -> Any:
    """Run a coroutine on a loop whose time jumps to the next timer; fail when it is not done in bent `within_s`."""
    with asyncio.Runner(loop_factory=lambda: BentLoop(math.inf)) as runner:
        return runner.run(asyncio.wait_for(coroutine, within_s))


@contextlib.asynccontextmanager
async def bent_service(
    folder: Path, board: str | None = "simulated:", epoch_utc_s: float = EPOCH_UTC_S
) -> AsyncIterator[tuple[Service, Told]]:
    """Run a service until the block ends; the board, if any, is connected when it begins."""
    options = ServiceOptions(folder, board, epoch_utc_s=epoch_utc_s, speed=math.inf)
    async with running_service(options) as service:
        told = Told(service)
        if service.board_link.current is not None:
            await service.board_link.current.wait_until_usable(10)
        yield service, told


async def started(service: Service, job_name: str, /, **options: Any) -> Job:
    """Start a job and wait until it has left `init`; raise why it did not come up."""
    job = service.jobs.start(StartRequest(job_name, options))
    await service.jobs.until_started(job)
    return job


async def ended(job: Job) -> None:
    """Wait for the end of a job."""
    async with asyncio.timeout(120):
        await job.gone.wait()


async def until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    """Let bent time pass until something holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - it is bent time that passes
            await asyncio.sleep(0.05)


def misbehave(service: Service, command: str) -> None:
    service.board_link.simulation.misbehave(command)


def truth(service: Service) -> dict[str, float]:
    return service.board_link.simulation.truth()
