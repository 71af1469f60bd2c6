"""How a route answers a list: the page that was asked for, read in a thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import JSONResponse

from core.traceability.lists import ListQuery, Page, page_asked
from core.traceability.record import UnitRecord

_Q = TypeVar("_Q", bound=ListQuery)


async def listed(
    record: UnitRecord,
    request: Request,
    query: _Q,
    rows: Callable[[sqlite3.Connection, _Q, Page], dict[str, Any]],
) -> JSONResponse:
    """Answer the page of a list that a request asks for; `rows` reads it."""
    page = page_asked(request, query)
    return JSONResponse(await record.read(lambda connection: rows(connection, query, page)))
