"""Routes about the clock, the computer and the health of the data folder."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.clock import timestamp
from core.errors import BadRequestError
from core.exclusive import Lock
from core.schemas.errors import errors
from core.schemas.system import Ipv4, SetUtcClock, Space, UtcClock
from core.schemas.tasks import Accepted, InProgress
from core.service import Service
from core.system.host import set_host_clock
from core.system.host_facts import disk_space, ipv4_addresses, memory
from core.system.repair import repair
from core.times import utc_seconds

router = APIRouter(prefix="/unit_api", tags=["system"])
_log = logging.getLogger(__name__)

_METHODS = ["POST", "PATCH"]
_FIELD = "utc_clock_time"
_BOARD_CLOCK = "The board counts from its start; the host relates that to UTC, so there is no clock to set on it."


@router.get("/system/utc_clock", response_model=UtcClock, responses=errors())
async def get_clock(service: ServiceHere) -> JSONResponse:
    """Return the service's clock."""
    return JSONResponse({"status": "success", "clock_time": timestamp(service.clock.utc_s())})


@router.api_route(
    "/system/utc_clock",
    methods=_METHODS,
    status_code=202,
    response_model=Accepted | InProgress,
    responses=errors(400, 413),
    openapi_extra=documented(SetUtcClock),
)
async def set_clock(service: ServiceHere, request: Request) -> JSONResponse:
    """Compare the clocks with the time given; the computer's is set only when it belongs to the unit alone."""
    service.exclusive.refuse(Lock.CLOCK)
    body = await body_of(SetUtcClock)(request)
    given_s = utc_seconds(body.utc_clock_time, _FIELD)
    if not 2020 <= int(body.utc_clock_time[:4]) <= 2099:
        raise BadRequestError("The year is not one of 2020 to 2099.", fields=[_FIELD])
    work = service.exclusive.holding(Lock.CLOCK, lambda: _set_clock(service, given_s))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("system/utc_clock", work)), 202)


async def _set_clock(service: Service, given_s: float) -> dict[str, Any]:
    offset_s = round(service.clock.utc_s() - given_s, 3)
    is_set = await set_host_clock(service.config, given_s)
    _log.info("The computer's clock is %+.3f s off the time given; it was %s.", offset_s, "set" if is_set else "kept")
    return {
        "clock_time": timestamp(service.clock.utc_s()),
        "board_clock_set": False,
        "board_clock": _BOARD_CLOCK,
        "host_clock_set": is_set,
        "host_offset_s": offset_s,
    }


@router.get("/system/ipv4", response_model=Ipv4, responses=errors())
async def ipv4() -> JSONResponse:
    """Return the computer's IPv4 addresses."""
    return JSONResponse({"ipv4_address": ",".join(await asyncio.to_thread(ipv4_addresses))})


@router.get("/system/disk_space", response_model=Space, responses=errors())
async def disk(service: ServiceHere) -> JSONResponse:
    """Return the size of the volume with the data folder, and how much of it is free."""
    return JSONResponse(await asyncio.to_thread(disk_space, service.data_dir))


@router.get("/system/memory", response_model=Space, responses=errors())
async def memory_of_host() -> JSONResponse:
    """Return the computer's memory, and how much of it programs can still have."""
    return JSONResponse(await asyncio.to_thread(memory))


@router.api_route(
    "/system/repair", methods=_METHODS, status_code=202, response_model=Accepted | InProgress, responses=errors()
)
async def repair_data_folder(service: ServiceHere) -> JSONResponse:
    """Check and mend the data folder: its layout, rights and databases; the body is not looked at."""
    work = service.exclusive.holding(Lock.REPAIR, lambda: _repair(service))
    return JSONResponse(service.tasks.accepted(service.tasks.spawn("system/repair", work)), 202)


async def _repair(service: Service) -> dict[str, Any]:
    found = await asyncio.to_thread(repair, service.data_dir)
    for problem in found.problems:
        _log.warning("%s", problem)
    return asdict(found)
