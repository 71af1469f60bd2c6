"""dosing_automation on the simulated reactor: cultures are held, doses are exact, and no fault leaves a pump on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until
from calibration_data import od
from dosed_vial import counted_ml, doses, event_names, pumping, rule, vial

from core.bus import DosingEvent
from core.errors import BadRequestError
from core.jobs.runner import StartRequest
from core.jobs.state import JobState

MORBIDOSTAT_HOURS = 3
HOUR = 3600.0


# Starting


def test_needs_a_calibration_of_every_pump_it_uses(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            with pytest.raises(BadRequestError) as refusal:
                await rule(service, "chemostat", exchange_volume_ml=1)
            assert refusal.value.cause == "no active calibration for media_pump, waste_pump"
            assert service.jobs.newest("dosing_automation") is None
            await asyncio.sleep(2)
            job = await rule(service, "silent", duration=1)
            await asyncio.sleep(3)
            assert job.settings["latest_event"] == {"event_name": "NoEvent", "message": None, "data": None}

    bent(run())


@pytest.mark.parametrize(
    ("name", "options", "field"),
    [
        ("chemostat", {}, "exchange_volume_ml"),
        ("chemostat", {"exchange_volume_ml": 0}, "exchange_volume_ml"),
        ("chemostat", {"exchange_volume_ml": 1, "duration": 0}, "duration"),
        ("chemostat", {"exchange_volume_ml": 1, "current_volume_ml": 21}, "current_volume_ml"),
        ("chemostat", {"exchange_volume_ml": 1, "alt_media_fraction": 1.5}, "alt_media_fraction"),
        ("fed_batch", {"duration": 5}, "dosing_volume_ml"),
        ("turbidostat", {"exchange_volume_ml": 1}, "target_biomass"),
        ("turbidostat", {"exchange_volume_ml": 1, "target_biomass": 1, "biomass_signal": "fused_od"}, "biomass_signal"),
        ("pid_morbidostat", {"target_growth_rate": 0.1}, "target_normalized_od"),
    ],
)
def test_refuses_options_that_make_no_sense(tmp_path: Path, name: str, options: dict[str, Any], field: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            with pytest.raises(BadRequestError) as refusal:
                service.jobs.start(StartRequest("dosing_automation", {"automation_name": name, **options}))
            assert refusal.value.extra["fields"] == [field]

    bent(run())


def test_takes_the_volume_given_at_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, _):
            options = {"current_volume_ml": 12.5, "efflux_tube_volume_ml": 13, "alt_media_fraction": 0.25}
            job = await rule(service, "chemostat", exchange_volume_ml=1, skip_first_run=1, **options)
            values = service.bioreactor.values(job.context.experiment)
            assert {name: values[name] for name in options} == options

    bent(run())


# Doses


def test_a_dose_goes_in_by_parts_and_three_times_as_much_is_sucked_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            job = await rule(service, "chemostat", exchange_volume_ml=2.5, duration=20)
            await asyncio.sleep(19 * 60)
            runs = [percent for time, percent in told.duties() if percent > 0]
            assert len(runs) == 4 * 3, "four parts: medium, waste, more waste"
            assert sum(doses(told, "add_media")) == pytest.approx(2.5)
            assert sum(doses(told, "remove_waste")) == pytest.approx(7.5)
            assert {dose.source for dose in told.of(DosingEvent)} == {"dosing_automation:chemostat"}
            assert truth(service)["media_ml"] == pytest.approx(2.5, rel=0.08)
            assert counted_ml(service, job) == 15
            assert event_names(told) == ["DosingStarted", "DosingStopped", "DilutionEvent"]
            data = job.settings["latest_event"]["data"]
            assert data == {"exchange_volume_ml": 2.5, "volume_actually_cycled_ml": pytest.approx(2.5)}

    bent(run())


def test_runs_at_its_rhythm_and_a_new_duration_counts_from_the_last_run(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            await rule(service, "chemostat", exchange_volume_ml=0.5, duration=10, skip_first_run=1)
            await asyncio.sleep(9.9 * 60)
            assert not told.of(DosingEvent)
            await asyncio.sleep(10 * 60 + 20)
            assert event_names(told).count("DilutionEvent") == 1
            await asyncio.sleep(20)
            assert event_names(told).count("DilutionEvent") == 2
            await service.jobs.change_settings("dosing_automation", {"duration": 2})
            await asyncio.sleep(2 * 60)
            assert event_names(told).count("DilutionEvent") == 3

    bent(run())


def test_no_dose_that_would_fill_the_vial(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            job = await rule(service, "chemostat", exchange_volume_ml=0.5, duration=1, current_volume_ml=17.6)
            await asyncio.sleep(5 * 60)
            assert job.state is JobState.SLEEPING
            assert not doses(told, "add_media")
            assert "would fill the vial" in told.log("ERROR")

    bent(run())


def test_fed_batch_adds_until_the_vial_is_nearly_full(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            job = await rule(service, "fed_batch", dosing_volume_ml=1.25, duration=5)
            await asyncio.sleep(30 * 60)
            assert sum(doses(told, "add_media")) == pytest.approx(2.5)
            assert not doses(told, "remove_waste")
            assert job.state is JobState.SLEEPING
            assert truth(service)["volume_ml"] < 18
            assert "AddMediaEvent" in event_names(told)
            assert event_names(told)[-1] == "ErrorOccurred"

    bent(run())


@pytest.mark.parametrize("state", ["sleeping", "disconnected"])
def test_sleeping_and_ending_stop_the_pump_at_once(tmp_path: Path, state: str) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            job = await rule(service, "chemostat", exchange_volume_ml=1, duration=20)
            await until(lambda: truth(service)["media_pump_percent"] > 0)
            await asyncio.sleep(2)
            await service.jobs.change_settings("dosing_automation", {"$state": state})
            assert not pumping(service)
            moved_ml = sum(doses(told, "add_media"))
            assert 0.05 < moved_ml < 0.4
            assert truth(service)["media_ml"] == pytest.approx(moved_ml, abs=0.03)
            await asyncio.sleep(300)
            assert not pumping(service)
            if state == "disconnected":
                await ended(job)
                return
            await service.jobs.change_settings("dosing_automation", {"$state": "ready"})
            await asyncio.sleep(60)
            assert sum(doses(told, "remove_waste")) == pytest.approx(3)
            assert counted_ml(service, job) == 15
            data = job.settings["latest_event"]["data"]
            assert data["volume_actually_cycled_ml"] == pytest.approx(moved_ml)

    bent(run())


def test_a_link_lost_while_pumping_stops_within_the_pumps_lease_and_dosing_goes_on_later(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            job = await rule(service, "chemostat", exchange_volume_ml=1, duration=10)
            await until(lambda: truth(service)["media_pump_percent"] > 0)
            misbehave(service, "unplug 300")
            await asyncio.sleep(5.5)
            assert not pumping(service)
            await asyncio.sleep(60)
            assert "ErrorOccurred" in event_names(told)
            assert job.state is JobState.READY
            await asyncio.sleep(20 * 60)
            assert event_names(told)[-1] == "DilutionEvent"
            assert counted_ml(service, job) == 15
            assert truth(service)["volume_ml"] < 16.1

    bent(run())


# Cultures


def test_a_chemostat_with_a_blocked_pump_leaves_nothing_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, _):
            await rule(service, "chemostat", exchange_volume_ml=1, duration=10)
            misbehave(service, "block 2")
            await asyncio.sleep(45 * 60)
            assert truth(service)["volume_ml"] == pytest.approx(15, abs=0.05)
            await service.jobs.change_settings("dosing_automation", {"$state": "disconnected"})
            assert not pumping(service)

    bent(run())


def test_a_turbidostat_comes_back_after_a_lost_link_and_tells_of_doses_without_effect(tmp_path: Path) -> None:
    async def run() -> None:
        target = 0.25
        async with vial(tmp_path, inoculum_od=1.25) as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading")
            job = await rule(service, "turbidostat", exchange_volume_ml=1, target_biomass=target, biomass_signal="od")
            await asyncio.sleep(900)
            misbehave(service, "unplug 300")
            await asyncio.sleep(6)
            assert not pumping(service)
            await asyncio.sleep(1500)
            assert abs(told.readings("od2")[-1].value / target - 1) < 0.08
            misbehave(service, "block 2")
            await until(lambda: job.state is JobState.SLEEPING, 1800)
            assert "have not thinned" in told.log("ERROR")
            assert not pumping(service)
            assert truth(service)["volume_ml"] < 16.1

    bent(run())


def test_dosing_stops_when_the_light_of_od_readings_jumps(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            await started(service, "od_reading")
            job = await rule(service, "chemostat", exchange_volume_ml=1, duration=5)
            await asyncio.sleep(60)
            assert job.state is JobState.READY
            optics = service.board_link.simulation.reactor.optics  # type: ignore[attr-defined]
            optics._gain[0] *= 1.3
            await until(lambda: job.state is JobState.SLEEPING, 10)
            assert "not steady" in told.log("ERROR")
            dosed = len(told.of(DosingEvent))
            await asyncio.sleep(900)
            assert len(told.of(DosingEvent)) == dosed

    bent(run())


def test_auto_resolves_to_the_best_signal_there_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, _):
            job = await rule(service, "turbidostat", exchange_volume_ml=1, target_biomass=2)
            assert job.settings["biomass_signal"] == "normalized_od"
            await service.calibrations.save("od90", od(), set_active=True)
            await service.jobs.change_settings("dosing_automation", {"biomass_signal": "auto"})
            assert job.settings["biomass_signal"] == "od"
            with pytest.raises(BadRequestError, match="no signal"):
                await service.jobs.change_settings("dosing_automation", {"biomass_signal": "haze"})
            with pytest.raises(BadRequestError, match="above 0"):
                await service.jobs.change_settings("dosing_automation", {"target_biomass": 0})

    bent(run())


def test_a_morbidostat_doses_drug_by_the_growth_rate(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path) as (service, told):
            await started(service, "stirring")
            await started(service, "od_reading", interval=10)
            await started(service, "growth_rate_calculating")
            job = await rule(service, "pid_morbidostat", target_growth_rate=0.3, target_normalized_od=2, duration=15)
            asyncio.get_running_loop().call_later(1.6 * HOUR, misbehave, service, "unplug 300")
            await asyncio.sleep(MORBIDOSTAT_HOURS * HOUR)
            names = event_names(told)
            assert names[0] == "ErrorOccurred", "growth_rate_calculating has no value in the first seconds"
            assert "NoEvent" in names, "the culture is left to grow first"
            assert names.count("AddAltMediaEvent") >= 3
            data = job.settings["latest_event"]["data"]
            assert set(data) == {"fraction_of_alt_media_to_add", "alt_media_ml", "media_ml"}
            state = truth(service)
            assert state["drug"] > 0.02
            share = service.bioreactor.values(job.context.experiment)["alt_media_fraction"]
            assert share == pytest.approx(state["drug"], rel=0.1)
            await service.jobs.change_settings("dosing_automation", {"$state": "disconnected"})
            assert not pumping(service)

    bent(run(), 10 * HOUR)
