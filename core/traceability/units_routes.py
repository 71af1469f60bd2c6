"""Routes of units, their children and their attachments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import JSONResponse

from core.bodies import documented
from core.schemas.unit_record.attachments import AttachmentIds, Upload
from core.schemas.unit_record.shared import Deleted, Listing, Made
from core.schemas.unit_record.units import ChildLink, NewAttachment, NewUnit, UnitChange, UnitDetail, UnitRow
from core.traceability.access import AnyCaller, LinksHere, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.attachments_store import announce_for, take_from_unit
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.listing import listed
from core.traceability.refs import find_unit
from core.traceability.unit_children import add_child, remove_child
from core.traceability.units_list import UnitQuery, list_units
from core.traceability.units_read import read_unit
from core.traceability.units_store import create_unit, delete_units, update_unit

router = router_for("units")
_ONE = "/units/{serial_number}"
Deleter = Annotated[Caller, Depends(user_who("delete units"))]


@router.get("/units", response_model=Listing[UnitRow], responses=refusals())
async def list_all(record: RecordHere, request: Request, query: Annotated[UnitQuery, Query()]) -> JSONResponse:
    """Return the units that fit, a page at a time."""
    return await listed(record, request, query, list_units)


@router.post("/units", response_model=Made, responses=refusals(404, 409), openapi_extra=documented(NewUnit))
async def create(
    caller: AnyCaller, record: RecordHere, body: Annotated[NewUnit, Depends(sent(NewUnit))]
) -> JSONResponse:
    """Create a unit of an existing part and revision."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_unit(change, body))})


@router.delete("/units", response_model=Deleted, responses=refusals(404))
async def delete(
    caller: Deleter, record: RecordHere, serial_numbers: Annotated[list[str], Query(min_length=1)]
) -> JSONResponse:
    """Delete units with their runs; what they contain stays."""
    return JSONResponse({"id": await record.change(caller, lambda change: delete_units(change, serial_numbers))})


@router.get(_ONE, response_model=UnitDetail, responses=refusals(404))
async def get(record: RecordHere, links: LinksHere, serial_number: str) -> JSONResponse:
    """Return a unit with its part, parent, children and attachments."""
    return JSONResponse(await record.read(lambda connection: read_unit(connection, serial_number, links)))


@router.patch(_ONE, response_model=Made, responses=refusals(404, 409), openapi_extra=documented(UnitChange))
async def update(
    caller: AnyCaller, record: RecordHere, serial_number: str, body: Annotated[UnitChange, Depends(sent(UnitChange))]
) -> JSONResponse:
    """Change what is given of a unit; attachments are added."""
    return JSONResponse({"id": await record.change(caller, lambda change: update_unit(change, serial_number, body))})


@router.put(f"{_ONE}/children", response_model=Made, responses=refusals(404), openapi_extra=documented(ChildLink))
async def put_child(
    caller: AnyCaller, record: RecordHere, serial_number: str, body: Annotated[ChildLink, Depends(sent(ChildLink))]
) -> JSONResponse:
    """Put a unit under this one, taking it from where it was."""
    child = body.child_serial_number
    return JSONResponse({"id": await record.change(caller, lambda change: add_child(change, serial_number, child))})


@router.delete(f"{_ONE}/children", response_model=Made, responses=refusals(404))
async def take_child(
    caller: AnyCaller, record: RecordHere, serial_number: str, child_serial_number: str
) -> JSONResponse:
    """Take a unit out from under this one."""
    taken = await record.change(caller, lambda change: remove_child(change, serial_number, child_serial_number))
    return JSONResponse({"id": taken})


@router.post(
    f"{_ONE}/attachments", response_model=Upload, responses=refusals(404), openapi_extra=documented(NewAttachment)
)
async def create_attachment(
    caller: AnyCaller,
    record: RecordHere,
    links: LinksHere,
    serial_number: str,
    body: Annotated[NewAttachment, Depends(sent(NewAttachment))],
) -> JSONResponse:
    """Announce a file for this unit; it shows up once it has been PUT to the link."""
    made = await record.change(
        caller,
        lambda change: announce_for(change, "unit", find_unit(change.connection, serial_number)["id"], body.name),
    )
    return JSONResponse({"id": made, "upload_url": links.upload(made)})


@router.delete(f"{_ONE}/attachments", response_model=AttachmentIds, responses=refusals(404))
async def delete_attachment(
    caller: AnyCaller, record: RecordHere, serial_number: str, ids: Annotated[list[str], Query(min_length=1)]
) -> JSONResponse:
    """Take attachments from this unit and delete them, unless a run has them too."""
    taken = await record.change(
        caller, lambda change: take_from_unit(change, find_unit(change.connection, serial_number)["id"], ids)
    )
    return JSONResponse({"ids": taken})
