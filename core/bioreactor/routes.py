"""Routes of the bioreactor variables: what is in the vial, by the count of what was pumped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.experiments.experiments import check_name
from core.schemas.bioreactor import Bioreactor, ChangeBioreactor, VialItem
from core.schemas.errors import errors
from core.schemas.jobs import Success

router = APIRouter(prefix="/unit_api/bioreactor", tags=["bioreactor"])


@router.get("/vial", response_model=VialItem, responses=errors())
async def get_vial(service: ServiceHere) -> JSONResponse:
    """Return the greatest volume that can be in the vial, by what the pumps moved for any experiment."""
    bioreactor = service.bioreactor
    greatest_ml = bioreactor.fill_ml(service.experiments.active())
    vial = {"greatest_volume_ml": greatest_ml, "said_at": bioreactor.vial.said_at, "doubt": bioreactor.vial.doubt}
    return JSONResponse(vial)


@router.get("/experiments/{experiment}", response_model=Bioreactor, responses=errors(400))
async def get_bioreactor(service: ServiceHere, experiment: str) -> JSONResponse:
    """Return the six variables of an experiment; what it would begin with when there is no such experiment yet."""
    check_name(experiment)
    return JSONResponse({"values": service.bioreactor.values(experiment)})


@router.patch(
    "/experiments/{experiment}",
    response_model=Success,
    responses=errors(400, 413),
    openapi_extra=documented(ChangeBioreactor),
)
async def change_bioreactor(
    service: ServiceHere,
    experiment: str,
    body: Annotated[ChangeBioreactor, Depends(body_of(ChangeBioreactor))],
) -> JSONResponse:
    """Set variables of an experiment: all that are given or, when one is refused, none."""
    check_name(experiment)
    service.bioreactor.change(experiment, body.values.model_dump(exclude_unset=True))
    return JSONResponse({"status": "success"})
