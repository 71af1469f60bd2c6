"""What jobs raise alarms for: heater, thermometer, supply, disk, a vial that is full, light that is not steady."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from bent_service import bent, bent_service, misbehave, started, until
from pump_calibrations import calibrate

from core.bus import ReferenceJumped
from core.jobs.state import JobState
from core.service import Service


def _alarm(service: Service, key: str) -> dict[str, Any]:
    found = [item for item in service.alarms.items() if item["key"] == key]
    assert found, [item["key"] for item in service.alarms.items()]
    return found[0]


def _is_told(service: Service, key: str) -> bool:
    return any(item["key"] == key for item in service.alarms.items())


def test_a_heater_that_does_not_heat_is_an_alarm_until_the_job_is_woken(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            options = {"automation_name": "thermostat", "target_temperature": 37.0}
            job = await started(service, "temperature_automation", **options)
            await asyncio.sleep(50)
            misbehave(service, "sensor-stuck")
            key = "job:temperature_automation:heater"
            await until(lambda: _is_told(service, key), 300)
            alarm = _alarm(service, key)
            assert (alarm["signal"], alarm["severity"], alarm["state"]) == ("heater", "alarm", "active_unacknowledged")
            assert alarm["message"].startswith("Heater fault: 30 s after the heater went from")
            assert "then wake this job" in alarm["remedy"]
            await until(lambda: job.state is JobState.SLEEPING)
            await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
            assert _alarm(service, key)["state"] == "cleared_unacknowledged"

    bent(run())


def test_a_thermometer_that_does_not_answer_is_one_alarm_and_not_three(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "temperature_automation", automation_name="only_record_temperature")
            await asyncio.sleep(1000)
            misbehave(service, "sensor-missing")
            await asyncio.sleep(3000)
            assert [item["key"] for item in service.alarms.items()] == ["board:thermometer missing"]

    bent(run())


def test_a_thermometer_that_shows_one_value_is_an_alarm_until_it_moves(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "sensor-stuck")
            await asyncio.sleep(800)
            assert not service.alarms.items()
            await asyncio.sleep(150)
            assert "exactly" in _alarm(service, "job:monitor:stuck")["message"]
            misbehave(service, "heal")
            await until(lambda: _alarm(service, "job:monitor:stuck")["cleared_at"] is not None, 120)

    bent(run())


def test_a_low_supply_is_a_warning_until_it_has_recovered(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "supply 4.75")
            await until(lambda: _is_told(service, "job:monitor:supply"))
            assert _alarm(service, "job:monitor:supply")["severity"] == "warning"
            misbehave(service, "supply 4.85")
            await asyncio.sleep(60)
            assert _alarm(service, "job:monitor:supply")["cleared_at"] is None
            misbehave(service, "supply 5")
            await until(lambda: _alarm(service, "job:monitor:supply")["cleared_at"] is not None)

    bent(run())


class Usage(NamedTuple):
    """What the system tells of a disk, in bytes."""

    total: int
    used: int
    free: int


def test_a_disk_that_fills_up_is_a_warning_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            await until(lambda: _is_told(service, "job:monitor:disk"))
            assert "2.0 GB were free" in _alarm(service, "job:monitor:disk")["message"]
            monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 0, 10**12))
            await until(lambda: _alarm(service, "job:monitor:disk")["cleared_at"] is not None, 1300)

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 10**12 - 2 * 10**9, 2 * 10**9))
    bent(run())


@pytest.mark.parametrize("fill_ml", [17.6, 18.0])
def test_dosing_that_stops_because_the_vial_is_full_is_an_alarm(tmp_path: Path, fill_ml: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "waste_pump"):
                await calibrate(service, pump)
            options = {"exchange_volume_ml": 0.5, "duration": 1}
            job = await started(service, "dosing_automation", automation_name="chemostat", **options)
            key = "job:dosing_automation:full"
            assert not _is_told(service, key)
            service.bioreactor.change(job.context.experiment, {"current_volume_ml": fill_ml})
            await until(lambda: _is_told(service, key), 120)
            assert _alarm(service, key)["message"].startswith("Dosing stopped: ")
            assert _alarm(service, key)["signal"] == "volume"
            await until(lambda: job.state is JobState.SLEEPING)
            service.bioreactor.change(job.context.experiment, {"current_volume_ml": 15.0})
            await service.jobs.change_settings("dosing_automation", {"$state": "ready"})
            assert _alarm(service, key)["state"] == "cleared_unacknowledged"

    bent(run())


def test_dosing_that_stops_because_light_is_not_steady_is_an_alarm(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            for pump in ("media_pump", "waste_pump"):
                await calibrate(service, pump)
            options = {"exchange_volume_ml": 0.5, "duration": 60}
            job = await started(service, "dosing_automation", automation_name="chemostat", **options)
            service.bus.publish(ReferenceJumped(service.clock.utc_s(), job.context.experiment))
            assert "densities are doubtful" in _alarm(service, "job:dosing_automation:doubt")["message"]
            job.end()
            await until(lambda: _alarm(service, "job:dosing_automation:doubt")["cleared_at"] is not None)

    bent(run())
