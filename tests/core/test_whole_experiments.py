"""Whole experiments in bent time, each with a fault: cultures behave as theory says, nothing unsafe, nothing lost."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service, misbehave, started, truth, until
from dosed_vial import counted_ml, event_names, pumping, rule, vial
from whole_experiment import assert_all_kept, at, guarded, stored

from core.jobs.state import JobState

# Two days take half a minute of an idle computer, and far longer on a busy one.
pytestmark = pytest.mark.timeout(900)
HOUR = 3600.0


def test_a_batch_culture_lags_grows_and_stops_also_when_its_service_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    paths = os.pathsep.join((str(Path(__file__).parent), str(Path(__file__).parents[2])))
    killed = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_batch.py"), folder, "6"],
        env={**os.environ, "PYTHONPATH": paths},
        timeout=600,
    )
    assert killed.returncode == -signal.SIGKILL
    *told, end = [json.loads(line) for line in Path(f"{folder}.told").read_text().splitlines()]
    ended_s, state = end
    before = stored(folder)
    # By the wall clock, all but the last second before the kill is on the disk.
    lost = [each for each in told if each[0] < ended_s - 1.5 and before.get((each[1], each[2])) != each[3]]
    assert not lost, lost[:3]

    async def go_on() -> None:
        url = f"simulated:?inoculum_od={state['biomass_od']}&room_celsius=30"
        # Started again an hour after the kill.
        async with bent_service(folder, url, EPOCH_UTC_S + 7 * HOUR) as (service, told):
            assert service.jobs.newest("stirring") is None, "nothing starts by itself"
            assert truth(service)["stirrer_percent"] == 0
            await started(service, "stirring")
            await started(service, "od_reading", interval=20)
            await started(service, "growth_rate_calculating")
            await asyncio.sleep(8 * HOUR)
            assert told.readings("od_filtered")[0].value > 3, "relative to the density that the experiment began with"
            assert truth(service)["biomass_od"] > 7.8
            rates = [reading.value for reading in told.readings("growth_rate")[-180:]]
            assert abs(statistics.mean(rates)) < 0.02, "the plateau"
        assert_all_kept(folder, told)

    bent(go_on(), 10 * HOUR)
    rates = sorted((utc_s, value) for (series, utc_s), value in before.items() if series == "growth_rate")
    early = [value for utc_s, value in rates if 600 < utc_s - EPOCH_UTC_S < 1500]
    later = [value for utc_s, value in rates if 3.5 * HOUR < utc_s - EPOCH_UTC_S < 4 * HOUR]
    assert statistics.mean(early) < 0.6 * statistics.mean(later), "the lag"
    assert 0.7 < statistics.mean(later) < 1.0
    assert before.keys() <= stored(folder).keys()


def test_a_turbidostat_holds_its_target_for_two_days_through_a_blocked_pump_and_a_lost_link(tmp_path: Path) -> None:
    target = 0.25

    async def run() -> None:
        async with vial(tmp_path, inoculum_od=1.1) as (service, told), guarded(service):
            await started(service, "stirring")
            await started(service, "od_reading", interval=30)
            job = await rule(service, "turbidostat", exchange_volume_ml=0.5, target_biomass=target, biomass_signal="od")
            at(20, service, "unplug 300")
            at(30, service, "block 2")
            await asyncio.sleep(30 * HOUR)
            await until(lambda: job.state is JobState.SLEEPING, HOUR)
            assert "have not thinned" in told.log("ERROR")
            assert not pumping(service)
            woken_utc_s = service.clock.utc_s() + 1200
            at(service.clock.monotonic_s() / HOUR, service, "heal")
            await asyncio.sleep(1)
            await service.jobs.change_settings("dosing_automation", {"$state": "ready"})
            await asyncio.sleep(48 * HOUR - service.clock.monotonic_s())
            readings = [(each.utc_s, each.value) for each in told.readings("od2")]
            settled = [
                value
                for utc_s, value in readings
                if EPOCH_UTC_S + HOUR < utc_s < EPOCH_UTC_S + 20 * HOUR
                or EPOCH_UTC_S + 20.5 * HOUR < utc_s < EPOCH_UTC_S + 30 * HOUR
                or utc_s > woken_utc_s
            ]
            assert len(settled) > 45 * 120
            assert statistics.mean(abs(value / target - 1) < 0.05 for value in settled) > 0.97
            assert abs(statistics.mean(settled) / target - 1) < 0.03
            assert len(readings) > 48 * 120 - 12, "readings are missing only while the board was away"
            assert counted_ml(service, job) < 16.1
            await service.jobs.change_settings("dosing_automation", {"$state": "disconnected"})
            assert not pumping(service)
        assert_all_kept(tmp_path, told)

    bent(run(), 50 * HOUR)


def test_a_chemostat_settles_where_growth_equals_dilution_through_a_lost_link(tmp_path: Path) -> None:
    dilution_per_h = 3 * math.log(1 + 0.5 / 15)  # 0.098: what runs in mixes before it runs out

    async def run() -> None:
        async with vial(tmp_path, inoculum_od=6.5) as (service, told), guarded(service):
            await started(service, "stirring")
            await started(service, "od_reading", interval=120)
            job = await rule(service, "chemostat", exchange_volume_ml=0.5, duration=20)
            at(5.001, service, "unplug 300")
            await asyncio.sleep(8 * HOUR)
            course = []
            for _ in range(2 * 60):
                await asyncio.sleep(60)
                course.append(truth(service))
            measured_per_h = (course[-1]["media_ml"] - course[59]["media_ml"]) / (60 / 60) * 2 * math.log(1 + 0.5 / 15)
            assert measured_per_h == pytest.approx(dilution_per_h, rel=0.03)
            # A mean over whole exchanges: each of them moves the density by 3 %.
            growth_per_h = statistics.mean(state["growth_per_h"] * (1 - state["biomass_od"] / 8) for state in course)
            assert growth_per_h == pytest.approx(dilution_per_h, rel=0.05)
            assert course[-1]["biomass_od"] == pytest.approx(course[59]["biomass_od"], rel=0.01), "steady"
            assert counted_ml(service, job) < 16.1
        assert_all_kept(tmp_path, told)

    bent(run(), 11 * HOUR)


def test_a_morbidostat_gives_more_drug_until_growth_is_held_through_a_blocked_pump(tmp_path: Path) -> None:
    async def run() -> None:
        async with vial(tmp_path, inoculum_od=0.5) as (service, told), guarded(service):
            await started(service, "stirring")
            await started(service, "od_reading", interval=20)
            await started(service, "growth_rate_calculating")
            await rule(service, "pid_morbidostat", target_growth_rate=0.4, target_normalized_od=2, duration=15)
            at(4, service, "block 3")
            at(4.5, service, "heal")
            course: list[dict[str, float]] = []
            for _ in range(10):
                await asyncio.sleep(HOUR)
                course.append(truth(service))
            drug = [state["drug"] for state in course]
            assert event_names(told).count("AddAltMediaEvent") > 15
            assert drug[0] < drug[1] < drug[2] < drug[-1], "it rises"
            assert drug[-1] > 0.12
            assert statistics.pstdev(drug[-4:]) < 0.1 * drug[-1], "until growth is held"
            density = [state["biomass_od"] for state in course[-4:]]
            assert statistics.pstdev(density) < 0.1 * statistics.mean(density)
            rates = [reading.value for reading in told.readings("growth_rate")]
            assert statistics.mean(rates[-720:]) == pytest.approx(statistics.mean(rates[-1440:-720]), rel=0.08)
            assert course[-1]["growth_per_h"] < 0.97 * course[0]["growth_per_h"], "the drug slows the cells"
            await service.jobs.change_settings("dosing_automation", {"$state": "disconnected"})
            assert not pumping(service)
        assert_all_kept(tmp_path, told)

    bent(run(), 20 * HOUR)


def test_a_thermostat_takes_a_culture_from_22_to_37_through_a_stuck_thermometer(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?room_celsius=22") as (service, told), guarded(service):
            await started(service, "stirring")
            options: dict[str, Any] = {"automation_name": "thermostat", "target_temperature": 37}
            job = await started(service, "temperature_automation", **options)
            warmest = -math.inf
            await until(lambda: truth(service)["heater_percent"] > 0, HOUR)
            misbehave(service, "unplug 60")
            at(0.25, service, "sensor-stuck")
            await until(lambda: job.state is JobState.SLEEPING, HOUR)
            assert service.clock.monotonic_s() < 0.25 * HOUR + 240
            assert truth(service)["heater_percent"] == 0
            at(service.clock.monotonic_s() / HOUR, service, "heal")
            await asyncio.sleep(60)
            assert truth(service)["heater_percent"] == 0, "it stays off until a person wakes the job"
            await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
            for _ in range(3 * 360):
                await asyncio.sleep(10)
                warmest = max(warmest, truth(service)["vial_celsius"])
            assert warmest < 40, "less than 3 °C too warm"
            assert truth(service)["vial_celsius"] == pytest.approx(37, abs=0.5)
            await service.jobs.change_settings("temperature_automation", {"$state": "disconnected"})
            assert truth(service)["heater_percent"] == 0
        assert_all_kept(tmp_path, told)

    bent(run(), 10 * HOUR)
