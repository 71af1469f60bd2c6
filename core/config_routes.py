"""Routes of the configuration: all of it as it holds, and the unit's own file."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, PlainTextResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.config_file import UNIT_FILE, check_usable, parse_unit_text, read_unit_file, write_unit_file
from core.errors import ServiceError
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.system import ConfigText

router = APIRouter(prefix="/unit_api", tags=["configuration"])

_SECTIONS = dict[str, dict[str, str]]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, empty when there is none.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/config/merged", response_model=_SECTIONS, responses=errors())
async def merged(service: ServiceHere) -> JSONResponse:
    """Return what holds: the shipped values, overlaid by the shared file, overlaid by the unit's file."""
    return JSONResponse(service.config.sections())


@router.get("/config/specific", response_class=PlainTextResponse, responses={**_FILE, **errors()})
async def specific(service: ServiceHere) -> PlainTextResponse:
    """Return the unit's own configuration file."""
    return PlainTextResponse(await asyncio.to_thread(read_unit_file, service.data_dir))


@router.api_route(
    "/config/specific",
    methods=["POST", "PATCH"],
    response_model=Success,
    responses=errors(400, 413),
    openapi_extra=documented(ConfigText),
)
async def replace_specific(
    service: ServiceHere, body: Annotated[ConfigText, Depends(body_of(ConfigText))]
) -> JSONResponse:
    """Replace the unit's own configuration file; jobs see it at their next start, the address at the next restart."""
    text = parse_unit_text(body.code)
    new = await asyncio.to_thread(service.config.reloaded, service.data_dir, {UNIT_FILE: text})
    check_usable(new, service.config, service.jobs.registry.classes)
    try:
        await asyncio.to_thread(write_unit_file, service.data_dir, text)
    except OSError as error:
        raise ServiceError("The configuration could not be written.", cause=f"{error.strerror}.") from None
    service.config.take_over(new)
    return JSONResponse({"status": "success"})
