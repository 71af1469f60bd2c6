"""Calibrations and estimators for tests, as plain values and as the text of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_COMMON = {"calibrated_on_pioreactor_unit": "unit7", "created_at": "2031-02-03T04:05:06.789Z"}


def pump(name: str = "media-a", **changes: Any) -> dict[str, Any]:
    data = {
        **_COMMON,
        "calibration_type": "simple_peristaltic_pump",
        "calibration_name": name,
        "curve_data_": {"type": "poly", "coefficients": [0.0842, 0.0]},
        "recorded_data": {"x": [6.0, 12.0, 18.0], "y": [0.51, 1.0, 1.52]},
        "hz": 250.0,
        "dc": 100.0,
        "voltage": 4.95,
    }
    return data | changes


def od(name: str = "od-a", **changes: Any) -> dict[str, Any]:
    data = {
        **_COMMON,
        "calibration_type": "od600",
        "calibration_name": name,
        "curve_data_": {"type": "poly", "coefficients": [0.2, 0.01]},
        "recorded_data": {"x": [0.0, 0.5, 1.0], "y": [0.01, 0.11, 0.21]},
        "ir_led_intensity": 80.0,
        "angle": "90",
        "pd_channel": "2",
    }
    return data | changes


def estimator(name: str = "fused-a", **changes: Any) -> dict[str, Any]:
    """One angle whose ln(volts) is a straight line over log10(OD): volts = 0.2 * OD."""
    line = {"type": "akima", "knots": [-1.0, 1.0], "coefficients": [[-3.912023005, 2.302585093, 0.0, 0.0]]}
    flat = {"type": "akima", "knots": [-1.0, 1.0], "coefficients": [[-3.2, 0.0, 0.0, 0.0]]}
    data = {
        **_COMMON,
        "estimator_type": "od_fused_estimator",
        "estimator_name": name,
        "ir_led_intensity": 80.0,
        "angles": ["90"],
        "mu_splines": {"90": line},
        "sigma_splines_log": {"90": flat},
        "min_logc": -1.0,
        "max_logc": 1.0,
        "sigma_floor": 0.04,
        "recorded_data": {"by_angle": {"90": [[0.1, 0.02], [1.0, 0.2]]}},
        "low_conc_scales": {},
        "y": "log(Voltage)",
    }
    return data | changes


def put(data_dir: Path, device: str, data: dict[str, Any] | str | bytes, name: str = "") -> Path:
    """Put a file there as a user would, by hand."""
    kind = "estimators" if device == "od_fused" else "calibrations"
    if isinstance(data, dict):
        name = name or data.get("calibration_name") or data["estimator_name"]
    folder = data_dir / "storage" / kind / device
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    content = yaml.safe_dump(data).encode() if isinstance(data, dict) else data
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
