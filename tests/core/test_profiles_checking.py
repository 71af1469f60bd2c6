"""Profiles are held against what the unit can do: jobs, options, settings, limits, calibrations, plug-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from bent_service import bent, bent_service
from profile_texts import HEAD, STIRRING, of_job
from pump_calibrations import calibrate

from core.service import Service


async def told(service: Service, text: str) -> list[tuple[str, int, str]]:
    """Return severity, line and message with remedy of every problem."""
    checked = await service.profiles.check(text)
    return [
        (each.severity.value, each.place.line, f"{each.message} {each.remedy}") for each in checked.problems.in_order()
    ]


def stir(*actions: str) -> str:
    """Return a profile of the stirrer with these actions, the first in line 7."""
    return of_job("stirring", "".join(f"        - {action}\n" for action in actions))


def start(job_name: str, options: str = "{}") -> str:
    return of_job(job_name, f"        - type: start\n          t: 0\n          options: {options}\n")


@pytest.mark.parametrize(
    ("text", "line", "severity", "said"),
    [
        (start("strring"), 5, "error", "Did you mean stirring?"),
        (start("stirring", "{target_rmp: 500}"), 9, "error", "Did you mean target_rpm?"),
        (start("stirring", "{target_rpm: 9000}"), 9, "error", "target_rpm must be"),
        (start("stirring", "{target_rpm: fast}"), 9, "error", "must be a number"),
        (start("stirring", "{target_rpm: '${{ 5000 * 2 }}'}"), 9, "error", "target_rpm must be"),
        (start("stirring", "{target_rpm: '${{ rate * 2 }}'}"), 9, "error", "'rate' is no input"),
        (start("temperature_automation"), 7, "error", "needs the option automation_name"),
        (start("temperature_automation", "{automation_name: termostat}"), 9, "error", "Did you mean thermostat?"),
        (start("temperature_automation", "{automation_name: thermostat}"), 7, "error", "needs the option target"),
        (
            start("temperature_automation", "{automation_name: thermostat, target_temperature: 200}"),
            9, "error", "Choose 0 to",
        ),
        (start("add_media", "{ml: 1}"), 7, "error", "active calibration of: media pump"),
        (
            start("dosing_automation", "{automation_name: chemostat, exchange_volume_ml: 1}"),
            7, "error", "media pump, waste pump",
        ),
        (stir("{type: update, t: 0, options: {target_rpm: 1}}"), 7, "warning", "never started"),
        (stir("{type: update, t: 0, options: {speed: 1}}"), 7, "error", "no setting 'speed'"),
        (stir("{type: update, t: 0, options: {measured_rpm: 1}}"), 7, "error", "not set"),
        (of_job("add_media", "        - {type: pause, t: 0}\n"), 7, "error", "cannot be put to sleep"),
        (
            stir("{type: start, t: 0}", "{type: start, t: 1}"),
            8, "warning", "runs since line 7",
        ),
        (
            stir("{type: start, t: 0}", "{type: stop, t: 1}", "{type: pause, t: 2}"),
            9, "warning", "stopped already",
        ),
        (
            stir("{type: stop, t: 0, if: '${{ ::od_readin:od1.od > 1 }}'}"),
            7, "error", "no job od_readin",
        ),
        (
            stir("{type: stop, t: 0, if: '${{ elsewhere:od_reading:od1.od > 1 }}'}"),
            7, "error", "asks the unit elsewhere",
        ),
        (stir("{type: stop, t: 0, if: '${{ 1 + maybe }}'}"), 7, "error", "'maybe' is no input"),
        (f"{HEAD}plugins:\n  - {{name: nowhere, version: '>=1.0'}}\n{STIRRING[len(HEAD):]}", 4, "error", "not loaded"),
        (f"{HEAD}pioreactors:\n  elsewhere:\n    jobs: {{}}\n", 4, "warning", "is not this unit"),
        (start("growth_rate_calculating"), 7, "warning", "needs od_reading"),
    ],
)  # fmt: skip
def test_what_the_unit_cannot_do_is_told(tmp_path: Path, text: str, line: int, severity: str, said: str) -> None:
    async def check() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            problems = await told(service, text)
            assert any((each[0], each[1]) == (severity, line) and said in each[2] for each in problems), problems

    bent(check())


def test_examples_are_without_problems_on_a_calibrated_unit(tmp_path: Path) -> None:
    async def check() -> None:
        async with bent_service(tmp_path) as (service, _):
            for device in ("media_pump", "alt_media_pump", "waste_pump"):
                await calibrate(service, device)
            examples = service.profiles.library.all()
            assert len(examples) == 4
            for example in examples:
                assert example.is_example
                assert await told(service, example.text or "") == [], example.file

    bent(check())


def test_values_given_for_inputs_are_checked(tmp_path: Path) -> None:
    text = HEAD + "inputs: {speed: 400}\n" + start("stirring", "{target_rpm: '${{ speed }}'}")[len(HEAD) :]

    async def check() -> None:
        async with bent_service(tmp_path) as (service, _):
            assert (await service.profiles.check(text)).is_valid
            assert not (await service.profiles.check(text, {"speed": 90000})).is_valid

    bent(check())


def test_the_first_profile_of_the_documentation_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    text = page.partition("```yaml\n")[2].partition("```")[0]

    async def check() -> None:
        async with bent_service(tmp_path) as (service, _):
            assert await told(service, text) == []

    bent(check())
