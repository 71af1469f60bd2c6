"""A job: something the unit does for a while, with states, settings and outputs of its own.

A job is a set of asyncio tasks. Whatever goes wrong in it ends this job alone. The runner starts it, tells it of the
link to the board, and ends it; the job's author writes `set_up`, perhaps `work`, timers by `every`, `set_<setting>`
for settings that need more than storing, and hooks named `on_<old>_to_<new>` and `on_<new>` for its states.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, ClassVar, TypeVar

from core.bus import GapMarked, PidCorrected, ReadingTaken, SettingChanged
from core.clock import Clock
from core.config import Config
from core.errors import BadRequestError, NotFoundError, ServiceError, UnavailableError
from core.jobs.alarms import JobAlarms
from core.jobs.all_or_nothing import Setter, set_all
from core.jobs.context import JobContext
from core.jobs.declaration import STATE_SETTING, JobDeclaration
from core.jobs.pid import Pid
from core.jobs.state import JobState
from core.jobs.timer import IntervalTimer
from core.jobs.unit_parts import StartPlace
from core.jobs.values import read_setting
from device.board import Board, BoardError

# How long the tasks and the last hook of an ending job may take before they are left behind.
_LAST_WORDS_S = 5.0


_E = TypeVar("_E")


class Job:
    """Base class of every job.

    Args:
        config: the configuration with this run's overrides.
        options: values of all declared options, already checked against the declaration.

    `arguments` are the positional ones, as texts. A constructor only reads what it is given, and refuses the start by
    raising; nothing has happened by then. The context comes afterwards, before `set_up`.
    """

    declaration: ClassVar[JobDeclaration]
    context: JobContext
    clock: Clock
    log: logging.LoggerAdapter[Any]
    alarms: JobAlarms

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        self.config = config
        self.options = options
        self.arguments: list[str] = []
        # Whether it cannot start, and its timers cannot run, without a board; options may decide otherwise.
        self.needs_board = self.declaration.needs_board
        self.timers_need_board = True
        self.state = JobState.INIT
        self.settings: dict[str, Any] = {STATE_SETTING: JobState.INIT.value}
        self.failure: BaseException | None = None
        self.left_init = asyncio.Event()
        self.gone = asyncio.Event()
        self.state_changed: Callable[[], None] = _nobody
        self._timers: list[IntervalTimer] = []
        self._children: set[asyncio.Task[None]] = set()
        self._ending = asyncio.Event()
        self._changing = asyncio.Lock()
        self._recorded: set[tuple[str, str]] = set()
        self._undo: list[Callable[[], None]] = []

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """Return the outputs the job holds for its whole life, such as `PWM 1`."""
        return ()

    def outputs_to_hold(self) -> tuple[str, ...]:
        """Return the outputs this very start holds; more or fewer than usual where its options or arguments say so."""
        return self.outputs_needed(self.config)

    # What an author overrides.

    def check_start(self, place: StartPlace) -> None:
        """Refuse the start by raising a ServiceError; called before anything happens, so nothing is half done."""

    def calibrations_needed(self) -> tuple[str, ...]:
        """Return the devices without whose active calibration this very start would end in an error."""
        return ()

    async def set_up(self) -> None:
        """Come from `init` to `ready`; an error raised here ends the job and is the answer to its start."""

    async def work(self) -> None:
        """Do the job's work; the job ends when this returns. A job that lives on timers leaves it as it is."""
        await asyncio.get_running_loop().create_future()

    async def on_link_lost(self) -> None:
        """Note that the board cannot be reached; its outputs go off by themselves when their leases end."""

    async def on_link_back(self) -> None:
        """Bring the board back to what the job wants after the link was lost, or the board switched an output off."""

    # What an author uses.

    @property
    def board(self) -> Board:
        """The board; raises UnavailableError while there is no link."""
        return self.context.board_link.board

    async def sleep(self, seconds: float) -> None:
        """Wait, and meanwhile keep the job's outputs on: a job that hangs elsewhere loses them."""
        await self.context.outputs.sleep_until(self.clock.monotonic_s() + seconds)

    def every(
        self, interval_s: float, action: Callable[[], Awaitable[None]], *, first_after_s: float = 0.0
    ) -> IntervalTimer:
        """Run `action` at a fixed phase while the job is ready and the board, if timers need it, can be reached."""

        async def reachable() -> None:
            if not self.timers_need_board or self.context.board_link.is_usable:
                try:
                    await action()
                except (BoardError, UnavailableError) as error:
                    self._tell_board_error("A run was left out", error)

        timer = IntervalTimer(
            self.clock, self.sleep, reachable, self.log, interval_s=interval_s, first_after_s=first_after_s
        )
        if self.state is JobState.SLEEPING:
            timer.pause()
        self._timers.append(timer)
        timer.task = self.spawn(timer.run())
        return timer

    def cancel(self, timer: IntervalTimer) -> None:
        """End a timer; a run under way is cut off."""
        self._timers.remove(timer)
        if timer.task is not None:
            timer.task.cancel()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` as a part of this job: it is cancelled with the job, and its error is the job's."""
        task = asyncio.get_running_loop().create_task(_kept_in(work), name=self.declaration.job_name)
        self._children.add(task)
        task.add_done_callback(self._child_done)
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began is not forgotten
        return task

    def listen(self, kind: type[_E], listener: Callable[[_E], None]) -> None:
        """Call `listener` for each event of `kind` on the bus until the job ends."""
        self.on_end(self.context.bus.listen(kind, listener))

    def on_end(self, undo: Callable[[], None]) -> None:
        """Call `undo` when the job ends, however it ends."""
        self._undo.append(undo)

    def publish(self, setting: str, value: Any) -> None:
        """Publish a setting's value in its native JSON form; None clears it."""
        if value is None:
            if self.settings.pop(setting, None) is None:
                return
        else:
            self.settings[setting] = value
        name, context = self.declaration.job_name, self.context
        context.bus.publish(SettingChanged(context.job_id, name, setting, value, context.experiment))

    def record(self, series: str, value: float, utc_s: float, experiment: str | None = None) -> None:
        """Record one reading of a time series of the job's experiment, or of another one."""
        experiment = experiment or self.context.experiment
        self._recorded.add((experiment, series))
        self.context.bus.publish(ReadingTaken(utc_s, experiment, series, value))

    def trace_pid(self, target_name: str, pid: Pid) -> None:
        """Tell how a PID loop that holds `target_name` came to its latest correction; nobody keeps that."""
        context = self.context
        context.bus.publish(PidCorrected(context.experiment, self.declaration.job_name, target_name, pid.trace))

    def mark_gap(self, reason: str) -> None:
        """Tell that the readings of this job stop here, so that nobody bridges the curve."""
        for experiment, series in sorted(self._recorded):
            self.context.bus.publish(GapMarked(self.clock.utc_s(), experiment, series, reason))
        self._recorded.clear()

    def end(self) -> None:
        """End the job in good order, from wherever it is; from now on it can only switch outputs off."""
        self.context.outputs.close()
        self._ending.set()

    def fail(self, error: BaseException) -> None:
        """End the job because of an error."""
        if not self._ending.is_set():
            self.failure = error
            self.end()

    # What the runner uses.

    @property
    def is_ending(self) -> bool:
        """Whether the job has been told to end, or has ended."""
        return self._ending.is_set()

    def attach(self, context: JobContext) -> None:
        """Give the job its place in the service."""
        self.context = context
        self.clock = context.clock
        self.log = context.log
        self.alarms = JobAlarms(context.bus, self.declaration.job_name, context.experiment)
        self.on_end(self.alarms.end_all)

    async def live(self) -> None:
        """Go through the job's whole life; returns when it has ended and its outputs are off."""
        self.publish(STATE_SETTING, self.state.value)
        self.spawn(self._go())
        try:
            await self._ending.wait()
        finally:
            self.end()
            await self._end_children()
            await self._finish()

    async def change(self, wanted: dict[str, Any]) -> None:
        """Take new values for settings: all of them, or none when one is refused.

        Raises:
            NotFoundError: no such setting, or the job ends just now.
            UnavailableError: the job is still starting.
            BadRequestError: not settable, of the wrong type, not acceptable, or an illegal change of state.
        """
        declared = self.declaration.changeable
        name = self.declaration.job_name
        values = {key: read_setting(name, declared, key, value) for key, value in wanted.items()}
        if self.is_ending:
            raise NotFoundError(f"{name} is not running: it ends just now.", remedy="Start it again first.")
        if self.state is JobState.INIT:
            raise UnavailableError(f"{name} is still starting.", remedy="Wait until it is ready, then try again.")
        async with self._changing:
            state = values.pop(STATE_SETTING, None)
            target = None if state is None else self._legal(state)
            self.check_settings(values)
            await set_all(values, dict(self.settings), {key: self._setter(key) for key in values})
            if target is JobState.DISCONNECTED:
                self.end()
            elif target is not None:
                await self._move(target)

    def check_settings(self, values: dict[str, Any]) -> None:
        """Refuse new values that do not go together, or not now, by raising BadRequestError."""

    async def tell_link(self, usable: bool) -> None:
        """Tell the job that the link to the board was lost, or is back."""
        async with self._changing:
            if self.state in (JobState.READY, JobState.SLEEPING):
                try:
                    await (self.on_link_back() if usable else self.on_link_lost())
                except (BoardError, UnavailableError) as error:
                    self._tell_board_error("The job could not take up where it was", error)

    def _tell_board_error(self, what: str, error: BoardError | UnavailableError) -> None:
        """Tell what the board refused; a lost link tells of itself."""
        level = logging.WARNING if self.context.board_link.is_usable else logging.DEBUG
        self.log.log(level, "%s: %s. %s", what, str(error).rstrip("."), error.remedy)

    def _legal(self, word: str) -> JobState | None:
        states = [state.value for state in (JobState.READY, JobState.SLEEPING, JobState.DISCONNECTED)]
        if word not in states:
            raise BadRequestError(f"{word!r} is no state to ask for.", known=states, fields=[STATE_SETTING])
        target = JobState(word)
        if target is self.state:
            return None
        ends_only = self.declaration.is_action and target is not JobState.DISCONNECTED
        if self.is_ending or ends_only or not self.state.may_become(target):
            raise BadRequestError(
                f"{self.declaration.job_name} is {self.state} and cannot become {target}.", fields=[STATE_SETTING]
            )
        return target

    def _setter(self, setting: str) -> Setter:
        setter: Setter = getattr(self, f"set_{setting}", None) or partial(self._store, setting)
        return setter

    async def _store(self, setting: str, value: Any) -> None:
        self.publish(setting, value)

    async def _go(self) -> None:
        await self.set_up()
        async with self._changing:
            await self._move(JobState.READY)
        await self.work()
        self.end()

    async def _move(self, target: JobState) -> None:
        if not self.state.may_become(target):
            return
        await self._hook(f"on_{self.state}_to_{target}")
        self._enter(target)
        await self._hook(f"on_{target}")

    def _enter(self, target: JobState) -> None:
        self.state = target
        for timer in self._timers:
            if target is JobState.SLEEPING:
                timer.pause()
            else:
                timer.resume()
        if target is JobState.SLEEPING:
            self.mark_gap(f"{self.declaration.job_name} sleeps")
        self.publish(STATE_SETTING, target.value)
        self.left_init.set()
        self.state_changed()

    async def _hook(self, name: str) -> None:
        hook = getattr(self, name, None)
        if hook is None:
            return
        try:
            await hook()
        except (BoardError, UnavailableError) as error:
            self._tell_board_error("A change of state did not reach the board", error)
        except (Exception, SystemExit, KeyboardInterrupt):
            self.log.exception("%s went wrong in %s.", self.declaration.label, name)

    async def _end_children(self) -> None:
        children = [task for task in self._children if task is not asyncio.current_task()]
        for task in children:
            task.cancel()
        if children:
            _, stuck = await asyncio.wait(children, timeout=_LAST_WORDS_S)
            if stuck:
                self.log.error("%s has parts that do not end; they were left behind.", self.declaration.label)

    async def _finish(self) -> None:
        for undo in self._undo:
            undo()
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                if self.failure is None or not self._crashed:
                    await self._hook(f"on_{self.state}_to_{JobState.DISCONNECTED}")
                    await self._hook("on_disconnected")
        except TimeoutError:
            self.log.error("%s took too long to end and was left behind.", self.declaration.label)
        await self.context.outputs.release()
        self.mark_gap(f"{self.declaration.job_name} ended")
        persistent = [name for name, setting in self.declaration.published.items() if setting.persist]
        for name in [name for name in self.settings if name not in (STATE_SETTING, *persistent)]:
            self.publish(name, None)
        self._enter(JobState.LOST if self._crashed else JobState.DISCONNECTED)
        self.gone.set()

    @property
    def _crashed(self) -> bool:
        refused = isinstance(self.failure, (ServiceError, BoardError)) and self.state is JobState.INIT
        return self.failure is not None and not refused

    def _child_done(self, task: asyncio.Task[None]) -> None:
        self._children.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)


async def _kept_in(work: Coroutine[Any, Any, None]) -> None:
    """Do work of a job; where it asks for the end of the program, it gets that of the job."""
    try:
        await work
    except SystemExit as error:
        raise RuntimeError(f"it called sys.exit({error.code!r})") from error
    except KeyboardInterrupt as error:  # no key: signals end the service in another way
        raise RuntimeError("it raised KeyboardInterrupt") from error


def _nobody() -> None:
    """Nobody has asked to be told of state changes yet."""
