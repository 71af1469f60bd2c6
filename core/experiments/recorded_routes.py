"""Routes of what happened in an experiment besides readings: doses and changes of light."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.clock import timestamp
from core.errors import BadRequestError
from core.records.dosing_events import SAME_DOSE_S, read_doses, read_led_events
from core.schemas.errors import errors
from core.schemas.recorded_events import DosingEvents, LedEvents
from core.times import utc_seconds_in_query

router = APIRouter(prefix="/unit_api/experiments", tags=["experiments"])

_LONGEST_TOGETHER_S = 86400.0
_From = Annotated[str | None, Query(alias="from", description="First moment, UTC.")]
_To = Annotated[str | None, Query(description="Last moment, UTC.")]
_Limit = Annotated[int, Query(ge=1, le=20000, description="How many at most; the newest are given.")]


@router.get("/{experiment}/dosing_events", response_model=DosingEvents, responses=errors(400, 404))
async def dosing_events(
    service: ServiceHere,
    experiment: str,
    from_: _From = None,
    to: _To = None,
    limit: _Limit = 2000,
    together_s: Annotated[float, Query(ge=0, le=_LONGEST_TOGETHER_S)] = SAME_DOSE_S,
) -> JSONResponse:
    """Return what was dosed, oldest first.

    Pumps are recorded in slices of half a second. Slices of one kind and cause that follow each other within 5 s are
    given as one dose; so are doses within `together_s` seconds, for an overview. 0 gives every slice by itself.
    """
    service.experiments.get(experiment)
    low, high = _span(from_, to)
    doses, has_older = await service.records.read(
        lambda connection: read_doses(connection, experiment, low, high, limit, together_s)
    )
    events = [
        {
            "id": dose.id,
            "t": timestamp(dose.start_s),
            "until": timestamp(dose.end_s),
            "event": dose.event,
            "volume_change": round(dose.volume_ml, 9),
            "source_of_event": dose.source,
            "doses": dose.doses,
        }
        for dose in doses
    ]
    whole = {"experiment": experiment, "pioreactor_unit": service.unit, "has_older": has_older, "events": events}
    return JSONResponse(whole)


@router.get("/{experiment}/led_events", response_model=LedEvents, responses=errors(400, 404))
async def led_events(
    service: ServiceHere, experiment: str, from_: _From = None, to: _To = None, limit: _Limit = 2000
) -> JSONResponse:
    """Return every change of an LED's intensity, oldest first."""
    service.experiments.get(experiment)
    low, high = _span(from_, to)
    changes, has_older = await service.records.read(
        lambda connection: read_led_events(connection, experiment, low, high, limit)
    )
    events = [
        {
            "id": change.id,
            "t": timestamp(change.utc_s),
            "channel": change.channel,
            "intensity": change.intensity,
            "source_of_event": change.source,
        }
        for change in changes
    ]
    whole = {"experiment": experiment, "pioreactor_unit": service.unit, "has_older": has_older, "events": events}
    return JSONResponse(whole)


def _span(from_: str | None, to: str | None) -> tuple[float, float]:
    low = 0.0 if from_ is None else utc_seconds_in_query(from_, "from")
    high = 1e15 if to is None else utc_seconds_in_query(to, "to")
    if low > high:
        raise BadRequestError("'from' must not be after 'to'.", fields=["from", "to"])
    return low, high
