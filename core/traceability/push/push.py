"""Pushing as a part of the service: it sends what waits, one thing after the other, and says how it stands.

It lives beside everything else: what is written to the record waits there until it has been sent, so nothing here can
hold up or lose anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Clock, timestamp
from core.errors import ServiceError
from core.traceability.callers import NOBODY
from core.traceability.moments import moment
from core.traceability.push.key_file import KeyFile, ServerKey
from core.traceability.push.outbox import Item, counts, next_item, next_moment_us, put_off, stop
from core.traceability.push.place import PushPlace, let_in
from core.traceability.push.sending_files import send_file
from core.traceability.push.sending_runs import send_run
from core.traceability.push.sending_units import send_unit
from core.traceability.push.server import PushServer
from core.traceability.push.settings import PushSettings, keep_all, read_settings
from core.traceability.push.troubles import (
    KeyRefusedError,
    PushTroubleError,
    RefusedError,
    ServerAwayError,
    ServerFaultError,
)
from core.traceability.push.waits import wait_between_s, wait_for_one_s, wait_for_server_s
from core.traceability.record import UnitRecord
from core.traceability.schema import MOST_WAITING

_SEND = {"unit": send_unit, "run": send_run, "unit_file": send_file, "run_file": send_file}
_NO_KEY = PushTroubleError("There is no key to the server yet.", "Enter a key that was made at the server.")
_SHOWN_OF_KEY = 4
# Of a short key the end would be too much of it.
_SHORTEST_SHOWN = 16
_LOG_EVERY_S = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Told:
    """A trouble, and when it was."""

    trouble: PushTroubleError
    at_s: float

    def item(self) -> dict[str, str]:
        return {"what": self.trouble.what, "remedy": self.trouble.remedy, "at": timestamp(self.at_s)}


class Push:
    """Pushes the record as long as it is open; made by `open_push`."""

    def __init__(self, record: UnitRecord, clock: Clock, key_file: KeyFile, key: ServerKey | None) -> None:
        self._record = record
        self._clock = clock
        self._key_file = key_file
        self._key = key
        self._settings = PushSettings()
        self._server: PushServer | None = None
        self._place: PushPlace | None = None
        self._changing = asyncio.Lock()
        self._logged, self._quiet_log_until_s = "", 0.0
        self._begin()

    def _begin(self) -> None:
        self._paused: _Told | None = None
        self._last_error: _Told | None = None
        # The loop's time before which the server is left alone, and how often it was away or at fault in a row.
        self._quiet_until_s = 0.0
        self._failures = 0
        self._is_sending = False
        self._next_try_s: float | None = None
        self._task = asyncio.get_running_loop().create_task(self._live(), name="unit record push")

    @property
    def key(self) -> ServerKey | None:
        """The key that is kept."""
        return self._key

    async def close(self) -> None:
        """Stop sending; what waits is sent by the next service."""
        await self._halt()

    async def choose(self, wanted: PushSettings, key: ServerKey | None) -> None:
        """Take up other settings and another key, and begin anew with them."""
        async with self._changing:
            await self._halt()
            try:
                if key != self._key:
                    await asyncio.to_thread(self._key_file.keep, key)
                    self._key = key
                await self._record.change(NOBODY, lambda change: keep_all(change, wanted))
            except OSError as error:
                remedy = "See that the disk has space and may be written to, then try again."
                raise ServiceError("The key cannot be kept.", f"{error.strerror}.", remedy) from error
            finally:
                self._begin()

    def try_now(self) -> None:
        """Try again at once, whatever was in the way."""
        self._paused, self._quiet_until_s = None, 0.0
        self._record.wrote.set()

    async def describe(self) -> dict[str, Any]:
        """Return how it stands, as the API shows it."""
        settings = await self._record.read(read_settings)
        counted = await self._record.read(lambda connection: counts(connection, settings.server))
        waiting = counted["units"] + counted["runs"] + counted["files"]
        key = self._key if self._key is not None and self._key.server == settings.address else None
        state = self._word(settings, waiting)
        return {
            "is_on": settings.is_on,
            "url": settings.address,
            "allow_plain_http": settings.allows_plain_http,
            "has_key": key is not None,
            "key_last4": None if key is None or len(key.key) < _SHORTEST_SHOWN else key.key[-_SHOWN_OF_KEY:],
            "state": state,
            "paused": self._paused.item() if self._paused and state == "paused" else None,
            "last_error": self._last_error.item() if self._last_error else None,
            "next_try_at": timestamp(self._next_try_s) if self._next_try_s and state == "waiting" else None,
            "last_sent_at": moment(settings.last_sent_us),
            "waiting_units": counted["units"],
            "waiting_runs": counted["runs"],
            "waiting_files": counted["files"],
            "stopped_count": counted["stopped"],
            "earlier_run_count": counted["earlier_runs"],
            "left_out_count": settings.left_out,
            "most_waiting": MOST_WAITING,
        }

    def _word(self, settings: PushSettings, waiting: int) -> str:
        if not settings.is_on:
            return "off"
        if self._paused:
            return "paused"
        if not waiting:
            return "idle"
        return "sending" if self._is_sending else "waiting" if self._next_try_s else "idle"

    async def _halt(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._leave()

    async def _leave(self) -> None:
        server, self._server, self._place = self._server, None, None
        if server is not None:
            await server.close()

    async def _live(self) -> None:
        """Send one thing after the other, for ever."""
        wrote = self._record.wrote
        while True:
            wrote.clear()
            try:
                wait_s = await self._turn()
            except ServiceError as error:  # the record cannot be read or written
                wait_s = self._fail(ServerAwayError(f"{error.error} {error.cause}", error.remedy))
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end it
                _log.exception("Pushing the unit's record failed.")
                what = f"Pushing failed because of a fault in Vialdesk: {type(error).__name__}."
                wait_s = self._fail(ServerAwayError(what, "See the log for details. It is tried again by itself."))
            if wait_s == 0.0:
                continue
            self._is_sending = False
            self._next_try_s = None if wait_s is None else self._clock.utc_s() + wait_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await wrote.wait()

    async def _turn(self) -> float | None:
        """Send one thing if one can be sent; return how long to wait for the next turn, None for a change's time."""
        self._settings = settings = await self._record.read(read_settings)
        if not settings.is_on or self._paused is not None:
            return None
        now_us = self._record.now_us()
        item = await self._record.read(lambda connection: next_item(connection, settings.server, now_us))
        if item is None:
            return await self._until_due(settings.server, now_us)
        left_s = self._quiet_until_s - self._clock.monotonic_s()
        if left_s > 0:
            return left_s
        self._is_sending = True
        return await self._try(item)

    async def _try(self, item: Item) -> float | None:
        """Send one thing; return how long to wait for the next turn, None for a change's time."""
        settings = self._settings
        try:
            place = await self._let_in()
            if place.row != settings.server:
                return 0.0  # what it has, and so what is next, is only known now
            await _SEND[item.kind](place, item)
        except KeyRefusedError as trouble:
            self._pause(trouble)
            return None
        except ServerAwayError as trouble:
            return self._fail(trouble)
        except (ServerFaultError, RefusedError) as trouble:
            return await self._set_aside(item, trouble)
        except (LookupError, TypeError, ValueError, AttributeError):
            # An answer of a form nobody knows, or a fault of ours: it must not keep the others back.
            _log.exception("Something was not pushed.")
            what = f"{settings.host} answered in a form that is not known here."
            return await self._set_aside(item, ServerFaultError(what, "See the log. It is tried again by itself."))
        self._failures, self._last_error = 0, None
        return 0.0

    async def _until_due(self, server: int | None, now_us: int) -> float | None:
        due_us = await self._record.read(lambda connection: next_moment_us(connection, server))
        return None if due_us is None else max(0.001, (due_us - now_us) / 1e6)

    async def _let_in(self) -> PushPlace:
        """Return the server to send to, introducing ourselves first when it is not known yet."""
        if self._place is None:
            key = self._key
            if key is None or key.server != self._settings.address:
                raise KeyRefusedError(_NO_KEY.what, _NO_KEY.remedy)
            if self._server is None:
                self._server = PushServer(self._settings, key.key)
            try:
                self._place = await let_in(self._record, self._server, self._settings)
            except RefusedError as trouble:
                # Nothing is wrong with what waits: this key may not even ask.
                raise KeyRefusedError(trouble.what, trouble.remedy) from trouble
            except ServerFaultError as trouble:
                raise ServerAwayError(trouble.what, trouble.remedy) from trouble
        return self._place

    def _fail(self, trouble: ServerAwayError) -> float:
        """Leave the server alone for a while; return for how long."""
        self._failures += 1
        wait_s = wait_for_server_s(self._failures, trouble.retry_after_s)
        self._tell(trouble)
        self._quiet_until_s = self._clock.monotonic_s() + wait_s
        return wait_s

    async def _set_aside(self, item: Item, trouble: ServerFaultError | RefusedError) -> float:
        """Have others go first; return how long to wait before the next one."""
        self._tell(trouble)
        if isinstance(trouble, RefusedError):
            self._failures = 0
            await self._record.change(NOBODY, lambda change: stop(change, item, trouble))
            return 0.0
        self._failures += 1
        one_s, wait_s = wait_for_one_s(item.failures), wait_between_s(self._failures)
        await self._record.change(NOBODY, lambda change: put_off(change, item, trouble, one_s))
        self._quiet_until_s = self._clock.monotonic_s() + wait_s
        return wait_s

    def _pause(self, trouble: KeyRefusedError) -> None:
        self._tell(trouble)
        self._paused = self._last_error

    def _tell(self, trouble: PushTroubleError) -> None:
        """Remember a trouble, and have it in the log; there, one a minute is enough, and each only once in a row."""
        self._last_error = _Told(trouble, self._clock.utc_s())
        now_s = self._clock.monotonic_s()
        if trouble.what != self._logged and (now_s >= self._quiet_log_until_s or isinstance(trouble, KeyRefusedError)):
            self._logged, self._quiet_log_until_s = trouble.what, now_s + _LOG_EVERY_S
            _log.warning("The unit's record is not pushed: %s %s", trouble.what, trouble.remedy)


async def open_push(record: UnitRecord, clock: Clock, key_file: KeyFile) -> Push:
    """Begin to push the record if the user has chosen so."""
    return Push(record, clock, key_file, await asyncio.to_thread(key_file.read))


def changed_settings(
    former: PushSettings, *, address: str | None, is_on: bool | None, allows_plain_http: bool | None
) -> PushSettings:
    """Return settings with some of them changed; None leaves one as it is."""
    return replace(
        former,
        address=former.address if address is None else address,
        is_on=former.is_on if is_on is None else is_on,
        allows_plain_http=former.allows_plain_http if allows_plain_http is None else allows_plain_http,
    )
