"""More of the worst for profiles: texts made to take for ever, absurd values at run time, cut off in a dose, alarms."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, misbehave, truth, until
from cut_off import killed_copy
from profile_texts import HEAD, STIRRING, of_job
from pump_calibrations import calibrate
from test_profiles_runs import begin, lines_of, running

from core.errors import ConflictError
from core.profiles.problems import Problems
from core.profiles.reading import read_profile

_LOG = "        - {type: log, t: 0, options: {message: '%s'}}\n"
_DOSE = of_job("add_media", "        - {type: start, t: 1m, options: {ml: 1.0}}\n"
                            "        - {type: start, t: 2m, options: {ml: 1.0}}\n")  # fmt: skip
_THERMOSTAT = "{type: start, t: 0, options: {automation_name: thermostat, target_temperature: 37}}"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "message", ["${{ " * 60_000, "${{" * 80_000 + "}", "${{ 1 }}" * 25_000, "${{ " + "(" * 1990, "}}" * 100_000]
)
def test_no_text_takes_for_ever_to_read(message: str) -> None:
    profile, problems = read_profile(of_job("stirring", _LOG % message))
    assert isinstance(problems, Problems)
    if message.startswith("}}"):
        assert profile is not None
    else:
        assert problems.has_errors


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("${{ 1 }}", 1),
        ("a ${{ 1 }} b ${{ 2 }}", 4),
        ("${{ 1 }}}}", 2),
        ("no end", 1),
    ],
)
def test_messages_are_still_texts_and_expressions(written: str, parts: int) -> None:
    profile, problems = read_profile(of_job("stirring", _LOG % written))
    assert profile is not None
    assert not problems.has_errors
    assert len(profile.plans_of("any")[0].actions[0].message) == parts


def test_a_dose_is_cut_off_when_its_run_is_stopped_and_counted_as_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, _DOSE) as (service, _, item):
            await until(lambda: truth(service)["media_pump_percent"] > 0, 120)
            await asyncio.sleep(3)
            assert (await service.profiles.runs.stop(item.run_id))["still_running"] == []
            assert truth(service)["media_pump_percent"] == 0
            counted_ml = service.bioreactor.fill_ml(item.experiment)
            assert counted_ml == pytest.approx(15 + 3 * 0.08, abs=0.05)
            await asyncio.sleep(120)
            assert truth(service)["media_pump_percent"] == 0
            assert service.bioreactor.fill_ml(item.experiment) == counted_ml

    bent(run())


def test_a_dose_comes_to_its_end_when_its_run_is_paused_and_no_other_follows(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, _DOSE) as (service, _, item):
            await until(lambda: truth(service)["media_pump_percent"] > 0, 120)
            service.profiles.runs.pause(item.run_id)
            await asyncio.sleep(300)
            assert service.bioreactor.fill_ml(item.experiment) == pytest.approx(16)
            service.profiles.runs.resume(item.run_id)
            await until(lambda: item.is_over, 300)
            await asyncio.sleep(30)
            assert service.bioreactor.fill_ml(item.experiment) == pytest.approx(17)

    bent(run())


def test_killed_in_a_dose_nothing_goes_on_and_the_vial_is_counted_full_enough(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path / "one", _DOSE) as (service, _, item):
            await until(lambda: truth(service)["media_pump_percent"] > 0, 120)
            await asyncio.sleep(3)
            await killed_copy(service, tmp_path / "two")
        async with bent_service(tmp_path / "two") as (service, _):
            service.interrupted.begin(service.board_link)
            run_item, text, _lines = await service.profiles.runs.records.get(item.run_id)
            assert (run_item.state.value, text) == ("interrupted", _DOSE)
            assert service.bioreactor.vial.doubt is not None
            assert service.bioreactor.fill_ml(item.experiment) >= 15 + 5 * 0.08 - 1e-9
            await asyncio.sleep(600)
            assert truth(service)["media_ml"] == 0
            assert service.profiles.runs.current is None

    bent(run())


def test_of_two_runs_the_second_waits_for_nobody_and_spoils_nothing(tmp_path: Path) -> None:
    slower = of_job("stirring", "        - {type: start, t: 0, options: {target_rpm: 300}}\n")

    async def run() -> None:
        async with running(tmp_path, STIRRING) as (service, _, item):
            await asyncio.sleep(30)
            with pytest.raises(ConflictError, match="running"):
                await begin(service, slower)
            assert truth(service)["stirrer_percent"] > 0
            stopping = asyncio.create_task(service.profiles.runs.stop(item.run_id))
            await asyncio.sleep(0)
            second = await begin(service, slower)
            await stopping
            await until(lambda: second.is_over, 300)
            settings = service.jobs.settings_of("stirring")
            failed = [line for line in await lines_of(service, second) if line.outcome.value == "failed"]
            assert failed or (settings is not None and settings["target_rpm"] == 300)
            assert all(line.message for line in failed)

    bent(run())


def test_absurd_values_at_run_time_move_nothing(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
common:
  jobs:
    stirring:
      actions:
        - {type: start, t: 0, options: {target_rpm: 500}}
        - {type: update, t: 1m, options: {target_rpm: "${{ ::stirring:target_rpm * 10 ** 300 }}"}}
        - {type: update, t: 2m, options: {target_rpm: "${{ 0 - ::stirring:target_rpm }}"}}
        - {type: log, t: 3m, if: "${{ ::stirring:target_rpm ** 0.5 ** 0 - 1 / 0 }}", options: {message: never}}
    temperature_automation:
      actions:
        - {type: start, t: 1m, options: {automation_name: thermostat, target_temperature: 30}}
        - {type: update, t: 4m, options: {target_temperature: "${{ ::stirring:target_rpm * 10 ** 9 + 10 ** 12 }}"}}
    add_media:
      actions:
        - {type: start, t: 1m, options: {ml: "${{ 0 - ::stirring:target_rpm }}"}}
        - {type: start, t: 2m, options: {ml: "${{ ::stirring:target_rpm * 10 ** 6 + 100 }}"}}
        - {type: start, t: 3m, options: {duration: "${{ ::stirring:target_rpm * 10 ** 6 + 10 ** 9 }}"}}
"""
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, _, item):
            for _ in range(90):
                await asyncio.sleep(10)
                state = truth(service)
                assert state["vial_celsius"] < 64
                assert state["heater_celsius"] < 66
                assert state["media_ml"] == 0
            assert item.is_over
            said = {(line.job_name, round(line.hours * 60)): line for line in await lines_of(service, item)}
            for minute in (1, 2, 3):
                assert said["add_media", minute].outcome.value == "failed"
            assert said["stirring", 3].outcome.value == "failed"
            target = service.jobs.settings_of("temperature_automation")
            assert target is not None
            assert target["target_temperature"] == service.models.current.max_temp_to_reduce_heating

    bent(run())


def test_no_profile_wakes_what_sleeps_because_of_an_alarm(tmp_path: Path) -> None:
    text = of_job(
        "temperature_automation",
        f"        - {_THERMOSTAT}\n"
        "        - type: repeat\n          t: 1h\n          every: 5m\n          max_time: 1h\n          actions:\n"
        "            - {type: resume, t: 0}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, _, item):
            await asyncio.sleep(600)
            misbehave(service, "sensor-stuck")
            await until(
                lambda: (service.jobs.settings_of("temperature_automation") or {})["$state"] == "sleeping", 3600
            )
            heated = 0
            while not item.is_over:
                await asyncio.sleep(10)
                heated += truth(service)["heater_percent"] > 0
            assert heated == 0
            lines = await lines_of(service, item)
            woken = [line for line in lines if line.action == "resume"]
            assert [line.outcome.value for line in woken] == ["failed"] * 12
            assert "alarm" in woken[-1].message
            misbehave(service, "heal")
            await service.jobs.change_settings("temperature_automation", {"$state": "ready"})
            await until(lambda: truth(service)["heater_percent"] > 0, 900)

    bent(run())


def test_a_profile_wakes_what_it_put_to_sleep(tmp_path: Path) -> None:
    text = of_job(
        "stirring", "        - {type: start, t: 0}\n        - {type: pause, t: 1m}\n        - {type: resume, t: 2m}\n"
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, _, item):
            await asyncio.sleep(90)
            assert truth(service)["stirrer_percent"] == 0
            await until(lambda: item.is_over, 120)
            assert truth(service)["stirrer_percent"] > 0

    bent(run())


def test_a_calibration_deleted_while_a_profile_runs_moves_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await calibrate(service, "media_pump")
            item = await begin(service, _DOSE)
            await service.calibrations.delete("media_pump", "media_pump-test")
            await until(lambda: item.is_over, 300)
            assert truth(service)["media_ml"] == 0
            assert item.actions_failed == 2

    bent(run())
