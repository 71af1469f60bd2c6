"""Routes of experiments and of their time series."""

from __future__ import annotations

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.clock import timestamp
from core.errors import BadRequestError, ConflictError, NotFoundError
from core.records.time_series import Curve, known_series, read_curve, summarise
from core.schemas.errors import errors
from core.schemas.experiments import (
    ExperimentChange,
    ExperimentDetail,
    ExperimentEnd,
    ExperimentItem,
    NewExperiment,
    TimeSeries,
)
from core.times import utc_seconds_in_query

router = APIRouter(prefix="/unit_api/experiments", tags=["experiments"])


@router.get("", response_model=list[ExperimentItem], responses=errors())
async def list_experiments(service: ServiceHere) -> list[dict[str, Any]]:
    """Return all experiments, newest first."""
    return [experiment.item() for experiment in service.experiments.newest_first()]


@router.post(
    "",
    status_code=201,
    response_model=ExperimentItem,
    responses=errors(400, 409, 413),
    openapi_extra=documented(NewExperiment),
)
async def create_experiment(
    service: ServiceHere, body: Annotated[NewExperiment, Depends(body_of(NewExperiment))]
) -> dict[str, Any]:
    """Create an experiment and make it active; refused while another one is."""
    return service.experiments.create(body.experiment, body.description, body.tags).item()


@router.get("/{experiment}", response_model=ExperimentDetail, responses=errors(404))
async def get_experiment(service: ServiceHere, experiment: str) -> dict[str, Any]:
    """Return an experiment and what is recorded of it."""
    item = service.experiments.get(experiment).item()
    summary = await service.records.read(lambda connection: summarise(connection, experiment))
    return {
        **item,
        "series": [
            {
                "series": name,
                "unit": service.plugins.unit_of_series(name),
                "points": points,
                "first": None if first is None else timestamp(first),
                "last": None if last is None else timestamp(last),
            }
            for name, points, first, last in summary
        ],
    }


@router.patch(
    "/{experiment}",
    response_model=ExperimentItem,
    responses=errors(400, 404, 413),
    openapi_extra=documented(ExperimentChange),
)
async def change_experiment(
    service: ServiceHere, experiment: str, body: Annotated[ExperimentChange, Depends(body_of(ExperimentChange))]
) -> dict[str, Any]:
    """Change an experiment's description or tags."""
    return service.experiments.change(experiment, body.description, body.tags).item()


@router.post(
    "/{experiment}/end",
    response_model=ExperimentItem,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(ExperimentEnd),
)
async def end_experiment(
    service: ServiceHere, experiment: str, body: Annotated[ExperimentEnd, Depends(body_of(ExperimentEnd))]
) -> dict[str, Any]:
    """End an experiment; its jobs are stopped first when asked, otherwise they are in the way."""
    found = service.experiments.get(experiment)
    running = [job for job in service.jobs.running if job.row.experiment == experiment]
    if running and found.ended_at is None:
        if not body.stop_jobs:
            names = ", ".join(job.name for job in running)
            remedy = "Stop them first, or send stop_jobs true."
            raise ConflictError(f"Jobs of {experiment!r} still run: {names}.", remedy=remedy)
        await service.jobs.stop_experiment(experiment)
    return service.experiments.end(experiment).item()


@router.get("/{experiment}/time_series/{series}", response_model=TimeSeries, responses=errors(400, 404))
async def time_series(
    service: ServiceHere,
    experiment: str,
    series: str,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
    points: Annotated[int, Query(ge=1, le=20000)] = 1400,
) -> dict[str, Any]:
    """Return a curve in at most `points` points; when there are more readings, least and greatest of each bucket."""
    from_s = None if from_ is None else utc_seconds_in_query(from_, "from")
    to_s = None if to is None else utc_seconds_in_query(to, "to")
    if from_s is not None and to_s is not None and from_s >= to_s:
        raise BadRequestError("'from' must be before 'to'.", fields=["from", "to"])
    service.experiments.get(experiment)
    added = service.plugins.series_units()

    def read(connection: sqlite3.Connection) -> Curve:
        known = known_series(connection, added)
        if series not in known:
            raise NotFoundError(f"There is no series {series!r}.", known=known)
        return read_curve(connection, experiment, series, from_s, to_s, points)

    curve = await service.records.read(read)
    return {
        "experiment": experiment,
        "pioreactor_unit": service.unit,
        "series": series,
        "unit": service.plugins.unit_of_series(series),
        "from": None if curve.from_s is None else timestamp(curve.from_s),
        "to": None if curve.to_s is None else timestamp(curve.to_s),
        "raw_count": curve.raw_count,
        "decimated": curve.bucket_s is not None,
        "bucket_s": curve.bucket_s,
        "columns": list(curve.columns),
        "data": curve.data,
        "gaps": [{"t": round(moment, 3), "reason": reason} for moment, reason in curve.gaps],
    }
