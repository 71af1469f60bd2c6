"""Names of devices, calibrations and estimators in a route's path, checked before the rest of the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from core.names import check_device, check_safe_name

_FORM = r"^[A-Za-z0-9_][A-Za-z0-9._-]*( [A-Za-z0-9._-]+)*$"
_DOCUMENTED = {"pattern": _FORM, "minLength": 1, "maxLength": 255}


async def _device(device: Annotated[str, Path(examples=["media_pump"], json_schema_extra=_DOCUMENTED)]) -> str:
    return check_device(device)


async def _calibration(
    calibration_name: Annotated[str, Path(examples=["media-a"], json_schema_extra=_DOCUMENTED)],
) -> str:
    return check_safe_name(calibration_name, "calibration_name")


async def _estimator(
    estimator_name: Annotated[str, Path(examples=["fused-a"], json_schema_extra=_DOCUMENTED)],
) -> str:
    return check_safe_name(estimator_name, "estimator_name")


DeviceName = Annotated[str, Depends(_device)]
CalibrationName = Annotated[str, Depends(_calibration)]
EstimatorName = Annotated[str, Depends(_estimator)]
