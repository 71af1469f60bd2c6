"""Routes that update the program or the board's firmware."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError, ConflictError, NotFoundError, UnavailableError
from core.exclusive import Lock
from core.schemas.errors import errors
from core.schemas.system import Update
from core.schemas.tasks import Accepted, InProgress
from core.service import Service
from core.system.data_files import find_file
from core.system.update import Wanted, update_app, update_firmware

router = APIRouter(prefix="/unit_api", tags=["system"])

_METHODS = ["POST", "PATCH"]
_TARGETS = ("app", "firmware")
_DEADLINE_S = 1800.0
_KNOWN = frozenset({"version", "source", "dry_run"})


@router.api_route(
    "/system/update",
    methods=_METHODS,
    status_code=202,
    response_model=Accepted | InProgress,
    responses=errors(400, 404, 413),
    openapi_extra=documented(Update),
)
async def update(service: ServiceHere, request: Request) -> JSONResponse:
    """Update the program from a file of the data folder or the configured index; a reboot then runs the new one."""
    return await _update(service, request, "app")


@router.api_route(
    "/system/update/{target}",
    methods=_METHODS,
    status_code=202,
    response_model=Accepted | InProgress,
    responses=errors(400, 404, 409, 413, 503),
    openapi_extra=documented(Update),
)
async def update_target(service: ServiceHere, request: Request, target: str) -> JSONResponse:
    """Update the program (`app`) or the board's `firmware`; with the option `dry_run` only look what that would do."""
    if target not in _TARGETS:
        raise NotFoundError(f"There is nothing called {target!r} to update.", known=list(_TARGETS))
    return await _update(service, request, target)


async def _update(service: Service, request: Request, target: str) -> JSONResponse:
    service.exclusive.refuse(Lock.UPDATE)
    wanted = await _read(service, request)
    if target == "app":
        work = service.exclusive.holding(Lock.UPDATE, lambda: update_app(service, wanted))
    else:
        _refuse_busy(service, wanted)
        work = service.exclusive.holding(Lock.UPDATE, lambda: _firmware(service, wanted))
    task_id = service.tasks.spawn(f"system/update/{target}", work, _DEADLINE_S, can_be_cancelled=True)
    return JSONResponse(service.tasks.accepted(task_id), 202)


async def _read(service: Service, request: Request) -> Wanted:
    body = await body_of(Update)(request)
    options = {key.replace("-", "_"): value for key, value in body.options.items()}
    version, source = (_text(options, key) for key in ("version", "source"))
    is_dry_run = options.get("dry_run", False)
    if is_dry_run is not None and not isinstance(is_dry_run, bool):
        raise BadRequestError("options.dry_run is a flag: null, true or false.", fields=["options.dry_run"])
    path = None
    if source is not None:
        path = await asyncio.to_thread(find_file, service.data_dir, source, "options.source")
    return Wanted(version, path, is_dry_run is not False, sorted(set(options) - _KNOWN))


def _text(options: dict[str, Any], key: str) -> str | None:
    value = options.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value or value.startswith("-") or any(ord(each) < 32 for each in value):
        raise BadRequestError(f"options.{key} is not a text that can be used.", fields=[f"options.{key}"])
    return value


def _refuse_busy(service: Service, wanted: Wanted) -> None:
    """Raise ConflictError while jobs run, UnavailableError without a board; a look needs neither to be in order."""
    if wanted.is_dry_run:
        return
    busy = sorted({entry.name for entry in service.jobs.running if not entry.row.is_long_running})
    if busy:
        raise ConflictError(f"The board is in use by {', '.join(busy)}.", remedy="Stop these jobs first.")
    _ = service.board_link.board


async def _firmware(service: Service, wanted: Wanted) -> dict[str, Any]:
    allow = service.jobs.refuse_starts(UnavailableError("The firmware is being updated."))
    try:
        return await update_firmware(service, wanted)
    finally:
        allow()
