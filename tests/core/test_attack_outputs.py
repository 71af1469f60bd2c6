"""The worst moments for a job that drives outputs: each of them must leave off what should be off."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from attack_jobs import Lights, Slow, leds
from bent_service import bent, bent_service, ended, misbehave, started, truth, until

from core.bus import LedChanged
from core.errors import UnavailableError
from core.jobs.stop import of_experiments, switch_all_off
from core.plugins.api import (
    BoardError,
    JobState,
)
from device.board import OutputWentOff


def test_an_output_switched_off_while_another_is_renewed_stays_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            await job.light("C", 20)
            misbehave(service, "delay 0.05")
            await asyncio.sleep(job.context.outputs.next_renewal_s() - asyncio.get_running_loop().time() + 0.02)
            await job.light("C", 0)
            await asyncio.sleep(1)
            assert leds(service) == (pytest.approx(20, abs=0.3), 0)

    bent(run())


def test_switching_off_is_not_taken_back_by_whoever_stops_waiting_for_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("C", 20)
            misbehave(service, "delay 0.2")
            identifying = asyncio.create_task(service.board_link.board.identify())
            await asyncio.sleep(0.01)
            switching = asyncio.create_task(job.light("C", 0))
            await asyncio.sleep(0.01)
            switching.cancel()
            await asyncio.wait((switching, identifying))
            await asyncio.sleep(1)
            assert leds(service) == (0, 0)

    bent(run())


def test_a_refused_value_leaves_the_former_one_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            for channel in "BC":
                with pytest.raises(BoardError):
                    await job.light(channel, 150)
            await asyncio.sleep(100)
            assert leds(service) == (pytest.approx(20, abs=0.3), 0)
            assert job.state is JobState.READY
            assert not told.log("ERROR")

    bent(run())


def test_a_heater_the_board_refused_does_not_come_on_later_by_itself(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Slow)
            misbehave(service, "sensor-missing")
            await asyncio.sleep(2)
            job = service.jobs.registry.find("slow")
            assert job is Slow

            async def keep_trying(self: Slow) -> None:
                with contextlib.suppress(BoardError):
                    await self.context.outputs.set_pwm(5, 40.0, 16.0)

            Slow.set_up, original = keep_trying, Slow.set_up  # type: ignore[method-assign]
            try:
                await started(service, "slow")
                misbehave(service, "heal")
                await asyncio.sleep(1)
                await service.board_link.board.clear_faults()
                await asyncio.sleep(5)
                assert truth(service)["heater_percent"] == 0
            finally:
                Slow.set_up = original  # type: ignore[method-assign]

    bent(run())


def test_a_stirrer_put_to_sleep_without_a_link_is_off_when_the_link_is_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            await asyncio.sleep(60)
            misbehave(service, "unplug 5")
            await until(lambda: not service.board_link.is_usable)
            await service.jobs.change_settings("stirring", {"$state": "sleeping"})
            assert job.state is JobState.SLEEPING
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(1)
            assert truth(service)["stirrer_percent"] == 0
            await asyncio.sleep(100)
            assert job.state is JobState.SLEEPING
            assert not told.log("ERROR")
            await service.jobs.change_settings("stirring", {"$state": "ready"})
            await asyncio.sleep(100)
            assert truth(service)["stirrer_rpm"] > 300

    bent(run())


def test_what_the_board_switched_off_by_itself_is_not_shown_as_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Slow, Lights)
            await started(service, "slow")
            lights = await started(service, "lights")
            assert isinstance(lights, Lights)
            await lights.light("B", 20)
            misbehave(service, "overheat")
            await asyncio.sleep(1)
            assert truth(service)["heater_percent"] == 0
            assert told.duties()[-1][1] == 0
            await asyncio.sleep(600)
            await service.board_link.board.clear_faults()
            await asyncio.sleep(2)
            assert truth(service)["heater_percent"] == told.duties()[-1][1] == 40
            gone = asyncio.Event()
            service.board_link.listen(lambda event: gone.set() if isinstance(event, OutputWentOff) else None)
            await service.board_link.board.set_led("B", 20.0, 0.001)
            await gone.wait()
            assert told.of(LedChanged)[-1].intensity == 0
            await asyncio.sleep(10)
            assert told.of(LedChanged)[-1].intensity == 20

    bent(run())


def test_what_is_switched_off_without_a_link_is_not_shown_as_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            misbehave(service, "unplug 3")
            await until(lambda: not service.board_link.is_usable)
            with pytest.raises(UnavailableError):
                await job.light("B", 0)
            await until(lambda: service.board_link.is_usable)
            await asyncio.sleep(0.5)
            assert leds(service) == (0, 0)
            assert told.of(LedChanged)[-1].intensity == 0

    bent(run())


def test_an_ending_job_does_not_heat_on_through_its_last_words(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Slow)
            job = await started(service, "slow")
            await asyncio.sleep(10)
            await switch_all_off(of_experiments(service.jobs), service.board_link)
            for _ in range(40):
                assert truth(service)["heater_percent"] == 0
                await asyncio.sleep(0.1)
            await ended(job)

    bent(run())


def test_one_output_the_board_refuses_to_switch_off_does_not_keep_the_others_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            await job.light("C", 20)
            board = service.board_link.board
            set_led = board.set_led

            async def refuses_b(channel: str, *args: Any) -> float:
                if channel == "B":
                    raise BoardError("channel B is stuck")
                return await set_led(channel, *args)

            board.set_led = refuses_b  # type: ignore[method-assign]
            job.end()
            await ended(job)
            assert leds(service)[1] == 0

    bent(run())


def test_outputs_go_off_at_the_end_on_a_slow_link_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            await job.light("C", 20)
            misbehave(service, "delay 1.1")
            identifying = asyncio.create_task(service.board_link.board.identify())
            await asyncio.sleep(0.01)
            job.end()
            await ended(job)
            await asyncio.sleep(6)
            assert leds(service) == (0, 0)
            assert service.board_link.is_usable
            await identifying

    bent(run())
