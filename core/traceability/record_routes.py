"""Routes through which the window reads and builds the unit's record: for whoever may use the rest of the unit's API.

What is done here is done in the name of the person whose window asks; of the unit's first user where it does not say.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.config import ConfigError
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.unit_record.fields import SerialNumber, Uuid
from core.schemas.unit_record.run_contents import MeasurementRow
from core.schemas.unit_record.runs import RunDetail, RunRow
from core.schemas.unit_record.shared import Listing, Made
from core.schemas.unit_record.unit_page import BuiltIn, RealSerialNumber, RecordItem, UnitExport, UnitPage
from core.schemas.unit_record.units import UnitChange, UnitRow
from core.service import Service
from core.traceability.attachment_answer import BYTES, content_of
from core.traceability.attachment_links import Links
from core.traceability.building import build_in
from core.traceability.large_answers import written
from core.traceability.listing import listed
from core.traceability.moments import moment
from core.traceability.own_unit import number_of
from core.traceability.run_contents import MeasurementQuery, list_measurements
from core.traceability.runs_list import RunQuery, list_runs
from core.traceability.runs_read import read_run
from core.traceability.unit_children import remove_child
from core.traceability.unit_page import export_unit, read_unit_page
from core.traceability.units_list import UnitQuery, list_units
from core.traceability.units_store import update_unit

router = APIRouter(prefix="/unit_api/record", tags=["unit record"])
_UNIT = "/units/{serial_number}"
_CHILD = f"{_UNIT}/children/{{child_serial_number}}"


@router.get("", response_model=RecordItem, responses=errors())
async def get_record(service: ServiceHere) -> JSONResponse:
    """Return what the record holds, and whether this unit is in it."""
    told = service.board_link.describe().get("serial_number")
    own = number_of(told) if told else None
    model = None
    with contextlib.suppress(ConfigError):  # it is told wherever a model is needed
        model = service.models.current

    def ask(connection: sqlite3.Connection) -> dict[str, Any]:
        found = connection.execute("SELECT 1 FROM units WHERE serial_number = ?", (own,)).fetchone()
        counts = connection.execute("SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM runs)").fetchone()
        return {
            "own_serial_number": own,
            "is_own_recorded": found is not None,
            "unit_count": counts[0],
            "run_count": counts[1],
            "model_name": None if model is None else model.model_name,
            "model_version": None if model is None else model.model_version,
        }

    return JSONResponse(await service.unit_record.read(ask))


@router.get("/units", response_model=Listing[UnitRow], responses=errors(400))
async def list_all_units(service: ServiceHere, request: Request, query: Annotated[UnitQuery, Query()]) -> JSONResponse:
    """Return the units that fit, a page at a time."""
    return await listed(service.unit_record, request, query, list_units)


@router.get(_UNIT, response_model=UnitPage, responses=errors(404))
async def get_unit(service: ServiceHere, serial_number: str) -> JSONResponse:
    """Return a unit with all its parts, its procedures and what came and went."""
    links = _links(service)
    return JSONResponse(
        await service.unit_record.read(lambda connection: read_unit_page(connection, serial_number, links))
    )


@router.patch(
    _UNIT, response_model=Made, responses=errors(400, 404, 409, 413), openapi_extra=documented(RealSerialNumber)
)
async def name_unit(
    service: ServiceHere, serial_number: str, body: Annotated[RealSerialNumber, Depends(body_of(RealSerialNumber))]
) -> JSONResponse:
    """Give a unit its own serial number; it stays the same unit, with its history."""
    who, wanted = await service.unit_record.person(), UnitChange(new_serial_number=body.new_serial_number)
    made = await service.unit_record.change(who, lambda change: update_unit(change, serial_number, wanted))
    return JSONResponse({"id": made})


@router.get(f"{_UNIT}/export", response_model=UnitExport, responses=errors(404))
async def export(service: ServiceHere, serial_number: str) -> Response:
    """Return a unit's whole record, with every run, as one JSON document."""
    links, now = _links(service), moment(service.unit_record.now_us())
    whole = await service.unit_record.read(lambda connection: export_unit(connection, serial_number, links, now))
    return Response(whole, media_type="application/json")


@router.put(_CHILD, response_model=Success, responses=errors(400, 404, 409, 413), openapi_extra=documented(BuiltIn))
async def put_in(
    service: ServiceHere,
    serial_number: str,
    child_serial_number: SerialNumber,
    body: Annotated[BuiltIn, Depends(body_of(BuiltIn))],
) -> dict[str, str]:
    """Build a sub-unit into a unit; the one it replaces comes out in the same moment."""
    who = await service.unit_record.person()
    await service.unit_record.change(who, lambda change: build_in(change, serial_number, child_serial_number, body))
    return {"status": "success"}


@router.delete(_CHILD, response_model=Success, responses=errors(400, 404))
async def take_out(service: ServiceHere, serial_number: str, child_serial_number: str) -> dict[str, str]:
    """Take a sub-unit out of a unit; it stays in the record."""
    who = await service.unit_record.person()
    await service.unit_record.change(who, lambda change: remove_child(change, serial_number, child_serial_number))
    return {"status": "success"}


@router.get("/runs", response_model=Listing[RunRow], responses=errors(400))
async def list_all_runs(service: ServiceHere, request: Request, query: Annotated[RunQuery, Query()]) -> JSONResponse:
    """Return the runs that fit, a page at a time."""
    return await listed(service.unit_record, request, query, list_runs)


@router.get("/runs/{id}", response_model=RunDetail, responses=errors(400, 404))
async def get_run(service: ServiceHere, id: Uuid) -> Response:
    """Return a run with everything in it."""
    links = _links(service)
    whole = await service.unit_record.read(lambda connection: written(read_run(connection, id, links)))
    return Response(whole, media_type="application/json")


@router.get("/measurements", response_model=Listing[MeasurementRow], responses=errors(400))
async def list_all_measurements(
    service: ServiceHere, request: Request, query: Annotated[MeasurementQuery, Query()]
) -> JSONResponse:
    """Return the measurements of a procedure's runs that fit, a page at a time."""
    return await listed(service.unit_record, request, query, list_measurements)


@router.get(
    "/attachments/{id}",
    response_class=Response,
    responses={**errors(400, 404), **BYTES},
)
async def get_attachment(service: ServiceHere, id: Uuid) -> Response:
    """Send an attachment's bytes."""
    return await content_of(service.unit_record, id)


def _links(service: Service) -> Links:
    """Return what makes links that can be followed from here for a while, without a key."""
    return Links("/v2", service.unit_record.signer)
