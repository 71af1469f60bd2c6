"""Routes of guided calibrations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.schemas.calibration_sessions import CalibrationInputs, NewCalibrationSession, SessionAndStep
from core.schemas.errors import errors

router = APIRouter(prefix="/unit_api/calibrations/sessions", tags=["calibrations"])


@router.post(
    "",
    status_code=201,
    response_model=SessionAndStep,
    responses=errors(400, 413),
    openapi_extra=documented(NewCalibrationSession),
)
async def begin_session(
    service: ServiceHere, body: Annotated[NewCalibrationSession, Depends(body_of(NewCalibrationSession))]
) -> JSONResponse:
    """Begin a guided calibration; refused when a running job is in its way or the unit is not fit for it."""
    return JSONResponse(await service.calibration_sessions.begin(body.target_device, body.protocol_name), 201)


@router.get("/{session_id}", response_model=SessionAndStep, responses=errors(404))
async def get_session(service: ServiceHere, session_id: str) -> JSONResponse:
    """Return a guided calibration and the step it stands at."""
    return JSONResponse(service.calibration_sessions.look(session_id))


@router.post(
    "/{session_id}/inputs",
    response_model=SessionAndStep,
    responses=errors(400, 404, 409, 413, 503),
    openapi_extra=documented(CalibrationInputs),
)
async def answer_step(
    service: ServiceHere, session_id: str, body: Annotated[CalibrationInputs, Depends(body_of(CalibrationInputs))]
) -> JSONResponse:
    """Answer the present step, and go on. Where the hardware acts, this answers when it is done, 300 s at most."""
    return JSONResponse(await service.calibration_sessions.answer(session_id, body.inputs))


@router.post("/{session_id}/abort", response_model=SessionAndStep, responses=errors(404))
async def abort_session(service: ServiceHere, session_id: str) -> JSONResponse:
    """End a guided calibration and stop what it drives, at once. A body is not read."""
    return JSONResponse(await service.calibration_sessions.abort(session_id))
