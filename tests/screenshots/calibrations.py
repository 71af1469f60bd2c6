"""Calibrations as a unit of some months has them."""

from __future__ import annotations

from typing import Any

DEVICES = {"simple_peristaltic_pump": "media_pump", "simple_stirring": "stirring", "od600": "od90"}


def _common(kind: str, name: str, day: str) -> dict[str, Any]:
    return {
        "calibration_type": kind,
        "calibration_name": name,
        "calibrated_on_pioreactor_unit": "unit7",
        "created_at": f"{day}T09:12:00.000Z",
    }


def _pump(name: str, day: str, rate_ml_s: float, volumes_ml: list[float]) -> dict[str, Any]:
    return {
        **_common("simple_peristaltic_pump", name, day),
        **{"hz": 250.0, "dc": 100.0, "voltage": 4.95, "x": "Duration", "y": "Volume"},
        "curve_data_": {"type": "poly", "coefficients": [rate_ml_s, 0.0]},
        "recorded_data": {"x": [6.0, 6.0, 9.0, 12.0, 12.0, 15.0], "y": volumes_ml},
    }


CALIBRATIONS: tuple[tuple[dict[str, Any], bool], ...] = (
    (_pump("media-spring", "2026-04-02", 0.0861, [0.52, 0.51, 0.78, 1.04, 1.02, 1.29]), False),
    (_pump("media-autumn", "2026-10-11", 0.0842, [0.51, 0.49, 0.77, 1.0, 1.02, 1.26]), True),
    (
        {
            **_common("simple_stirring", "stirring-autumn", "2026-10-11"),
            **{"pwm_hz": 200.0, "voltage": 4.95, "x": "DC %", "y": "RPM"},
            "curve_data_": {"type": "poly", "coefficients": [20.0, -100.0]},
            "recorded_data": {"x": [20.0, 25.0, 30.0, 35.0, 40.0], "y": [301.0, 402.5, 499.0, 603.0, 700.5]},
        },
        True,
    ),
    (
        {
            **_common("od600", "od-autumn", "2026-10-12"),
            **{"ir_led_intensity": 80.0, "angle": "90", "pd_channel": "2", "x": "OD600", "y": "Voltage"},
            "curve_data_": {"type": "poly", "coefficients": [-0.011, 0.199, 0.0105]},
            "recorded_data": {
                "x": [0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0],
                "y": [0.0101, 0.0309, 0.0592, 0.1078, 0.1969, 0.3648, 0.5092],
            },
        },
        True,
    ),
)
