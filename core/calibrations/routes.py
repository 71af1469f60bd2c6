"""Routes of calibrations: kept ones, active ones, the guided ones on offer, and all of them in one archive."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from core.app_state import ServiceHere
from core.bodies import body_of, documented
from core.calibrations.calibration import KNOWN_DEVICES
from core.calibrations.path_names import CalibrationName, DeviceName
from core.errors import BadRequestError, NotFoundError
from core.estimators.estimator import DEVICE as FUSED_DEVICE
from core.safe_yaml import UnsafeYamlError, read_yaml
from core.schemas.calibrations import (
    CalibrationItem,
    CalibrationProtocolItem,
    NewCalibration,
    SavedCalibration,
    Told,
)
from core.schemas.errors import errors
from core.schemas.jobs import Success
from core.service import Service
from core.tagged import NOT_MODIFIED, tagged_answer

router = APIRouter(prefix="/unit_api", tags=["calibrations"])


@router.get("/calibrations", response_model=dict[str, list[CalibrationItem]], responses=errors())
async def list_calibrations(service: ServiceHere) -> Response:
    """Return every calibration by device; devices without any are left out, and so are files that cannot be read."""
    await service.calibrations.refresh()
    return Response(service.calibrations.body(), media_type="application/json")


@router.get("/calibrations/{device}", response_model=list[CalibrationItem], responses=errors(400, 404))
async def list_calibrations_of_device(service: ServiceHere, device: DeviceName) -> JSONResponse:
    """Return a device's calibrations by name."""
    await service.calibrations.refresh()
    _refuse_unknown(service, device)
    return JSONResponse(service.calibrations.items(device))


@router.post(
    "/calibrations/{device}",
    response_model=SavedCalibration,
    responses=errors(400, 404, 409, 413),
    openapi_extra=documented(NewCalibration),
)
async def create_calibration(
    service: ServiceHere, device: DeviceName, body: Annotated[NewCalibration, Depends(body_of(NewCalibration))]
) -> JSONResponse:
    """Keep a calibration; it is on the disk when this answers. The same one again is fine, another of its name not."""
    data = await _plain(body.calibration_data)
    await service.calibrations.refresh()
    _refuse_unknown(service, device)
    path = await service.calibrations.save(device, data, set_active=body.set_as_active)
    return JSONResponse({"msg": "Calibration created successfully.", "path": path})


@router.get("/calibrations/{device}/{calibration_name}", response_model=CalibrationItem, responses=errors(400, 404))
async def get_calibration(service: ServiceHere, device: DeviceName, calibration_name: CalibrationName) -> JSONResponse:
    """Return one calibration; 500 when its file cannot be read."""
    await service.calibrations.refresh()
    return JSONResponse(service.calibrations.item(device, calibration_name))


@router.delete("/calibrations/{device}/{calibration_name}", response_model=Told, responses=errors(400, 404))
async def delete_calibration(
    service: ServiceHere, device: DeviceName, calibration_name: CalibrationName
) -> JSONResponse:
    """Remove a calibration for good; if it was active, its device has none afterwards."""
    await service.calibrations.delete(device, calibration_name)
    return JSONResponse({"msg": f"Calibration {calibration_name} of {device} was deleted."})


@router.get("/active_calibrations", response_model=dict[str, CalibrationItem], responses=errors())
async def active_calibrations(service: ServiceHere) -> JSONResponse:
    """Return the calibration in use for each device that has one."""
    await service.calibrations.refresh()
    return JSONResponse(service.calibrations.active_items())


@router.patch("/active_calibrations/{device}/{calibration_name}", response_model=Success, responses=errors(400, 404))
async def activate_calibration(
    service: ServiceHere, device: DeviceName, calibration_name: CalibrationName
) -> JSONResponse:
    """Use a calibration from the next start of whatever uses it."""
    await service.calibrations.activate(device, calibration_name)
    return JSONResponse({"status": "success"})


@router.delete("/active_calibrations/{device}", response_model=Success, responses=errors(400))
async def deactivate_calibration(service: ServiceHere, device: DeviceName) -> JSONResponse:
    """Use no calibration for this device from now on; nothing happens when there is none."""
    service.calibrations.deactivate(device)
    return JSONResponse({"status": "success"})


@router.get(
    "/calibration_protocols", response_model=list[CalibrationProtocolItem], responses={**errors(), **NOT_MODIFIED}
)
async def calibration_protocols(service: ServiceHere, request: Request) -> Response:
    """Return the guided calibrations this unit offers."""
    return tagged_answer(request, *service.calibration_protocols.body)


@router.get(
    "/zipped_calibrations",
    response_class=Response,
    responses={**errors(), 200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def zipped_calibrations(service: ServiceHere) -> Response:
    """Return every calibration file, those that cannot be read too, as one archive of `<device>/<name>.yaml`."""
    archive = await asyncio.to_thread(_zip, await service.calibrations.contents())
    name = re.sub(r"[^A-Za-z0-9._-]", "_", service.unit)
    headers = {"Content-Disposition": f'attachment; filename="{name}_calibrations.zip"'}
    return Response(archive, media_type="application/zip", headers=headers)


async def _plain(data: str | dict[str, Any]) -> Any:
    if not isinstance(data, str):
        return data
    try:
        return await asyncio.to_thread(read_yaml, data)
    except UnsafeYamlError as error:
        what = "The calibration is not YAML that is taken here."
        raise BadRequestError(what, str(error), fields=["calibration_data"]) from None


def _refuse_unknown(service: Service, device: str) -> None:
    offered = service.calibration_protocols.devices - {FUSED_DEVICE}
    known = sorted({*KNOWN_DEVICES, *offered, *service.calibrations.devices})
    if device not in known:
        raise NotFoundError(f"There is no device {device[:80]!r} to calibrate on this unit.", known=known)


def _zip(contents: list[tuple[str, bytes]]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents:
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()
