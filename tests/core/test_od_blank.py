"""The blank: measured on clear medium, taken off later readings, refused beside a calibration, forgotten again."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from typing import Any

import pytest
from bent_service import Told, bent, bent_service, ended, misbehave, started, truth, until

from core.errors import BadRequestError, ConflictError
from core.jobs.job import Job
from core.jobs.od_blank import trimmed_mean
from core.jobs.runner import StartRequest
from core.service import Service

CLEAR = "simulated:?inoculum_od=0&room_celsius=2"
EXPERIMENT = "exp"


def run_job(service: Service, name: str, *arguments: str, **options: Any) -> Job:
    return service.jobs.start(StartRequest(name, options, list(arguments), experiment=EXPERIMENT))


def blank(service: Service) -> Any:
    return service.records.store.get("od_blank", EXPERIMENT)


async def mean_od(service: Service, told: Told) -> float:
    job = run_job(service, "od_reading")
    before = len(told.readings("od2"))
    await asyncio.sleep(300)
    job.end()
    await ended(job)
    return statistics.mean(reading.value for reading in told.readings("od2")[before:])


def test_the_blank_is_measured_stirred_and_taken_off(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, told):
            raw = await mean_od(service, told)
            recorded = len(told.readings("od2"))
            job = run_job(service, "od_blank")
            assert (await service.jobs.until_started(job))["state"] == "ready"
            await until(lambda: truth(service)["stirrer_rpm"] > 450)
            await until(lambda: service.jobs.settings_of("od_reading") is not None)
            assert service.jobs.rows(job_name="od_reading")[0]["experiment"] == f"_testing_{EXPERIMENT}"
            await ended(job)
            await asyncio.sleep(6)
            assert [row["job_name"] for row in service.jobs.rows()] == ["monitor"]
            assert truth(service)["stirrer_rpm"] < 50
            assert blank(service) == {"2": pytest.approx(raw, rel=0.02)}
            assert "Blank of exp: photodiode 2 (90°)" in told.log("INFO")
            stored = [each for each in told.readings("od2") if each.experiment == EXPERIMENT]
            assert len(stored) == recorded, "what is read for the blank belongs to no experiment"
            assert await mean_od(service, told) == pytest.approx(0.0, abs=0.02 * raw)
            assert service.jobs.settings_of("od_reading") is None

    bent(run())


def test_deleting_brings_the_raw_readings_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, told):
            service.records.store.set("od_blank", EXPERIMENT, {"2": 0.005})
            taken_off = await mean_od(service, told)
            job = run_job(service, "od_reading")
            await service.jobs.until_started(job)
            await ended(run_job(service, "od_blank", "delete"))
            assert "goes on with the blank" in told.log("WARNING")
            job.end()
            await ended(job)
            assert blank(service) is None
            assert await mean_od(service, told) == pytest.approx(taken_off + 0.005, rel=0.05)
            await ended(run_job(service, "od_blank", "delete", experiment="another"))
            assert "no blank of another to forget" in told.log("INFO")
        async with bent_service(tmp_path, None) as (service, _):
            assert blank(service) is None

    bent(run())


def test_it_outlives_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, _):
            await ended(run_job(service, "od_blank", n_samples=5))
            kept = blank(service)
            assert kept["2"] > 0
        async with bent_service(tmp_path, None) as (service, _):
            assert blank(service) == kept

    bent(run())


def test_stirring_that_runs_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, _):
            await started(service, "stirring", target_rpm=400)
            await ended(run_job(service, "od_blank", n_samples=5))
            settings = service.jobs.settings_of("stirring")
            assert settings is not None
            assert settings["target_rpm"] == 400
            assert blank(service)["2"] > 0

    bent(run())


def test_what_is_in_the_way_is_told_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, _):
            od_reading = await started(service, "od_reading")
            with pytest.raises(ConflictError, match="od_reading is running"):
                run_job(service, "od_blank")
            od_reading.end()
            await ended(od_reading)
            with pytest.raises(BadRequestError, match="n_samples"):
                run_job(service, "od_blank", n_samples=4)
            await started(service, "stirring", enable_dodging_od=True)
            job = run_job(service, "od_blank")
            with pytest.raises(ConflictError, match="rests during OD readings"):
                await service.jobs.until_started(job)
            assert blank(service) is None

    bent(run())


def test_a_blank_and_a_calibration_exclude_each_other(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, _):
            calibration = {
                "calibration_type": "od", "calibration_name": "cal", "calibrated_on_pioreactor_unit": service.unit,
                "created_at": "2031-01-01T00:00:00.000Z", "x": "OD600", "y": "Voltage",
                "curve_data_": {"type": "poly", "coefficients": [0.2, 0.01]},
                "recorded_data": {"x": [0.0, 1.0], "y": [0.01, 0.21]}, "ir_led_intensity": 80.0, "angle": "90",
                "pd_channel": "2",
            }  # fmt: skip
            await service.calibrations.save("od90", calibration, set_active=True)
            with pytest.raises(ConflictError, match="od90"):
                run_job(service, "od_blank")
            service.records.store.set("od_blank", EXPERIMENT, {"2": 0.01})
            with pytest.raises(ConflictError, match="blank is kept"):
                run_job(service, "od_reading")
            run_job(service, "od_blank", "delete")
            await asyncio.sleep(1)
            await service.jobs.until_started(run_job(service, "od_reading"))

    bent(run())


@pytest.mark.parametrize("trouble", ["stop od_reading", "unplug", "stop od_blank"])
def test_a_blank_cut_short_is_not_kept_and_leaves_nothing_on(tmp_path: Path, trouble: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, CLEAR) as (service, told):
            job = run_job(service, "od_blank")
            await until(lambda: (service.jobs.settings_of("od_reading") or {}).get("ods") is not None)
            if trouble == "unplug":
                misbehave(service, "unplug 100")
            else:
                (newest,) = [each for each in service.jobs.jobs() if each.declaration.job_name == trouble.split()[1]]
                newest.end()
            await ended(job)
            await asyncio.sleep(110 if trouble == "unplug" else 6)
            assert blank(service) is None
            assert [row["job_name"] for row in service.jobs.rows()] == ["monitor"]
            assert truth(service)["stirrer_percent"] == 0
            if trouble != "stop od_blank":
                assert "No blank was measured" in told.log("ERROR")

    bent(run())


def test_the_mean_leaves_out_what_is_far_off() -> None:
    assert trimmed_mean([9.0, 1.0, 2.0, 3.0, 2.0, -5.0, 1.0]) == pytest.approx(5 / 3)
