"""Routes of phases, measurements and log lines across runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import JSONResponse

from core.schemas.unit_record.fields import Uuid
from core.schemas.unit_record.run_contents import (
    LogLine,
    MeasurementDetail,
    MeasurementRow,
    PhaseDetail,
    PhaseRow,
)
from core.schemas.unit_record.shared import Listing
from core.traceability.access import RecordHere, router_for
from core.traceability.answers import refusals
from core.traceability.listing import listed
from core.traceability.run_contents import (
    LogQuery,
    MeasurementQuery,
    PhaseQuery,
    list_logs,
    list_measurements,
    list_phases,
    read_log,
    read_measurement,
    read_phase,
)

router = router_for("run contents")


@router.get("/phases", response_model=Listing[PhaseRow], responses=refusals())
async def phases(record: RecordHere, request: Request, query: Annotated[PhaseQuery, Query()]) -> JSONResponse:
    """Return the phases of a procedure's runs that fit, a page at a time."""
    return await listed(record, request, query, list_phases)


@router.get("/phases/{id}", response_model=PhaseDetail, responses=refusals(404))
async def phase(record: RecordHere, id: Uuid) -> JSONResponse:
    """Return a phase with its measurements."""
    return JSONResponse(await record.read(lambda connection: read_phase(connection, id)))


@router.get("/measurements", response_model=Listing[MeasurementRow], responses=refusals())
async def measurements(
    record: RecordHere, request: Request, query: Annotated[MeasurementQuery, Query()]
) -> JSONResponse:
    """Return the measurements of a procedure's runs that fit, a page at a time."""
    return await listed(record, request, query, list_measurements)


@router.get("/measurements/{id}", response_model=MeasurementDetail, responses=refusals(404))
async def measurement(record: RecordHere, id: Uuid) -> JSONResponse:
    """Return a measurement and where it comes from."""
    return JSONResponse(await record.read(lambda connection: read_measurement(connection, id)))


@router.get("/logs", response_model=Listing[LogLine], responses=refusals())
async def logs(record: RecordHere, request: Request, query: Annotated[LogQuery, Query()]) -> JSONResponse:
    """Return the log lines of runs that fit, a page at a time."""
    return await listed(record, request, query, list_logs)


@router.get("/logs/{id}", response_model=LogLine, responses=refusals(404))
async def log(record: RecordHere, id: Uuid) -> JSONResponse:
    """Return a log line and where it comes from."""
    return JSONResponse(await record.read(lambda connection: read_log(connection, id)))
