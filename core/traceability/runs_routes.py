"""Routes of runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import JSONResponse, Response

from core.bodies import documented
from core.schemas.unit_record.attachments import Upload
from core.schemas.unit_record.fields import Uuid
from core.schemas.unit_record.runs import MetadataChange, NewRun, RunChange, RunDetail, RunRow
from core.schemas.unit_record.shared import Deleted, Listing, Made
from core.schemas.unit_record.units import NewAttachment
from core.traceability.access import AnyCaller, LinksHere, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.attachments_store import announce_for
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.large_answers import written
from core.traceability.listing import listed
from core.traceability.refs import find_by_id
from core.traceability.run_create import create_run
from core.traceability.runs_list import RunQuery, list_runs
from core.traceability.runs_read import read_run
from core.traceability.runs_store import add_attachments, delete_runs, merge_run_metadata

router = router_for("runs")
_ONE = "/runs/{id}"
Deleter = Annotated[Caller, Depends(user_who("delete runs"))]


@router.post("/runs", response_model=Made, responses=refusals(404, 422), openapi_extra=documented(NewRun))
async def create(caller: AnyCaller, record: RecordHere, body: Annotated[NewRun, Depends(sent(NewRun))]) -> JSONResponse:
    """Store a run; what it names is made when it is not there. Stations may run what they are linked to."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_run(change, body))})


@router.get("/runs", response_model=Listing[RunRow], responses=refusals())
async def list_all(record: RecordHere, request: Request, query: Annotated[RunQuery, Query()]) -> JSONResponse:
    """Return the runs that fit, a page at a time."""
    return await listed(record, request, query, list_runs)


@router.delete("/runs", response_model=Deleted, responses=refusals(404))
async def delete(caller: Deleter, record: RecordHere, ids: Annotated[list[str], Query(min_length=1)]) -> JSONResponse:
    """Delete runs with their attachments; units, parts and batches stay."""
    return JSONResponse({"id": await record.change(caller, lambda change: delete_runs(change, ids))})


@router.get(_ONE, response_model=RunDetail, responses=refusals(404))
async def get(record: RecordHere, links: LinksHere, id: Uuid) -> Response:
    """Return a run with its phases, measurements, log lines, attachments and sub-units."""
    whole = await record.read(lambda connection: written(read_run(connection, id, links)))
    return Response(whole, media_type="application/json")


@router.patch(_ONE, response_model=Made, responses=refusals(404), openapi_extra=documented(RunChange))
async def update(
    caller: AnyCaller, record: RecordHere, id: Uuid, body: Annotated[RunChange, Depends(sent(RunChange))]
) -> JSONResponse:
    """Add uploads to a run."""
    attachments = body.attachments or []
    return JSONResponse({"id": await record.change(caller, lambda change: add_attachments(change, id, attachments))})


@router.patch(
    f"{_ONE}/metadata", response_model=Made, responses=refusals(404), openapi_extra=documented(MetadataChange)
)
async def update_metadata(
    caller: AnyCaller, record: RecordHere, id: Uuid, body: Annotated[MetadataChange, Depends(sent(MetadataChange))]
) -> JSONResponse:
    """Merge into a run's metadata."""
    merged = await record.change(caller, lambda change: merge_run_metadata(change, id, body.metadata))
    return JSONResponse({"id": merged})


@router.post(
    f"{_ONE}/attachments", response_model=Upload, responses=refusals(404), openapi_extra=documented(NewAttachment)
)
async def create_attachment(
    caller: AnyCaller,
    record: RecordHere,
    links: LinksHere,
    id: Uuid,
    body: Annotated[NewAttachment, Depends(sent(NewAttachment))],
) -> JSONResponse:
    """Announce a file for this run; it shows up once it has been PUT to the link."""
    made = await record.change(
        caller,
        lambda change: announce_for(change, "run", find_by_id(change.connection, "runs", "run", id)["id"], body.name),
    )
    return JSONResponse({"id": made, "upload_url": links.upload(made)})
