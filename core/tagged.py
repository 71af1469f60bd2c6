"""Answers that change seldom: JSON with a strong entity tag, so that whoever has it already is told no more than that.

https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

# What a route that answers with `tagged_answer` adds to its `responses`.
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The asker has just this already (If-None-Match)."}
}


def tagged(value: Any) -> tuple[bytes, str]:
    """Return a value as JSON, and its entity tag with the quotation marks."""
    body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def tagged_answer(request: Request, body: bytes, tag: str) -> Response:
    """Answer with `body`, or with 304 and nothing when the asker has just that."""
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
