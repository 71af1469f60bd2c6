"""Routes of jobs: capabilities, lists, starting, stopping, and settings of running jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError, NotFoundError
from core.jobs.declaration import STATE_SETTING
from core.jobs.runner import StartRequest
from core.jobs.running_job import RunningJob
from core.jobs.stop import StopFilter, matching, of_experiments, switch_all_off
from core.schemas.errors import errors
from core.schemas.jobs import (
    Capability,
    ChangeSettings,
    JobItem,
    PublishedSettings,
    RunJob,
    RunningJobItem,
    StopJobs,
    Success,
)
from core.schemas.tasks import Accepted
from core.service import Service
from core.tagged import NOT_MODIFIED, tagged_answer

router = APIRouter(prefix="/unit_api", tags=["jobs"])

_ROWS = list[RunningJobItem]


@router.get("/capabilities", response_model=list[Capability], responses={**errors(), **NOT_MODIFIED})
async def capabilities(service: ServiceHere, request: Request) -> Response:
    """Return every job this unit knows: options to start it with and settings it publishes."""
    return tagged_answer(request, *service.jobs.registry.body())


@router.get("/jobs", response_model=list[JobItem], responses=errors())
async def list_jobs(service: ServiceHere) -> JSONResponse:
    """Return the newest 1000 starts of jobs, newest first."""
    return JSONResponse(service.records.job_items())


@router.get("/jobs/running", response_model=_ROWS, responses=errors())
async def running_jobs(service: ServiceHere) -> JSONResponse:
    """Return the jobs that run, oldest first."""
    return JSONResponse(service.jobs.rows())


@router.get("/jobs/running/experiments/{experiment}", response_model=_ROWS, responses=errors())
async def running_jobs_of_experiment(service: ServiceHere, experiment: str) -> JSONResponse:
    """Return the jobs of an experiment that run."""
    return JSONResponse(service.jobs.rows(experiment=experiment))


@router.get("/jobs/running/{job_name}", response_model=_ROWS, responses=errors())
async def running_jobs_of_name(service: ServiceHere, job_name: str) -> JSONResponse:
    """Return the running rows of one job: none when it does not run."""
    return JSONResponse(service.jobs.rows(job_name=job_name))


@router.get("/long_running_jobs/running", response_model=_ROWS, responses=errors())
async def long_running_jobs(service: ServiceHere) -> JSONResponse:
    """Return the running jobs that belong to the unit itself."""
    return JSONResponse([row for row in service.jobs.rows() if row["is_long_running_job"]])


@router.api_route(
    "/jobs/run/job_name/{job_name}",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 409, 413, 429, 503),
    openapi_extra=documented(RunJob),
)
async def run_job(service: ServiceHere, request: Request, job_name: str) -> JSONResponse:
    """Start a job. Everything that can be checked is checked before this answers; the job is listed by then."""
    service.jobs.registry.refuse_unknown(job_name)
    stops = service.jobs.stops_of_all
    body = await body_of(RunJob)(request)
    # Jobs look at these without waiting; here is the last moment to see a file put there by hand.
    await service.calibrations.load()
    await service.estimators.load()
    service.jobs.refuse_stopped_since(stops)
    job = service.jobs.start(
        StartRequest(
            job_name,
            body.options,
            body.args,
            body.env.get("EXPERIMENT"),
            body.env.get("JOB_SOURCE") or "user",
            [(section, key, value) for section, key, value in body.config_overrides],
            _model_of(body.env),
        )
    )
    task_id = service.tasks.spawn("jobs/run", lambda: service.jobs.until_started(job))
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.api_route(
    "/jobs/stop",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 413),
    openapi_extra=documented(StopJobs),
)
async def stop_jobs(service: ServiceHere, body: Annotated[StopJobs, Depends(body_of(StopJobs))]) -> JSONResponse:
    """Stop the jobs that all given filters match; none is fine."""
    job_id = None if body.job_id in (None, "") else int(body.job_id)
    which = StopFilter(body.job_name or None, body.experiment or None, body.job_source or None, job_id)
    if which == StopFilter():
        raise BadRequestError(
            "No filter says which jobs to stop.",
            remedy="Give job_name, experiment, job_source or job_id; or use /unit_api/jobs/stop/all.",
            fields=["job_name", "experiment", "job_source", "job_id"],
        )
    return _stopping(service, "jobs/stop", matching(service.jobs, which))


@router.api_route(
    "/jobs/stop/all", methods=["POST", "PATCH"], status_code=202, response_model=Accepted, responses=errors()
)
async def stop_all_jobs(service: ServiceHere) -> JSONResponse:
    """Stop every job but those of the unit itself; every output is commanded off before this answers."""
    service.jobs.note_stop_of_all()
    entries = of_experiments(service.jobs)
    await switch_all_off(entries, service.board_link)
    return _stopping(service, "jobs/stop/all", entries)


@router.get("/jobs/settings/job_name/{job_name}", response_model=PublishedSettings, responses=errors(404))
async def get_settings(service: ServiceHere, job_name: str) -> JSONResponse:
    """Return the published settings of a running job."""
    return JSONResponse({"settings": _settings(service, job_name)})


@router.get("/jobs/settings/job_name/{job_name}/setting/{setting}", responses=errors(404))
async def get_setting(service: ServiceHere, job_name: str, setting: str) -> JSONResponse:
    """Return one published setting of a running job, under its own name."""
    settings = _settings(service, job_name)
    if setting not in settings:
        what = f"{job_name} has no setting {setting!r}, or it has no value yet."
        raise NotFoundError(what, known=sorted(settings))
    return JSONResponse({setting: settings[setting]})


@router.patch(
    "/jobs/settings/job_name/{job_name}",
    response_model=Success,
    responses=errors(400, 404, 413, 503),
    openapi_extra=documented(ChangeSettings),
)
async def change_settings(
    service: ServiceHere, job_name: str, body: Annotated[ChangeSettings, Depends(body_of(ChangeSettings))]
) -> JSONResponse:
    """Give a running job new settings: all of them or, when one is refused, none."""
    await service.jobs.change_settings(job_name, body.settings)
    return JSONResponse({"status": "success"})


def _model_of(env: dict[str, str]) -> tuple[str, str] | None:
    name, version = env.get("MODEL_NAME"), env.get("MODEL_VERSION")
    return None if name is None and version is None else (name or "", version or "")


def _settings(service: Service, job_name: str) -> dict[str, Any]:
    settings = service.jobs.settings_of(job_name)
    if settings is None:
        raise NotFoundError(
            f"{job_name} is not running, or publishes no settings.",
            remedy=f"Start it first; the running jobs with settings publish at least {STATE_SETTING}.",
        )
    return settings


def _stopping(service: Service, kind: str, entries: list[RunningJob]) -> JSONResponse:
    task_id = service.tasks.spawn(kind, lambda: service.jobs.end(entries))
    return JSONResponse(service.tasks.accepted(task_id), 202)
