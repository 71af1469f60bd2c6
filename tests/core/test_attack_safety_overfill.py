"""Every way to fill the vial too high that somebody thought of: the count goes wrong, or nobody looks at it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth
from pump_calibrations import calibrate

from core.config import Config
from core.errors import BadRequestError
from core.jobs.runner import StartRequest
from core.reactor_models import load_reactor_models

_MODEL = """
model_name: ours
model_version: "1"
display_name: A vessel of our own
reactor_capacity_ml: 20
reactor_diameter_mm: 50
reactor_max_fill_volume_ml: {max_fill}
max_temp_to_reduce_heating: 60
max_temp_to_disable_heating: 62
max_temp_to_shutdown: 64
"""


@pytest.mark.parametrize("job_name", ["add_media", "add_alt_media"])
def test_a_dose_into_the_vial_counts_whoever_is_said_to_dose(tmp_path: Path, job_name: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrate(service, "media_pump")
            await calibrate(service, "alt_media_pump")
            job = await started(service, job_name, continuously=True, source_of_event="pump_calibration")
            await asyncio.wait_for(ended(job), 60)
            assert 17.9 < service.bioreactor.values(job.context.experiment)["current_volume_ml"] < 18

    bent(run())


@pytest.mark.parametrize("max_fill", ["20.5", ".inf"])
def test_a_model_that_may_be_filled_above_its_capacity_is_left_out(
    data_dir: Path, caplog: pytest.LogCaptureFixture, max_fill: str
) -> None:
    (data_dir / "models").mkdir(parents=True)
    text = _MODEL.format(max_fill=max_fill)
    (data_dir / "models" / "ours.yaml").write_text(text, encoding="utf-8")
    assert load_reactor_models(data_dir, Config.load(None)).find("ours", "1") is None
    assert "ours.yaml" in caplog.text


@pytest.mark.parametrize("job_name", ["circulate_media", "circulate_alt_media"])
def test_nothing_circulates_where_the_waste_tube_ends_above_the_limit(tmp_path: Path, job_name: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?volume_ml=15&efflux_ml=19") as (service, _):
            job = await started(service, "stirring")
            service.bioreactor.change(job.context.experiment, {"efflux_tube_volume_ml": 19})
            with pytest.raises(BadRequestError, match="19"):
                service.jobs.start(StartRequest(job_name, {"duration": 120}))
            await asyncio.sleep(130)
            assert truth(service)["volume_ml"] < 18

    bent(run())


def test_a_pump_driven_by_an_impossible_calibration_says_so(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            data = {
                "calibration_type": "simple_peristaltic_pump", "calibration_name": "strong",
                "calibrated_on_pioreactor_unit": service.unit, "created_at": "2031-02-03T04:05:06Z",
                "curve_data_": {"type": "poly", "coefficients": [0.1, 0.0]}, "recorded_data": {"x": [], "y": []},
                "hz": 250.0, "dc": 150.0, "voltage": 5.0,
            }  # fmt: skip
            await service.calibrations.save("media_pump", data, set_active=True)
            job = await started(service, "add_media", ml=1.0)
            await ended(job)
            assert "150" in told.log("ERROR")
            assert service.bioreactor.values(job.context.experiment)["current_volume_ml"] == pytest.approx(15)

    bent(run())


def test_a_fast_pump_does_not_fill_the_vial_when_its_host_is_gone(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrate(service, "media_pump", 1.0)  # 3 ml are left: 3 s
            job = await started(service, "add_media", continuously=True)
            await asyncio.sleep(1)
            assert truth(service)["media_pump_percent"] == 100
            misbehave(service, "unplug 30")
            await asyncio.sleep(2.6)
            assert truth(service)["media_pump_percent"] == 0
            await ended(job)

    bent(run())
