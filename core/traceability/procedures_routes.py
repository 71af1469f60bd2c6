"""Routes of procedures and their versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import JSONResponse

from core.bodies import documented
from core.schemas.unit_record.fields import Uuid
from core.schemas.unit_record.procedures import (
    NewProcedure,
    NewVersion,
    ProcedureChange,
    ProcedureDetail,
    ProcedureRow,
    VersionDetail,
)
from core.schemas.unit_record.shared import Listing, Made
from core.traceability.access import AnyCaller, RecordHere, router_for, user_who
from core.traceability.answers import refusals, station_barred
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.listing import listed
from core.traceability.procedures_store import (
    ProcedureQuery,
    create_procedure,
    create_version,
    delete_procedure,
    delete_version,
    list_procedures,
    read_procedure,
    read_version,
    update_procedure,
)

router = router_for("procedures")
_ONE = "/procedures/{id}"
_VERSION = "/procedures/{procedure_id}/versions/{tag}"
Maker = Annotated[Caller, Depends(user_who("create procedures"))]
Changer = Annotated[Caller, Depends(user_who("change procedures"))]
Deleter = Annotated[Caller, Depends(user_who("delete procedures or versions"))]


@router.post("/procedures", response_model=Made, responses=refusals(), openapi_extra=documented(NewProcedure))
async def create(
    caller: Maker, record: RecordHere, body: Annotated[NewProcedure, Depends(sent(NewProcedure))]
) -> JSONResponse:
    """Create a procedure; its name need not be unique."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_procedure(change, body.name))})


@router.get("/procedures", response_model=Listing[ProcedureRow], responses=refusals())
async def list_all(record: RecordHere, request: Request, query: Annotated[ProcedureQuery, Query()]) -> JSONResponse:
    """Return the procedures that fit, newest first, a page at a time."""
    return await listed(record, request, query, list_procedures)


@router.get(_ONE, response_model=ProcedureDetail, responses=refusals(404))
async def get(record: RecordHere, id: Uuid) -> JSONResponse:
    """Return a procedure with its newest runs and the stations linked to it."""
    return JSONResponse(await record.read(lambda connection: read_procedure(connection, id)))


@router.patch(_ONE, response_model=Made, responses=refusals(404), openapi_extra=documented(ProcedureChange))
async def update(
    caller: Changer, record: RecordHere, id: Uuid, body: Annotated[ProcedureChange, Depends(sent(ProcedureChange))]
) -> JSONResponse:
    """Change a procedure's name or settings."""
    return JSONResponse({"id": await record.change(caller, lambda change: update_procedure(change, id, body))})


@router.delete(_ONE, response_model=Made, responses=refusals(404))
async def delete(caller: Deleter, record: RecordHere, id: Uuid) -> JSONResponse:
    """Delete a procedure with all its runs."""
    return JSONResponse({"id": await record.change(caller, lambda change: delete_procedure(change, id))})


@router.post(
    "/procedures/{procedure_id}/versions",
    response_model=Made,
    responses=refusals(404, 409),
    openapi_extra=documented(NewVersion),
)
async def create_one_version(
    caller: AnyCaller,
    record: RecordHere,
    procedure_id: Uuid,
    body: Annotated[NewVersion, Depends(sent(NewVersion))],
) -> JSONResponse:
    """Create a version of a procedure."""
    if caller.station is not None:
        raise station_barred("create versions")
    made = await record.change(caller, lambda change: create_version(change, procedure_id, body.tag))
    return JSONResponse({"id": made})


@router.get(_VERSION, response_model=VersionDetail, responses=refusals(404))
async def get_version(record: RecordHere, procedure_id: Uuid, tag: str) -> JSONResponse:
    """Return a version of a procedure."""
    return JSONResponse(await record.read(lambda connection: read_version(connection, procedure_id, tag)))


@router.delete(_VERSION, response_model=Made, responses=refusals(404, 409))
async def remove_version(caller: Deleter, record: RecordHere, procedure_id: Uuid, tag: str) -> JSONResponse:
    """Delete a version no run was made with."""
    deleted = await record.change(caller, lambda change: delete_version(change, procedure_id, tag))
    return JSONResponse({"id": deleted})
