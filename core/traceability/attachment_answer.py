"""How a route answers an attachment's bytes: to be saved, and shown by no browser as a page of this unit."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from core.errors import NotFoundError
from core.traceability.attachments_store import uploaded
from core.traceability.record import UnitRecord

# How the description of such a route tells of it.
BYTES: dict[int | str, dict[str, Any]] = {200: {"description": "The bytes.", "content": {"*/*": {}}}}


async def content_of(record: UnitRecord, uuid: str) -> Response:
    """Answer an attachment's bytes, a block at a time.

    Raises:
        NotFoundError: there is none of that id, or it has lost its file.
        BadRequestError: nothing has been uploaded yet.
    """
    row = await record.read(lambda connection: uploaded(connection, uuid))
    try:
        content = await record.files.send(row["file"], row["size_bytes"])
    except OSError as error:
        raise NotFoundError("The attachment has lost its file.", f"{error.strerror}.", "Upload it again.") from None
    headers = {
        "Content-Length": str(row["size_bytes"]),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(content, 200, headers, media_type=_header_safe(row["content_type"]))


def _header_safe(content_type: str) -> str:
    is_plain = content_type.isascii() and content_type.isprintable()
    return content_type if is_plain and "/" in content_type else "application/octet-stream"
