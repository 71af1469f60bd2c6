"""Routes of the board: the ones plugged in, the one in use, and the hand on a simulated one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.errors import BadRequestError, ConflictError, UnavailableError
from core.schemas.board import (
    BoardItem,
    ChooseBoard,
    FoundBoardItem,
    Misbehave,
    Misbehaved,
    SimulationTruth,
)
from core.schemas.errors import errors
from device.board import BoardError
from device.discovery import find_boards

router = APIRouter(prefix="/unit_api", tags=["board"])


@router.get("/boards", response_model=list[FoundBoardItem], responses=errors())
async def list_boards() -> list[dict[str, Any]]:
    """Return the boards that are plugged in, with what is in the way of using them."""
    found = await asyncio.to_thread(find_boards)
    keys = ("url", "description", "serial_number", "problem", "remedy")
    return [{key: getattr(board, key) for key in keys} for board in found]


@router.get("/board", response_model=BoardItem, responses=errors())
async def get_board(service: ServiceHere) -> JSONResponse:
    """Return the board in use and the true state of the link to it."""
    return JSONResponse(service.board_link.describe())


@router.patch(
    "/board", response_model=BoardItem, responses=errors(400, 409, 413), openapi_extra=documented(ChooseBoard)
)
async def choose_board(
    service: ServiceHere, body: Annotated[ChooseBoard, Depends(body_of(ChooseBoard))]
) -> JSONResponse:
    """Use another board from now on; refused while jobs that use the present one run."""
    busy = sorted({job.declaration.job_name for job in service.jobs.jobs() if job.needs_board})
    if busy and body.url != (service.board_link.url or ""):
        raise ConflictError(f"The board is in use by {', '.join(busy)}.", remedy="Stop these jobs first.")
    if body.url != (service.board_link.url or ""):
        try:
            await service.board_link.open(body.url or None)
        except ValueError as error:
            raise BadRequestError(f"{body.url!r} is no address of a board.", cause=str(error), fields=["url"]) from None
        if body.url:
            service.shut_down.leave()
    return JSONResponse(service.board_link.describe())


@router.post("/board/clear_faults", response_model=BoardItem, responses=errors(503))
async def clear_faults(service: ServiceHere) -> JSONResponse:
    """Have the board forget its latched faults; one whose cause is still there is latched again at once."""
    try:
        await service.board_link.clear_faults()
    except BoardError as error:
        raise UnavailableError(f"The faults were not cleared: {error}.", remedy=error.remedy) from error
    return JSONResponse(service.board_link.describe())


@router.get("/board/simulation", response_model=SimulationTruth, responses=errors(404))
async def simulation_truth(service: ServiceHere) -> JSONResponse:
    """Return what is really going on in the simulated reactor; 404 when the board is a real one."""
    return JSONResponse({"truth": service.board_link.simulation.truth()})


@router.post(
    "/board/simulation",
    response_model=Misbehaved,
    responses=errors(400, 404, 413),
    openapi_extra=documented(Misbehave),
)
async def misbehave(service: ServiceHere, body: Annotated[Misbehave, Depends(body_of(Misbehave))]) -> JSONResponse:
    """Have the simulated board do something wrong, or behave again (`heal`)."""
    try:
        answer = service.board_link.simulation.misbehave(body.command)
    except ValueError as error:
        raise BadRequestError(f"The simulated board does not know {body.command!r}.", cause=str(error)) from None
    return JSONResponse({"answer": answer})
