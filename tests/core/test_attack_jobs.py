"""The worst moments for jobs that measure or stir: clocks set, kicks cut off, boards exchanged."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from attack_jobs import Lights, Slow, leds
from bent_service import bent, bent_service, ended, misbehave, started, truth, until

from core.bus import LedChanged, ReadingTaken
from core.errors import ConflictError, UnavailableError
from core.jobs.runner import StartRequest
from core.jobs.stop import of_experiments, switch_all_off
from core.plugins.api import (
    Config,
    Group,
    Job,
    JobDeclaration,
    JobState,
    StopOrder,
    led_output,
)
from device.board import OutputWentOff
from device.simulated import SimulatedBoard


@pytest.mark.parametrize("when_s", [0.0, 0.1, 0.3])
def test_a_setting_given_up_in_the_middle_of_a_kick_does_not_leave_the_motor_at_full_duty(
    tmp_path: Path, when_s: float
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await started(service, "stirring", use_rpm=False, duty_cycle=0)
            await asyncio.sleep(10)
            changing = asyncio.create_task(job.change({"duty_cycle": 20.0}))
            await asyncio.sleep(when_s)
            changing.cancel()
            await asyncio.wait((changing,))
            await asyncio.sleep(60)
            assert truth(service)["stirrer_percent"] <= 20.1

    bent(run())


def test_readings_that_stop_in_the_middle_of_a_kick_do_not_leave_the_motor_at_full_duty(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "od_reading", interval=15)
            job = await started(service, "stirring", use_rpm=False, duty_cycle=20, enable_dodging_od=True)
            await until(lambda: job.settings["currently_dodging_od"])
            await asyncio.sleep(3)
            await until(lambda: truth(service)["stirrer_percent"] == 0)
            await until(lambda: truth(service)["stirrer_percent"] == 100)
            (reading,) = [each for each in service.jobs.running if each.name == "od_reading"]
            reading.job.end()
            await ended(reading.job)
            await asyncio.sleep(120)
            assert truth(service)["stirrer_percent"] == pytest.approx(20, abs=0.1)
            assert job.settings["duty_cycle"] == 20

    bent(run())


def test_the_motor_rests_during_readings_after_the_computers_clock_was_set(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "od_reading", interval=15)
            job = await started(service, "stirring", enable_dodging_od=True)
            await until(lambda: job.settings["currently_dodging_od"])
            service.clock._offset_s += 3607.0  # the clock was an hour and seven seconds slow
            await asyncio.sleep(40)
            turning: list[float] = []

            def look(reading: ReadingTaken) -> None:
                if reading.series == "od2":
                    turning.append(truth(service)["stirrer_percent"])

            service.bus.listen(ReadingTaken, look)
            await asyncio.sleep(150)
            assert len(turning) == 10
            assert max(turning) == 0
            assert not told.log("ERROR")

    bent(run())


def test_too_much_light_darkens_the_leds_of_other_jobs_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Lights)
            lights = await started(service, "lights")
            assert isinstance(lights, Lights)
            await lights.light("B", 20)
            await lights.light("C", 20)
            reading = await started(service, "od_reading")
            await asyncio.sleep(20)
            misbehave(service, "saturate 2")
            await ended(reading)
            assert leds(service) == (0, 0)

    bent(run())


def test_too_much_light_keeps_the_leds_dark(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Lights)
            lights = await started(service, "lights")
            assert isinstance(lights, Lights)
            await lights.light("B", 20)
            reading = await started(service, "od_reading")
            await asyncio.sleep(20)
            misbehave(service, "saturate 2")
            await ended(reading)
            assert [event.intensity for event in told.of(LedChanged) if event.channel == "B"][-1] == 0
            await asyncio.sleep(60)
            assert leds(service) == (0, 0)
            assert lights.state is JobState.READY
            await lights.light("B", 20)
            await asyncio.sleep(60)
            assert leds(service) == (pytest.approx(20, abs=0.3), 0)

    bent(run())


class NightLight(Job):
    """Keeps an LED on, asleep or not; has nothing but a timer."""

    declaration = JobDeclaration("night_light", "", Group.LIGHT, "Night light", stop_order=StopOrder.LIGHTS)
    runs = 0

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        return (led_output("C"),)

    async def set_up(self) -> None:
        await self.context.outputs.set_led("C", 20, "test", self.context.experiment)
        self.every(60, self._count)

    async def _count(self) -> None:
        self.runs += 1


def test_a_sleeping_job_keeps_what_it_left_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(NightLight)
            job = await started(service, "night_light")
            assert isinstance(job, NightLight)
            await asyncio.sleep(10)
            await service.jobs.change_settings("night_light", {"$state": "sleeping"})
            runs = job.runs
            await asyncio.sleep(300)
            assert (job.state, job.runs) == (JobState.SLEEPING, runs)
            assert leds(service)[1] > 19
            assert not told.log("ERROR")

    bent(run())


@pytest.mark.parametrize("after_s", [0.5, 5.0, 12.0])
def test_a_motor_switched_on_between_two_runs_of_its_timer_keeps_turning(tmp_path: Path, after_s: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring", target_rpm=0)
            await asyncio.sleep(30)
            count = len(told.readings("measured_rpm"))
            await until(lambda: len(told.readings("measured_rpm")) > count)
            await asyncio.sleep(after_s)
            await service.jobs.change_settings("stirring", {"target_rpm": 500})
            for _ in range(60):
                await asyncio.sleep(1)
                assert truth(service)["stirrer_percent"] > 0
            assert job.state is JobState.READY

    bent(run())


def test_hours_asleep_are_not_added_up_as_an_error_of_speed(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            overrides = [("stirring.pid", "Ki", "0.0001")]
            job = service.jobs.start(StartRequest("stirring", config_overrides=overrides))
            await asyncio.sleep(600)
            steady = truth(service)["stirrer_percent"]
            await service.jobs.change_settings("stirring", {"$state": "sleeping"})
            await asyncio.sleep(7200)
            await service.jobs.change_settings("stirring", {"$state": "ready"})
            highest = 0.0
            for _ in range(600):
                await asyncio.sleep(1)
                highest = max(highest, truth(service)["stirrer_percent"])
            assert highest < steady + 10
            assert job.state is JobState.READY, told.log("ERROR")

    bent(run())


def test_a_job_that_renewed_just_before_a_lease_ended_early_is_not_called_hung(tmp_path: Path) -> None:
    """A computer that was suspended finds its outputs gone, while by its own clock no renewal is due yet."""

    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Lights)
            job = await started(service, "lights")
            assert isinstance(job, Lights)
            await job.light("B", 20)
            await asyncio.sleep(10.5)
            gone: list[OutputWentOff] = []
            service.board_link.listen(lambda event: gone.append(event) if isinstance(event, OutputWentOff) else None)
            await service.board_link.board.set_led("B", 20.0, 0.001)
            await until(lambda: bool(gone))
            await asyncio.sleep(30)
            assert job.state is JobState.READY
            assert leds(service)[0] > 19
            assert "is on again" in told.log("WARNING")

    bent(run())


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf")])
def test_a_board_that_measures_no_supply_is_still_shown(tmp_path: Path, nonsense: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            board = service.board_link.simulation
            assert isinstance(board, SimulatedBoard)
            board.hardware.read_supply_v = lambda: nonsense  # type: ignore[method-assign]
            await asyncio.sleep(25)
            shown = service.board_link.describe()
            json.dumps(shown, allow_nan=False)
            assert shown["supply_v"] is None
            assert shown["heater_celsius"] > 10
            assert not told.log("ERROR")

    bent(run())


def test_choosing_two_boards_at_once_leaves_one_in_use(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            link = service.board_link
            made: list[Any] = []
            create = link._create

            def noted(url: str) -> Any:
                made.append(create(url))
                return made[-1]

            link._create = noted
            await asyncio.gather(link.open("simulated:?seed=2"), link.open("simulated:?seed=3"))
            await asyncio.sleep(5)
            assert [board for board in made if board.connection.is_usable] == [link.current]

    bent(run())


def test_a_job_that_is_ended_before_its_first_step_switches_nothing_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            service.jobs.registry.add(Slow)
            job = service.jobs.start(StartRequest("slow"))
            await switch_all_off(of_experiments(service.jobs), service.board_link)
            await ended(job)
            assert told.duties() == []
            assert truth(service)["heater_percent"] == 0
            await asyncio.sleep(2)
            again = await started(service, "slow")
            assert again.state is JobState.READY
            assert truth(service)["heater_percent"] > 0
            with contextlib.suppress(ConflictError, UnavailableError):
                await again.change({"$state": "disconnected"})

    bent(run())
