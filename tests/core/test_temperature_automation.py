"""temperature_automation on the simulated reactor: the step is held, and no fault leaves the heater on."""

from __future__ import annotations

import asyncio
import itertools
import math
from pathlib import Path

import pytest
from bent_service import bent, bent_service, misbehave, started, truth, until

from core.automations.temperature.culture_temperature import by_linear_model, by_two_exponentials
from core.automations.temperature.heater_watch import HeaterWatch
from core.automations.temperature.thermostat import Thermostat
from core.errors import BadRequestError, UnavailableError
from core.jobs.job import Job
from core.jobs.runner import StartRequest
from core.jobs.state import JobState
from core.service import Service


async def thermostat(service: Service, target: float = 37.0) -> Job:
    return await started(service, "temperature_automation", automation_name="thermostat", target_temperature=target)


async def warmest(service: Service, seconds: float) -> tuple[float, float]:
    """Let time pass; return the highest temperatures of vial and heater board meanwhile."""
    vial = board = -math.inf
    for _ in range(round(seconds / 10)):
        await asyncio.sleep(10)
        state = truth(service)
        vial, board = max(vial, state["vial_celsius"]), max(board, state["heater_celsius"])
    return vial, board


def cold(service: Service) -> None:
    """Bring vial and heater board to 22 °C, as after a night on the bench."""
    heat = service.board_link.simulation.reactor.heat  # type: ignore[attr-defined]
    heat.board = heat.vial = heat.led = 22.0


def test_the_linear_model_gives_its_reference_value() -> None:
    samples = [34 + 14 * math.exp(-5.3 * k / 24) for k in range(21)]
    assert by_linear_model(30, samples) == pytest.approx(37.7288, abs=1e-4)


def test_two_exponentials_find_the_slow_one() -> None:
    samples = [22 + 13 * math.exp(-0.002 * k) + 14 * math.exp(-0.32 * k) for k in range(29)]
    assert by_two_exponentials(samples) == pytest.approx(22 + 13 * math.exp(-0.002 * 29), abs=0.5)


@pytest.mark.parametrize(("trouble", "warmest_celsius"), [("", 37.8), ("unplug 300", 39.5)])
def test_a_step_to_37_is_held_with_little_overshoot(tmp_path: Path, trouble: str, warmest_celsius: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            cold(service)
            await started(service, "stirring")
            job = await thermostat(service)
            if trouble:
                asyncio.get_running_loop().call_later(900, misbehave, service, trouble)
            vial, board = await warmest(service, 4200)
            assert vial < warmest_celsius
            assert board < 65
            vial, _ = await warmest(service, 1800)
            assert 36.4 < truth(service)["vial_celsius"] < 37.6
            assert 36.4 < job.settings["temperature"]["temperature"] < 37.6
            assert job.settings["latest_event"]["event_name"] == "UpdatedHeaterDC"
            assert set(job.settings["latest_event"]["data"]) == {
                "current_dc", "delta_dc", "target_temperature", "latest_temperature",
            }  # fmt: skip
            assert told.readings("temperature")[-1].value == job.settings["temperature"]["temperature"]
            assert told.readings("heater_duty_cycle")[-1].value == job.settings["heater_duty_cycle"]

    bent(run())


def test_a_lost_link_switches_the_heater_off_in_3_s_and_on_again_afterwards(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await thermostat(service)
            await until(lambda: truth(service)["heater_percent"] > 0)
            misbehave(service, "unplug 300")
            await asyncio.sleep(3.1)
            assert truth(service)["heater_percent"] == 0
            await asyncio.sleep(296)
            assert truth(service)["heater_percent"] == 0
            await until(lambda: truth(service)["heater_percent"] > 0, 300)
            assert job.state is JobState.READY

    bent(run())


@pytest.mark.parametrize("after_s", [50.0, 150.0, 900.0, 1010.0])
def test_a_stuck_thermometer_is_told_and_the_heater_goes_off(tmp_path: Path, after_s: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service)
            await asyncio.sleep(after_s)
            misbehave(service, "sensor-stuck")
            before = truth(service)["vial_celsius"]
            vial, board = await warmest(service, 300)
            assert job.state is JobState.SLEEPING
            assert truth(service)["heater_percent"] == 0
            assert "Heater fault" in told.log("ERROR")
            assert job.settings["latest_event"]["event_name"] == "ErrorOccurred"
            assert vial < before + 6
            assert board < 75

    bent(run())


def test_an_unplugged_thermometer_switches_off_at_once_and_stays_off_until_woken(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service)
            await until(lambda: truth(service)["heater_percent"] > 0)
            misbehave(service, "sensor-missing")
            await until(lambda: truth(service)["heater_percent"] == 0, 1)
            await until(lambda: job.state is JobState.SLEEPING, 1)
            assert "thermometer does not answer" in told.log("ERROR")
            misbehave(service, "heal")
            await asyncio.sleep(600)
            assert truth(service)["heater_percent"] == 0
            await service.board_link.board.clear_faults()
            await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
            await until(lambda: truth(service)["heater_percent"] > 0, 900)

    bent(run())


def test_waking_with_a_latched_fault_heats_nothing_and_says_why(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service)
            await until(lambda: truth(service)["heater_percent"] > 0)
            misbehave(service, "overheat 90")
            await until(lambda: truth(service)["heater_percent"] == 0, 1)
            await until(lambda: job.state is not JobState.READY, 5)
            if job.state is JobState.SLEEPING:
                await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
                await asyncio.sleep(900)
            assert truth(service)["heater_percent"] == 0
            assert told.log("ERROR")

    bent(run())


def test_without_valid_readings_nothing_is_shown_or_heated(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service)
            await asyncio.sleep(130)  # the heater rests for a measurement
            misbehave(service, "sensor-missing")
            await asyncio.sleep(9)
            assert "No valid reading" in told.log("WARNING")
            assert job.settings.get("temperature") is None
            await asyncio.sleep(300)
            assert truth(service)["heater_percent"] == 0
            misbehave(service, "heal")
            await asyncio.sleep(300)
            assert truth(service)["heater_percent"] == 0, "the board's fault is latched"
            assert "refuses to heat" in told.log("ERROR")

    bent(run())


def test_a_hot_board_is_held_below_its_limits(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service, 70)
            _, board = await warmest(service, 3600)
            assert 75 < board < 82
            assert job.state is JobState.READY
            duties = [reading.value for reading in told.readings("heater_duty_cycle")]
            steps = [later / before for before, later in itertools.pairwise(duties) if before > 10]
            assert any(step == pytest.approx(0.9, abs=0.001) for step in steps)

    bent(run())


def test_sleeping_switches_off_and_ending_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await thermostat(service)
            await until(lambda: truth(service)["heater_percent"] > 0)
            await service.jobs.change_settings("temperature_automation", {"$state": "sleeping"})
            assert truth(service)["heater_percent"] == 0
            assert job.settings["heater_duty_cycle"] == 0
            await asyncio.sleep(600)
            assert truth(service)["heater_percent"] == 0
            await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
            await until(lambda: truth(service)["heater_percent"] > 0, 600)
            await service.jobs.change_settings("temperature_automation", {"$state": "disconnected"})
            assert truth(service)["heater_percent"] == 0

    bent(run())


def test_a_duty_set_while_the_job_goes_to_sleep_does_not_heat(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await thermostat(service)
            assert isinstance(job, Thermostat)
            await until(lambda: truth(service)["heater_percent"] > 0)
            sleeping = asyncio.ensure_future(job.change({"$state": "sleeping"}))
            await asyncio.sleep(0)
            await job.drive(50)
            await sleeping
            assert job.state is JobState.SLEEPING
            await asyncio.sleep(10)
            assert truth(service)["heater_percent"] == 0

    bent(run())


def test_only_recording_never_heats(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "temperature_automation", automation_name="only_record_temperature")
            await asyncio.sleep(1800)
            values = [reading.value for reading in told.readings("temperature")]
            assert len(values) == 9
            assert max(abs(value - truth(service)["vial_celsius"]) for value in values) < 0.3
            assert {percent for _, percent in told.duties()} <= {0.0}

    bent(run())


def test_a_target_is_clamped_to_what_the_board_may_have(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await thermostat(service, 200)
            assert job.settings["target_temperature"] == 78
            await service.jobs.change_settings("temperature_automation", {"target_temperature": -4})
            assert job.settings["target_temperature"] == 0
            assert "out of range" in told.log("WARNING")

    bent(run())


def test_refuses_to_start_without_a_thermometer_or_a_target(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "sensor-missing")
            with pytest.raises(UnavailableError, match="heater board"):
                await thermostat(service)
            assert service.jobs.newest("temperature_automation") is None
            with pytest.raises(BadRequestError, match="target_temperature"):
                service.jobs.start(StartRequest("temperature_automation", {"automation_name": "thermostat"}))

    bent(run())


def test_a_heater_that_is_followed_raises_no_fault() -> None:
    watch = HeaterWatch()
    watch.set(0, 40, 30.0)
    assert watch.fault(10, 33.0) is None
    watch.set(95, 0, 45.0)
    assert watch.fault(120, 40.0) is None
    watch.set(200, 40, 33.0)
    watch.set(200, 37, 33.0)
    assert watch.fault(231, 40.0) is None
    watch.set(300, 0, 45.0)
    assert watch.fault(329, 45.0) is None
    assert "45.00" in (watch.fault(331, 45.0) or "")
