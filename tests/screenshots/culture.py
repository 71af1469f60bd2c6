"""Half a day of a culture that runs itself: measured, warmed, lit, diluted, with notes."""

from __future__ import annotations

import time
from urllib.parse import quote

from tests.bench.running import Client

# Lag, exponential growth, and some hours at the density it is held at.
CULTURE_S = 6 * 3600.0
EXPERIMENT = "Turbidostat 7"
_WASTE = {
    "calibration_type": "simple_peristaltic_pump",
    "calibration_name": "waste-autumn",
    "calibrated_on_pioreactor_unit": "unit7",
    "created_at": "2026-10-11T10:02:00.000Z",
    "hz": 250.0,
    "dc": 100.0,
    "voltage": 4.95,
    "curve_data_": {"type": "poly", "coefficients": [0.1, 0.0]},
    "recorded_data": {"x": [6.0, 12.0], "y": [0.6, 1.2]},
}
_JOBS: tuple[tuple[str, dict[str, object]], ...] = (
    ("stirring", {}),
    ("od_reading", {}),
    ("growth_rate_calculating", {}),
    ("temperature_automation", {"automation_name": "thermostat", "target_temperature": 30.0}),
    (
        "led_automation",
        {
            "automation_name": "light_dark_cycle",
            "light_intensity": 20.0,
            "light_duration_minutes": 120.0,
            "dark_duration_minutes": 60.0,
        },
    ),
    ("dosing_automation", {"automation_name": "turbidostat", "target_biomass": 0.08, "exchange_volume_ml": 1.0}),
)


def grow(client: Client) -> None:
    """Let the culture grow in bent time, with everything running that a run of days has."""
    client.ask("POST", "/calibrations/waste_pump", {"calibration_data": _WASTE, "set_as_active": True})
    client.ask("POST", "/experiments", {"experiment": EXPERIMENT, "tags": ["yeast"]})
    for job, options in _JOBS:
        status, answer = client.ask("POST", f"/jobs/run/job_name/{job}", {"options": options})
        assert status == 202, answer
        client.wait_until("/jobs/running", lambda rows, job=job: any(row["job_name"] == job for row in rows))
    notes = f"/experiments/{quote(EXPERIMENT)}/annotations"
    client.ask("POST", notes, {"text": "Inoculated with strain 7, 0.2 mL", "who": "Ada"})
    _until(client, CULTURE_S / 2)
    client.ask("POST", notes, {"text": "Fresh bottle of medium", "who": "Ada"})
    _until(client, CULTURE_S)


def _until(client: Client, time_s: float) -> None:
    while client.ask("GET", "/board/simulation")[1]["truth"]["time_s"] < time_s:
        time.sleep(0.2)
