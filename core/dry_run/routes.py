"""The route of dry runs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.dry_run.dry_runs import DEADLINE_S
from core.dry_run.plan import DryRunPlan
from core.experiments.experiments import check_name
from core.profiles.profile_name import ProfileName
from core.schemas.dry_run import DryRun
from core.schemas.errors import errors
from core.schemas.tasks import Accepted

router = APIRouter(prefix="/unit_api/experiment_profiles", tags=["experiment profiles"])


@router.post(
    "/{name}/dry_run",
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(DryRun),
)
async def dry_run(
    service: ServiceHere, name: ProfileName, body: Annotated[DryRun, Depends(body_of(DryRun))]
) -> JSONResponse:
    """Rehearse a profile on a simulated unit in bent time; nothing real moves. The task can be cancelled.

    Its result is a `DryRunResult`; events `dry_run` tell how far it is.
    """
    if body.experiment is not None:
        check_name(body.experiment)
    text = body.text
    if text is None:
        text = (await asyncio.to_thread(service.profiles.library.get, name)).text or ""
    await service.records.flush()
    service.dry_runs.claim()
    plan = DryRunPlan(
        name, text, str(service.data_dir.absolute()), "", body.hours, dict(body.inputs), body.experiment,
        body.inoculum_od,
    )  # fmt: skip
    task_id = ""
    task_id = service.tasks.spawn(
        "experiment_profiles/dry_run",
        lambda: service.dry_runs.make(plan, lambda: task_id),
        DEADLINE_S,
        can_be_cancelled=True,
    )
    return JSONResponse(service.tasks.accepted(task_id), 202)
