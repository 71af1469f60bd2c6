"""Guided pump calibration on the simulated board: from the first step to an active calibration that is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from bent_service import bent, started
from calibration_session import Guided, begin, bent_unit, truth
from running_services import Served

from core.bus import DosingEvent


async def _to_first_run(guided: Guided, **first: float) -> None:
    """Go on to where the tubing has been filled."""
    await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input", "volume_targets")
    await guided.send(**first)
    await guided.walk("tubing_into_water", "prime_pump_duration", "tracer_run")


async def _pumped(served: Served, guided: Guided) -> float:
    """Do a run; return what came out, by the truth of the simulation."""
    before = truth(served)["media_ml"]
    await guided.send()
    return truth(served)["media_ml"] - before


def test_pumps_that_dose_are_not_calibrated(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            data = {
                "calibration_type": "simple_peristaltic_pump",
                "calibration_name": "before",
                "calibrated_on_pioreactor_unit": "unit7",
                "created_at": "2031-02-03T04:05:06Z",
                "curve_data_": {"type": "poly", "coefficients": [0.09, 0.0]},
                "recorded_data": {"x": [], "y": []},
                "hz": 250.0,
                "dc": 100.0,
                "voltage": 5.0,
            }
            for device in ("media_pump", "waste_pump"):
                await served.service.calibrations.save(device, data, set_active=True)
            guided = await begin(served, "media_pump", "duration_based")
            await guided.walk("intro_confirm_2", "intro_confirm_3", "name_input", "volume_targets")
            await guided.walk("pwm_settings", "tubing_into_water", "prime_pump_duration")
            options = {"exchange_volume_ml": 1, "duration": 30}
            dosing = await started(served.service, "dosing_automation", automation_name="chemostat", **options)
            request = {"target_device": "waste_pump", "protocol_name": "duration_based"}
            refused = await served.json("POST", "/calibrations/sessions", 400, json=request)
            assert refused["error_info"]["holder"] == "dosing_automation"
            assert (await guided.send(409))["error_info"]["holder"] == "dosing_automation"
            dosing.end()
            await dosing.gone.wait()
            adding = await started(served.service, "add_media", duration=20)
            assert (await guided.send(409))["error_info"]["holder"] == "add_media"
            adding.end()
            await adding.gone.wait()
            await guided.walk("tracer_run")

    bent(run())


def test_volumes_beyond_the_longest_run_are_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "waste_pump", "duration_based")
            await _to_first_run(guided, mls_to_calibrate_for="1, 100")
            await guided.walk("tracer_volume")
            await guided.send(volume_ml=0.1)
            assert max(guided.view["session"]["data"]["durations_s"]) == 290
            assert "290 s" in guided.view["step"]["body"]

    bent(run())


def test_doses_beside_the_vial_are_told_and_not_counted(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            told: list[DosingEvent] = []
            served.service.bus.listen(DosingEvent, told.append)
            guided = await begin(served, "media_pump", "duration_based")
            before = served.service.bioreactor.values("exp one")
            await _to_first_run(guided)
            assert [(event.event, event.source) for event in told] == [("add_media", "pump_calibration")]
            assert told[0].volume_change_ml == pytest.approx(15 * 0.0911)
            assert served.service.bioreactor.values("exp one") == before
            assert served.service.experiments.newest_first() == []

    bent(run())


def test_from_the_first_step_to_an_active_calibration_that_is_true(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "media_pump", "duration_based")
            assert guided.step_id == "intro_confirm_1"
            await _to_first_run(guided, mls_to_calibrate_for=[0.5, 1.0])
            await guided.send(volume_ml=await _pumped(served, guided))
            runs = []
            for _ in range(10):
                assert guided.step_id == "test_run"
                volume_ml = await _pumped(served, guided)
                assert guided.step_id == "test_volume"
                runs.append((guided.view["session"]["data"]["ran_s"], volume_ml))
                await guided.send(volume_ml=f" {volume_ml} ")
            assert guided.step_id == "complete"
            assert guided.view["session"]["status"] == "complete"
            true_ml_per_s = sum(volume for _, volume in runs) / sum(seconds for seconds, _ in runs)
            result = guided.result
            slope, bias = result["calibration"]["curve_data_"]["coefficients"]
            assert slope == pytest.approx(true_ml_per_s, rel=0.05)
            assert bias == 0
            durations_s = [seconds for seconds, _ in runs]
            assert durations_s == sorted(durations_s)
            assert min(durations_s) * slope == pytest.approx(0.8 * 0.5, rel=0.1)
            assert max(durations_s) * slope == pytest.approx(1.1 * 1.0, rel=0.1)
            low, high = result["recommended_volume_range_ml"]
            assert (low, high) == pytest.approx((0.4, 1.1), rel=0.1)
            assert result["stats"]["slope"] == slope
            assert 0 < result["stats"]["std_slope"] < 0.05 * slope
            link = result["calibration_link"]
            assert link["calibration_name"] == "media_pump-2030-03-17"
            assert (tmp_path / link["path"]).is_file()
            active = served.service.calibrations.active("media_pump")
            assert active is not None
            assert active.name == link["calibration_name"]
            assert active.evaluate(10) == pytest.approx(10 * true_ml_per_s, rel=0.05)

    bent(run())
