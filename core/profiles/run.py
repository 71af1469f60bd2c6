"""One run of a profile: actions fall due on the loop's clock and are carried out, each job's one after the other.

An action that fails is told and kept in the record; the run goes on. What is due at the same moment begins in the order
of its kind: what starts is given time to come up before the others begin.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock, timestamp
from core.errors import ServiceError
from core.logs import LEVELS
from core.profiles.agenda import LATE_AT_MOST_S, Agenda, Due
from core.profiles.effects import Effects, Lateness, Start
from core.profiles.evaluation import EvaluationError, MissingValueError, Surroundings, text_of, truth_of, value_of
from core.profiles.expressions import Expression
from core.profiles.profile import Condition, Entry, Kind, Profile
from core.profiles.published import PublishedValues
from core.profiles.run_item import Outcome, RunItem, RunLine, RunState
from device.board import BoardError

# How long what is due at one moment waits for what comes before it at the same moment.
_TURN_WITHIN_S = 30.0
_LOOK_AGAIN_S = (15.0, 25.0)
_SAME_MOMENT_S = 1e-6


@dataclass(frozen=True)
class RunPlace:
    """Where a run happens."""

    unit: str
    clock: Clock
    effects: Effects
    published: PublishedValues
    log: logging.LoggerAdapter[Any]
    # Told of every line of the record, and of every change of the item.
    keep_line: Callable[[RunLine], None]
    changed: Callable[[], None]


@dataclass
class _Moment:
    """What has begun at the latest moment, by its order."""

    due_s: float = -1.0
    begun: list[tuple[int, asyncio.Task[None]]] = field(default_factory=list)


class ProfileRun:
    """A run from its beginning to its end.

    Attributes:
        item: how it stands.
    """

    def __init__(self, item: RunItem, profile: Profile, inputs: dict[str, Any], place: RunPlace) -> None:
        self.item = item
        self._inputs = inputs
        self._place = place
        self._agenda = Agenda()
        self._random = random.Random(item.run_id)  # noqa: S311 - spreads polls, guards nothing
        self._began_s = place.clock.monotonic_s()
        self._paused_s = 0.0
        self._paused_at_s: float | None = None
        self._awake = asyncio.Event()
        self._turns: dict[str, asyncio.Lock] = {}
        self._performing: set[asyncio.Task[None]] = set()
        self._moment = _Moment()
        for plan in profile.plans_of(place.unit):
            for action in plan.actions:
                self._put(Due(action.at_s, plan.job_name, action))
        self._tell_next()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began, without its pauses."""
        now_s = self._place.clock.monotonic_s() if self._paused_at_s is None else self._paused_at_s
        return now_s - self._began_s - self._paused_s

    def pause(self) -> None:
        """Let nothing more happen for now; the jobs go on as they are."""
        if self._paused_at_s is None:
            self._paused_at_s = self._place.clock.monotonic_s()
            self._place.effects.pause()
            self._move(RunState.PAUSED)

    def resume(self) -> None:
        """Go on; everything still to come happens later by the length of the pause."""
        if self._paused_at_s is not None:
            self._paused_s += self._place.clock.monotonic_s() - self._paused_at_s
            self._paused_at_s = None
            self._place.effects.go_on()
            self._move(RunState.RUNNING)

    async def go(self) -> None:
        """Run to the end; cancelled when it is stopped."""
        try:
            while (due := self._agenda.next) is not None:
                wait_s = due.due_s - self.elapsed_s
                if self._paused_at_s is not None or wait_s > _SAME_MOMENT_S:
                    await self._wait(None if self._paused_at_s is not None else wait_s)
                else:
                    await self._begin(self._agenda.take())
                    await asyncio.sleep(0)  # hundreds may be due at one moment: others have their turn between them
            while self._performing:
                await asyncio.wait(self._performing)
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Carry out nothing more of what has begun, not even its next step."""
        for task in self._performing:
            task.cancel()

    def _move(self, state: RunState) -> None:
        self.item.state = state
        self._awake.set()
        self._tell_next()

    def _tell_next(self) -> None:
        due = self._agenda.next
        item = self.item
        item.hours = self.elapsed_s / 3600.0
        item.next_hours = None if due is None else due.due_s / 3600.0
        item.next_action = "" if due is None else f"{due.action.kind.value} {due.job_name}"
        item.next_line = None if due is None else due.action.place.line
        self._place.changed()

    async def _wait(self, wait_s: float | None) -> None:
        self._awake.clear()
        try:
            async with asyncio.timeout(wait_s):
                await self._awake.wait()
        except TimeoutError:
            return

    def _put(self, due: Due) -> None:
        if due.action.kind not in (Kind.REPEAT, Kind.WHEN):
            self.item.actions_total += 1
        self._agenda.put(due)

    async def _begin(self, due: Due) -> None:
        await self._wait_for_turn(due)
        if due.action.kind is Kind.WHEN:
            self._look(due)
        elif due.action.kind is Kind.REPEAT:
            self._come_round(due)
        else:
            task = asyncio.get_running_loop().create_task(self._perform(due), name=f"profile {due.action.kind}")
            self._performing.add(task)
            task.add_done_callback(self._performing.discard)
            self._moment.begun.append((due.order, task))
        self._tell_next()

    async def _wait_for_turn(self, due: Due) -> None:
        """Let what comes before this at the same moment be done, for a while."""
        if due.due_s - self._moment.due_s > _SAME_MOMENT_S:
            self._moment = _Moment(due.due_s)
            return
        before = [task for order, task in self._moment.begun if order < due.order and not task.done()]
        if before:
            await asyncio.wait(before, timeout=_TURN_WITHIN_S)

    # Repeat and when

    def _look(self, due: Due) -> None:
        """Look whether what a `when` waits for is true; look again later when it is not."""
        action = due.action
        if not due.has_begun and not self._holds(due, action.only_if, "if"):
            self._note(due, Outcome.SKIPPED, "its `if` is false")
            return
        try:
            fires = self._truth(due, action.wait_until)
        except MissingValueError:
            fires = False
        except EvaluationError as error:
            self._fail(due, f"what it waits for cannot be worked out: {error}")
            return
        if fires:
            self._note(due, Outcome.DONE, "what it waited for is true")
            now_s = self.elapsed_s
            for inner in action.actions:
                self._put(Due(now_s + inner.at_s, due.job_name, inner))
            return
        again_s = self.elapsed_s + self._random.uniform(*_LOOK_AGAIN_S)
        self._agenda.put(Due(again_s, due.job_name, action, has_begun=True))

    def _come_round(self, due: Due) -> None:
        """Begin a loop of a repeat, and put the next one in."""
        action = due.action
        if not due.has_begun and not self._holds(due, action.only_if, "if"):
            self._note(due, Outcome.SKIPPED, "its `if` is false")
            return
        if not self._holds(due, action.while_, "while"):
            self._note(due, Outcome.DONE, f"its `while` is false; it came round {due.loops} times")
            return
        for inner in action.actions:
            if inner.at_s <= action.every_s:
                late_at_most_s = min(LATE_AT_MOST_S, max(action.every_s, _TURN_WITHIN_S))
                self._put(Due(due.due_s + inner.at_s, due.job_name, inner, late_at_most_s=late_at_most_s))
            elif due.loops == 0:
                self._place.log.warning("Line %d: this is later than the loop comes round.", inner.place.line)
        loops = due.loops + 1
        if action.max_s is None or loops * action.every_s < action.max_s - _SAME_MOMENT_S:
            self._agenda.put(Due(due.due_s + action.every_s, due.job_name, action, loops, has_begun=True))
        else:
            self._note(due, Outcome.DONE, f"it came round {loops} times")

    def _holds(self, due: Due, condition: Condition, key: str) -> bool:
        """Whether a condition is true; one that cannot be worked out is not, and is told."""
        try:
            return self._truth(due, condition)
        except EvaluationError as error:
            self._fail(due, f"its `{key}` cannot be worked out: {error}")
            return False

    # Basic actions

    async def _perform(self, due: Due) -> None:
        """Carry an action out in its job's turn, whatever becomes of it."""
        async with self._turns.setdefault(due.job_name, asyncio.Lock()):
            await self._place.effects.until_it_goes_on()
            try:
                if self._truth(due, due.action.only_if):
                    said = await self._do(due)
                    self._note(due, Outcome.DONE, said)
                else:
                    self._note(due, Outcome.SKIPPED, "its `if` is false")
            except EvaluationError as error:
                self._fail(due, str(error))
            except (ServiceError, BoardError) as error:
                self._fail(due, f"{error} {error.remedy}")
            except Exception as error:  # one action must not end the others
                self._place.log.exception("Line %d of the profile went wrong.", due.action.place.line)
                self._fail(due, f"{type(error).__name__}: {error}")
        self.item.actions_done += 1
        self._tell_next()

    async def _do(self, due: Due) -> str:
        action, name, effects = due.action, due.job_name, self._place.effects
        values = {entry.name: self._value(due, entry) for entry in action.entries}
        lateness = Lateness(lambda: self.elapsed_s - due.due_s, due.late_at_most_s)
        if action.kind is Kind.START:
            overrides = [(section, entry.name, _text(self._value(due, entry))) for section, entry in action.overrides]
            await effects.start(Start(name, values, list(action.args), overrides), lateness)
        elif action.kind is Kind.UPDATE:
            await effects.update(name, values, lateness)
        elif action.kind is Kind.PAUSE:
            await effects.put_to_sleep(name)
        elif action.kind is Kind.RESUME:
            await effects.wake(name)
        elif action.kind is Kind.STOP:
            await effects.stop(name)
        else:
            return self._say(due)
        return ", ".join(f"{key} {_text(value)}" for key, value in values.items())

    def _say(self, due: Due) -> str:
        at = self._surroundings(due)
        parts = [part if isinstance(part, str) else text_of(value_of(part, at)) for part in due.action.message]
        message = "".join(parts)
        self._place.log.log(LEVELS[due.action.level], "%s", message)
        return message

    def _value(self, due: Due, entry: Entry) -> Any:
        value = entry.value
        return value_of(value, self._surroundings(due)) if isinstance(value, Expression) else value

    def _truth(self, due: Due, condition: Condition) -> bool:
        return condition if isinstance(condition, bool) else truth_of(condition, self._surroundings(due))

    def _surroundings(self, due: Due) -> Surroundings:
        return Surroundings(
            unit=self._place.unit,
            experiment=self.item.experiment,
            job_name=due.job_name,
            inputs=self._inputs,
            hours_elapsed=self.elapsed_s / 3600.0,
            published=self._place.published.look_up,
            random=self._random.random,
        )

    # Telling

    def _fail(self, due: Due, why: str) -> None:
        line, what = due.action.place.line, f"{due.action.kind.value} {due.job_name}"
        self._place.log.error("Line %d, %s, was not done: %s The profile goes on.", line, what, why)
        self.item.actions_failed += 1
        self._note(due, Outcome.FAILED, why)

    def _note(self, due: Due, outcome: Outcome, message: str) -> None:
        utc_s, hours, kind = self._place.clock.utc_s(), self.elapsed_s / 3600.0, due.action.kind.value
        line = RunLine(utc_s, hours, due.action.place.line, due.job_name, kind, outcome, message)
        self._place.keep_line(line)
        self.item.last_action = f"{timestamp(utc_s)} {kind} {due.job_name}: {outcome.value}"


def _text(value: Any) -> str:
    return text_of(value) if isinstance(value, bool | str | float) else str(value)
