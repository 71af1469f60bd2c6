"""Automations over HTTP: what is offered, how a start is accepted or refused, what their settings show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from calibration_data import pump
from running_services import Served, serving

from core.service import ServiceOptions

RUN, SETTINGS = "/jobs/run/job_name", "/jobs/settings/job_name"
KNOWN = {
    "dosing_automation": ["chemostat", "fed_batch", "pid_morbidostat", "silent", "turbidostat"],
    "led_automation": ["light_dark_cycle", "silent"],
    "temperature_automation": ["only_record_temperature", "thermostat"],
}
VOLUMES = {"skip_first_run", "alt_media_fraction", "current_volume_ml", "efflux_tube_volume_ml"}
OPTIONS = {
    "chemostat": {"duration", "exchange_volume_ml"} | VOLUMES,
    "fed_batch": {"duration", "dosing_volume_ml"} | VOLUMES,
    "pid_morbidostat": {"duration", "target_normalized_od", "target_growth_rate"} | VOLUMES,
    "turbidostat": {"duration", "exchange_volume_ml", "target_biomass", "biomass_signal"} | VOLUMES,
    "thermostat": {"target_temperature"},
    "only_record_temperature": set[str](),
    "light_dark_cycle": {
        "skip_first_run", "light_intensity", "light_duration_minutes", "dark_duration_minutes",
    },
}  # fmt: skip


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Served]:
    """A service on a connected simulated board."""
    async with serving(ServiceOptions(tmp_path / "data", "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        yield served


async def _start(unit: Served, job_name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Start a job; return its task's last answer."""
    accepted = await unit.json("POST", f"{RUN}/{job_name}", 202, json={"options": options})
    path = accepted["result_url_path"].removeprefix("/unit_api")
    async with asyncio.timeout(10):
        while (answer := await unit.http.get(f"/unit_api{path}")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return dict(answer.json())


async def test_every_rule_is_offered_with_what_can_be_set_of_it(unit: Served) -> None:
    entries = [entry for entry in await unit.json("GET", "/capabilities") if "automation_name" in entry]
    found = {job: [e["automation_name"] for e in entries if e["job_name"] == job] for job in KNOWN}
    assert found == KNOWN
    for entry in entries:
        options = {option["name"] for option in entry["options"]}
        settings = entry["published_settings"]
        assert {"automation_name", "latest_event", "$state"} <= set(settings)
        assert {name for name, setting in settings.items() if setting["settable"]} - {"$state"} <= options
        assert options == OPTIONS.get(entry["automation_name"], options)


@pytest.mark.parametrize("job_name", list(KNOWN))
async def test_a_rule_must_be_named(unit: Served, job_name: str) -> None:
    for options in ({}, {"automation_name": "nope"}, {"automation_name": None}, {"automation_name": ["silent"]}):
        answer = await unit.json("POST", f"{RUN}/{job_name}", 400, json={"options": options})
        assert answer["error_info"]["known"] == KNOWN[job_name]
        assert answer["error_info"]["fields"] == ["automation_name"]


async def test_a_thermostat_is_started_read_and_set(unit: Served) -> None:
    options = {"automation-name": "thermostat", "target-temperature": "30"}
    task = await _start(unit, "temperature_automation", options)
    assert task["result"]["state"] == "ready"
    settings = (await unit.json("GET", f"{SETTINGS}/temperature_automation"))["settings"]
    assert settings["automation_name"] == "thermostat"
    assert (settings["$state"], settings["target_temperature"], settings["heater_duty_cycle"]) == ("ready", 30, 0)
    body = {"settings": {"target_temperature": 500}}
    await unit.json("PATCH", f"{SETTINGS}/temperature_automation", 200, json=body)
    shown = await unit.json("GET", f"{SETTINGS}/temperature_automation/setting/target_temperature")
    assert shown == {"target_temperature": 78}, "what the heater board may have"
    for wrong in ({"temperature": 3}, {"target_temperature": "warm"}):
        await unit.json("PATCH", f"{SETTINGS}/temperature_automation", 400, json={"settings": wrong})
    held = await unit.json("POST", f"{RUN}/temperature_automation", 429, json={"options": options})
    assert held["error_info"]["status"] == 429


async def test_dosing_needs_calibrated_pumps_and_says_which(unit: Served) -> None:
    options = {"automation_name": "chemostat", "exchange_volume_ml": 0.5, "duration": 20, "skip_first_run": 1}
    task = await _start(unit, "dosing_automation", options)
    assert task["status"] == "failed"
    assert task["error_info"]["cause"] == "no active calibration for media_pump, waste_pump"
    for device in ("media_pump", "waste_pump"):
        body = {"calibration_data": pump(), "set_as_active": True}
        await unit.json("POST", f"/calibrations/{device}", 200, json=body)
    await asyncio.sleep(1)
    task = await _start(unit, "dosing_automation", options)
    assert task["status"] == "complete", task
    settings = (await unit.json("GET", f"{SETTINGS}/dosing_automation"))["settings"]
    assert (settings["automation_name"], settings["duration"], settings["exchange_volume_ml"]) == ("chemostat", 20, 0.5)
    for wrong in ({"duration": 0}, {"exchange_volume_ml": -1}, {"duration": 5, "exchange_volume_ml": "much"}):
        await unit.json("PATCH", f"{SETTINGS}/dosing_automation", 400, json={"settings": wrong})
    settings = (await unit.json("GET", f"{SETTINGS}/dosing_automation"))["settings"]
    assert settings["duration"] == 20
