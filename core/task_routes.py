"""The routes of tasks: how one stands, and cancelling one."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from core.app_state import ServiceHere
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.schemas.tasks import TaskOver, TaskUnderWay

router = APIRouter(prefix="/unit_api", tags=["tasks"])
_UNDER_WAY = {"model": TaskUnderWay, "description": "The task is not over yet: ask again."}


@router.get("/task_results/{task_id}", response_model=TaskOver, responses={202: _UNDER_WAY, **errors(404)})
async def task_result(task_id: str, service: ServiceHere) -> JSONResponse:
    """Tell how a task stands: 200 when it is over, complete or failed; results are kept for 24 hours."""
    task = service.tasks.get(task_id)
    return JSONResponse(task.body(), 200 if task.is_over else 202)


@router.post("/task_results/{task_id}/cancel", response_model=Success, responses=errors(404, 409))
async def cancel_task(task_id: str, service: ServiceHere) -> JSONResponse:
    """Cancel a task that (un)installs a plug-in or exports: it ends as failed, and nothing is left half done."""
    await service.tasks.cancel(task_id)
    return JSONResponse({"status": "success"})
