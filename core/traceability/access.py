"""How a route of the record learns who asks; keys of the wrong kind are turned away before anything else is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from core.errors import ForbiddenError
from core.traceability.answers import station_barred, unauthorised
from core.traceability.attachment_links import Links
from core.traceability.callers import Caller
from core.traceability.record import UnitRecord


async def get_record(request: Request) -> UnitRecord:
    """Return the record this request is about."""
    record: UnitRecord = request.app.state.record
    return record


async def any_caller(request: Request) -> Caller:
    """Return who asks; raise UnauthorisedError without a valid key."""
    sent = request.headers.getlist("authorization")
    scheme, _, key = (sent[0] if len(sent) == 1 else "").partition(" ")
    record = await get_record(request)
    caller = await record.caller_of(key.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise unauthorised()
    return caller


def user_who(does: str) -> Callable[[Request], Awaitable[Caller]]:
    """Return what lets users through and turns stations away; `does` is what they would do, such as "delete units"."""

    async def user(request: Request) -> Caller:
        caller = await any_caller(request)
        if caller.user is None:
            raise station_barred(does)
        return caller

    return user


async def only_station(request: Request) -> Caller:
    """Return the station that asks; raise ForbiddenError for users."""
    caller = await any_caller(request)
    if caller.station is None:
        raise ForbiddenError("Users cannot ask for their station.", "This is a user's key.", "Use a station's key.")
    return caller


async def get_links(request: Request) -> Links:
    """Return what makes links the asker can follow: with the host name by which this unit was addressed."""
    base = f"{request.url.scheme}://{request.headers['host']}{request.scope['root_path']}"
    record = await get_record(request)
    return Links(base, record.signer)


# A route names the caller first: dependencies are met in order, and the key counts before the body.
RecordHere = Annotated[UnitRecord, Depends(get_record)]
AnyCaller = Annotated[Caller, Depends(any_caller)]
StationOnly = Annotated[Caller, Depends(only_station)]
LinksHere = Annotated[Links, Depends(get_links)]
