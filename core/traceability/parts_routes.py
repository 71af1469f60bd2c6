"""Routes of parts and revisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import JSONResponse

from core.bodies import documented
from core.schemas.unit_record.parts import (
    NewPart,
    NewRevision,
    PartChange,
    PartChanged,
    PartDeleted,
    PartDetail,
    PartRow,
    RevisionChange,
    RevisionDetail,
)
from core.schemas.unit_record.shared import Listing, Made
from core.traceability.access import AnyCaller, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.bodies import sent
from core.traceability.callers import Caller
from core.traceability.listing import listed
from core.traceability.parts_read import PartQuery, list_parts, read_part, read_revision
from core.traceability.parts_store import (
    create_part,
    create_revision,
    delete_part,
    delete_revision,
    update_part,
    update_revision,
)

router = router_for("parts")
_REVISION = "/parts/{part_number}/revisions/{revision_number}"
Changer = Annotated[Caller, Depends(user_who("change parts or revisions"))]
Deleter = Annotated[Caller, Depends(user_who("delete parts or revisions"))]


@router.post("/parts", response_model=Made, responses=refusals(409), openapi_extra=documented(NewPart))
async def create(
    caller: AnyCaller, record: RecordHere, body: Annotated[NewPart, Depends(sent(NewPart))]
) -> JSONResponse:
    """Create a part with its first revision."""
    return JSONResponse({"id": await record.change(caller, lambda change: create_part(change, body))})


@router.get("/parts", response_model=Listing[PartRow], responses=refusals())
async def list_all(record: RecordHere, request: Request, query: Annotated[PartQuery, Query()]) -> JSONResponse:
    """Return the parts that fit, a page at a time."""
    return await listed(record, request, query, list_parts)


@router.get("/parts/{number}", response_model=PartDetail, responses=refusals(404))
async def get(record: RecordHere, number: str) -> JSONResponse:
    """Return a part with its revisions."""
    return JSONResponse(await record.read(lambda connection: read_part(connection, number)))


@router.patch(
    "/parts/{number}", response_model=PartChanged, responses=refusals(404, 409), openapi_extra=documented(PartChange)
)
async def update(
    caller: Changer, record: RecordHere, number: str, body: Annotated[PartChange, Depends(sent(PartChange))]
) -> JSONResponse:
    """Change a part's number or name."""
    return JSONResponse(await record.change(caller, lambda change: update_part(change, number, body)))


@router.delete("/parts/{number}", response_model=PartDeleted, responses=refusals(404, 409))
async def delete(caller: Deleter, record: RecordHere, number: str) -> JSONResponse:
    """Delete a part with its revisions, unless units are of it."""
    return JSONResponse(await record.change(caller, lambda change: delete_part(change, number)))


@router.post(
    "/parts/{part_number}/revisions",
    response_model=Made,
    responses=refusals(404, 409),
    openapi_extra=documented(NewRevision),
)
async def create_one_revision(
    caller: AnyCaller, record: RecordHere, part_number: str, body: Annotated[NewRevision, Depends(sent(NewRevision))]
) -> JSONResponse:
    """Create a revision of a part."""
    made = await record.change(caller, lambda change: create_revision(change, part_number, body))
    return JSONResponse({"id": made})


@router.get(_REVISION, response_model=RevisionDetail, responses=refusals(404))
async def get_revision(record: RecordHere, part_number: str, revision_number: str) -> JSONResponse:
    """Return a revision with the units that are of it."""
    return JSONResponse(await record.read(lambda connection: read_revision(connection, part_number, revision_number)))


@router.patch(_REVISION, response_model=Made, responses=refusals(404, 409), openapi_extra=documented(RevisionChange))
async def change_revision(
    caller: Changer,
    record: RecordHere,
    part_number: str,
    revision_number: str,
    body: Annotated[RevisionChange, Depends(sent(RevisionChange))],
) -> JSONResponse:
    """Change a revision's number, image or metadata."""
    made = await record.change(caller, lambda change: update_revision(change, part_number, revision_number, body))
    return JSONResponse({"id": made})


@router.delete(_REVISION, response_model=Made, responses=refusals(404, 409))
async def remove_revision(caller: Deleter, record: RecordHere, part_number: str, revision_number: str) -> JSONResponse:
    """Delete a revision, unless units are of it."""
    deleted = await record.change(caller, lambda change: delete_revision(change, part_number, revision_number))
    return JSONResponse({"id": deleted})
