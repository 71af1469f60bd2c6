"""Starts jobs after checking everything that can be checked, lists them, and ends them.

A row is listed from before the start is answered until the job's outputs are off. A job that crashes takes nothing
else with it: its row ends, its outputs go off and are freed, and the user is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from core.board_link import BoardLink
from core.bus import AllStopped, Bus, JobChanged
from core.clock import Clock
from core.config import Config, ConfigError
from core.errors import BadRequestError, ConflictError, NotFoundError, ServiceError, UnavailableError
from core.experiments.experiments import Experiments, check_name
from core.experiments.runs import keep_start
from core.jobs.built_in import BUILT_IN_JOBS
from core.jobs.context import JobContext
from core.jobs.declaration import STATE_SETTING, JobDeclaration
from core.jobs.interrupted_memory import keep_running
from core.jobs.job import Job
from core.jobs.link_watch import LinkWatch
from core.jobs.registry import JobRegistry
from core.jobs.running_job import RunningJob
from core.jobs.start_refusals import StartRefusals
from core.jobs.state import JobState
from core.jobs.unit_parts import StartPlace, UnitParts
from core.jobs.values import check_arguments, read_options
from core.logs import job_logger
from core.output_holds import LedLocks, OutputHolds
from core.outputs import HeldOutputs
from core.reactor_models import ReactorModel
from core.records.records import LIVE_ONLY_PREFIX, NO_EXPERIMENT, Records
from device.board import BoardError

_ANSWER_WITHIN_S = 5.0
_END_WITHIN_S = 15.0


@dataclass(frozen=True)
class StartRequest:
    """What a user asks for when starting a job; `experiment` None means the active one."""

    job_name: str
    options: dict[str, Any] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    experiment: str | None = None
    source: str = "user"
    config_overrides: list[tuple[str, str, str]] = field(default_factory=list)
    # Name and version of the reactor model to check against, the unit's own when None.
    model: tuple[str, str] | None = None


class JobRunner:
    """Runs the jobs of one unit.

    Attributes:
        stops_of_all: how often everything was stopped; a start that was on its way meanwhile must not begin.
    """

    def __init__(
        self,
        *,
        unit: str,
        clock: Clock,
        bus: Bus,
        config: Config,
        records: Records,
        experiments: Experiments,
        board_link: BoardLink,
        parts: UnitParts,
    ) -> None:
        self.registry = JobRegistry()
        self.registry.add(*BUILT_IN_JOBS)
        self.holds = OutputHolds()
        self.led_locks = LedLocks()
        self.stops_of_all = 0
        self._unit = unit
        self._clock = clock
        self._bus = bus
        self._config = config
        self._records = records
        self._experiments = experiments
        self._board_link = board_link
        self._parts = parts
        self._running: dict[int, RunningJob] = {}
        self._refusals = StartRefusals(clock)
        LinkWatch(self, board_link, clock)

    # Looking

    @property
    def running(self) -> list[RunningJob]:
        """The listed jobs, ascending by id."""
        return list(self._running.values())

    def jobs(self) -> list[Job]:
        """Return the jobs of the listed rows."""
        return [entry.job for entry in self._running.values()]

    def rows(self, job_name: str | None = None, experiment: str | None = None) -> list[dict[str, Any]]:
        """Return running rows as the API shows them, all or those of one job or experiment."""
        return [
            each.item
            for each in self._running.values()
            if (job_name is None or each.name == job_name) and (experiment is None or each.row.experiment == experiment)
        ]

    def newest(self, job_name: str) -> Job | None:
        """Return the running job of that name that was started last."""
        return next((each.job for each in reversed(self.running) if each.name == job_name), None)

    def settings_of(self, job_name: str) -> dict[str, Any] | None:
        """Return the published settings of a running job, None when it does not run or has none."""
        job = self.newest(job_name)
        return job.settings if job is not None and job.declaration.shows_state else None

    @property
    def is_closing(self) -> bool:
        """Whether the service goes down, and every job with it."""
        return self._refusals.is_closing

    @property
    def refuses_starts(self) -> bool:
        """Whether no job is started now: the service goes down, or something is under way that ends every job."""
        return self._refusals.any_now

    # Starting

    def start(self, request: StartRequest) -> Job:
        """Check a start and begin it; the job is listed when this returns, and still in `init`.

        Raises:
            ServiceError: of the class that fits, when the job is refused; nothing has happened then.
        """
        self._refusals.check_closing()
        job_class, given, arguments = self.registry.choose(request.job_name, request.options, request.arguments)
        declaration = job_class.declaration
        options = read_options(declaration, given)
        check_arguments(declaration.arguments, arguments)
        config = self._config.with_overrides(request.config_overrides)
        if request.experiment is not None and not declaration.is_long_running:
            check_name(request.experiment)
        job, outputs = self._make(job_class, config, options, arguments, request)
        job.check_start(self._place(request))
        self._refusals.check_too_soon(request.job_name)
        self._refuse_running(declaration)
        self._refuse_held(self._not_taken_over(job, outputs))
        self._refusals.check_now()
        if job.needs_board:
            _ = self._board_link.board
        self._refusals.accepted(request.job_name)
        experiment = NO_EXPERIMENT if declaration.is_long_running else self._experiments.ensure(request.experiment)
        self._begin(job, request.source, experiment, outputs)
        keep_running(self._records.store, job, request.config_overrides, request.model)
        return job

    def refuse_starts(self, why: UnavailableError) -> Callable[[], None]:
        """Start no job from now on; return what ends that."""
        return self._refusals.refuse(why)

    def note_stop_of_all(self) -> None:
        """Have no start go on that is on its way, now that everything is stopped; tell everyone."""
        self.stops_of_all += 1
        self._bus.publish(AllStopped())

    def refuse_stopped_since(self, stops_of_all: int) -> None:
        """Raise ConflictError when everything was stopped since there had been so many stops."""
        if stops_of_all != self.stops_of_all:
            raise ConflictError("Everything was stopped while this start was on its way.", remedy="Start it again.")

    def start_long_running(self) -> None:
        """Start the jobs that belong to the unit itself and do not run."""
        for job_class in self.registry.classes:
            declaration = job_class.declaration
            if declaration.is_long_running and self.newest(declaration.row_name) is None:
                options = read_options(job_class.declaration, {})
                self._begin(job_class(self._config, options), "system", NO_EXPERIMENT, ())

    def begin_action(self, job: Job, source: str, outputs: tuple[str, ...]) -> None:
        """Begin a job that no user starts by itself: the hardware's part of something larger. Its data are not stored.

        Raises:
            ConflictError: an output is held by another job.
            UnavailableError: the board is not connected, or no job is started now.
        """
        self._refusals.check_closing()
        self._refuse_held(outputs)
        self._refusals.check_now()
        _ = self._board_link.board
        self._begin(job, source, f"{LIVE_ONLY_PREFIX}{job.declaration.row_name}", outputs)

    async def until_started(self, job: Job) -> dict[str, Any]:
        """Return what the task of a start results in, once the job has left `init`; raise why it could not start."""
        await job.left_init.wait()
        failure = job.failure
        if isinstance(failure, ServiceError):
            raise failure
        name = job.declaration.row_name
        if isinstance(failure, BoardError):
            raise UnavailableError(f"{name} did not start: {failure}", remedy=failure.remedy)
        if failure is not None:
            raise ServiceError(f"{name} did not start.", cause=f"{type(failure).__name__}: {failure}")
        return {"job_name": name, "job_id": job.context.job_id, "state": job.state.value}

    def _place(self, request: StartRequest) -> StartPlace:
        experiment = request.experiment or self._experiments.active()
        running = frozenset(entry.name for entry in self._running.values())
        return StartPlace(self._parts, experiment, self._model(request), running, self._records.store)

    def _start_for(self, source: str, job_name: str, options: dict[str, Any], experiment: str) -> Job:
        return self.start(StartRequest(job_name, options, experiment=experiment, source=source))

    def _model(self, request: StartRequest) -> ReactorModel:
        """Return the reactor model a start is checked against; raise BadRequestError when it is not known."""
        if request.model is None:
            return self._parts.models.current
        model = self._parts.models.find(*request.model)
        if model is None:
            raise BadRequestError(
                f"The reactor model {' '.join(request.model)} is not known.",
                remedy="Use one of the models in `known`, or leave MODEL_NAME and MODEL_VERSION out.",
                fields=["env"],
                known=self._parts.models.names,
            )
        return model

    def _make(
        self,
        job_class: type[Job],
        config: Config,
        options: dict[str, Any],
        arguments: list[str],
        request: StartRequest,
    ) -> tuple[Job, tuple[str, ...]]:
        """Return a job that has not begun, and the outputs it needs; its configuration may be refused."""
        try:
            job = job_class(config, options)
            job.arguments = arguments
            return job, job.outputs_to_hold()
        except ConfigError as error:
            if not request.config_overrides:
                raise
            raise BadRequestError(error.error, error.cause, error.remedy, fields=["config_overrides"]) from error
        except ServiceError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            name = job_class.declaration.job_name
            remedy = "If it comes from a plug-in, update or uninstall that; the log has what its author needs to know."
            job_logger(name).error("%s cannot start.", job_class.declaration.label, exc_info=error)
            raise ServiceError(f"{name} cannot start.", f"{type(error).__name__}: {error}", remedy) from error

    def _begin(self, job: Job, source: str, experiment: str, outputs: tuple[str, ...]) -> Job:
        declaration = job.declaration
        name = declaration.row_name
        former = self._former(job)
        self.holds.claim(self._not_taken_over(job, outputs), name)
        job_id = self._records.insert_job(name, experiment, source, declaration.is_long_running)
        keep_start(self._records, job_id, declaration, job.options, job.arguments)
        row = self._records.job_row(job_id)
        assert row is not None  # noqa: S101 - it was inserted a line ago
        context = JobContext(
            job_id=job_id,
            unit=self._unit,
            experiment=experiment,
            source=source,
            clock=self._clock,
            bus=self._bus,
            board_link=self._board_link,
            outputs=HeldOutputs(self.holds, self.led_locks, outputs, self._board_link, self._bus, self._clock,
                                holder=name, experiment=experiment),
            led_locks=self.led_locks,
            store=self._records.store,
            log=job_logger(name, None if experiment == NO_EXPERIMENT else experiment),
            settings_of=self.settings_of,
            active_experiment=self._experiments.active,
            start_job=partial(self._start_for, name),
            parts=self._parts,
        )  # fmt: skip
        job.attach(context)
        if former is not None:
            context.outputs.take_over(former.context.outputs)
            former.end()
        entry = RunningJob(job, row, self._unit)
        self._running[job_id] = entry
        job.state_changed = lambda: self._on_state(entry)
        self._bus.publish(JobChanged(entry.item, job.state.value, job.needs_board))
        entry.task = asyncio.get_running_loop().create_task(self._live(entry), name=f"job {name}")
        return job

    async def _live(self, entry: RunningJob) -> None:
        job = entry.job
        try:
            await job.live()
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            job.failure = job.failure or error
            job.log.exception("%s could not end in good order.", job.declaration.label)
            await job.context.outputs.release()
        finally:
            if entry.row.job_id in self._running:
                job.state = JobState.LOST
                self._on_state(entry)
            job.left_init.set()
            job.gone.set()
        entry.tell_failure()

    def _on_state(self, entry: RunningJob) -> None:
        state = entry.job.state
        entry.tell_course()
        if state in (JobState.DISCONNECTED, JobState.LOST):
            if self._running.pop(entry.row.job_id, None) is None:
                return
            entry.end_at(self._clock.utc_s())
        self._bus.publish(JobChanged(entry.item, state.value, entry.job.needs_board))

    def _refuse_running(self, wanted: JobDeclaration) -> None:
        """Raise ConflictError when the same runs; a sub-command may run beside an action whose name it shares."""
        name = wanted.row_name
        running = [entry.job.declaration for entry in self._running.values() if entry.name == name]
        in_the_way = [each for each in running if not each.is_action or each.job_name == wanted.job_name]
        if in_the_way and not wanted.takes_over:
            remedy = f"Stop it first, or {'wait for its end' if in_the_way[0].is_action else 'change its settings'}."
            raise ConflictError(f"{in_the_way[0].job_name} is already running.", remedy=remedy, holder=name)

    def _former(self, job: Job) -> Job | None:
        """Return the running job whose place `job` takes."""
        return self.newest(job.declaration.row_name) if job.declaration.takes_over else None

    def _not_taken_over(self, job: Job, outputs: tuple[str, ...]) -> tuple[str, ...]:
        former = self._former(job)
        return tuple(name for name in outputs if former is None or name not in former.context.outputs)

    def _refuse_held(self, outputs: Iterable[str]) -> None:
        """Raise ConflictError when an output is taken, without taking any."""
        self.holds.claim(outputs, "")
        self.holds.free(outputs)

    # Changing

    async def change_settings(self, job_name: str, wanted: dict[str, Any]) -> None:
        """Hand new values to a running job, all or nothing.

        Raises:
            NotFoundError: it does not run, or has no such setting.
            BadRequestError: a value is refused.
            UnavailableError: it did not answer within five seconds.
        """
        job = self.newest(job_name)
        if job is None or not job.declaration.shows_state:
            raise NotFoundError(f"{job_name} is not running.", remedy="Start it first.")
        if not wanted:
            raise BadRequestError("There is no setting to change.", fields=["settings"])
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await job.change(wanted)
        except TimeoutError:
            raise UnavailableError(f"{job_name} did not answer within {_ANSWER_WITHIN_S:g} s.") from None
        except BoardError as error:
            raise UnavailableError(str(error), remedy=error.remedy) from error
        if wanted.get(STATE_SETTING) == JobState.DISCONNECTED.value:
            await job.gone.wait()

    # Ending

    async def end(self, entries: list[RunningJob]) -> dict[str, Any]:
        """End jobs; return the result of a task that stops jobs: `stopped` and `still_running`.

        What moves or heats ends first, then automations, then the rest, lights last. A job that does not end in time is
        still running; its outputs go off by themselves when their leases end.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _END_WITHIN_S
        for order in sorted({entry.job.declaration.stop_order for entry in entries}):
            group = [entry for entry in entries if entry.job.declaration.stop_order == order]
            for entry in group:
                entry.job.end()
            tasks = [entry.task for entry in group if entry.task is not None]
            await asyncio.wait(tasks, timeout=max(0.0, deadline - loop.time()))
        return {
            "stopped": [entry.brief() for entry in entries if entry.job.gone.is_set()],
            "still_running": [entry.brief() for entry in entries if not entry.job.gone.is_set()],
        }

    async def stop_experiment(self, experiment: str) -> None:
        """End the running jobs of an experiment; raise ConflictError when one does not end in time."""
        result = await self.end([entry for entry in self.running if entry.row.experiment == experiment])
        if result["still_running"]:
            names = ", ".join(entry["job_name"] for entry in result["still_running"])
            raise ConflictError(f"{names} did not end in time.", remedy="Try again in a moment.")

    async def close(self) -> None:
        """End every job, those of the unit too, and start none any more: the service is going down."""
        self._refusals.is_closing = True
        await self.end(self.running)
