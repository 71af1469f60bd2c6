"""Jobs that a former service was running when it ended: told, offered to be resumed, or resumed by the user's rule.

Nothing is resumed by itself unless `resume_after_restart` in section [safety] is `always`. Then it waits for the board,
leaves dosing out where nobody knows what is in the vial, and gives up where it would do harm: when the cut is a day
old, or when the service ended again soon after the last time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from core.board_link import BoardLink
from core.bus import (
    AlarmBegan,
    AllStopped,
    BioreactorChanged,
    BoardChanged,
    Bus,
    ExperimentChanged,
    InterruptedChanged,
    JobChanged,
)
from core.clock import Clock, timestamp
from core.config import Config, ConfigError
from core.errors import BadRequestError, ConflictError, NotFoundError
from core.jobs.interrupted_memory import InterruptedJob, forget_running, keep_interrupted, read_interrupted
from core.jobs.resume import START_WITHIN_S, Refusal, doses, resume_all
from core.jobs.runner import JobRunner
from core.records.records import Records

RULES = ("ask", "always", "never")
_SECTION, _KEY = "safety", "resume_after_restart"
_STORE, _RESUMED_KEY = "resume", "resumed_at"
# A culture that was left alone for longer is another one.
_LONGEST_CUT_S = 24 * 3600.0
# A clock that is behind by more was set back, or lost the time without power.
_CLOCK_AGREES_WITHIN_S = 60.0
# A service that ends sooner after resuming, perhaps ended because of it.
_PROVEN_AFTER_S = 600.0
# A board that is lost while jobs are resumed may come back; one that never stays is nothing to rely on.
_MOST_TRIES = 10
_AGAIN_AFTER_S = 10.0
_log = logging.getLogger(__name__)


def resume_rule(config: Config) -> str:
    """Return what to do with jobs a former service was running; raise ConfigError when it is none of the rules."""
    return config.choice(_SECTION, _KEY, RULES)


class InterruptedJobs:
    """What was cut off, until somebody has decided about it; made by `load_interrupted`."""

    def __init__(
        self,
        found: list[InterruptedJob],
        rule: str,
        runner: JobRunner,
        records: Records,
        bus: Bus,
        clock: Clock,
        volume_doubt: Callable[[], str | None],
    ) -> None:
        self._volume_doubt = volume_doubt
        self._rule = rule
        self._jobs = {each.job_name: each for each in found}
        self._runner = runner
        self._records = records
        self._bus = bus
        self._clock = clock
        self._is_resuming = False
        self._is_cut_off = False
        self._waiting: asyncio.Task[None] | None = None
        bus.listen(JobChanged, self._on_job)
        bus.listen(ExperimentChanged, self._on_experiment)
        bus.listen(BioreactorChanged, self._on_volume)
        self._told_doubt = volume_doubt()
        bus.listen(AllStopped, self._on_all_stopped)

    def describe(self) -> dict[str, Any]:
        """Return what was cut off, as the API shows it."""
        jobs = list(self._jobs.values())
        last_s = max((each.ended_at for each in jobs), default=None)
        return {
            "rule": self._rule,
            "is_resuming": self._is_resuming,
            "ended_at": None if last_s is None else timestamp(last_s),
            "was_killed": any(each.was_killed for each in jobs),
            "volume_doubt": self._volume_doubt(),
            "jobs": [each.item() for each in jobs],
        }

    def choose(self, names: list[str] | None) -> list[InterruptedJob]:
        """Return the jobs of these names, all when None.

        Raises:
            NotFoundError: nothing was interrupted.
            BadRequestError: one of the names is not among what was.
        """
        if not self._jobs:
            raise NotFoundError("There is no interrupted job.", remedy="Nothing is left to do.")
        if unknown := [name for name in names or [] if name not in self._jobs]:
            what = f"{', '.join(map(repr, unknown))} was not interrupted."
            raise BadRequestError(what, fields=["jobs"], known=list(self._jobs))
        return [each for name, each in self._jobs.items() if names is None or name in names]

    def deadline_s(self, jobs: list[InterruptedJob]) -> float:
        """Return how long resuming these jobs may take at most."""
        return (len(jobs) + 1) * START_WITHIN_S

    def refuse_twice(self) -> None:
        """Raise ConflictError when jobs are being resumed already."""
        if self._is_resuming:
            raise ConflictError("Interrupted jobs are being resumed already.", remedy="Wait until that is done.")

    async def resume(self, jobs: list[InterruptedJob]) -> dict[str, Any]:
        """Start jobs again; return the result of the task: `resumed` and `failed`. What failed can be tried again.

        Raises:
            ConflictError: jobs are being resumed already.
        """
        refused = await self._start_again(jobs)
        failed = [each.job.job_name for each in refused]
        resumed = [each.job_name for each in jobs if each.job_name not in failed]
        return {"resumed": resumed, "failed": [each.item() for each in refused]}

    async def _start_again(self, jobs: list[InterruptedJob]) -> list[Refusal]:
        """Start jobs again, and forget each as soon as it runs; return those that did not start."""
        self.refuse_twice()
        self._is_resuming = True
        self._tell()
        try:
            stops = self._runner.stops_of_all
            return await resume_all(self._runner, jobs, stops, self._is_wanted, lambda job: self._drop([job.job_name]))
        finally:
            self._is_resuming = False
            self._tell()

    def _is_wanted(self, job: InterruptedJob) -> bool:
        return job.job_name in self._jobs

    def dismiss(self, jobs: list[InterruptedJob]) -> None:
        """Leave jobs as they are: ended; others are resumed all the same where the rule says so."""
        self._drop([each.job_name for each in jobs])

    def dismiss_all(self) -> None:
        """Leave everything as it is."""
        self.dismiss(list(self._jobs.values()))

    def expect_cut(self) -> None:
        """Jobs that end from now on are ended by a restart, not by their user."""
        self._is_cut_off = True

    def no_cut(self) -> None:
        """The restart does not come about."""
        self._is_cut_off = False

    def forget_running(self) -> None:
        """What runs now is ended by its user."""
        for row in self._runner.rows():
            forget_running(self._records, row["job_id"])

    def begin(self, board_link: BoardLink) -> None:
        """Follow the rule: tell what was cut off, and resume it where the rule says so."""
        if not self._jobs:
            return
        names = ", ".join(each.label for each in self._jobs.values())
        last = timestamp(max(each.ended_at for each in self._jobs.values()))
        if self._rule == "never":
            _log.warning("%s ended with the service at %s; by the rule, nothing is resumed.", names, last)
            self._drop(list(self._jobs))
        elif self._rule == "always" and (doubt := self._doubt()) is None:
            self._waiting = asyncio.get_running_loop().create_task(self._resume_by_rule(board_link), name="resume")
        else:
            why = f" {doubt}" if self._rule == "always" else ""
            _log.warning("%s ended with the service at %s and can be resumed.%s", names, last, why)

    async def close(self) -> None:
        """Wait for the board no longer."""
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait([self._waiting])

    def _doubt(self) -> str | None:
        """Return why nothing is resumed by itself although the rule says so; None when nothing is against it."""
        last_s = max(each.ended_at for each in self._jobs.values())
        cut_s = self._clock.utc_s() - last_s
        if cut_s > _LONGEST_CUT_S:
            return "That is more than a day ago, therefore you are asked."
        if cut_s < -_CLOCK_AGREES_WITHIN_S:
            return "This computer's clock is behind that: nobody knows how long ago it was, therefore you are asked."
        resumed_s = self._records.store.get(_STORE, _RESUMED_KEY)
        if isinstance(resumed_s, float) and resumed_s <= last_s < resumed_s + _PROVEN_AFTER_S:
            return "The service ended soon after it had resumed them the last time, therefore you are asked."
        return None

    async def _resume_by_rule(self, board_link: BoardLink) -> None:
        """Resume what is left as soon as the board is there; what the board was lost for again is tried again."""
        refused: list[Refusal] = []
        for _ in range(_MOST_TRIES):
            await self._until_usable(board_link)
            if not self._is_resuming:  # a person was faster
                jobs = self._without_doubtful_dosing()
                if not jobs:
                    return
                self._records.store.set(_STORE, _RESUMED_KEY, self._clock.utc_s())
                self._records.store.commit_soon()
                refused = await self._start_again(jobs)
                if not any(each.is_for_now for each in refused):
                    break
            await asyncio.sleep(_AGAIN_AFTER_S)
        if refused:
            names, first = ", ".join(each.job.label for each in refused), refused[0]
            what = f"{names} did not go on by itself after the restart: {first.error}"
            remedy = f"{first.remedy} Then resume it, or start it anew."
            self._bus.publish(AlarmBegan("resume", "job", "alarm", what, remedy, lasts=False))

    async def _until_usable(self, board_link: BoardLink) -> None:
        if board_link.is_usable:
            return
        _log.info("What was interrupted is resumed as soon as the board is connected.")
        usable = asyncio.Event()
        stop = self._bus.listen(BoardChanged, lambda _: usable.set() if board_link.is_usable else None)
        try:
            await usable.wait()
        finally:
            stop()

    def _without_doubtful_dosing(self) -> list[InterruptedJob]:
        """Return what is left to resume, without dosing where nobody knows what is in the vial."""
        jobs = list(self._jobs.values())
        if (dosing := [each for each in jobs if doses(self._runner, each)]) and (doubt := self._volume_doubt()):
            _log.warning("Dosing is not resumed by itself: %s Look at the vial, then resume it.", doubt)
            return [each for each in jobs if each not in dosing]
        return jobs

    def _on_job(self, event: JobChanged) -> None:
        if event.row["ended_at"] is not None:
            if not self._is_cut_off and not self._runner.is_closing:
                forget_running(self._records, event.row["job_id"])
        elif not self._is_resuming and event.row["job_name"] in self._jobs:
            self._drop([event.row["job_name"]])  # somebody started it anew

    def _on_experiment(self, event: ExperimentChanged) -> None:
        if event.experiment["ended_at"] is not None:
            name = event.experiment["experiment"]
            self._drop([each.job_name for each in self._jobs.values() if each.experiment == name])

    def _on_volume(self, _: BioreactorChanged) -> None:
        """Tell when somebody has said what is in the vial."""
        if self._jobs and self._told_doubt != self._volume_doubt():
            self._told_doubt = self._volume_doubt()
            self._tell()

    def _on_all_stopped(self, _: AllStopped) -> None:
        """Whoever stops everything wants nothing to begin by itself."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _drop(self, names: list[str]) -> None:
        dropped = [self._jobs.pop(name, None) for name in names]
        if any(dropped):
            keep_interrupted(self._records.store, list(self._jobs.values()))
            self._records.commit_soon()
            self._tell()

    def _tell(self) -> None:
        self._bus.publish(InterruptedChanged(self.describe()))


async def load_interrupted(
    config: Config,
    runner: JobRunner,
    records: Records,
    bus: Bus,
    clock: Clock,
    volume_doubt: Callable[[], str | None],
) -> InterruptedJobs:
    """Return what the former service was running when it ended.

    `volume_doubt` says why nobody knows what is in the vial, and returns None where it is known.
    """
    try:
        rule = resume_rule(config)
    except ConfigError as error:
        _log.warning("%s %s Nothing is resumed without asking.", error.error, error.remedy)
        rule = "ask"
    return InterruptedJobs(await read_interrupted(records), rule, runner, records, bus, clock, volume_doubt)
