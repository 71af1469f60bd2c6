"""The route that checks whether the connected board suits a reactor model."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.bus import HardwareChecked
from core.errors import BadRequestError, UnavailableError
from core.hardware.checks import check_board, result_of, without_board
from core.reactor_models import ReactorModel
from core.schemas.errors import errors
from core.schemas.hardware import CheckHardware
from core.schemas.tasks import Accepted
from core.service import Service

router = APIRouter(prefix="/unit_api", tags=["hardware"])
_log = logging.getLogger(__name__)


@router.api_route(
    "/hardware/check",
    methods=["POST", "PATCH"],
    status_code=202,
    response_model=Accepted,
    responses=errors(400, 413),
    openapi_extra=documented(CheckHardware),
)
async def check_hardware(
    service: ServiceHere, body: Annotated[CheckHardware, Depends(body_of(CheckHardware))]
) -> JSONResponse:
    """Check whether the connected board suits a reactor model; nothing moves."""
    model = service.models.find(body.model_name, body.model_version)
    if model is None:
        raise BadRequestError(
            f"The reactor model {body.model_name} {body.model_version} is not known.",
            remedy="Use one of the models in `known`, or put the file of your own into the models folder.",
            fields=["model_name", "model_version"],
            known=service.models.names,
        )
    task_id = service.tasks.spawn("hardware/check", lambda: _check(service, model))
    return JSONResponse(service.tasks.accepted(task_id), 202)


async def _check(service: Service, model: ReactorModel) -> dict[str, Any]:
    started_s = service.clock.utc_s()
    try:
        board = service.board_link.board
    except UnavailableError as error:
        checks = without_board(f"{error.cause} {error.remedy}".strip())
    else:
        od_is_read = bool(service.jobs.rows(job_name="od_reading"))
        checks = await check_board(board, model, od_is_read=od_is_read)
    failed = [f"{check.name} ({check.detail})" for check in checks if not check.ok]
    if failed:
        _log.warning("The board does not suit the %s: %s.", model.display_name, "; ".join(failed))
    else:
        _log.info("The board suits the %s: %d checks passed.", model.display_name, len(checks))
    result = result_of(model, checks)
    measured = {check.name: check.measured for check in checks}
    service.bus.publish(HardwareChecked(started_s, service.clock.utc_s(), result, measured))
    return result
