"""Routes for the keys to the unit's record: made, listed and revoked by who may use the rest of the unit's API."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.unit_record.keys import KeyItem, MadeKey, NewKey
from core.traceability.book import Change
from core.traceability.keys import list_keys, make_station_key, make_user_key, revoke_key

router = APIRouter(prefix="/unit_api/keys", tags=["keys"])


@router.get("", response_model=list[KeyItem], responses=errors())
async def list_all_keys(service: ServiceHere) -> list[dict[str, Any]]:
    """Return every key to the unit's record without what makes it valid, oldest first."""
    return await service.unit_record.read(list_keys)


@router.post("", status_code=201, response_model=MadeKey, responses=errors(400, 413), openapi_extra=documented(NewKey))
async def create_key(service: ServiceHere, body: Annotated[NewKey, Depends(body_of(NewKey))]) -> dict[str, Any]:
    """Make a key for a user or a station; it is in this answer and never again."""
    user, station = body.user, body.station
    if (user is None) == (station is None):
        cause = "One of the two must be given."
        raise BadRequestError("Name a user or a station.", cause, fields=["station", "user"])

    def make(change: Change) -> str:
        if user is not None:
            return make_user_key(change, user.strip(), service.unit)
        return make_station_key(change, (station or "").strip())

    key = await service.unit_record.change(await service.unit_record.owner(), make)
    return {"key": key, "prefix": key.rpartition("_")[0]}


@router.delete("/{prefix}", response_model=Success, responses=errors(404, 409))
async def revoke(service: ServiceHere, prefix: str) -> dict[str, str]:
    """Make a key worthless from now on; what was done with it stays."""
    owner = await service.unit_record.owner()
    await service.unit_record.change(owner, lambda change: revoke_key(change, prefix))
    return {"status": "success"}
