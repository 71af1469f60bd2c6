"""Routes of batches."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import JSONResponse

from core.bodies import documented
from core.schemas.unit_record.batches import BatchChange, BatchDetail, BatchRow, NewBatch
from core.schemas.unit_record.shared import Deleted, Listing, Made
from core.traceability.access import AnyCaller, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.batches_store import (
    BatchQuery,
    create_batch,
    delete_batch,
    list_batches,
    read_batch,
    update_batch,
)
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.listing import listed

router = router_for("batches")
Changer = Annotated[Caller, Depends(user_who("change batches"))]
Deleter = Annotated[Caller, Depends(user_who("delete batches"))]


@router.post("/batches", response_model=Made, responses=refusals(409), openapi_extra=documented(NewBatch))
async def create(
    caller: AnyCaller, record: RecordHere, body: Annotated[NewBatch, Depends(sent(NewBatch))]
) -> JSONResponse:
    """Create a batch."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_batch(change, body.number))})


@router.get("/batches", response_model=Listing[BatchRow], responses=refusals())
async def list_all(record: RecordHere, request: Request, query: Annotated[BatchQuery, Query()]) -> JSONResponse:
    """Return the batches that fit, a page at a time."""
    return await listed(record, request, query, list_batches)


@router.get("/batches/{number}", response_model=BatchDetail, responses=refusals(404))
async def get(record: RecordHere, number: str) -> JSONResponse:
    """Return a batch with its units."""
    return JSONResponse(await record.read(lambda connection: read_batch(connection, number)))


@router.patch(
    "/batches/{number}", response_model=Made, responses=refusals(404, 409), openapi_extra=documented(BatchChange)
)
async def update(
    caller: Changer, record: RecordHere, number: str, body: Annotated[BatchChange, Depends(sent(BatchChange))]
) -> JSONResponse:
    """Give a batch another number."""
    changed = await record.change(caller, lambda change: update_batch(change, number, body.new_number))
    return JSONResponse({"id": changed})


@router.delete("/batches/{number}", response_model=Deleted, responses=refusals(404))
async def delete(caller: Deleter, record: RecordHere, number: str) -> JSONResponse:
    """Delete a batch; its units stay."""
    return JSONResponse({"id": await record.change(caller, lambda change: delete_batch(change, number))})
