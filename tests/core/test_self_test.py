"""The self-test: passes on a sound board, and each test fails by the fault that is its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from bent_service import Told, bent, bent_service, misbehave, started, truth, until
from running_services import write_config

from core.bus import SettingChanged
from core.errors import BadRequestError, ConflictError, UnavailableError
from core.jobs.job import Job
from core.jobs.runner import StartRequest
from core.jobs.self_test.job import TESTS
from core.service import Service

HAT = "test_pioreactor_HAT_present"
CORRELATIONS = "test_all_positive_correlations_between_pds_and_leds"
AMBIENT = "test_ambient_light_interference"
DARK = "test_dark_offset_correction_is_effective"
REF_LEVEL = "test_REF_is_lower_than_0_dot_256_volts"
REF_POSITION = "test_REF_is_in_correct_position"
BLANK = "test_PD_is_near_0_volts_for_blank"
THERMOMETER = "test_detect_heating_pcb"
HEATING = "test_positive_correlation_between_temperature_and_heating"
STIRRING = "test_positive_correlation_between_rpm_and_stirring"
SUPPLY = "test_aux_power_is_not_too_high"


async def outcome(service: Service, **options: Any) -> dict[str, int]:
    """Run the self-test to its end; return the results that are kept."""
    await asyncio.sleep(2)
    job = await started(service, "self_test", **options)
    async with asyncio.timeout(600):
        await job.gone.wait()
    return results(service)


def results(service: Service) -> dict[str, int]:
    kept = {name: service.records.store.get("self_test_results", name) for name in (*TESTS, "all_tests_passed")}
    return {name: value for name, value in kept.items() if value is not None}


def failed(found: dict[str, int]) -> set[str]:
    return {name for name, value in found.items() if value == 0} - {"all_tests_passed"}


def published(told: Told) -> dict[str, Any]:
    return {event.setting: event.value for event in told.of(SettingChanged) if event.value is not None}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sound_unit_passes(tmp_path: Path, seed: int) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, f"simulated:?seed={seed}") as (service, told):
            found = await outcome(service)
            assert found == dict.fromkeys((*TESTS, "all_tests_passed"), 1), told.log("ERROR")
            said = published(told)
            assert {name: said[name] for name in found} == found
            assert json.loads(said["correlations_between_pds_and_leds"]) == [["A", "2"], ["A", "1"]]
            await asyncio.sleep(5)
            state = truth(service)
            assert (state["stirrer_percent"], state["heater_percent"], state["led_a_percent"]) == (0, 0, 0)
            assert [row["job_name"] for row in service.jobs.rows()] == ["monitor"]
            assert "All of 11 tests passed" in told.log("INFO")

    bent(run())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("led-dead", {CORRELATIONS, REF_LEVEL}),
        ("saturate 2", {CORRELATIONS, AMBIENT, DARK, REF_POSITION, BLANK}),
        ("saturate 1", {CORRELATIONS, AMBIENT, DARK, REF_LEVEL}),
        ("sensor-missing", {THERMOMETER, HEATING}),
        ("sensor-stuck", {HEATING}),
        ("stall jammed", {STIRRING}),
        ("supply 19", {SUPPLY}),
    ],
)
def test_each_fault_is_found(tmp_path: Path, command: str, expected: set[str]) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            misbehave(service, command)
            found = await outcome(service)
            assert failed(found) >= expected
            also_touched = {REF_POSITION, STIRRING} if command in ("led-dead", "supply 19") else set()
            assert failed(found) <= expected | also_touched
            assert found["all_tests_passed"] == 0
            for name in expected:
                assert f"{name} failed: " in told.log("ERROR")

    bent(run())


def test_light_from_the_room_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            simulation: Any = service.board_link.simulation
            simulation.reactor.optics.ambient_v = 0.1
            assert AMBIENT in failed(await outcome(service, k="ambient"))

    bent(run())


def test_a_vial_that_is_no_blank_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, "simulated:?inoculum_od=1") as (service, _):
            assert failed(await outcome(service)) == {BLANK}

    bent(run())


def test_a_reference_in_the_wrong_pocket_is_found(tmp_path: Path) -> None:
    write_config(tmp_path, "[od_config.photodiode_channel]\n1 = 90\n2 = REF\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            assert {REF_POSITION, BLANK} <= failed(await outcome(service))

    bent(run())


def test_a_reference_that_sees_the_vial_too_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            simulation: Any = service.board_link.simulation
            simulation.reactor.optics._reading_cv[0] = 0.01
            assert failed(await outcome(service, k="REF")) == {REF_POSITION}

    bent(run())


def test_without_a_reference_its_tests_are_left_out(tmp_path: Path) -> None:
    write_config(tmp_path, "[od_config.photodiode_channel]\n1 =\n2 = 90\n")

    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            assert set(TESTS) - set(await outcome(service)) == {REF_LEVEL, REF_POSITION}
            assert "no photodiode is configured as REF" in told.log("INFO")

    bent(run())


def test_only_what_is_named_or_failed_is_tried(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            misbehave(service, "stall jammed")
            assert set(await outcome(service, k="rpm")) == {STIRRING, "all_tests_passed"}
            assert set(await outcome(service, k="aux")) == {STIRRING, SUPPLY, "all_tests_passed"}
            misbehave(service, "heal")
            before = len(told.of(SettingChanged))
            await outcome(service, retry_failed=True)
            tried = {event.setting for event in told.of(SettingChanged)[before:] if event.setting in TESTS}
            assert tried == {STIRRING}
            assert results(service)[STIRRING] == 1
            await outcome(service, retry_failed=True)
            assert "nothing to try again" in told.log("INFO")
        async with bent_service(tmp_path, None) as (service, _):
            assert results(service) == {STIRRING: 1, SUPPLY: 1, "all_tests_passed": 1}

    bent(run())


def run_job(service: Service, **options: Any) -> Job:
    return service.jobs.start(StartRequest("self_test", options))


def test_it_refuses_what_cannot_be(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            with pytest.raises(BadRequestError, match="nothing like it") as error:
                run_job(service, k="nothing like it")
            assert error.value.body()["error_info"]["known"] == list(TESTS)
            for name, options in (
                ("od_reading", {}),
                ("stirring", {}),
                ("temperature_automation", {"automation_name": "only_record_temperature"}),
                ("led_automation", {"automation_name": "silent"}),
            ):
                job = await started(service, name, **options)
                with pytest.raises(ConflictError, match=f"{name} is running"):
                    run_job(service)
                job.end()
                await job.gone.wait()
            misbehave(service, "unplug 10")
            await asyncio.sleep(1)
            with pytest.raises(UnavailableError):
                run_job(service)

    bent(run())


@pytest.mark.parametrize("trouble", ["stop", "unplug"])
def test_cut_short_it_leaves_nothing_on(tmp_path: Path, trouble: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "self_test", k="temperature")
            await until(lambda: truth(service)["heater_percent"] > 10)
            if trouble == "stop":
                job.end()
            else:
                misbehave(service, "unplug 30")
            async with asyncio.timeout(60):
                await job.gone.wait()
            await asyncio.sleep(4)
            assert truth(service)["heater_percent"] == 0
            if trouble == "stop":
                assert results(service) == {}
            else:
                assert failed(results(service)) == {HEATING}
                assert HEATING in told.log("ERROR")

    bent(run())


def test_its_entry_in_the_capabilities(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            (entry,) = [each for each in service.jobs.registry.entries() if each["job_name"] == "self_test"]
            kinds = {option["name"]: (option["type"], option["default"]) for option in entry["options"]}
            assert kinds == {"k": ("text", None), "retry_failed": ("boolean", False)}
            assert entry["published_settings"] == {}

    bent(run())
