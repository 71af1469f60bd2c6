"""Runs of profiles on this unit: at most one at a time, begun, paused, resumed, stopped, and kept in the records."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.bus import AllStopped, ExperimentChanged, ProfileRunChanged
from core.errors import BadRequestError, ConflictError
from core.logs import job_logger
from core.profiles.effects import Effects
from core.profiles.profile import Profile
from core.profiles.published import PublishedValues
from core.profiles.run import ProfileRun, RunPlace
from core.profiles.run_item import RunItem, RunLine, RunState
from core.profiles.run_records import RunRecords
from core.profiles.unit_place import UnitPlace

_LOG_NAME = "experiment_profile"


@dataclass(frozen=True)
class RunRequest:
    """What is to be run: a profile that was read and found to be without errors, and the text it was read from.

    Attributes:
        profile_file: file name the profile is known by.
        inputs: values instead of the profile's own.
        experiment: None for the active one, or a new one.
        run_id: made when None.
    """

    profile: Profile
    text: str
    profile_file: str
    inputs: dict[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    run_id: str | None = None


@dataclass
class _Running:
    run: ProfileRun
    effects: Effects
    task: asyncio.Task[None] | None = None


class ProfileRuns:
    """Runs profiles.

    Attributes:
        records: of all runs there were.
    """

    def __init__(self, place: UnitPlace, records: RunRecords) -> None:
        self.records = records
        self._place = place
        self._running: _Running | None = None
        self._stops: list[Callable[[], None]] = [
            place.bus.listen(AllStopped, lambda _: self._end_now("Everything was stopped.")),
            place.bus.listen(ExperimentChanged, self._on_experiment),
        ]

    @property
    def current(self) -> RunItem | None:
        """The run that goes on or is paused, None when there is none."""
        return None if self._running is None else self._running.run.item

    def begin(self, request: RunRequest) -> RunItem:
        """Begin a run.

        Raises:
            ConflictError: another one goes on.
            BadRequestError: an input that the profile does not have, or a name no experiment can have.
        """
        if self.current is not None:
            what = f"The profile {self.current.name!r} is running."
            raise ConflictError(what, "One profile runs at a time.", "Stop it first, or wait for its end.")
        inputs = _inputs(request)
        place = self._place
        experiment = place.experiments.ensure(request.experiment)
        run_id = request.run_id or uuid.uuid4().hex[:12]
        label = request.profile.labels.get(place.unit, "")
        item = RunItem(
            run_id, request.profile_file, request.profile.name, experiment, place.clock.utc_s(), inputs, label
        )
        log = job_logger(_LOG_NAME, experiment)
        effects = Effects(
            jobs=place.jobs, board_link=place.board_link, calibrations=place.parts.calibrations,
            estimators=place.parts.estimators, experiment=experiment, source=item.job_source, log=log,
        )  # fmt: skip
        published = PublishedValues(place.unit, experiment, place.jobs.settings_of, place.parts.bioreactor)
        self.records.add(item, request.text)

        def keep(line: RunLine) -> None:
            self.records.add_line(run_id, line)

        where = RunPlace(place.unit, place.clock, effects, published, log, keep, lambda: self._tell(item))
        running = _Running(ProfileRun(item, request.profile, inputs, where), effects)
        self._running = running
        log.info("Profile %r begins: %d actions are known.", item.name, item.actions_total)
        running.task = asyncio.get_running_loop().create_task(self._live(running), name="experiment profile")
        return item

    def pause(self, run_id: str) -> RunItem:
        """Let nothing more of a run happen for now; its jobs go on. Raise ConflictError if it is over."""
        running = self._get(run_id)
        running.run.pause()
        self._log(running, "Profile %r is paused; its jobs go on as they are.")
        return running.run.item

    def resume(self, run_id: str) -> RunItem:
        """Go on with a paused run; raise ConflictError if it is over."""
        running = self._get(run_id)
        running.run.resume()
        self._log(running, "Profile %r goes on.")
        return running.run.item

    async def stop(self, run_id: str) -> dict[str, Any]:
        """End a run early, and the jobs it started; return it. Raise ConflictError if it is over."""
        running = self._get(run_id)
        self._end(running, RunState.STOPPED, "A user stopped it.")
        still_running = await running.effects.stop_started()
        return {"run": running.run.item.as_json(), "still_running": still_running}

    def refuse_over(self, run_id: str) -> None:
        """Raise ConflictError when a run is not going on."""
        self._get(run_id)

    async def until_over(self) -> None:
        """Wait until no run goes on."""
        while self._running is not None and self._running.task is not None:
            await asyncio.wait({self._running.task})

    async def close(self) -> None:
        """End the run because the service ends; nothing of it goes on by itself later."""
        for stop in self._stops:
            stop()
        running = self._running
        if running is not None and running.task is not None:
            self._end(running, RunState.INTERRUPTED, "The service ended.")
            await asyncio.wait({running.task})

    def _get(self, run_id: str) -> _Running:
        running = self._running
        if running is None or running.run.item.run_id != run_id:
            raise ConflictError(f"Run {run_id[:60]!r} is not going on.", "It is over, or there is no such run.")
        return running

    async def _live(self, running: _Running) -> None:
        item = running.run.item
        try:
            await running.run.go()
        except asyncio.CancelledError:
            if self._running is running:  # from outside, as the loop ends
                self._end(running, RunState.INTERRUPTED, "The service ended.")
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours: nothing may go on unattended
            job_logger(_LOG_NAME, item.experiment).exception("Profile %r crashed; its jobs are stopped.", item.name)
            self._end(running, RunState.FAILED, f"A fault in Vialdesk: {type(error).__name__}.", cancel=False)
            await running.effects.stop_started()
        else:
            self._end(running, RunState.COMPLETE, "", cancel=False)

    def _end(self, running: _Running, state: RunState, reason: str, *, cancel: bool = True) -> None:
        """Have a run be over: from now on nothing of it happens."""
        if self._running is not running:
            return
        self._running = None
        item = running.run.item
        item.hours = running.run.elapsed_s / 3600.0
        item.state, item.reason, item.ended_at = state, reason, self._place.clock.utc_s()
        item.next_hours, item.next_line, item.next_action = None, None, ""
        if cancel and running.task is not None:
            running.run.give_up()
            running.task.cancel()
        failed = f", {item.actions_failed} of them failed" if item.actions_failed else ""
        log = job_logger(_LOG_NAME, item.experiment)
        log.info("Profile %r is %s: %d actions%s. %s", item.name, state.value, item.actions_done, failed, reason)
        self._tell(item)

    def _end_now(self, reason: str) -> None:
        if self._running is not None:
            self._end(self._running, RunState.STOPPED, reason)

    def _on_experiment(self, event: ExperimentChanged) -> None:
        current = self.current
        ended = event.experiment["ended_at"] is not None
        if current is not None and ended and event.experiment["experiment"] == current.experiment:
            self._end_now("Its experiment was ended.")

    def _tell(self, item: RunItem) -> None:
        self.records.move(item)
        self._place.bus.publish(ProfileRunChanged(item.as_json()))

    @staticmethod
    def _log(running: _Running, message: str) -> None:
        item = running.run.item
        job_logger(_LOG_NAME, item.experiment).info(message, item.name)


def _inputs(request: RunRequest) -> dict[str, Any]:
    """Return the values of all inputs; raise BadRequestError for one that the profile does not have."""
    known = {name: entry.value for name, entry in request.profile.inputs.items()}
    if unknown := [name for name in request.inputs if name not in known]:
        what = f"The profile has no input {', '.join(map(repr, unknown))}."
        raise BadRequestError(what, fields=["inputs"], known=sorted(known))
    for name, value in request.inputs.items():
        if not isinstance(value, bool | int | float | str):
            raise BadRequestError(f"Input {name} must be a number, a text, true or false.", fields=[f"inputs.{name}"])
    return known | request.inputs
