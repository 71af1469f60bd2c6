"""Routes of what happened in an experiment: its runs of jobs, what automations did, and its summary."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.experiments.runs import read_automation_events, read_runs
from core.experiments.summary import read_summary
from core.schemas.errors import errors
from core.schemas.experiment_history import AutomationEventPage, ExperimentSummary, RunPage

router = APIRouter(prefix="/unit_api/experiments", tags=["experiments"])

_LARGEST_ID = 2**63 - 1
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
BeforeId = Annotated[int, Query(ge=0, le=_LARGEST_ID, description="`next_before_id` of the page before.")]


@router.get("/{experiment}/runs", response_model=RunPage, responses=errors(400, 404))
async def runs(
    service: ServiceHere, experiment: str, limit: Limit = 100, before_id: BeforeId = _LARGEST_ID
) -> JSONResponse:
    """Return which jobs ran in an experiment, newest first; ask on with `before_id` = `next_before_id`."""
    service.experiments.get(experiment)
    found = await service.records.read(lambda connection: read_runs(connection, experiment, before_id, limit + 1))
    return _page("runs", "job_id", found, limit)


@router.get("/{experiment}/automation_events", response_model=AutomationEventPage, responses=errors(400, 404))
async def automation_events(
    service: ServiceHere, experiment: str, limit: Limit = 100, before_id: BeforeId = _LARGEST_ID
) -> JSONResponse:
    """Return what automations did in an experiment, newest first; ask on with `before_id` = `next_before_id`."""
    service.experiments.get(experiment)
    found = await service.records.read(
        lambda connection: read_automation_events(connection, experiment, before_id, limit + 1)
    )
    return _page("events", "id", found, limit)


@router.get("/{experiment}/summary", response_model=ExperimentSummary, responses=errors(404))
async def summary(service: ServiceHere, experiment: str) -> JSONResponse:
    """Return an experiment in a few numbers: length, densities, growth, temperature, volumes moved."""
    known = service.experiments.get(experiment)
    numbers = await service.records.read(lambda connection: read_summary(connection, experiment, known.created_at))
    length_s = (known.ended_at or service.clock.utc_s()) - known.created_at
    return JSONResponse({"experiment": experiment, "duration_s": max(0.0, length_s), **numbers})


def _page(name: str, key: str, found: list[dict[str, Any]], limit: int) -> JSONResponse:
    """Return a page of what was asked for with one more than fits, which tells whether there is another page."""
    items = found[:limit]
    return JSONResponse({name: items, "next_before_id": items[-1][key] if len(found) > limit else None})
