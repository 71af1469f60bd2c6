"""How a route of the record learns who asks; keys of the wrong kind are turned away before anything else is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request

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


RecordHere = Annotated[UnitRecord, Depends(get_record)]
# Dependencies are met in order: a route names who asks first, because the key counts before the body.
AnyCaller = Annotated[Caller, Depends(any_caller)]


def router_for(tag: str) -> APIRouter:
    """Return a router whose routes all need a key, whether or not they ask whose it is."""
    return APIRouter(tags=[tag], dependencies=[Depends(any_caller)])


def user_who(does: str) -> Callable[[Caller], Awaitable[Caller]]:
    """Return what lets users through and turns stations away; `does` is what they would do, such as "delete units"."""

    async def user(caller: AnyCaller) -> Caller:
        if caller.user is None:
            raise station_barred(does)
        return caller

    return user


async def only_station(caller: AnyCaller) -> Caller:
    """Return the station that asks; raise ForbiddenError for users."""
    if caller.station is None:
        raise ForbiddenError("Users cannot ask for their station.", "This is a user's key.", "Use a station's key.")
    return caller


async def get_links(request: Request) -> Links:
    """Return what makes links the asker can follow: with the host name by which this unit was addressed."""
    base = f"{request.url.scheme}://{request.headers['host']}{request.scope['root_path']}"
    record = await get_record(request)
    return Links(base, record.signer)


StationOnly = Annotated[Caller, Depends(only_station)]
LinksHere = Annotated[Links, Depends(get_links)]
