"""Calibrated pumps for tests."""

from __future__ import annotations

from typing import Any

import yaml

from core.service import Service

MEDIA_ML_PER_S = 0.08
WASTE_ML_PER_S = 0.1


async def calibrate(service: Service, device: str, ml_per_s: float = MEDIA_ML_PER_S, offset_ml: float = 0.0) -> None:
    """Give a pump an active calibration: a line through or beside the origin, at full duty."""
    data = {
        "calibration_type": "simple_peristaltic_pump",
        "calibration_name": f"{device}-test",
        "calibrated_on_pioreactor_unit": service.unit,
        "created_at": "2031-02-03T04:05:06Z",
        "curve_data_": {"type": "poly", "coefficients": [ml_per_s, offset_ml]},
        "recorded_data": {"x": [], "y": []},
        "hz": 250.0,
        "dc": 100.0,
        "voltage": 5.0,
    }
    await keep_calibration(service, device, data)


async def keep_calibration(service: Service, device: str, data: dict[str, Any]) -> None:
    """Put the file of a calibration into the data folder, as somebody copies it there, and use it.

    One that is made here would be filed in the unit's record with a certificate, which takes a second.
    """
    name = data["calibration_name"]
    path = service.data_dir / "storage" / "calibrations" / device / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    await service.calibrations.activate(device, name)
