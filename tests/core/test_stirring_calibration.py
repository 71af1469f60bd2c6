"""Guided stirring calibration on the simulated board: it finds its way by itself, and what it saves is true."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, started
from calibration_session import begin, bent_unit, misbehave, truth
from running_services import Served


async def _true_rpm(served: Served, duty_percent: float) -> float:
    """Drive the motor at a duty and return the bar's speed, by the truth of the simulation."""
    job = await started(served.service, "stirring", use_rpm=False, duty_cycle=duty_percent)
    await asyncio.sleep(10)
    rpm = truth(served)["stirrer_rpm"]
    job.end()
    await job.gone.wait()
    await asyncio.sleep(5)
    return rpm


def test_what_it_saves_inverts_to_the_true_speed(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "stirring", "dc_based")
            assert guided.step_id == "intro"
            before_s = served.service.clock.monotonic_s()
            await guided.walk("run_calibration", "complete")
            assert served.service.clock.monotonic_s() - before_s == pytest.approx(63.5, abs=2)
            assert truth(served)["stirrer_percent"] == 0
            (link,) = guided.result["calibrations"]
            assert link["device"] == "stirring"
            assert link["calibration_name"] == "stirring-calibration-2030-03-17_17-47"
            calibration = served.service.calibrations.active("stirring")
            assert calibration is not None
            assert calibration.name == link["calibration_name"]
            duties = calibration.recorded_data.x
            assert len(duties) == 15
            assert (min(duties), max(duties)) == pytest.approx((19.8, 39.9))
            for rpm in (350.0, 500.0, 650.0):
                duty = calibration.solve(rpm, within_domain=False)
                assert await _true_rpm(served, duty) == pytest.approx(rpm, rel=0.05)

    bent(run())


def test_a_bar_that_does_not_turn_can_be_put_right_and_measured_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "stirring", "dc_based")
            await guided.walk("run_calibration")
            misbehave(served, "stall jammed")
            refused = await guided.send(409)
            assert "does not follow the motor" in refused["error"]
            assert truth(served)["stirrer_percent"] == 0
            assert served.service.calibrations.active("stirring") is None
            misbehave(served, "heal")
            await guided.walk("complete")

    bent(run())


def test_running_stirring_is_in_the_way(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "stirring", "dc_based")
            await guided.walk("run_calibration")
            job = await started(served.service, "stirring")
            request = {"target_device": "stirring", "protocol_name": "dc_based"}
            refused = await served.json("POST", "/calibrations/sessions", 400, json=request)
            assert refused["error_info"]["holder"] == "stirring"
            assert (await guided.send(409))["error_info"]["holder"] == "stirring"
            assert truth(served)["stirrer_percent"] > 0
            job.end()
            await job.gone.wait()
            await guided.walk("complete")

    bent(run())


def test_stirring_takes_its_duty_from_the_active_calibration(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "stirring", "dc_based")
            await guided.walk("run_calibration", "complete")
            calibration = served.service.calibrations.active("stirring")
            assert calibration is not None
            job = await started(served.service, "stirring", target_rpm=400, duty_cycle=35)
            duty = 1.05 * calibration.solve(400, within_domain=False)
            assert job.settings["duty_cycle"] == pytest.approx(duty, abs=1e-4)
            await job.change({"target_rpm": 600})
            wanted = calibration.solve(600, within_domain=False)
            duty = 1.05 * (duty - 0.9 * (duty - wanted))
            assert job.settings["duty_cycle"] == pytest.approx(duty, abs=1e-4)
            await asyncio.sleep(3)
            assert truth(served)["stirrer_rpm"] == pytest.approx(600, rel=0.08)
            held = job.settings["duty_cycle"]
            await job.change({"target_rpm": 0})
            await job.change({"target_rpm": 600})
            assert job.settings["duty_cycle"] == held

    bent(run())


def test_a_calibration_of_something_else_is_refused(tmp_path: Path) -> None:
    data = {
        "calibration_type": "simple_stirring",
        "calibration_name": "odd",
        "calibrated_on_pioreactor_unit": "unit7",
        "created_at": "2031-02-03T04:05:06Z",
        "curve_data_": {"type": "poly", "coefficients": [20.0, 0.0]},
        "y": "Hz",
        "recorded_data": {"x": [], "y": []},
        "pwm_hz": 200.0,
        "voltage": 5.0,
    }

    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            await served.service.calibrations.save("stirring", data, set_active=True)
            refused = await served.json("POST", "/jobs/run/job_name/stirring", 400)
            assert "gives Hz, not RPM" in refused["error"]

    bent(run())
