"""Routes of estimators: kept ones and active ones."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from core.app_state import ServiceHere
from core.calibrations.path_names import DeviceName, EstimatorName
from core.schemas.calibrations import EstimatorItem, Told
from core.schemas.errors import errors
from core.schemas.jobs import Success

router = APIRouter(prefix="/unit_api", tags=["calibrations"])


@router.get("/estimators", response_model=dict[str, list[EstimatorItem]], responses=errors())
async def list_estimators(service: ServiceHere) -> Response:
    """Return every estimator by device; files that cannot be read are left out."""
    await service.estimators.refresh()
    return Response(service.estimators.body(), media_type="application/json")


@router.get("/estimators/{device}", response_model=list[EstimatorItem], responses=errors(400))
async def list_estimators_of_device(service: ServiceHere, device: DeviceName) -> JSONResponse:
    """Return a device's estimators by name; none for a device that is not known."""
    await service.estimators.refresh()
    return JSONResponse(service.estimators.items(device))


@router.get("/estimators/{device}/{estimator_name}", response_model=EstimatorItem, responses=errors(400, 404))
async def get_estimator(service: ServiceHere, device: DeviceName, estimator_name: EstimatorName) -> JSONResponse:
    """Return one estimator; 500 when its file cannot be read."""
    await service.estimators.refresh()
    return JSONResponse(service.estimators.item(device, estimator_name))


@router.delete("/estimators/{device}/{estimator_name}", response_model=Told, responses=errors(400, 404))
async def delete_estimator(service: ServiceHere, device: DeviceName, estimator_name: EstimatorName) -> JSONResponse:
    """Remove an estimator for good; if it was active, its device has none afterwards."""
    await service.estimators.delete(device, estimator_name)
    return JSONResponse({"msg": f"Estimator {estimator_name} of {device} was deleted."})


@router.get("/active_estimators", response_model=dict[str, EstimatorItem], responses=errors())
async def active_estimators(service: ServiceHere) -> JSONResponse:
    """Return the estimator in use for each device that has one."""
    await service.estimators.refresh()
    return JSONResponse(service.estimators.active_items())


@router.patch("/active_estimators/{device}/{estimator_name}", response_model=Success, responses=errors(400, 404))
async def activate_estimator(service: ServiceHere, device: DeviceName, estimator_name: EstimatorName) -> JSONResponse:
    """Use an estimator from the next start of OD reading."""
    await service.estimators.activate(device, estimator_name)
    return JSONResponse({"status": "success"})


@router.delete("/active_estimators/{device}", response_model=Success, responses=errors(400))
async def deactivate_estimator(service: ServiceHere, device: DeviceName) -> JSONResponse:
    """Use no estimator for this device from now on; nothing happens when there is none."""
    service.estimators.deactivate(device)
    return JSONResponse({"status": "success"})
