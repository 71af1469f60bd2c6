"""Routes that tell who may talk to the service, and that make a new token."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.clock import timestamp
from core.errors import ConflictError
from core.schemas.access import AccessItem, TokenItem
from core.schemas.errors import errors
from core.security import allowed_names, is_loopback

router = APIRouter(prefix="/unit_api", tags=["system"])


@router.get("/system/web_server/access", response_model=AccessItem, responses=errors())
async def access(service: ServiceHere) -> JSONResponse:
    """Tell where the service listens, and whether requests need a token."""
    given = service.access
    made = None if given.made_utc_s is None else timestamp(given.made_utc_s)
    item = {
        "address": service.address,
        "beyond_this_computer": not is_loopback(service.address.rpartition(":")[0].strip("[]")),
        "needs_token": given.needs_token,
        "has_token": given.token_hash is not None,
        "token_made_at": made,
        "names": allowed_names(service.unit, service.config.text("http", "allowed_hosts")),
    }
    return JSONResponse(item)


@router.post("/system/web_server/token", status_code=201, response_model=TokenItem, responses=errors(409))
async def new_token(service: ServiceHere) -> JSONResponse:
    """Make a new token and show it, this once. The former one is refused from now on.

    Only who has a token can ask for another one. Where none is needed none is made: any program of this computer could
    otherwise choose what lets other computers in later.
    """
    if not service.access.needs_token:
        raise ConflictError(
            "No token is needed here.",
            cause="The service listens to this computer only.",
            remedy="Let it listen to others first: set host in section [http] of config.ini, then start it again.",
        )
    utc_s = service.clock.utc_s()
    token = service.access.renew(service.records.store, utc_s)
    return JSONResponse({"token": token, "made_at": timestamp(utc_s)}, 201)
