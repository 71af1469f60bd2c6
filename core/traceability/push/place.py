"""Where things are taken from and sent to: the record, the server, and what is known of it while it is used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from core.traceability.book import Change
from core.traceability.callers import NOBODY
from core.traceability.push.outbox import know_server, note_remote, remote_of
from core.traceability.push.server import PushServer
from core.traceability.push.settings import PushSettings
from core.traceability.push.troubles import RefusedError
from core.traceability.record import UnitRecord

_LONGEST_WORDS = 200
_T = TypeVar("_T")


class PushPlace:
    """A server that has let us in.

    Attributes:
        row: the server's row in the record.
    """

    def __init__(self, record: UnitRecord, server: PushServer, row: int) -> None:
        self.record = record
        self.server = server
        self.row = row
        self._emails: frozenset[str] | None = None

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """Ask the record."""
        return await self.record.read(query)

    async def change(self, change: Callable[[Change], _T]) -> _T:
        """Change the record; what is only noted is nobody's doing."""
        return await self.record.change(NOBODY, change)

    async def remote_of(self, kind: str, local: int) -> str | None:
        """Return the name under which the server has something, None when it has it not."""
        return await self.read(lambda connection: remote_of(connection, self.row, kind, local))

    async def note_remote(self, kind: str, local: int, remote: str) -> None:
        """Remember the name under which the server has something."""
        await self.change(lambda change: note_remote(change, self.row, kind, local, remote))

    async def knows_user(self, email: str) -> bool:
        """Whether the server has a user with that e-mail address; runs cannot name others."""
        if self._emails is None:
            try:
                users = await self.server.ask("GET", "/users")
            except RefusedError:
                users = []
            found = (user.get("email") for user in users if isinstance(user, dict))
            self._emails = frozenset(each.lower() for each in found if isinstance(each, str))
        return email.lower() in self._emails


async def let_in(record: UnitRecord, server: PushServer, settings: PushSettings) -> PushPlace:
    """Introduce ourselves to the server; raise PushTroubleError when it cannot be used."""
    organization, _ = await who_we_are(server)
    row = await record.change(NOBODY, lambda change: know_server(change, settings.address, organization))
    return PushPlace(record, server, row)


async def who_we_are(server: PushServer) -> tuple[str, str]:
    """Return the id of the organization a key belongs to, and in words whose key it is; both empty where not told.

    Raises:
        PushTroubleError: the server cannot be used.
    """
    try:
        told = await server.ask("GET", "/whoami")
    except RefusedError as error:
        if error.status != 404:
            raise
        # Servers of earlier versions do not say; they do list procedures to whoever has a key.
        await server.ask("GET", "/procedures", query={"limit": 1})
        return "", ""
    organization, user, station = (_part(told, name) for name in ("organization", "user", "station"))
    if organization is None and user is None and station is None:
        raise server.not_tofupilot("it does not say whose the key is")
    whose = str((user or station or {}).get("name") or "")
    kind = f"the station {whose}" if told.get("type") == "station" else whose
    words = " of ".join(part for part in (kind, str((organization or {}).get("name") or "")) if part)
    return str((organization or {}).get("id") or ""), " ".join(words.split())[:_LONGEST_WORDS]


def _part(told: object, name: str) -> dict[str, Any] | None:
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else None
