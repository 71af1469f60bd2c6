"""Reading the bodies of the record's requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from core.bodies import parse_object, read_bytes
from core.traceability.answers import invalid
from core.traceability.record import UnitRecord

# A run with its measurements and data series may be long.
MOST_BYTES = 8 * 1024 * 1024
# Parsing more than this takes more than a millisecond.
_LARGE_BYTES = 16 * 1024
_M = TypeVar("_M", bound=BaseModel)


def sent(model: type[_M]) -> Callable[[Request], Awaitable[_M]]:
    """Return what reads a request's body into `model`; a route asks for it with `Depends(sent(Model))`.

    It raises BadRequestError with an issue for each fault, in the order of the model's fields; and ServiceError where
    the disk has no room for what clients put into the record.
    """

    def parse(raw: bytes) -> _M:
        try:
            return model.model_validate(parse_object(raw))
        except ValidationError as error:
            raise invalid(error.errors(include_url=False, include_input=False)) from None

    async def read(request: Request) -> _M:
        raw = await read_bytes(request, MOST_BYTES)
        record: UnitRecord = request.app.state.record
        await record.refuse_no_room()
        if len(raw) <= _LARGE_BYTES:
            return parse(raw)
        async with record.reading_large:  # megabytes of text are a hundred times as much when they are read
            return await asyncio.to_thread(parse, raw)

    return read
