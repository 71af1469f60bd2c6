"""Routes of stations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from core.bodies import documented
from core.schemas.unit_record.fields import Uuid
from core.schemas.unit_record.shared import Listing, Made, NameRef
from core.schemas.unit_record.stations import NewStation, StationChange, StationDetail, StationLinkCall, StationRow
from core.traceability.access import RecordHere, StationOnly, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.listing import listed
from core.traceability.stations_store import (
    StationQuery,
    create_station,
    link_station,
    list_stations,
    read_station,
    remove_station,
    update_station,
)

router = router_for("stations")
# A call of TofuPilot's web page, not of its API: programs use it to let a station run a procedure.
LINK_PATH = "/api/trpc/station.linkProcedure"
link_router = APIRouter(tags=["stations"])
Maker = Annotated[Caller, Depends(user_who("create stations"))]
_USERS_LIST = [Depends(user_who("list stations"))]
Changer = Annotated[Caller, Depends(user_who("change stations"))]
Remover = Annotated[Caller, Depends(user_who("remove stations"))]


@router.post("/stations", response_model=Made, responses=refusals(404, 409), openapi_extra=documented(NewStation))
async def create(
    caller: Maker, record: RecordHere, body: Annotated[NewStation, Depends(sent(NewStation))]
) -> JSONResponse:
    """Create a station; `vialdesk keys create --station` makes its key."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_station(change, body))})


@router.get("/stations", response_model=Listing[StationRow], responses=refusals(), dependencies=_USERS_LIST)
async def list_all(record: RecordHere, request: Request, query: Annotated[StationQuery, Query()]) -> JSONResponse:
    """Return the stations that fit, newest first, a page at a time."""
    return await listed(record, request, query, list_stations)


@router.get("/stations/current", response_model=StationDetail, responses=refusals())
async def get_current(caller: StationOnly, record: RecordHere) -> JSONResponse:
    """Return the station that asks."""
    now_us = record.now_us()
    return JSONResponse(
        await record.read(lambda connection: read_station(connection, caller.uuid, record.unit, now_us))
    )


@router.get("/stations/{id}", response_model=StationDetail, responses=refusals(404))
async def get(record: RecordHere, id: Uuid) -> JSONResponse:
    """Return a station with the procedures it may run."""
    now_us = record.now_us()
    return JSONResponse(await record.read(lambda connection: read_station(connection, id, record.unit, now_us)))


@router.patch(
    "/stations/{id}", response_model=NameRef, responses=refusals(404, 409), openapi_extra=documented(StationChange)
)
async def update(
    caller: Changer, record: RecordHere, id: Uuid, body: Annotated[StationChange, Depends(sent(StationChange))]
) -> JSONResponse:
    """Change a station's name, image or metadata."""
    return JSONResponse(await record.change(caller, lambda change: update_station(change, id, body)))


@router.delete("/stations/{id}", response_model=Made, responses=refusals(404))
async def remove(caller: Remover, record: RecordHere, id: Uuid) -> JSONResponse:
    """Remove a station; what it made stays, and still says so."""
    return JSONResponse({"id": await record.change(caller, lambda change: remove_station(change, id))})


@link_router.post(LINK_PATH, include_in_schema=False)
async def link(
    caller: Changer, record: RecordHere, body: Annotated[StationLinkCall, Depends(sent(StationLinkCall))]
) -> JSONResponse:
    """Let a station run a procedure."""
    linked = await record.change(caller, lambda change: link_station(change, body.json_))
    return JSONResponse({"result": {"data": {"json": {"id": linked}}}})
