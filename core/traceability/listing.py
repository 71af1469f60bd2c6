"""How a route answers a list: the page that was asked for, read in a thread."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import JSONResponse

from core.schemas.unit_record.shared import ListQuery
from core.traceability.large_answers import WrittenAnswer, written
from core.traceability.lists import Page
from core.traceability.record import UnitRecord

_Q = TypeVar("_Q", bound=ListQuery)


async def listed(
    record: UnitRecord,
    request: Request,
    query: _Q,
    rows: Callable[[sqlite3.Connection, _Q, Page], dict[str, Any]],
) -> JSONResponse:
    """Answer the page of a list that a request asks for; `rows` reads it."""
    page = Page(record.walks, _walk(request), query.limit, int(query.cursor))
    whole = await record.read(lambda connection: written(rows(connection, query, page)))
    return WrittenAnswer(whole)


def _walk(request: Request) -> str:
    """Return what the pages of one walk have in common, as a hash: it holds a key, and may be long."""
    others = sorted(pair for pair in request.query_params.multi_items() if pair[0] != "cursor")
    who = request.headers.get("authorization", "")
    return hashlib.sha256(repr((who, request.url.path, others)).encode()).hexdigest()
