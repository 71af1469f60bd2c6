"""Guided pump calibration on the simulated board: from the first step to an active calibration that is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from bent_service import bent
from calibration_session import Guided, begin, bent_unit, truth
from running_services import Served


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
