"""Guided calibrations of optical density on the simulated board: standards, fused OD, and an estimator adapted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, started
from calibration_session import Guided, begin, bent_unit, misbehave, place, truth, until_on
from running_services import Served, write_config

THREE_ANGLES = "[od_config.photodiode_channel]\n1 = REF\n2 = 90\n3 = 135\n4 = 45\n"
MORE, BLANK = "record another standard", "continue to blank (media only)"


async def _measure_standards(served: Served, guided: Guided, *ods: float) -> None:
    """Measure standards, dense to thin, and the blank."""
    for index, od in enumerate(ods):
        assert guided.step_id == "place_standard"
        await guided.walk("measure_standard")
        place(served, od)
        await guided.send(od600_value=od)
        assert guided.step_id == "another_standard"
        await guided.send(next_action=MORE if index < len(ods) - 1 else BLANK)
    assert guided.step_id == "place_blank"
    await guided.walk("measure_blank")
    place(served, 0.0)
    await guided.send()


async def _read_volts(served: Served, od: float) -> dict[str, float]:
    """Let the unit read a suspension of this density; return raw volts by angle."""
    place(served, od)
    stirring = await started(served.service, "stirring")
    reading = await started(served.service, "od_reading", interval=5)
    while "ods" not in reading.settings:
        await reading.sleep(1)
    ods: dict[str, Any] = reading.settings["ods"]["ods"]
    for job in (reading, stirring):
        job.end()
        await job.gone.wait()
    return {each["angle"]: each["od"] for each in ods.values()}


def test_standards_give_the_density_back(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard")
            assert guided.view["session"]["data"]["rpm"] == 500
            await _measure_standards(served, guided, 2.0, 1.5, 1.0, 0.6, 0.3, 0.1)
            assert guided.step_id == "complete"
            assert truth(served)["stirrer_percent"] == 0
            (link,) = guided.result["calibrations"]
            assert (link["device"], link["calibration_name"]) == ("od90", "od-cal-2030-03-17")
            calibration = served.service.calibrations.active("od90")
            assert calibration is not None
            assert calibration.name == link["calibration_name"]
            assert calibration.recorded_data.x == [2.0, 1.5, 1.0, 0.6, 0.3, 0.1, 0.0]
            assert guided.result["warnings"] == []
            assert calibration.calibration_type == "od600"
            served.service.calibrations.deactivate("od90")
            for od in (0.2, 0.8, 1.7):
                volts = await _read_volts(served, od)
                assert calibration.solve(volts["90"], within_domain=True) == pytest.approx(od, rel=0.05)

    bent(run())


@pytest.mark.parametrize(
    ("said", "held", "doubt"),
    [
        ([2.0, 1.5, 1.0, 0.5], [2.0, 0.5, 1.0, 1.5], "were standards mixed up?"),
        ([1.0], [0.0], "scattered no more light than the thinnest"),
    ],
)
def test_standards_that_do_not_fit_one_another_are_doubted(
    tmp_path: Path, said: list[float], held: list[float], doubt: str
) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard")
            for index, (od, true_od) in enumerate(zip(said, held, strict=True)):
                await guided.walk("measure_standard")
                place(served, true_od)
                await guided.send(od600_value=od)
                await guided.send(next_action=MORE if index < len(said) - 1 else BLANK)
            await guided.walk("measure_blank")
            place(served, 0.001)
            await guided.send()
            assert guided.step_id == "complete"
            (warning,) = guided.result["warnings"]
            assert doubt in warning
            assert warning in guided.view["step"]["body"]

    bent(run())


def test_all_photodiodes_are_calibrated_at_once(tmp_path: Path) -> None:
    write_config(tmp_path, THREE_ANGLES)

    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od135", "standards")
            await guided.walk("name_input")
            await guided.send(calibration_name="three")
            assert guided.step_id == "channel_confirm"
            assert "od45 (photodiode 4)" in guided.view["step"]["body"]
            await guided.walk("rpm_input", "place_standard")
            await _measure_standards(served, guided, 1.0, 0.5)
            assert sorted(link["device"] for link in guided.result["calibrations"]) == ["od135", "od45", "od90"]
            for device in ("od45", "od90", "od135"):
                active = served.service.calibrations.active(device)
                assert active is not None
                assert active.name == "three"
            again = await begin(served, "od45", "standards")
            await again.walk("name_input")
            await again.send(calibration_name="three")
            assert again.step_id == "name_overwrite_confirm"
            await again.send()
            assert again.step_id == "name_input"
            await again.send(calibration_name="three")
            await again.send(overwrite="yes")
            await again.walk("rpm_input", "place_standard")
            await _measure_standards(served, again, 1.0, 0.4)
            assert again.step_id == "complete"
            assert served.service.calibrations.get("od90", "three").recorded_data.x == [1.0, 0.4, 0.0]

    bent(run())


def test_of_two_photodiodes_at_one_angle_the_first_becomes_active(tmp_path: Path) -> None:
    write_config(tmp_path, "[od_config.photodiode_channel]\n1 = REF\n2 = 90\n4 = 90\n")

    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "channel_confirm", "rpm_input", "place_standard")
            await _measure_standards(served, guided, 1.0)
            names = [link["calibration_name"] for link in guided.result["calibrations"]]
            assert names == ["od-cal-2030-03-17", "od-cal-2030-03-17-pd4"]
            assert served.service.calibrations.active_name("od90") == names[0]

    bent(run())


def test_other_light_than_before_ends_the_session(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            await guided.send(od600_value=1)
            await guided.walk("place_standard", "measure_standard")
            code = "[od_reading.config]\nir_led_intensity = 60\n"
            await served.json("PATCH", "/config/specific", json={"code": code})
            await guided.send(od600_value=2)
            assert (guided.view["session"]["status"], guided.step_id) == ("failed", "ended")
            assert "configured otherwise" in guided.view["session"]["error"]

    bent(run())


def test_a_name_that_was_taken_meanwhile_loses_no_measurement(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            late, early = await begin(served, "od90", "standards"), await begin(served, "od90", "standards")
            for guided in (late, early):
                await guided.walk("name_input", "rpm_input", "place_standard")
            await _measure_standards(served, early, 1.0)
            await _measure_standards(served, late, 2.0)
            names = [guided.result["calibrations"][0]["calibration_name"] for guided in (early, late)]
            assert names == ["od-cal-2030-03-17", "od-cal-2030-03-17-2"]
            assert served.service.calibrations.get("od90", names[0]).recorded_data.x == [1.0, 0.0]
            assert served.service.calibrations.active_name("od90") == names[1]

    bent(run())


def test_a_standard_can_be_done_again_and_the_blank_must_differ(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            for wrong in ({}, {"od600_value": -0.1}, {"od600_value": "thick"}, {"od600": 1.0}):
                await guided.send(400, **wrong)
            await guided.send(od600_value="0.5")
            await guided.send(action="redo_last")
            assert (guided.step_id, guided.view["session"]["data"]["standards"]) == ("place_standard", [])
            await guided.walk("measure_standard")
            await guided.send(od600_value=0.7)
            await guided.send(400, next_action="go home")
            await guided.send(next_action=BLANK)
            await guided.walk("measure_blank")
            refused = await guided.send(400, od600_blank=0.7)
            assert refused["error_info"]["fields"] == ["od600_blank"]
            await guided.send(od600_blank=0)
            assert guided.step_id == "complete"

    bent(run())


def test_too_much_light_and_no_light_leave_the_session_at_its_step(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            misbehave(served, "saturate")
            assert "too much light" in (await guided.send(409, od600_value=1))["error"]
            misbehave(served, "heal")
            misbehave(served, "led-dead")
            assert "no light" in (await guided.send(409, od600_value=1))["error"]
            misbehave(served, "heal")
            misbehave(served, "stall jammed")
            assert "did not come to 500 rpm" in (await guided.send(409, od600_value=1))["error"]
            assert truth(served)["stirrer_percent"] == 0
            misbehave(served, "heal")
            await guided.send(od600_value=1)
            assert guided.step_id == "another_standard"

    bent(run())


def test_units_that_are_not_fit_are_told_why(tmp_path: Path) -> None:
    async def run(folder: Path, config: str, device: str, protocol: str, reason: str) -> None:
        write_config(folder, config)
        async with bent_unit(folder) as served:
            request = {"target_device": device, "protocol_name": protocol}
            refused = await served.json("POST", "/calibrations/sessions", 400, json=request)
            assert reason in refused["error"]

    cases = [
        ("[od_reading.config]\nir_led_intensity = auto\n", "od90", "standards", "auto"),
        ("[od_config.photodiode_channel]\n1 =\n2 = 90\n", "od90", "standards", "REF"),
        ("", "od45", "standards", "no calibration"),
        ("", "od_fused", "od_fusion_standards", "135, 45 degrees"),
        (THREE_ANGLES, "od_fused", "od_fusion_offset", "no estimator"),
        ("[PWM]\n2 =\n", "media_pump", "duration_based", "media"),
    ]
    for number, case in enumerate(cases):
        bent(run(tmp_path / str(number), *case))


def test_nobody_else_measures_light_meanwhile(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od90", "standards")
            await guided.walk("name_input", "rpm_input", "place_standard", "measure_standard")
            reading = await started(served.service, "od_reading")
            assert (await guided.send(409, od600_value=1))["error_info"]["holder"] == "od_reading"
            reading.end()
            await reading.gone.wait()
            measuring = asyncio.create_task(guided.send(od600_value=1))
            await until_on(served, "stirrer_percent")
            refused = await served.json("POST", "/jobs/run/job_name/od_reading", 409)
            assert refused["error_info"]["holder"] == "calibration"
            await measuring
            assert guided.step_id == "another_standard"

    bent(run())


async def _observe(served: Served, guided: Guided, od: float, form: str, field: str, remove: str) -> None:
    assert guided.step_id == "place_standard"
    await guided.walk(form)
    place(served, od)
    await guided.send(**{field: od})
    assert guided.step_id == "record_observation"
    await guided.walk(remove)
    await guided.send()


def test_fused_od_from_standards_and_adapted_to_another_vial(tmp_path: Path) -> None:
    write_config(tmp_path, THREE_ANGLES)

    async def run() -> None:
        async with bent_unit(tmp_path) as served:
            guided = await begin(served, "od_fused", "od_fusion_standards")
            await guided.walk("name", "rpm", "place_standard")
            for od in (0.05, 0.3, 1.0, 3.0):
                if od == 3.0:
                    await guided.send(400, another=False)
                if guided.step_id == "another_standard":
                    await guided.walk("place_standard")
                await _observe(served, guided, od, "measure_standard", "od_value", "remove_observation")
            await guided.send(another="no")
            assert guided.step_id == "complete"
            assert guided.result["estimator_name"] == "od-fused-estimator-2030-03-17"
            estimator = served.service.estimators.active("od_fused")
            assert estimator is not None
            for od in (0.1, 0.5, 1.0, 2.0):
                assert estimator.estimate(await _read_volts(served, od)) == pytest.approx(od, rel=0.15)
            await _adapt(served, estimator.name)

    bent(run())


async def _adapt(served: Served, source: str) -> None:
    """Pretend the standards were twice as dense as the estimator thinks; the adapted one must tell so."""
    guided = await begin(served, "od_fused", "od_fusion_offset")
    await guided.walk("select_worker", "select_estimator")
    await guided.send(400, source_estimator_name="nobody's")
    await guided.send(source_estimator_name=source)
    await guided.send(estimator_name="adapted")
    await guided.walk("place_standard")
    for od in (0.2, 1.5):
        await guided.walk("standard_od")
        if od == 1.5:
            await guided.send(400, standard_od=0.4)
        place(served, od)
        await guided.send(standard_od=2 * od)
        await guided.walk("remove_standard")
        await guided.send()
    assert guided.step_id == "complete"
    result = guided.result
    assert (result["source_estimator"], result["source_unit"]) == (source, served.service.unit)
    assert result["scale_logc"] == pytest.approx(1.0, abs=0.1)
    assert result["offset_logc"] == pytest.approx(0.301, abs=0.05)
    adapted = served.service.estimators.active("od_fused")
    assert adapted is not None
    assert adapted.name == "adapted"
    assert adapted.estimate(await _read_volts(served, 0.7)) == pytest.approx(1.4, rel=0.15)
