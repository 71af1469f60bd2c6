"""What a guided calibration is written as: steps as data, and what happens when one of them is answered.

A protocol is a subclass of `SessionProtocol` with its `steps` in order. For a step called `rpm_input` it may have

- `show_rpm_input(step)`: returns the step as this session must see it (a default name, what was measured so far);
- `on_rpm_input(inputs)`: called when it is answered; returns the next step's id, or None for the next in order. It may
  refuse the inputs by raising BadRequestError;
- `run_rpm_input(inputs, action)`: what the hardware does then; left out when `on_rpm_input` has named another step. It
  drives only what `outputs` names, waits only by `action.sleep`, and returns the next step's id, or None.

`data` is the session's scratch: JSON, shown to the user and kept across restarts. A protocol works on a copy of the
session, so that an error or an end half-way leaves it at its step with everything it had.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.calibrations.calibrations import Calibrations
from core.calibrations.protocols import CalibrationProtocol
from core.calibrations.sessions.session import Session, SessionStatus
from core.calibrations.sessions.steps import COMPLETE, ENDED, Step
from core.clock import Clock
from core.config import Config
from core.errors import BadRequestError, ConflictError
from core.estimators.estimators import Estimators

if TYPE_CHECKING:
    from core.calibrations.sessions.action import CalibrationAction

_ENDED_STEP = Step(ENDED, "result", "Ended")


class SessionFailedError(Exception):
    """The calibration cannot go on: what was measured leads to nothing. The text tells the user why."""


class ActionFailedError(ConflictError):
    """The hardware did not do what a step needs; the session stays there, so that it can be tried again."""

    default_remedy = "Put it right, then continue again: the calibration waits at this step."


@dataclass(frozen=True)
class SessionPlace:
    """What a protocol may ask of the unit at any step.

    Attributes:
        calibrations, estimators: where they are kept; `save` writes one and makes it active.
    """

    unit: str
    clock: Clock
    config: Config
    calibrations: Calibrations
    estimators: Estimators


class SessionProtocol:
    """Base class of guided calibrations.

    Attributes:
        protocol_name: its name; together with the target device it is unique.
        steps: in order; the last one is the `result`.
        offers: what a plug-in's protocol is listed as, one entry for each device; those that come with the program are
            listed by the unit.
        jobs_in_the_way: jobs that must not run when it is begun, or when its hardware acts.
    """

    protocol_name: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]
    offers: ClassVar[tuple[CalibrationProtocol, ...]] = ()
    jobs_in_the_way: ClassVar[tuple[str, ...]] = ()

    def __init__(self, session: Session, place: SessionPlace) -> None:
        self.session = session
        self.place = place
        self.data = session.data

    # What an author overrides.

    def outputs(self) -> tuple[str, ...]:
        """Return the outputs its hardware actions drive, such as `PWM 2`; they are held while one is under way."""
        return ()

    def check_start(self) -> None:
        """Refuse to begin, by raising a ServiceError, where the unit is not fit for it."""

    # What an author uses.

    @property
    def device(self) -> str:
        """The device that is calibrated."""
        return self.session.target_device

    def complete(self, result: dict[str, Any]) -> str:
        """End the session well; return the step that shows `result`."""
        self.session.status = SessionStatus.COMPLETE
        self.session.result = result
        return COMPLETE

    def after(self, step_id: str) -> str:
        """Return the id of the step behind another one."""
        ids = [step.step_id for step in self.steps]
        return ids[ids.index(step_id) + 1]

    # What the engine uses.

    @property
    def step(self) -> Step:
        """The step the session stands at, as its user must see it."""
        if self.session.step_id == ENDED:
            return dataclasses.replace(_ENDED_STEP, body=self.session.error, metadata={"result": self.session.result})
        step = self._known(self.session.step_id)
        show: Callable[[Step], Step] | None = getattr(self, f"show_{step.step_id}", None)
        step = step if show is None else show(step)
        if step.step_type == "result":
            step = dataclasses.replace(step, metadata=step.metadata | {"result": self.session.result})
        return step

    @property
    def hardware(self) -> Callable[[dict[str, Any], CalibrationAction], Awaitable[str | None]] | None:
        """What the hardware does when the present step is answered, None when it has nothing to do."""
        return getattr(self, f"run_{self.session.step_id}", None)

    async def answer(self, inputs: dict[str, Any]) -> str | None:
        """Take checked inputs of the present step in; return the next step's id, None when nothing decides on it."""
        take: Callable[[dict[str, Any]], Awaitable[str | None]] | None = getattr(
            self, f"on_{self.session.step_id}", None
        )
        return None if take is None else await take(inputs)

    def move(self, step_id: str | None) -> None:
        """Go to a step, or to the next one in order."""
        self.session.step_id = self._known(step_id or self.after(self.session.step_id)).step_id

    def _known(self, step_id: str) -> Step:
        step = next((step for step in self.steps if step.step_id == step_id), None)
        if step is None:
            raise LookupError(f"protocol {self.protocol_name} has no step {step_id!r}")
        return step


class MissingProtocol(SessionProtocol):
    """Stands for a protocol that this unit no longer offers: its sessions can be looked at and aborted."""

    steps = ()

    async def answer(self, inputs: dict[str, Any]) -> str | None:
        """Refuse to go on."""
        raise BadRequestError(
            f"{self.session.protocol_name} of {self.device} is not offered by this unit any more.",
            remedy="Bring back the plug-in or the configuration it needs and restart the service, or abort this.",
        )

    def _known(self, step_id: str) -> Step:
        return Step(step_id, "result" if self.session.is_over else "info", "Not offered any more")
