"""Routes that restart or shut down: the unit, and the web server alone."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.exclusive import Lock
from core.schemas.errors import errors
from core.schemas.tasks import Accepted, InProgress
from core.service import Service
from core.system.power import GRACE_S, reboot, shut_down

router = APIRouter(prefix="/unit_api", tags=["system"])

_METHODS = ["POST", "PATCH"]


@router.api_route(
    "/system/reboot", methods=_METHODS, status_code=202, response_model=Accepted | InProgress, responses=errors()
)
async def reboot_unit(service: ServiceHere) -> JSONResponse:
    """Stop every job, restart the board and the service, on the same address; the body is not looked at.

    The computer restarts only when it belongs to the unit alone (`dedicated_host` in section [system]).
    """
    work = service.exclusive.holding(Lock.POWER, lambda: reboot(service))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("system/reboot", work)), 202)


@router.api_route(
    "/system/shutdown", methods=_METHODS, status_code=202, response_model=Accepted | InProgress, responses=errors()
)
async def shut_down_unit(service: ServiceHere) -> JSONResponse:
    """Stop every job, switch every output off and let go of the board; the body is not looked at.

    The service goes on answering, but starts no job until a reboot or until a board is chosen again.
    """
    work = service.exclusive.holding(Lock.POWER, lambda: shut_down(service))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("system/shutdown", work)), 202)


@router.api_route(
    "/system/web_server/restart",
    methods=_METHODS,
    status_code=202,
    response_model=Accepted | InProgress,
    responses=errors(),
)
async def restart_web_server(service: ServiceHere) -> JSONResponse:
    """Close the listener with its connections and open it again at the same address; running jobs go on."""
    work = service.exclusive.holding(Lock.WEB_RESTART, lambda: _restart(service))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("system/web_server/restart", work)), 202)


async def _restart(service: Service) -> dict[str, Any]:
    await asyncio.sleep(GRACE_S)
    service.events.end_streams()
    if service.web is not None:
        # Whatever becomes of the task, the service must not be left without a listener.
        await asyncio.shield(service.web.restart())
    return {"action": "web_restart", "state": "ready"}
