"""Routes of attachments: announced by name, their bytes sent to and fetched from signed links."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from core.bodies import documented
from core.errors import ServiceError
from core.schemas.unit_record.attachments import Download, Upload
from core.schemas.unit_record.fields import Uuid
from core.schemas.unit_record.shared import Deleted, Made
from core.schemas.unit_record.units import NewAttachment
from core.system.multipart_file import refuse_announced
from core.traceability.access import AnyCaller, LinksHere, RecordHere, router_for, user_who
from core.traceability.answers import refusals
from core.traceability.attachment_answer import BYTES, content_of
from core.traceability.attachments_store import announce, delete_attachments, take_content, uploaded
from core.traceability.bodies import sent
from core.traceability.callers import NOBODY, Caller
from core.traceability.refs import find_by_id

router = router_for("attachments")
# Its routes need no key: who has the link may.
content_router = APIRouter(tags=["attachments"])
MOST_BYTES = 512 * 1024 * 1024
_LONGEST_TYPE = 255
_CONTENT = "/attachments/{id}/content"
_LATEST_S = 2**53
Deleter = Annotated[Caller, Depends(user_who("delete attachments"))]
Expires = Annotated[int, Query(ge=0, le=_LATEST_S)]


@router.post("/attachments", response_model=Upload, responses=refusals(), openapi_extra=documented(NewAttachment))
async def initialize(
    caller: AnyCaller,
    record: RecordHere,
    links: LinksHere,
    body: Annotated[NewAttachment, Depends(sent(NewAttachment))],
) -> JSONResponse:
    """Announce a file; PUT it to the link, then link it to a unit, a run or an image."""
    _, made = await record.change(caller, lambda change: announce(change, body.name))
    return JSONResponse({"id": made, "upload_url": links.upload(made)})


@router.post("/attachments/{id}/finalize", response_model=Download, responses=refusals(404))
async def finalize(record: RecordHere, links: LinksHere, id: Uuid) -> JSONResponse:
    """Confirm an upload, which the PUT has completed already; return where it can be read."""
    await record.read(lambda connection: uploaded(connection, id)["id"])
    return JSONResponse({"url": links.download(id)})


@router.delete("/attachments", response_model=Deleted, responses=refusals(404))
async def delete(caller: Deleter, record: RecordHere, ids: Annotated[list[str], Query(min_length=1)]) -> JSONResponse:
    """Delete attachments wherever they are linked."""
    return JSONResponse({"id": await record.change(caller, lambda change: delete_attachments(change, ids))})


@content_router.put(
    _CONTENT,
    response_model=Made,
    responses=refusals(404, 413),
    openapi_extra={
        "security": [],
        "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def put_content(request: Request, record: RecordHere, id: Uuid, expires: Expires, signature: str) -> JSONResponse:
    """Take an attachment's bytes; the link says that this is allowed."""
    record.signer.check("upload", id, expires, signature)
    await record.read(lambda connection: find_by_id(connection, "attachments", "attachment", id)["id"])
    refuse_announced(request, MOST_BYTES)
    kind = request.headers.get("content-type", "")[:_LONGEST_TYPE]
    try:
        file, size = await record.files.receive(request.stream(), MOST_BYTES)
    except OSError as error:
        remedy = "See that the disk has space, then upload it again."
        raise ServiceError("The file could not be stored.", f"{error.strerror}.", remedy) from error
    try:
        await record.change(NOBODY, lambda change: take_content(change, id, file, size, kind))
    except Exception:  # such as NotFoundError: it was deleted meanwhile
        await asyncio.to_thread(record.files.remove, [file])
        raise
    return JSONResponse({"id": id})


@content_router.get(
    _CONTENT,
    response_class=Response,
    responses={**refusals(404), **BYTES},
    openapi_extra={"security": []},
)
async def get_content(record: RecordHere, id: Uuid, expires: Expires, signature: str) -> Response:
    """Send an attachment's bytes; the link says that this is allowed."""
    record.signer.check("download", id, expires, signature)
    return await content_of(record, id)
