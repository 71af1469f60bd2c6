"""Routes of alarms: what is open, what was, acknowledging, and the limits that raise them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse

from core.alarms.rows import LARGEST_ID, HistoryWanted
from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.schemas.alarms import Acknowledge, AcknowledgeAll, AlarmItem, AlarmPage, ChangeLimits, Limits, Severity
from core.schemas.errors import errors
from core.times import utc_seconds_in_query

router = APIRouter(prefix="/unit_api/alarms", tags=["alarms"])


@router.get("", response_model=list[AlarmItem], responses=errors())
async def open_alarms(service: ServiceHere) -> JSONResponse:
    """Return the alarms that must still be shown, newest first: those not acknowledged, or whose condition lasts."""
    return JSONResponse(service.alarms.items())


@router.get("/history", response_model=AlarmPage, responses=errors(400))
async def alarm_history(
    service: ServiceHere,
    experiment: str | None = None,
    signal: str | None = None,
    min_severity: Severity = "note",
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before_id: Annotated[int, Query(ge=0, le=LARGEST_ID)] = LARGEST_ID,
) -> JSONResponse:
    """Return alarms, open or not, newest first: those of a span when their condition lasted at some moment of it.

    Ask on with `before_id` = `next_before_id`.
    """
    low_utc_s = 0.0 if from_ is None else utc_seconds_in_query(from_, "from")
    high_utc_s = 1e15 if to is None else utc_seconds_in_query(to, "to")
    wanted = HistoryWanted(experiment, signal, min_severity, low_utc_s, high_utc_s, limit + 1, before_id)
    found = await service.alarms.history(wanted)
    items = [alarm.item() for alarm in found[:limit]]
    return JSONResponse({"alarms": items, "next_before_id": items[-1]["id"] if len(found) > limit else None})


@router.post(
    "/acknowledge",
    response_model=list[AlarmItem],
    responses=errors(400, 413),
    openapi_extra=documented(AcknowledgeAll),
)
async def acknowledge_all(
    service: ServiceHere, request: Request, body: Annotated[AcknowledgeAll, Depends(body_of(AcknowledgeAll))]
) -> JSONResponse:
    """Say that a person has seen all open alarms, or those named; return what must still be shown."""
    service.alarms.acknowledge_all(body.who or _address(request), body.ids)
    return JSONResponse(service.alarms.items())


@router.get("/limits", response_model=Limits, responses=errors())
async def get_limits(service: ServiceHere) -> JSONResponse:
    """Return the limits in force with their defaults."""
    return JSONResponse({"limits": service.alarm_limits.items()})


@router.patch("/limits", response_model=Limits, responses=errors(400, 413), openapi_extra=documented(ChangeLimits))
async def change_limits(
    service: ServiceHere, body: Annotated[ChangeLimits, Depends(body_of(ChangeLimits))]
) -> JSONResponse:
    """Change limits: all that are given or, when one is refused, none; null gives a signal its default back."""
    wanted: dict[str, dict[str, Any] | None] = body.limits.model_dump(exclude_unset=True)
    service.alarm_limits.change(wanted)
    return JSONResponse({"limits": service.alarm_limits.items()})


@router.post(
    "/{alarm_id}/acknowledge",
    response_model=AlarmItem,
    responses=errors(400, 404, 413),
    openapi_extra=documented(Acknowledge),
)
async def acknowledge(
    service: ServiceHere,
    request: Request,
    alarm_id: Annotated[int, Path(ge=0, le=LARGEST_ID)],
    body: Annotated[Acknowledge, Depends(body_of(Acknowledge))],
) -> JSONResponse:
    """Say that a person has seen an alarm; an alarm that is acknowledged already stays as it is."""
    alarm = await service.alarms.acknowledge(alarm_id, body.who or _address(request))
    return JSONResponse(alarm.item())


def _address(request: Request) -> str:
    """Return where a request came from."""
    return request.client.host if request.client is not None else "?"
