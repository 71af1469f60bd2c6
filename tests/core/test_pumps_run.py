"""Pump runs on the simulated board in bent time: what is told, what is counted, and what the board really did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pump_calibrations import MEDIA_ML_PER_S, calibrate

from core.bus import DosingEvent, JobChanged, PwmChanged
from core.dosing.timed_run import next_piece_s
from core.errors import BadRequestError
from core.jobs.runner import StartRequest
from core.jobs.state import JobState
from core.service import Service


def _doses(service: Service) -> list[DosingEvent]:
    doses: list[DosingEvent] = []
    service.bus.listen(DosingEvent, doses.append)
    return doses


def test_a_volume_is_announced_in_slices_before_it_moves_and_is_all_there_in_the_end(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump", 0.1)  # more than this pump does
            doses = _doses(service)
            moved_ml: list[float] = []
            service.bus.listen(DosingEvent, lambda _: moved_ml.append(truth(service)["media_ml"]))
            job = await started(service, "add_media", ml=1.0, source_of_event="test")
            assert truth(service)["media_ml"] == 0
            await ended(job)
            assert len(doses) == 20  # 10 s
            assert {dose.event for dose in doses} == {"add_media"}
            assert {dose.source for dose in doses} == {"test"}
            assert sum(dose.volume_change_ml for dose in doses) == pytest.approx(1.0, abs=1e-12)
            assert doses[0].volume_change_ml == pytest.approx(0.05)
            announced = 0.0
            for dose, moved in zip(doses, moved_ml, strict=True):
                announced += dose.volume_change_ml
                assert moved <= announced
            assert 0.8 < truth(service)["media_ml"] < 1.0
            values = service.bioreactor.values(job.context.experiment)
            assert values["current_volume_ml"] == pytest.approx(16.0)
            assert job.state is JobState.DISCONNECTED
            assert told.duties() == [(0.0, 100.0), (pytest.approx(10.0, abs=0.1), 0.0)]
            assert "Adding 1.000 ml of media." in told.log("INFO")
            assert "Added 1.000 ml of media." in told.log("INFO")

    bent(run())


def test_a_duration_needs_no_calibration(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            doses = _doses(service)
            await ended(await started(service, "add_alt_media", duration=2.2))
            assert [round(dose.volume_change_ml, 5) for dose in doses] == [0.04555] * 4 + [0.01822]
            with pytest.raises(BadRequestError, match=r"no active calibration for media_pump"):
                await started(service, "add_media", ml=1)
            await asyncio.sleep(2)
            with pytest.raises(BadRequestError, match=r"no active calibration for alt_media_pump"):
                await started(service, "add_alt_media", continuously=True)
            assert truth(service)["media_ml"] == 0

    bent(run())


def test_waste_runs_until_stopped_and_is_counted_by_the_time_it_ran(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            doses = _doses(service)
            job = await started(service, "remove_waste", continuously=True)
            await asyncio.sleep(20.2)
            assert truth(service)["waste_pump_percent"] == 100
            before_s = service.clock.monotonic_s()
            job.end()
            await until(lambda: truth(service)["waste_pump_percent"] == 0)
            assert service.clock.monotonic_s() - before_s < 0.06
            await ended(job)
            assert sum(dose.volume_change_ml for dose in doses) == pytest.approx(20.2 * 0.0911, abs=0.003)
            assert doses[-1].volume_change_ml < 0
            assert told.states("remove_waste") == ["init", "ready", "disconnected"]

    bent(run())


def test_a_stop_takes_back_what_was_announced_and_not_moved(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            doses = _doses(service)
            job = await started(service, "add_media", ml=2.0)
            await asyncio.sleep(3.1)
            await service.jobs.end(service.jobs.running)
            moved_ml = sum(dose.volume_change_ml for dose in doses)
            assert moved_ml == pytest.approx(3.1 * MEDIA_ML_PER_S, abs=0.004)
            assert -0.04 < doses[-1].volume_change_ml < 0
            assert f"stopped after {moved_ml:.3f} of 2.000 ml" in told.log("INFO")
            volume_ml = service.bioreactor.values(job.context.experiment)["current_volume_ml"]
            assert volume_ml == pytest.approx(15 + moved_ml)
            pumped_ml = truth(service)["media_ml"]
            await asyncio.sleep(30)
            assert truth(service)["media_ml"] == pytest.approx(pumped_ml, abs=0.02)

    bent(run())


def test_a_continuous_inflow_ends_before_the_vial_is_full(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            job = await started(service, "add_media", continuously=True)
            await ended(job)
            volume_ml = service.bioreactor.values(job.context.experiment)["current_volume_ml"]
            assert 17.9 < volume_ml < 18.0
            assert job.state is JobState.DISCONNECTED
            assert "before it overflows" in told.log("WARNING")
            assert not told.log("ERROR")

    bent(run())


def test_two_inflows_together_end_before_the_vial_is_full(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            await calibrate(service, "alt_media_pump")
            media = await started(service, "add_media", ml=2.9)
            alt_media = await started(service, "add_alt_media", ml=2.9)
            await ended(media)
            await ended(alt_media)
            assert service.bioreactor.values(media.context.experiment)["current_volume_ml"] < 18
            assert "The vial would reach 18 ml" in told.log("ERROR")

    bent(run())


def test_an_unplugged_board_stops_within_the_lease_and_the_rest_is_not_pumped(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            doses = _doses(service)
            job = await started(service, "add_media", ml=2.9)  # 36 s
            await asyncio.sleep(7)
            pumped_ml = truth(service)["media_ml"]
            misbehave(service, "unplug 60")
            await asyncio.sleep(5.1)
            assert truth(service)["media_pump_percent"] == 0
            await ended(job)
            assert job.state is JobState.LOST
            assert "are counted as run" in told.log("ERROR")
            told_ml = sum(dose.volume_change_ml for dose in doses)
            assert told_ml == pytest.approx(10 * MEDIA_ML_PER_S, abs=0.01)  # a piece of 5 s was under way
            await asyncio.sleep(120)
            assert truth(service)["media_ml"] < 2 * pumped_ml
            assert truth(service)["media_pump_percent"] == 0

    bent(run())


def test_a_short_break_of_the_link_ends_the_run_and_the_count_is_what_the_board_says(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrate(service, "media_pump")
            doses = _doses(service)
            job = await started(service, "add_media", ml=2.9)
            await asyncio.sleep(6)
            misbehave(service, "unplug 1")
            await ended(job)
            assert truth(service)["media_pump_percent"] == 0
            told_ml = sum(dose.volume_change_ml for dose in doses)
            assert 7 * MEDIA_ML_PER_S - 0.01 < told_ml <= 10 * MEDIA_ML_PER_S + 0.01
            assert told_ml / MEDIA_ML_PER_S == pytest.approx(truth(service)["media_ml"] / 0.0911, rel=0.15)

    bent(run())


def test_a_link_that_is_back_after_the_piece_does_not_go_on_with_the_dose(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            doses = _doses(service)
            job = await started(service, "add_media", ml=2.9)
            await asyncio.sleep(6)
            misbehave(service, "unplug 8")
            await ended(job)
            assert "link to the board was lost" in told.log("ERROR")
            assert sum(dose.volume_change_ml for dose in doses) == pytest.approx(10 * MEDIA_ML_PER_S, abs=0.01)
            await asyncio.sleep(60)
            assert truth(service)["media_ml"] == pytest.approx(10 * 0.0911, rel=0.15)

    bent(run())


def test_a_board_that_restarts_does_not_go_on_pumping(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "remove_waste", continuously=True)
            await asyncio.sleep(3)
            misbehave(service, "reboot")
            await ended(job)
            assert job.state is JobState.LOST
            assert told.log("ERROR")
            await asyncio.sleep(60)
            assert truth(service)["waste_pump_percent"] == 0

    bent(run())


def test_a_calibration_beside_the_origin_moves_what_it_says(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump", 0.1, offset_ml=-0.05)
            doses = _doses(service)
            await ended(await started(service, "add_media", ml=0.2))  # 2.5 s
            assert sum(dose.volume_change_ml for dose in doses) == pytest.approx(0.2)
            assert min(dose.volume_change_ml for dose in doses) >= 0
            assert told.duties()[-1][0] == pytest.approx(2.5, abs=0.05)

    bent(run())


def test_nothing_to_move_ends_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump")
            job = service.jobs.start(StartRequest("add_media", {"ml": 0}))
            await ended(job)
            assert (await service.jobs.until_started(job))["state"] == "disconnected"
            assert told.duties() == []

    bent(run())


@given(left_s=st.floats(1e-3, 500), longest_s=st.sampled_from([5.0, 3.0, 15.0]))
@example(left_s=5.02, longest_s=5.0)
@settings(deadline=None)
def test_pieces_are_never_longer_than_the_lease_and_add_up(left_s: float, longest_s: float) -> None:
    total_s, pieces = 0.0, 0
    while left_s - total_s > 1e-6:
        piece_s = next_piece_s(left_s - total_s, longest_s)
        assert 0 < piece_s <= longest_s
        total_s += piece_s
        pieces += 1
    assert total_s == pytest.approx(left_s)
    assert pieces <= left_s / longest_s + 3


@given(doses=st.lists(st.tuples(st.sampled_from(["add_media", "remove_waste"]), st.floats(0.01, 0.7)), max_size=4),
       stop_after_s=st.floats(0.1, 20))  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_what_is_told_is_what_the_pumps_report(
    tmp_path_factory: pytest.TempPathFactory, doses: list[tuple[str, float]], stop_after_s: float
) -> None:
    async def run() -> None:
        async with bent_service(tmp_path_factory.mktemp("data")) as (service, told):
            for device in ("media_pump", "waste_pump"):
                await calibrate(service, device, 0.0911)
            events = _doses(service)
            for name, ml in doses:
                service.jobs.start(StartRequest(name, {"ml": ml}))
                await asyncio.sleep(stop_after_s)
                await service.jobs.end([entry for entry in service.jobs.running if entry.name == name])
                await asyncio.sleep(2)
            for event, channel in (("add_media", 2), ("remove_waste", 4)):
                told_ml = sum(dose.volume_change_ml for dose in events if dose.event == event)
                on_s, since = 0.0, 0.0
                for change in told.of(PwmChanged):
                    if change.channel == channel:
                        on_s += change.utc_s - since if change.duty_percent == 0 and since else 0.0
                        since = change.utc_s if change.duty_percent else 0.0
                assert told_ml == pytest.approx(0.0911 * on_s, abs=0.0911 * 0.06 * max(1, len(doses)))
            assert not [event for event in told.of(JobChanged) if event.state == "lost"]

    bent(run())


def test_a_board_whose_word_is_late_is_not_counted_as_pumping_meanwhile(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await calibrate(service, "media_pump", 0.0911)
            doses = _doses(service)
            job = await started(service, "add_media", continuously=True)
            await asyncio.sleep(2.2)
            # The board ends its piece by itself and cannot say so; no other begins.
            misbehave(service, "delay 20")
            await asyncio.sleep(40)
            misbehave(service, "heal")
            told_ml = sum(dose.volume_change_ml for dose in doses)
            assert told_ml <= 0.0911 * 10.5
            job.end()
            await ended(job)
            assert truth(service)["media_ml"] == pytest.approx(sum(dose.volume_change_ml for dose in doses), rel=0.15)
            assert "overflows" not in told.log("WARNING")

    bent(run())
