"""Stopping at the worst moment: whatever else was on its way, what was stopped is off and stays off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from attack_jobs import leds
from bent_service import bent, bent_service, misbehave, started, truth, until
from pump_calibrations import calibrate

from core.errors import ServiceError
from core.jobs.runner import StartRequest
from core.jobs.stop import of_experiments, switch_all_off
from core.plugins.api import JobState
from core.service import Service


async def chemostat(service: Service) -> Any:
    for device in ("media_pump", "waste_pump"):
        await calibrate(service, device)
    return await started(service, "dosing_automation", automation_name="chemostat", exchange_volume_ml=0.3)


def pumps(service: Service) -> float:
    state = truth(service)
    return sum(state[f"{name}_pump_percent"] for name in ("media", "alt_media", "waste"))


def test_no_rule_begins_a_dose_while_everything_is_being_switched_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await chemostat(service)
            await until(lambda: pumps(service) > 0)
            await until(lambda: pumps(service) == 0)  # it waits for mixing now
            await asyncio.sleep(4.8)
            moved_ml = truth(service)["media_ml"] + truth(service)["waste_ml"]
            misbehave(service, "delay 0.4")
            entries = of_experiments(service.jobs)
            await switch_all_off(entries, service.board_link)
            await service.jobs.end(entries)
            misbehave(service, "heal")
            await asyncio.sleep(5)
            assert truth(service)["media_ml"] + truth(service)["waste_ml"] == pytest.approx(moved_ml, abs=0.011)

    bent(run())


def test_leds_that_were_stopped_do_not_live_on_in_a_new_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "led_intensity", b=20, c=20)
            await asyncio.sleep(2)
            entries = of_experiments(service.jobs)
            stopping = asyncio.create_task(service.jobs.end(entries))
            await asyncio.sleep(0)
            service.jobs.start(StartRequest("led_intensity", {"b": 10}))
            await stopping
            await asyncio.sleep(30)
            assert leds(service) == (pytest.approx(10, abs=0.3), 0)

    bent(run())


def test_light_goes_off_when_a_cycle_is_put_to_sleep_while_light_is_measured(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await started(service, "led_automation", automation_name="light_dark_cycle", light_intensity=30)
            await asyncio.sleep(1)
            assert truth(service)["led_c_percent"] > 0
            with service.jobs.led_locks.locked("ABCD"):
                await service.jobs.change_settings("led_automation", {"$state": "sleeping"})
                await asyncio.sleep(1)
                assert job.state is JobState.SLEEPING
                state = truth(service)
                assert (state["led_c_percent"], state["led_d_percent"]) == (0, 0)
            await asyncio.sleep(60)
            assert truth(service)["led_c_percent"] == 0

    bent(run())


def test_a_cycle_put_to_sleep_without_a_link_stays_dark_and_can_be_woken(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "led_automation", automation_name="light_dark_cycle", light_intensity=30)
            await asyncio.sleep(2)
            misbehave(service, "unplug 5")
            await until(lambda: not service.board_link.is_usable)
            await service.jobs.change_settings("led_automation", {"$state": "sleeping"})
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(1)
            assert (truth(service)["led_c_percent"], truth(service)["led_d_percent"]) == (0, 0)
            await asyncio.sleep(60)
            assert job.state is JobState.SLEEPING
            assert not told.log("ERROR")
            await service.jobs.change_settings("led_automation", {"$state": "ready"})
            await asyncio.sleep(1)
            assert truth(service)["led_c_percent"] == pytest.approx(30, abs=0.3)

    bent(run())


def test_nothing_but_the_heaters_job_drives_the_heaters_channel(tmp_path: Path) -> None:
    async def run() -> None:
        tmp_path.joinpath("unit_config.ini").write_text("[PWM]\n1=\n5=stirring\n")
        async with bent_service(tmp_path) as (service, _):
            with pytest.raises(ServiceError, match="heater"):
                await started(service, "stirring")
            assert truth(service)["heater_percent"] == 0
            await asyncio.sleep(60)
            assert truth(service)["heater_percent"] == 0

    bent(run())
