"""led_automation on the simulated board: light and dark on time, beside OD readings, through a lost link."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import EPOCH_UTC_S, Told, bent, bent_service, misbehave, started, truth, until

from core.bus import LedChanged
from core.errors import BadRequestError, ConflictError
from core.jobs.job import Job
from core.jobs.runner import StartRequest
from core.service import Service

MIN = 60.0


async def cycle(service: Service, **options: float) -> Job:
    return await started(service, "led_automation", automation_name="light_dark_cycle", **options)


def changes(told: Told, channel: str) -> list[tuple[float, float]]:
    """Minutes since the start, and percent, of every change of an LED."""
    return [
        (round((event.utc_s - EPOCH_UTC_S) / MIN, 2), event.intensity)
        for event in told.of(LedChanged)
        if event.channel == channel
    ]


def lit(service: Service) -> tuple[float, float]:
    state = truth(service)
    return round(state["led_c_percent"], 1), round(state["led_d_percent"], 1)


def test_light_and_dark_by_turns_with_an_exact_phase(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await cycle(service, light_intensity=20, light_duration_minutes=1.5, dark_duration_minutes=0.5)
            await asyncio.sleep(6 * MIN + 1)
            expected = [(0, 20), (1.5, 0), (2, 20), (3.5, 0), (4, 20), (5.5, 0), (6, 20)]
            assert changes(told, "C") == changes(told, "D") == expected
            assert lit(service) == (20, 20)
            assert job.settings["latest_event"]["event_name"] == "ChangedLedIntensity"
            assert {event.source for event in told.of(LedChanged)} == {"led_automation:light_dark_cycle"}
            await service.jobs.change_settings("led_automation", {"$state": "disconnected"})
            assert lit(service) == (0, 0)

    bent(run())


def test_defaults_and_the_first_cycle_skipped(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await cycle(service, skip_first_run=1)
            assert job.settings["light_intensity"] == 5
            assert (job.settings["light_duration_minutes"], job.settings["dark_duration_minutes"]) == (960, 480)
            assert job.settings["duration"] == 1440
            await service.jobs.change_settings("led_automation", {"$state": "sleeping"})
            assert lit(service) == (0, 0)

    bent(run())


def test_a_change_of_any_value_takes_effect_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await cycle(service, light_duration_minutes=60, dark_duration_minutes=60)
            await asyncio.sleep(30 * MIN)
            for settings, expected in (
                ({"light_intensity": 40}, 40),
                ({"light_duration_minutes": 20}, 0),
                ({"light_duration_minutes": 40}, 40),
                ({"light_duration_minutes": 0}, 0),
                ({"light_duration_minutes": 20, "dark_duration_minutes": 0}, 40),
            ):
                await service.jobs.change_settings("led_automation", settings)
                await asyncio.sleep(1)
                assert lit(service) == (expected, expected), settings
            with pytest.raises(BadRequestError):
                await service.jobs.change_settings("led_automation", {"light_intensity": 101})

    bent(run())


def test_lights_beside_od_readings_and_again_after_a_lost_link(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "od_reading")
            await cycle(service, light_intensity=20, light_duration_minutes=0.5, dark_duration_minutes=0.5)
            await asyncio.sleep(10 * MIN)
            assert not told.log("ERROR")
            times = [minutes for minutes, _ in changes(told, "D")]
            assert len(times) == 20
            assert all(abs(time - k / 2) < 0.06 for k, time in enumerate(times))
            misbehave(service, "unplug 300")
            await asyncio.sleep(70)
            assert lit(service) == (0, 0), "leases have ended"
            await until(lambda: lit(service) == (20, 20), 400)

    bent(run())


def test_holds_its_leds_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await cycle(service)
            await asyncio.sleep(2)
            with pytest.raises(ConflictError, match="led_automation"):
                service.jobs.start(StartRequest("led_automation", {"automation_name": "silent"}))

    bent(run())


def test_silent_runs_and_changes_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "led_automation", automation_name="silent")
            await asyncio.sleep(3)
            assert job.settings["latest_event"] == {"event_name": "NoEvent", "message": None, "data": None}
            assert job.settings["duration"] == 60
            assert not told.of(LedChanged)
            with pytest.raises(BadRequestError, match="duration"):
                await service.jobs.change_settings("led_automation", {"duration": 0})
            await service.jobs.change_settings("led_automation", {"duration": 1})
            assert job.settings["duration"] == 1

    bent(run())
