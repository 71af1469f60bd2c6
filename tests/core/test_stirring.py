"""Stirring on the simulated reactor: the speed is held, a stalled bar is kicked loose, readings are dodged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, misbehave, started, truth, until

from core.bus import GapMarked, SettingChanged
from core.errors import BadRequestError, ConflictError
from core.jobs.runner import StartRequest
from core.jobs.state import JobState


def test_kicks_at_the_start_and_reaches_500_rpm(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            assert told.duties()[:2] == [(0.0, 100.0), (0.5, 30.0)]
            await asyncio.sleep(900)
            assert truth(service)["stirrer_rpm"] == pytest.approx(500, abs=10)
            assert job.settings["measured_rpm"]["measured_rpm"] == pytest.approx(500, abs=12)
            times = [reading.utc_s for reading in told.readings("measured_rpm")]
            assert [round(later - times[0], 3) for later in times[1:4]] == [23, 46, 69]

    bent(run())


def test_a_stalled_bar_is_told_and_kicked_loose(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "stirring")
            await asyncio.sleep(60)
            misbehave(service, "stall")
            await asyncio.sleep(5)
            assert truth(service)["stirrer_rpm"] == pytest.approx(0, abs=1)
            await until(lambda: truth(service)["stirrer_rpm"] > 300)
            assert "stands still" in told.log("WARNING")
            await asyncio.sleep(1)
            before, rest, kick, after = (percent for _, percent in told.duties()[-4:])
            assert (rest, kick) == (0.0, 100.0)
            assert after == pytest.approx(1.01 * before, abs=1e-4)

    bent(run())


def test_a_jammed_bar_never_drives_the_duty_above_60_percent(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring", duty_cycle=55)
            misbehave(service, "stall jammed")
            await asyncio.sleep(3600)
            assert job.state is JobState.READY
            held = {percent for _, percent in told.duties()} - {0.0, 100.0}
            assert max(held) == 60.0

    bent(run())


def test_sleeping_stops_the_motor_and_waking_kicks_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            await asyncio.sleep(60)
            await service.jobs.change_settings("stirring", {"$state": "sleeping"})
            await service.jobs.change_settings("stirring", {"target_rpm": 400})
            assert job.settings["measured_rpm"]["measured_rpm"] == 0
            readings = len(told.readings("measured_rpm"))
            await asyncio.sleep(120)
            assert truth(service)["stirrer_rpm"] == pytest.approx(0, abs=1)
            assert len(told.readings("measured_rpm")) == readings
            assert [gap.series for gap in told.of(GapMarked)] == ["measured_rpm", "stirring_duty_cycle"]
            await service.jobs.change_settings("stirring", {"$state": "ready"})
            assert [percent for _, percent in told.duties()[-2:]] == [100.0, job.settings["duty_cycle"]]
            assert job.settings["target_rpm"] == 400
            await asyncio.sleep(1500)
            assert truth(service)["stirrer_rpm"] == pytest.approx(400, abs=12)

    bent(run())


def test_targets_are_clamped_and_zero_stops_the_motor(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await started(service, "stirring")
            await service.jobs.change_settings("stirring", {"target_rpm": 99_999})
            assert job.settings["target_rpm"] == 5000
            await service.jobs.change_settings("stirring", {"target_rpm": -5})
            assert job.settings["target_rpm"] == 0
            await asyncio.sleep(10)
            assert truth(service)["stirrer_rpm"] == pytest.approx(0, abs=1)
            await service.jobs.change_settings("stirring", {"target_rpm": 500})
            await asyncio.sleep(5)
            assert truth(service)["stirrer_rpm"] > 300

    bent(run())


def test_without_speed_feedback_the_duty_stays_and_a_target_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "stirring", use_rpm=False, duty_cycle=25)
            await asyncio.sleep(300)
            assert truth(service)["stirrer_percent"] == pytest.approx(25, abs=0.01)
            assert not told.readings("measured_rpm")
            with pytest.raises(BadRequestError, match="no speed to hold"):
                await service.jobs.change_settings("stirring", {"duty_cycle": 40, "target_rpm": 300})
            assert truth(service)["stirrer_percent"] == pytest.approx(25, abs=0.01)

    bent(run())


def test_measuring_only_leaves_the_duty_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "stirring", measure_rpm_only=True, duty_cycle=35)
            await asyncio.sleep(120)
            assert len(told.readings("measured_rpm")) == 5
            assert told.duties() == [(0.0, 100.0), (0.5, 35.0)]

    bent(run())


def test_dodging_rests_during_every_reading_and_stirs_between(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring", enable_dodging_od=True)
            assert job.settings["currently_dodging_od"] is False
            await started(service, "od_reading", interval=10)
            await until(lambda: job.settings["currently_dodging_od"])
            await asyncio.sleep(600)
            first_utc_s = service.jobs.settings_of("od_reading")["first_od_obs_time"]
            phase = 10.0 - (service.clock.utc_s() - first_utc_s) % 10.0
            speeds = {}
            await asyncio.sleep(phase + 0.2)
            for seconds in range(10):
                speeds[seconds] = truth(service)["stirrer_rpm"]
                await asyncio.sleep(1)
            assert speeds[0] < 60, "the bar must rest while OD is read"
            assert max(speeds[seconds] for seconds in (4, 5, 6, 7)) > 400
            readings = told.readings("measured_rpm")[-10:]
            assert all(reading.value == pytest.approx(500, abs=60) for reading in readings)
            await service.jobs.end([entry for entry in service.jobs.running if entry.name == "od_reading"])
            await until(lambda: not job.settings["currently_dodging_od"])
            await asyncio.sleep(30)
            assert truth(service)["stirrer_rpm"] > 400

    bent(run())


def test_dodging_is_refused_when_readings_follow_too_fast(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "od_reading", interval=2)
            await asyncio.sleep(5)
            job = await started(service, "stirring")
            with pytest.raises(BadRequestError, match=r"every 2 s"):
                await service.jobs.change_settings("stirring", {"enable_dodging_od": True})
            assert job.settings["enable_dodging_od"] is False
            await service.jobs.change_settings("od_reading", {"interval": 10})
            await service.jobs.change_settings("stirring", {"enable_dodging_od": True})
            await until(lambda: job.settings["currently_dodging_od"])
            await service.jobs.change_settings("od_reading", {"interval": 2})
            await until(lambda: not job.settings["enable_dodging_od"])
            assert "goes on without dodging" in told.log("ERROR")
            await asyncio.sleep(20)
            assert truth(service)["stirrer_rpm"] > 400, "the culture must not settle"

    bent(run())


def test_link_loss_marks_a_gap_and_stirring_goes_on_afterwards(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            await asyncio.sleep(100)
            misbehave(service, "unplug 120")
            await until(lambda: not service.board_link.is_usable)
            assert "measured_rpm" not in job.settings
            assert service.jobs.rows("stirring")
            before = len(told.readings("measured_rpm"))
            await service.jobs.change_settings("stirring", {"target_rpm": 450})
            await asyncio.sleep(60)
            assert truth(service)["stirrer_rpm"] == pytest.approx(0, abs=1), "its lease has ended"
            assert len(told.readings("measured_rpm")) == before
            assert {gap.series for gap in told.of(GapMarked)} >= {"measured_rpm", "stirring_duty_cycle"}
            await until(lambda: service.board_link.is_usable, 120)
            await asyncio.sleep(1500)
            assert truth(service)["stirrer_rpm"] == pytest.approx(450, abs=12)
            assert job.state is JobState.READY

    bent(run())


def test_an_output_the_board_took_away_comes_back_when_its_job_is_alive(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            await asyncio.sleep(30)
            # As after a computer's short sleep: the lease has ended although the job lives.
            await service.board_link.board.set_pwm(1, 30.0, 200.0, 0.2)
            await asyncio.sleep(2)
            assert truth(service)["stirrer_percent"] == 0
            await asyncio.sleep(15)
            assert truth(service)["stirrer_rpm"] > 400
            assert job.state is JobState.READY
            assert "it is on again" in told.log("WARNING")

    bent(run())


def test_the_motor_belongs_to_one_job_and_is_free_afterwards(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "stirring")
            assert service.jobs.holds.holder_of("PWM 1") == "stirring"
            await asyncio.sleep(2)
            with pytest.raises(ConflictError):
                service.jobs.start(StartRequest("stirring"))
            await service.jobs.end(service.jobs.running)
            assert service.jobs.holds.holder_of("PWM 1") is None
            assert truth(service)["stirrer_percent"] == 0
            cleared = {event.setting for event in told.of(SettingChanged) if event.value is None}
            assert {"target_rpm", "duty_cycle", "measured_rpm"} - {"measured_rpm"} <= cleared
            assert job.settings == {"$state": "disconnected"}

    bent(run())


def test_waiting_for_the_speed(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            job = await started(service, "stirring", target_rpm=470)
            assert await job.wait_until_rpm_is_close() is True
            misbehave(service, "stall jammed")
            assert await job.wait_until_rpm_is_close(timeout_s=20) is False

    bent(run())
