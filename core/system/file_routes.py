"""Routes that browse, read and remove files of the data folder."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import NotFoundError
from core.flag_files import Flag, refuse_flagged
from core.schemas.errors import errors
from core.schemas.system import FolderListing, RemoveFile
from core.schemas.tasks import Accepted
from core.system.data_files import DataFile, Listing, find_removable, look_up, shown

router = APIRouter(prefix="/unit_api", tags=["files"])

_READ_AT_ONCE_BYTES = 1024 * 1024
_TEXT = "text/plain; charset=utf-8"
_FOLDER_OR_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "model": FolderListing,
        "description": "A folder as JSON, or a file's bytes as they are, always as plain text.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/system/path/{req_path:path}", responses={**_FOLDER_OR_FILE, **errors(400, 404)})
async def browse(service: ServiceHere, request: Request, req_path: str) -> Response:
    """List a folder of the data folder, or read a file; nothing is ever executed or rendered.

    The path is relative to the data folder, empty for its root; a folder's may end with a slash.
    """
    await refuse_flagged(service.data_dir, Flag.FILE_SYSTEM)
    found = await asyncio.to_thread(look_up, service.data_dir, req_path)
    if isinstance(found, Listing):
        return JSONResponse(asdict(found))
    return await _send(found, bool(request.scope.get("is_head")))


@router.api_route(
    "/system/remove_file",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 413),
    openapi_extra=documented(RemoveFile),
)
async def remove_file(service: ServiceHere, request: Request) -> JSONResponse:
    """Remove one file of the data folder, never a folder; links are followed before anything is checked."""
    await refuse_flagged(service.data_dir, Flag.FILE_SYSTEM)
    body = await body_of(RemoveFile)(request)
    path = await asyncio.to_thread(find_removable, service.data_dir, body.filepath)
    task_id = service.tasks.spawn(
        "system/remove_file", lambda: asyncio.to_thread(_remove, path, service.data_dir.resolve())
    )
    return JSONResponse(service.tasks.accepted(task_id), 202)


def _remove(path: Path, root: Path) -> dict[str, Any]:
    try:
        size_bytes = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        raise NotFoundError(f"{shown(path, root)} is gone already.") from None
    return {"removed": shown(path, root), "size_bytes": size_bytes}


async def _send(file: DataFile, is_head: bool) -> Response:
    headers = {"Content-Type": _TEXT, "Content-Disposition": "inline"}
    if is_head:
        file.close()
        return Response(headers={**headers, "Content-Length": str(file.size_bytes)})
    if file.size_bytes <= _READ_AT_ONCE_BYTES:
        content = await asyncio.to_thread(b"".join, file.blocks())
        return Response(content, headers=headers)
    # A large one may change on the way: then its length is not what it was, so none is announced.
    return StreamingResponse(in_thread(file.blocks()), headers=headers)


async def in_thread(blocks: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
    """Yield what a blocking iterator yields, each time waiting for it in a thread; end it when nobody listens."""
    try:
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            yield block
    finally:
        with contextlib.suppress(ValueError):  # still at work in its thread: it ends with its last user
            blocks.close()
