"""Leads guided calibrations from step to step: one request at a time for each, kept across restarts.

A session moves only when everything its step needs has been done: an error, an abort or the end of the service half-way
leaves it at its step. While the hardware acts, it does so as a job (`action.py`).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import Any

from core.bus import Bus, CalibrationGivenUp
from core.calibrations.protocols import CalibrationProtocols
from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.built_in import BUILT_IN_PROTOCOLS
from core.calibrations.sessions.inputs import read_inputs
from core.calibrations.sessions.protocol import MissingProtocol, SessionFailedError, SessionPlace, SessionProtocol
from core.calibrations.sessions.session import Session, SessionStatus, session_under_way
from core.calibrations.sessions.steps import ENDED
from core.config import ConfigError
from core.errors import BadRequestError, ConflictError, NotFoundError, ServiceError
from core.jobs.job import Job
from core.jobs.runner import JobRunner, StartRequest
from core.records.records import Records

_STORE = "calibration_sessions"
_log = logging.getLogger(__name__)

# Sessions kept; of more, those that are over go first, the longest untouched before others.
_MOST_KEPT = 200


class CalibrationSessions:
    """The guided calibrations of one unit.

    Args:
        offered: what this unit offers for which device; a class is found by its protocol name.
    """

    def __init__(
        self, place: SessionPlace, runner: JobRunner, records: Records, offered: CalibrationProtocols, bus: Bus
    ) -> None:
        self._place = place
        self._bus = bus
        self._runner = runner
        self._records = records
        self._offered = offered
        self._built_in = {protocol.protocol_name: protocol for protocol in BUILT_IN_PROTOCOLS}
        self._added: dict[str, type[SessionProtocol]] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._actions: dict[str, CalibrationAction] = {}
        self._aborting: set[str] = set()
        # Those for which the hardware was driven since the start of the service.
        self._acted: set[str] = set()

    def add(self, *protocols: type[SessionProtocol]) -> None:
        """Offer more protocols, each for the devices it says; one for the device and name of another replaces it."""
        for protocol in protocols:
            self._offered.add(*protocol.offers)
            self._added |= {offer.id: protocol for offer in protocol.offers}

    async def begin(self, target_device: str, protocol_name: str) -> dict[str, Any]:
        """Begin a session and return it with its first step.

        Raises:
            BadRequestError: no such protocol for the device, or the unit is not fit for it now.
        """
        protocol_class = self._find(target_device, protocol_name)
        now = self._place.clock.utc_s()
        first = protocol_class.steps[0].step_id
        session = Session(str(uuid.uuid4()), protocol_name, target_device, first, now, now)
        protocol = protocol_class(session, self._place)
        self._refuse_start(protocol)
        self._forget_old()
        await self._keep(session)
        _log.info("Calibration of %s (%s) has begun.", target_device, protocol_name)
        return self._view(session)

    def look(self, session_id: str) -> dict[str, Any]:
        """Return a session and the step it stands at; raise NotFoundError when it is not known."""
        return self._view(self._get(session_id))

    async def answer(self, session_id: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Take the answer to the present step, have the hardware act, and return the session with its next step.

        A session that is over is returned as it is.

        Raises:
            NotFoundError: it is not known.
            BadRequestError: an input is not usable.
            ConflictError: it is busy, or a job is in the way, or the hardware did not do what was needed.
            UnavailableError: the board is not connected.
        """
        session = self._get(session_id)
        if session.is_over:
            return self._view(session)
        if session_id in self._under_way:
            raise ConflictError(
                "This calibration is busy with the request before.",
                remedy="Wait for its answer, look at the session, or abort it.",
            )
        draft = session.draft()
        protocol = self._protocol(draft)
        values = read_inputs(protocol.step, inputs)
        task = asyncio.get_running_loop().create_task(self._advance(protocol, values), name="calibration step")
        self._under_way[session_id] = task
        task.add_done_callback(lambda done: self._over(session_id, done))
        # Whoever asked may hang up: what was begun is done all the same.
        await asyncio.shield(task)
        return self.look(session_id)

    async def abort(self, session_id: str) -> dict[str, Any]:
        """End a session and whatever it drives; one that is over stays as it is. Raises NotFoundError."""
        session = self._get(session_id)
        if session.is_over:
            return self._view(session)
        if session_id in self._under_way:
            await self._stop(session_id)
            session = self._get(session_id)
        if not session.is_over:
            await self._end(session, SessionStatus.ABORTED, "Aborted by the user.")
        return self._view(session)

    async def _stop(self, session_id: str) -> None:
        """Stop what a request of the session does, at once; return when it has ended and outputs are off."""
        self._aborting.add(session_id)
        try:
            if session_id in self._actions:
                self._actions[session_id].end()
            await asyncio.wait((self._under_way[session_id],))
        finally:
            self._aborting.discard(session_id)

    def _over(self, session_id: str, task: asyncio.Task[None]) -> None:
        del self._under_way[session_id]
        if not task.cancelled():
            task.exception()  # whoever asked may have hung up and not hear of it

    async def _advance(self, protocol: SessionProtocol, values: dict[str, Any]) -> None:
        """Do what the answered step asks for, and keep where that leads."""
        session, stops = protocol.session, self._runner.stops_of_all
        session_under_way.set(session)  # in this task alone
        try:
            step_id = await protocol.answer(values)
            if step_id is None and protocol.hardware is not None:
                step_id = await self._act(protocol, values, stops)
            protocol.move(step_id)
        except SessionFailedError as error:
            await self._end(session, SessionStatus.FAILED, str(error))
            return
        except ConfigError as error:
            raise ConflictError(error.error, error.cause, error.remedy, **error.extra) from error
        session.updated_utc_s = self._place.clock.utc_s()
        await self._keep(session)
        if session.is_over:
            _log.info("Calibration of %s is complete.", session.target_device)

    async def _act(self, protocol: SessionProtocol, values: dict[str, Any], stops: int) -> str | None:
        run = protocol.hardware
        assert run is not None  # noqa: S101 - asked a line before this is called
        session_id = protocol.session.session_id
        if session_id in self._aborting:
            raise ConflictError("This calibration is being aborted.")
        self._runner.refuse_stopped_since(stops)
        self._refuse_what_is_in_the_way(protocol)
        action = CalibrationAction(self._place.config, lambda job: run(values, job), self._start_job)
        self._runner.begin_action(action, f"calibration_session/{session_id}", protocol.outputs())
        self._actions[session_id] = action
        self._acted.add(session_id)
        try:
            return await action.finished()
        finally:
            del self._actions[session_id]

    def _start_job(self, experiment: str, source: str, job_name: str, options: dict[str, Any]) -> Job:
        return self._runner.start(StartRequest(job_name, options, experiment=experiment, source=source))

    async def _end(self, session: Session, status: SessionStatus, why: str) -> None:
        session.status, session.error, session.step_id = status, why, ENDED
        session.updated_utc_s = self._place.clock.utc_s()
        await self._keep(session)
        level = logging.WARNING if status is SessionStatus.FAILED else logging.INFO
        _log.log(level, "Calibration of %s %s. %s", session.target_device, status.value, why)
        self._bus.publish(CalibrationGivenUp(session.item(), session.session_id in self._acted))

    def _refuse_start(self, protocol: SessionProtocol) -> None:
        """Raise BadRequestError when the unit is not fit for a session, or a running job is in its way."""
        try:
            self._refuse_what_is_in_the_way(protocol)
            protocol.check_start()
        except ServiceError as error:
            raise BadRequestError(error.error, error.cause, error.remedy, **error.extra) from error

    def _refuse_what_is_in_the_way(self, protocol: SessionProtocol) -> None:
        """Raise ConflictError when a job runs beside which the hardware must not act, or holds what it drives."""
        unwanted = sorted(set(protocol.jobs_in_the_way).intersection(entry.name for entry in self._runner.running))
        holders = {output: self._runner.holds.holder_of(output) for output in protocol.outputs()}
        taken = {output: holder for output, holder in holders.items() if holder is not None}
        if not unwanted and not taken:
            return
        names = ", ".join(sorted({*unwanted, *taken.values()}))
        what = f"It holds {', '.join(taken)}." if taken else "It would disturb what is measured, or be disturbed."
        raise ConflictError(
            f"{names} runs, and is in the way of the calibration.", what, f"Stop {names}.", holder=names
        )

    def _find(self, target_device: str, protocol_name: str) -> type[SessionProtocol]:
        for offer in self._offered.all:
            if (offer.target_device, offer.protocol_name) == (target_device, protocol_name):
                found = self._added.get(offer.id) or self._built_in.get(protocol_name)
                if found is not None:
                    return found
        raise BadRequestError(
            f"There is no calibration {protocol_name[:80]!r} of {target_device[:80]!r} on this unit.",
            remedy="Use a device and a protocol of GET /unit_api/calibration_protocols.",
            fields=["protocol_name", "target_device"],
            known=[f"{offer.target_device}/{offer.protocol_name}" for offer in self._offered.all],
        )

    def _protocol(self, session: Session) -> SessionProtocol:
        try:
            return self._find(session.target_device, session.protocol_name)(session, self._place)
        except BadRequestError:
            return MissingProtocol(session, self._place)

    def _get(self, session_id: str) -> Session:
        kept = self._records.store.get(_STORE, session_id)
        if kept is None:
            raise NotFoundError(
                "There is no such calibration session.",
                cause="The id is not known on this unit.",
                remedy="Begin one by POST /unit_api/calibrations/sessions.",
            )
        return Session.from_json(kept)

    def _forget_old(self) -> None:
        """Forget sessions when there are too many: those that are over, then those nobody goes on with."""
        store = self._records.store
        ids = [session_id for session_id in store.keys(_STORE) if session_id not in self._under_way]
        if len(ids) < _MOST_KEPT:
            return
        sessions = sorted(map(self._get, ids), key=lambda session: (not session.is_over, session.updated_utc_s))
        for session in sessions[: len(ids) - _MOST_KEPT + 1]:
            store.remove(_STORE, session.session_id)

    def _view(self, session: Session) -> dict[str, Any]:
        return {"session": session.item(), "step": self._protocol(session).step.item()}

    async def _keep(self, session: Session) -> None:
        """Write a session to the disk; when this returns, no crash takes it back."""
        self._records.store.set(_STORE, session.session_id, session.to_json())
        await self._records.flush()
