"""Routes of the jobs that a former service was running when it ended: looked at, resumed, left as they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.schemas.errors import errors
from core.schemas.interrupted import ChooseInterrupted, Interrupted
from core.schemas.jobs import Success
from core.schemas.tasks import Accepted

router = APIRouter(prefix="/unit_api/jobs/interrupted", tags=["jobs"])


@router.get("", response_model=Interrupted, responses=errors())
async def interrupted_jobs(service: ServiceHere) -> JSONResponse:
    """Return the jobs that ran when the service was killed, lost its power or was restarted, and were not resumed."""
    return JSONResponse(service.interrupted.describe())


@router.post(
    "/resume",
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(ChooseInterrupted),
)
async def resume_interrupted(
    service: ServiceHere, body: Annotated[ChooseInterrupted, Depends(body_of(ChooseInterrupted))]
) -> JSONResponse:
    """Start interrupted jobs again, in the experiment and with the settings they had, one after another, dosing last.

    Each goes through the checks of any start. The task's result lists `resumed` and, with the reason, `failed`; what
    failed can be tried again. A rule that acts every so often waits for one interval before it acts.
    """
    jobs = service.interrupted.choose(body.jobs)
    service.interrupted.refuse_twice()
    deadline_s = service.interrupted.deadline_s(jobs)
    task_id = service.tasks.spawn("jobs/interrupted/resume", lambda: service.interrupted.resume(jobs), deadline_s)
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.post(
    "/dismiss",
    response_model=Success,
    responses=errors(400, 404, 413),
    openapi_extra=documented(ChooseInterrupted),
)
async def dismiss_interrupted(
    service: ServiceHere, body: Annotated[ChooseInterrupted, Depends(body_of(ChooseInterrupted))]
) -> JSONResponse:
    """Leave interrupted jobs ended: they are not offered any more."""
    service.interrupted.dismiss(service.interrupted.choose(body.jobs))
    return JSONResponse({"status": "success"})
