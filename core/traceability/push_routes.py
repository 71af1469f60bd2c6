"""Routes for pushing the unit's record to a TofuPilot server: what is chosen, how it stands, what waits."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError, ConflictError
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.unit_record.push import (
    MOST_ID,
    PendingItem,
    PendingQuery,
    PushChange,
    PushState,
    PushTest,
    PushTestResult,
    Queued,
    Retry,
)
from core.schemas.unit_record.shared import Listing
from core.service import Service
from core.traceability.callers import NOBODY
from core.traceability.listing import listed
from core.traceability.push.key_file import ServerKey
from core.traceability.push.outbox import add_earlier, drop, list_pending, try_again
from core.traceability.push.place import who_we_are
from core.traceability.push.push import changed_settings
from core.traceability.push.server import PushServer
from core.traceability.push.settings import PUSH_PATH, PushSettings, checked_address, read_settings
from core.traceability.push.troubles import PushTroubleError

router = APIRouter(prefix=PUSH_PATH, tags=["unit record push"])
# Whoever tries is waiting for the answer.
_CONNECT_WITHIN_S, _SILENT_AFTER_S = 4.0, 6.0
_ANSWER_WITHIN_S = 8.0


@router.get("", response_model=PushState, responses=errors())
async def get_push(service: ServiceHere) -> JSONResponse:
    """Return where the record is pushed to, and how that stands."""
    return JSONResponse(await service.push.describe())


@router.patch("", response_model=PushState, responses=errors(400, 413), openapi_extra=documented(PushChange))
async def change_push(service: ServiceHere, body: Annotated[PushChange, Depends(body_of(PushChange))]) -> JSONResponse:
    """Choose whether and where to push the record; what was written before is not sent unless asked for."""
    wanted, key = await _wanted(service, body, body.is_on)
    if wanted.is_on:
        _insist(wanted, key)
    await service.push.choose(wanted, key)
    return JSONResponse(await service.push.describe())


@router.post("/test", response_model=PushTestResult, responses=errors(400, 413), openapi_extra=documented(PushTest))
async def test_push(service: ServiceHere, body: Annotated[PushTest, Depends(body_of(PushTest))]) -> JSONResponse:
    """Ask the server now whether it is there and accepts the key; nothing is sent, nothing is kept."""
    wanted, key = await _wanted(service, body, None)
    kept = _insist(wanted, key)
    server = PushServer(wanted, kept.key, connect_within_s=_CONNECT_WITHIN_S, silent_after_s=_SILENT_AFTER_S)
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            _, who = await who_we_are(server)
    except TimeoutError:
        remedy = "Check that the server runs and the network is there, then try again."
        return _result(ok=False, what=f"{wanted.host} did not answer within {_ANSWER_WITHIN_S:.0f} s.", remedy=remedy)
    except PushTroubleError as trouble:
        return _result(ok=False, what=trouble.what, remedy=trouble.remedy)
    finally:
        await server.close()
    return _result(ok=True, what=f"{wanted.host} accepts the key{f' of {who}' if who else ''}.", remedy="")


@router.get("/pending", response_model=Listing[PendingItem], responses=errors(400))
async def get_pending(service: ServiceHere, request: Request, query: Annotated[PendingQuery, Query()]) -> JSONResponse:
    """Return what waits to be sent, a page at a time: first what was refused, then in the order of sending."""
    return await listed(service.unit_record, request, query, list_pending)


@router.delete("/pending/{id}", response_model=Success, responses=errors(400, 404))
async def delete_pending(service: ServiceHere, id: Annotated[int, Path(ge=1, le=MOST_ID)]) -> dict[str, str]:
    """Do not send this, nor the files of a run that is not sent; in this unit's own record everything stays."""
    await service.unit_record.change(NOBODY, lambda change: drop(change, id))
    return {"status": "success"}


@router.post("/retry", response_model=Queued, responses=errors(400, 404, 413), openapi_extra=documented(Retry))
async def retry(service: ServiceHere, body: Annotated[Retry, Depends(body_of(Retry))]) -> dict[str, int]:
    """Try again at once: what was refused, and the server if it was left alone or had refused the key."""
    count = await service.unit_record.change(NOBODY, lambda change: try_again(change, body.ids))
    service.push.try_now()
    return {"count": count}


@router.post("/earlier", response_model=Queued, responses=errors(409))
async def send_earlier(service: ServiceHere) -> dict[str, int]:
    """Have everything sent that was written before pushing was switched on, or did not fit into the queue."""
    settings = await service.unit_record.read(read_settings)
    if not settings.is_on:
        raise ConflictError("The record is not pushed.", remedy="Switch pushing on first.")
    count = await service.unit_record.change(NOBODY, lambda change: add_earlier(change, settings.server))
    return {"count": count}


async def _wanted(
    service: Service, body: PushChange | PushTest, is_on: bool | None
) -> tuple[PushSettings, ServerKey | None]:
    """Return the settings and the key a request asks for."""
    former = await service.unit_record.read(read_settings)
    plain = former.allows_plain_http if body.allow_plain_http is None else body.allow_plain_http
    address = body.url if body.url is not None else former.address
    checked = checked_address(address, allows_plain_http=plain) if address.strip() else ""
    wanted = changed_settings(former, address=checked, is_on=is_on, allows_plain_http=plain)
    if body.api_key is not None:
        return wanted, ServerKey(checked, body.api_key) if body.api_key and checked else None
    # A key goes to no other server than the one it was given for.
    kept = service.push.key
    return wanted, kept if kept is not None and kept.server == checked else None


def _insist(wanted: PushSettings, key: ServerKey | None) -> ServerKey:
    """Return the key; raise BadRequestError when it or the server is missing."""
    if not wanted.address:
        raise BadRequestError("The server's address is missing.", remedy="Enter it.", fields=["url"])
    if key is None:
        cause = f"No key for {wanted.host} was given."
        raise BadRequestError("The key is missing.", cause, "Enter a key made at the server.", fields=["api_key"])
    return key


def _result(**told: Any) -> JSONResponse:
    return JSONResponse(told)
