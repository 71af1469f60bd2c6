"""Routes of experiment profiles: files, checking, runs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.experiments.experiments import check_name
from core.profiles.profile_name import ProfileName
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.profiles import (
    ProfileCheck,
    ProfileItem,
    ProfileRunDetail,
    ProfileRunItem,
    ProfileText,
    RunProfile,
    ValidateProfile,
    WriteProfile,
)
from core.schemas.tasks import Accepted

router = APIRouter(prefix="/unit_api/experiment_profiles", tags=["experiment profiles"])
RunId = Annotated[str, Path(examples=["4f1c2a9b7d3e"])]


@router.get("", response_model=list[ProfileItem], responses=errors())
async def list_profiles(service: ServiceHere) -> JSONResponse:
    """Return every profile, own ones first, then the examples that ship with the program."""
    return JSONResponse(await service.profiles.items())


@router.post(
    "/validate", response_model=ProfileCheck, responses=errors(400, 413), openapi_extra=documented(ValidateProfile)
)
async def validate_profile(
    service: ServiceHere, body: Annotated[ValidateProfile, Depends(body_of(ValidateProfile))]
) -> JSONResponse:
    """Tell everything that is wrong or doubtful in a text, each with line and column, and the course it describes."""
    checked = await service.profiles.check(body.text, body.inputs)
    return JSONResponse(await asyncio.to_thread(service.profiles.answer, checked))


@router.get("/running", response_model=list[ProfileRunItem], responses=errors())
async def running_profiles(service: ServiceHere) -> JSONResponse:
    """Return the run that goes on or is paused; an empty list when there is none."""
    current = service.profiles.runs.current
    return JSONResponse([] if current is None else [current.as_json()])


@router.get("/runs", response_model=list[ProfileRunItem], responses=errors(400))
async def list_runs(
    service: ServiceHere, experiment: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> JSONResponse:
    """Return runs, newest first; of one experiment when it is named."""
    if experiment is not None:
        check_name(experiment)
    current = service.profiles.runs.current
    found = await service.profiles.runs.records.newest_first(limit, experiment)
    return JSONResponse([(current if current and current.run_id == item.run_id else item).as_json() for item in found])


@router.post(
    "/runs",
    status_code=201,
    response_model=ProfileRunItem,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(RunProfile),
)
async def run_profile(service: ServiceHere, body: Annotated[RunProfile, Depends(body_of(RunProfile))]) -> JSONResponse:
    """Begin a run of a profile that has no errors; one profile runs at a time."""
    if body.experiment is not None:
        check_name(body.experiment)
    return JSONResponse(await service.profiles.run(body.profile, body.experiment, dict(body.inputs)), 201)


@router.get("/runs/{run_id}", response_model=ProfileRunDetail, responses=errors(404))
async def get_run(service: ServiceHere, run_id: RunId) -> JSONResponse:
    """Return a run, the text it ran by, and what became of its newest thousand actions."""
    item, text, lines = await service.profiles.runs.records.get(run_id)
    current = service.profiles.runs.current
    shown = current if current and current.run_id == run_id else item
    return JSONResponse({**shown.as_json(), "text": text, "lines": [line.item() for line in lines]})


@router.post("/runs/{run_id}/pause", response_model=ProfileRunItem, responses=errors(404, 409))
async def pause_run(service: ServiceHere, run_id: RunId) -> JSONResponse:
    """Let nothing more of a run happen for now; the jobs go on as they are."""
    await service.profiles.runs.records.get(run_id)
    return JSONResponse(service.profiles.runs.pause(run_id).as_json())


@router.post("/runs/{run_id}/resume", response_model=ProfileRunItem, responses=errors(404, 409))
async def resume_run(service: ServiceHere, run_id: RunId) -> JSONResponse:
    """Go on with a run; everything still to come happens later by the length of the pause."""
    await service.profiles.runs.records.get(run_id)
    return JSONResponse(service.profiles.runs.resume(run_id).as_json())


@router.post("/runs/{run_id}/stop", status_code=202, response_model=Accepted, responses=errors(404, 409))
async def stop_run(service: ServiceHere, run_id: RunId) -> JSONResponse:
    """End a run early, and every job it started."""
    runs = service.profiles.runs
    await runs.records.get(run_id)
    runs.refuse_over(run_id)
    task_id = service.tasks.spawn("experiment_profiles/stop", lambda: runs.stop(run_id))
    return JSONResponse(service.tasks.accepted(task_id), 202)


@router.get("/{name}", response_model=ProfileText, responses=errors(400, 404))
async def get_profile(service: ServiceHere, name: ProfileName) -> JSONResponse:
    """Return a profile with its text."""
    return JSONResponse(await service.profiles.get(name))


@router.put(
    "/{name}",
    response_model=ProfileText,
    responses=errors(400, 409, 413),
    openapi_extra=documented(WriteProfile),
)
async def write_profile(
    service: ServiceHere, name: ProfileName, body: Annotated[WriteProfile, Depends(body_of(WriteProfile))]
) -> JSONResponse:
    """Keep a text as a profile; one that has errors is refused unless that is wanted."""
    written = await service.profiles.write(
        name, body.text, body.expected_version, even_with_errors=body.even_with_errors
    )
    return JSONResponse(written)


@router.delete("/{name}", response_model=Success, responses=errors(400, 404, 409))
async def delete_profile(service: ServiceHere, name: ProfileName) -> JSONResponse:
    """Remove a profile for good; a run of it goes on."""
    await asyncio.to_thread(service.profiles.library.delete, name)
    return JSONResponse({"status": "success"})
