"""Starting again what was cut off, in an order in which everything finds what it builds on, dosing last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConflictError, ServiceError, UnavailableError
from core.jobs.declaration import STATE_SETTING, Group
from core.jobs.interrupted_memory import InterruptedJob
from core.jobs.runner import JobRunner, StartRequest
from core.jobs.state import JobState

_ORDER = (
    "stirring",
    "od_reading",
    "temperature_automation",
    "led_automation",
    "led_intensity",
    "growth_rate_calculating",
)
DOSING = "dosing_automation"
# A rule that acts every so often must not act at once, as if it were new: its last run may be a moment ago.
_WAIT_FIRST = "skip_first_run"
START_WITHIN_S = 120.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refusal:
    """A job that was not resumed, and why; `is_for_now` when what it needs was not there just then."""

    job: InterruptedJob
    error: str
    remedy: str
    is_for_now: bool = False

    def item(self) -> dict[str, str]:
        """Return it as the result of a task shows it."""
        return {"job_name": self.job.job_name, "error": self.error, "remediation": self.remedy}


def in_order(jobs: Iterable[InterruptedJob]) -> list[InterruptedJob]:
    """Return jobs in the order of their starts: what others need first, jobs of plug-ins later, dosing last."""
    places = {name: place for place, name in enumerate(_ORDER)} | {DOSING: len(_ORDER) + 1}
    return sorted(jobs, key=lambda job: (places.get(job.job_name, len(_ORDER)), job.started_at))


def doses(runner: JobRunner, job: InterruptedJob) -> bool:
    """Whether a job moves liquid, also one of a plug-in."""
    try:
        job_class, _, _ = runner.registry.choose(job.job_name, job.options, job.arguments)
    except ServiceError:  # it does not start either
        return job.job_name == DOSING
    return job_class.declaration.group is Group.DOSE


async def resume_all(
    runner: JobRunner,
    jobs: Iterable[InterruptedJob],
    stops_of_all: int,
    is_wanted: Callable[[InterruptedJob], bool],
    resumed: Callable[[InterruptedJob], None],
) -> list[Refusal]:
    """Start jobs again one after another, with the settings they had last; return those that did not start.

    Dosing is left out when anything before it did not start. Stopping everything meanwhile ends this too.

    Args:
        runner: starts them.
        jobs: what is to be resumed, in any order.
        stops_of_all: how often everything had been stopped when this was asked for.
        is_wanted: asked of each job just before: meanwhile somebody may have decided to leave it.
        resumed: told of each job that runs again, at once.
    """
    refused: list[Refusal] = []
    for job in in_order(jobs):
        refusal = await _try_to_resume(runner, job, stops_of_all, is_wanted, refused)
        if refusal is None:
            resumed(job)
            _log.info("%s was resumed with the settings it had last.", job.label)
        else:
            refused.append(refusal)
            _log.error("%s was not resumed: %s %s", job.label, refusal.error, refusal.remedy)
    return refused


async def _try_to_resume(
    runner: JobRunner,
    job: InterruptedJob,
    stops_of_all: int,
    is_wanted: Callable[[InterruptedJob], bool],
    refused: Sequence[Refusal],
) -> Refusal | None:
    """Resume one job; return why that was not possible. `refused`: those before it that did not start."""
    try:
        if not is_wanted(job):
            raise ConflictError(f"{job.label} was left as it is meanwhile.", remedy="Start it if you want it.")
        if refused and doses(runner, job):
            raise ConflictError(
                f"Dosing was not resumed, because {refused[0].job.job_name} was not.",
                remedy="Mend that first; then resume dosing, or start it anew.",
            )
        async with asyncio.timeout(START_WITHIN_S):
            await _resume(runner, job, stops_of_all)
    except ServiceError as error:
        return Refusal(job, error.error, error.remedy, isinstance(error, UnavailableError))
    except TimeoutError:
        what = f"{job.job_name} did not come up within {START_WITHIN_S:g} s."
        return Refusal(job, what, "See the log of the job.")
    except Exception as error:  # noqa: BLE001 - a job of a plug-in must not keep the others from being resumed
        _log.exception("%s could not be resumed.", job.label)
        what = f"{job.job_name} has a fault: {type(error).__name__}: {error}"
        return Refusal(job, what, "If it comes from a plug-in, update or uninstall that.")
    return None


async def _resume(runner: JobRunner, job: InterruptedJob, stops_of_all: int) -> None:
    runner.refuse_stopped_since(stops_of_all)
    job_class, _, _ = runner.registry.choose(job.job_name, job.options, job.arguments)
    known = {option.name for option in job_class.declaration.options}
    options = job.options | {name: value for name, value in job.settings.items() if name in known}
    if _WAIT_FIRST in known:
        options[_WAIT_FIRST] = 1
    overrides = [(section, key, value) for section, key, value in job.config_overrides]
    model = (job.model[0], job.model[1]) if job.model else None
    started = runner.start(
        StartRequest(job.job_name, options, job.arguments, job.experiment, job.job_source, overrides, model)
    )
    if job.state == JobState.SLEEPING:
        await _fall_asleep(runner, started.context.job_id, started.left_init, job.job_name)
    await runner.until_started(started)
    if left := _left_to_set(job, known, started.settings):
        await runner.change_settings(job.job_name, left)


async def _fall_asleep(runner: JobRunner, job_id: int, left_init: asyncio.Event, job_name: str) -> None:
    """Put a job that slept before to sleep again, as soon as it can be."""
    await left_init.wait()
    if any(entry.row.job_id == job_id for entry in runner.running):
        await runner.change_settings(job_name, {STATE_SETTING: JobState.SLEEPING.value})


def _left_to_set(job: InterruptedJob, options: set[str], present: dict[str, Any]) -> dict[str, Any]:
    """Return the settings no option of the start gave, where they are not what they were."""
    return {
        name: value
        for name, value in job.settings.items()
        if name in job.settable and name not in options and present.get(name) != value
    }
