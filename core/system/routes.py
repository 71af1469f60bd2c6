"""Routes that tell of the service itself: health, version, state of the HTTP server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from core.app_state import ServiceHere, get_service
from core.clock import timestamp
from core.schemas.basics import AppVersion, Health, WebServerStatus
from core.schemas.errors import errors
from core.version import VERSION

router = APIRouter(prefix="/unit_api", tags=["system"])


@router.get("/health", response_model=Health, responses=errors())
async def health(request: Request) -> JSONResponse:
    """Tell that the service answers, and whether a board can be used."""
    # Asked for all the time, by windows and watchdogs: without the framework's dependencies it costs a third less.
    service = await get_service(request)
    utc_time = timestamp(service.clock.utc_s())
    body = {"status": "ok", "pioreactor_unit": service.unit, "utc_time": utc_time, "board": service.board_link.word}
    return JSONResponse(body)


@router.get("/versions/app", response_model=AppVersion, responses=errors())
async def version() -> JSONResponse:
    """Tell the version of Vialdesk."""
    return JSONResponse({"version": VERSION})


@router.get("/system/web_server/status", response_model=WebServerStatus, responses=errors())
async def web_server_status(service: ServiceHere) -> dict[str, Any]:
    """Tell how the embedded HTTP server is doing."""
    up_s = service.clock.monotonic_s() - service.started_loop_s
    state = "disconnected" if service.stop_wanted.is_set() else "ready"
    raw_status = f"listening on {service.address}, up {up_s:.0f} s, event streams: {service.events.readers}"
    return {"service": "vialdesk-http", "state": state, "raw_status": raw_status}
