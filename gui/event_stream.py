"""Keeps the unit up to date: reads the service's event stream, and comes back by itself when it breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from gui.pulse import Pulse
from gui.service_client import ServiceClient, ServiceRefusedError, ServiceSilentError, ServiceUnreachableError
from gui.unit import Unit

EVENTS = "/unit_api/events"
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_GROWTH = 1.6
# A service that was never reached is first taken to be starting, then said to be out of reach.
_UNREACHABLE_AFTER_S = 3.0
_NEVER_REACHED = ("starting", "connecting", "unreachable")
_log = logging.getLogger(__name__)


class EventStream:
    """Feeds a `Unit` from a service until its task is cancelled.

    A stream that breaks is asked to go on where it stopped. When the service could not even be reached, or its numbers
    run backwards, it may be another one: then everything is asked for again. A service that hangs breaks nothing, so
    it is asked for a sign of life besides (`make_pulse`).
    """

    def __init__(self, client: ServiceClient, unit: Unit, make_pulse: Callable[..., Pulse] = Pulse) -> None:
        self._client = client
        self._unit = unit
        self._pulse = make_pulse(client, self._tell_silent, self._tell_answered)
        self._last_event_id = ""
        self._last_seq = -1
        self._opened = False
        self._known: tuple[str, str] | None = None
        self._again = asyncio.Event()

    async def run(self) -> None:
        """Follow the stream for ever; the unit's `service` tells how it stands."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pulse.run(), name="pulse of the service")
            both.create_task(self._keep_following(), name="events of the service")

    async def _keep_following(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            self._opened = False
            try:
                await self._follow()
                self._tell_lost("The service ended the connection.")
            except ServiceSilentError as trouble:
                if self._unit.service.state != "silent":  # that says it better
                    self._tell_lost(trouble.cause, trouble.remedy)
            except ServiceUnreachableError as trouble:
                self._tell_lost(trouble.cause, trouble.remedy)
            except ServiceRefusedError as trouble:
                self._tell_refused(trouble)
            if self._opened:
                pause_s = _FIRST_PAUSE_S
            else:
                self._start_over()
            await self._pause(pause_s)
            pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)

    def explain(self, why: str, remedy: str) -> None:
        """Say why the service is lost, from one who knows better; holds until it is reached again."""
        self._known = (why, remedy)
        self._unit.set_service("lost", why, remedy)

    def reconnect(self) -> None:
        """Try again now, from the start: the service was restarted or is another one."""
        self._start_over()
        self._again.set()

    async def _follow(self) -> None:
        """Read one stream to its end, or until it must be read from the start."""
        async with aclosing(self._client.stream(EVENTS, self._last_event_id)) as events:
            async for event in events:
                self._pulse.hear()
                if event is None:
                    self._opened, self._known = True, None
                    if self._last_event_id:
                        self._unit.set_service("live")
                elif not self._take(event.name, event.id, event.data):
                    return
                else:
                    self._tell_answered()

    def _take(self, name: str, event_id: str, data: dict[str, object]) -> bool:
        """Hand one event on; False when the stream must be read from the start."""
        if name == "resync":
            self._start_over()
            return False
        seq = data.get("seq")
        if isinstance(seq, int):
            if name != "snapshot" and seq <= self._last_seq:
                self._start_over()
                return False
            self._last_seq = seq
        try:
            self._unit.handle(name, data)
        except (KeyError, TypeError, ValueError):
            _log.exception("An event %r of the service could not be read: %.300s", name, data)
        if event_id:
            self._last_event_id = event_id
        return True

    def _start_over(self) -> None:
        self._last_event_id, self._last_seq = "", -1

    def _tell_lost(self, why: str, remedy: str = "") -> None:
        if self._known is not None:
            why, remedy = self._known
        service = self._unit.service
        if not self._unit.has_snapshot and service.state in _NEVER_REACHED:
            is_slow = service.state == "unreachable" or service.age_s > _UNREACHABLE_AFTER_S
            # A remedy for what once ran does not help: the address may be wrong.
            self._unit.set_service("unreachable" if is_slow else service.state, why)
        else:
            self._unit.set_service("lost", why, remedy or "It is tried again by itself.")

    def _tell_silent(self) -> None:
        if self._unit.service.state in ("live", "connecting"):
            self._unit.set_service("silent")

    def _tell_answered(self) -> None:
        """What is silent no more is live when its events still come; else the next stream to open says so."""
        if self._unit.service.state == "silent" and self._opened:
            self._unit.set_service("live" if self._unit.has_snapshot else "connecting")

    def _tell_refused(self, trouble: ServiceRefusedError) -> None:
        if trouble.status == 503:
            self._tell_lost(trouble.cause, trouble.remedy)
        else:
            self._unit.set_service("refused", trouble.cause, trouble.remedy)

    async def _pause(self, pause_s: float) -> None:
        self._again.clear()
        try:
            async with asyncio.timeout(pause_s):
                await self._again.wait()
        except TimeoutError:
            pass
