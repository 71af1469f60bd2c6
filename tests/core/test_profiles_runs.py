"""Runs of profiles on a simulated unit in bent time: order, repeats, waits, faults, pausing and ending early."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bent_service import Told, bent, bent_service, misbehave, truth, until
from profile_texts import HEAD, STIRRING, of_job
from pump_calibrations import calibrate

from core.errors import ConflictError
from core.profiles.run_item import RunItem, RunLine
from core.profiles.runs import RunRequest
from core.service import Service


async def begin(service: Service, text: str, inputs: dict[str, Any] | None = None) -> RunItem:
    """Check a text and begin a run of it."""
    checked = await service.profiles.check(text, inputs)
    assert checked.is_valid, [str(each) for each in checked.problems.found]
    assert checked.profile is not None
    return service.profiles.runs.begin(RunRequest(checked.profile, text, "test.yaml", inputs or {}))


async def lines_of(service: Service, run: RunItem) -> list[RunLine]:
    return (await service.profiles.runs.records.get(run.run_id))[2]


async def course(service: Service, run: RunItem) -> list[tuple[float, str, str, str]]:
    """Return minute, job, action and outcome of every line of a run."""
    return [
        (round(line.hours * 60, 1), line.job_name, line.action, line.outcome.value)
        for line in await lines_of(service, run)
    ]


@contextlib.asynccontextmanager
async def running(folder: Path, text: str, **inputs: Any) -> AsyncIterator[tuple[Service, Told, RunItem]]:
    """Run a profile on a unit with calibrated pumps."""
    async with bent_service(folder) as (service, told):
        for device in ("media_pump", "waste_pump"):
            await calibrate(service, device)
        yield service, told, await begin(service, text, inputs)


def test_jobs_are_started_changed_and_stopped_by_the_clock(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, STIRRING) as (service, told, item):
            await asyncio.sleep(30)
            assert service.jobs.settings_of("stirring")["target_rpm"] == 400  # type: ignore[index]
            await service.profiles.runs.until_over()
            assert item.state.value == "complete"
            assert await course(service, item) == [
                (0.0, "stirring", "start", "done"),
                (1.0, "stirring", "update", "done"),
                (1.0, "stirring", "log", "done"),
                (2.0, "stirring", "stop", "done"),
            ]
            assert "now 500 rpm at 1 min" in told.log("NOTICE")
            assert truth(service)["stirrer_percent"] == 0

    bent(run())


def test_what_is_due_at_one_moment_happens_in_the_order_of_its_kind(tmp_path: Path) -> None:
    text = of_job(
        "stirring",
        "        - {type: log, t: 1m, options: {message: 'state ${{ ::stirring:$state }}'}}\n"
        "        - {type: update, t: 1m, options: {target_rpm: 450}}\n"
        "        - {type: resume, t: 1m}\n"
        "        - {type: pause, t: 1m}\n"
        "        - {type: start, t: 1m}\n"
        "        - {type: stop, t: 3m}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            await service.profiles.runs.until_over()
            assert [line[2] for line in await course(service, item)] == [
                "start", "pause", "resume", "update", "log", "stop",
            ]  # fmt: skip
            assert "state ready" in told.log("NOTICE")

    bent(run())


def test_repeats_come_round_and_end(tmp_path: Path) -> None:
    text = of_job(
        "stirring",
        "        - {type: start, t: 0, options: {target_rpm: 300}}\n"
        "        - type: repeat\n          t: 1m\n          every: 1m\n          max_time: 3m\n          actions:\n"
        "            - {type: update, t: 10s, options: {target_rpm: '${{ ::stirring:target_rpm + 50 }}'}}\n"
        "            - {type: log, t: 2m, options: {message: never}}\n"
        "        - type: repeat\n          t: 5m\n          every: 1m\n"
        "          while: ${{ ::stirring:target_rpm > 200 }}\n          actions:\n"
        "            - {type: update, t: 0, options: {target_rpm: '${{ ::stirring:target_rpm - 100 }}'}}\n"
        "        - {type: repeat, t: 5m, every: 1m, if: false, actions: [{type: stop, t: 0}]}\n"
        "        - {type: stop, t: 12m}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            await asyncio.sleep(270)
            assert service.jobs.settings_of("stirring")["target_rpm"] == 450  # type: ignore[index]
            await service.profiles.runs.until_over()
            updates = [minute for minute, _, action, _ in await course(service, item) if action == "update"]
            assert updates == [1.2, 2.2, 3.2, 5.0, 6.0, 7.0]
            assert "never" not in told.log("NOTICE")
            said = [line.message for line in await lines_of(service, item) if line.action == "repeat"]
            assert said == ["it came round 3 times", "its `if` is false", "its `while` is false; it came round 3 times"]

    bent(run())


def test_a_when_waits_fires_once_and_counts_from_there(tmp_path: Path) -> None:
    text = of_job(
        "stirring",
        "        - {type: start, t: 0, options: {target_rpm: 300}}\n"
        "        - type: when\n          t: 1m\n          wait_until: ${{ ::stirring:target_rpm >= 600 }}\n"
        "          actions:\n            - {type: log, t: 1m, options: {message: fast by now}}\n"
        "        - {type: update, t: 5m, options: {target_rpm: 700}}\n"
        "        - {type: when, t: 0, wait_until: '${{ ::od_reading:od1.od > 1 }}', actions: [{type: stop, t: 0}]}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            await asyncio.sleep(600)
            assert not item.is_over, "a value that is missing is not true"
            ((minute, *_),) = [line for line in await course(service, item) if line[2] == "log"]
            assert 6.0 <= minute <= 6.5
            assert told.log("NOTICE").count("fast by now") == 1
            await service.profiles.runs.stop(item.run_id)

    bent(run())


def test_an_action_that_fails_is_told_and_the_profile_goes_on(tmp_path: Path) -> None:
    text = of_job(
        "stirring",
        "        - {type: start, t: 0}\n"
        "        - {type: start, t: 1m}\n"
        "        - {type: update, t: 2m, options: {target_rpm: '${{ ::od_reading:od1.od * 100 }}'}}\n"
        "        - {type: stop, t: 3m, if: '${{ ::od_reading:od1.od > 1 }}'}\n"
        "        - {type: log, t: 4m, options: {message: the end}}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            await service.profiles.runs.until_over()
            assert [line[3] for line in await course(service, item)] == ["done", "failed", "failed", "failed", "done"]
            assert (item.state.value, item.actions_failed) == ("complete", 3)
            assert "Line 8, start stirring, was not done: stirring is already running." in told.log("ERROR")
            assert "od_reading is not running" in told.log("ERROR")
            assert service.jobs.newest("stirring") is not None, "what a profile started goes on after its end"

    bent(run())


def test_a_run_ended_early_ends_what_it_started_and_nothing_else(tmp_path: Path) -> None:
    text = of_job("stirring", "        - {type: start, t: 0}\n        - {type: log, t: 1h, options: {message: late}}\n")

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            await asyncio.sleep(60)
            with pytest.raises(ConflictError, match="is running"):
                await begin(service, text)
            await service.profiles.runs.stop(item.run_id)
            assert service.jobs.newest("stirring") is None
            await asyncio.sleep(2 * 3600)
            assert "late" not in told.log("NOTICE")
            assert (item.state.value, item.reason) == ("stopped", "A user stopped it.")
            assert service.jobs.rows("monitor")

    bent(run())


def test_stop_all_and_the_end_of_its_experiment_end_a_run(tmp_path: Path) -> None:
    text = of_job("stirring", "        - {type: start, t: 0}\n        - {type: start, t: 10m}\n")

    async def run() -> None:
        async with running(tmp_path, text) as (service, _, item):
            await asyncio.sleep(60)
            service.jobs.note_stop_of_all()
            assert (item.state.value, item.reason) == ("stopped", "Everything was stopped.")
            await service.profiles.runs.until_over()
            await service.jobs.stop_experiment(item.experiment)
            second = await begin(service, text)
            await asyncio.sleep(60)
            service.experiments.end(second.experiment)
            assert (second.state.value, second.reason) == ("stopped", "Its experiment was ended.")

    bent(run())


def test_a_pause_moves_everything_that_is_still_to_come(tmp_path: Path) -> None:
    async def run() -> None:
        async with running(tmp_path, STIRRING) as (service, _, item):
            await asyncio.sleep(30)
            service.profiles.runs.pause(item.run_id)
            await asyncio.sleep(3600)
            assert service.jobs.settings_of("stirring")["target_rpm"] == 400  # type: ignore[index]
            assert item.state.value == "paused"
            service.profiles.runs.resume(item.run_id)
            await service.profiles.runs.until_over()
            assert [line[0] for line in await course(service, item)] == [0.0, 1.0, 1.0, 2.0]

    bent(run())


def test_while_the_board_is_lost_actions_wait_and_keep_their_order(tmp_path: Path) -> None:
    text = of_job(
        "stirring",
        "        - {type: start, t: 5m}\n"
        "        - {type: update, t: 6m, options: {target_rpm: 321}}\n"
        "        - {type: stop, t: 2h}\n",
    )

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            misbehave(service, "unplug 3600")
            await asyncio.sleep(3500)
            assert service.jobs.newest("stirring") is None
            assert "stirring waits for the board" in told.log("WARNING")
            await until(lambda: service.board_link.is_usable, 600)
            await asyncio.sleep(120)
            assert service.jobs.settings_of("stirring")["target_rpm"] == 321  # type: ignore[index]
            assert "s late." in told.log("WARNING")
            await service.profiles.runs.until_over()
            assert [line[2:] for line in await course(service, item)] == [
                ("start", "done"), ("update", "done"), ("stop", "done"),
            ]  # fmt: skip

    bent(run())


def test_a_dose_is_given_up_when_the_board_stays_away(tmp_path: Path) -> None:
    text = of_job("add_media", "        - {type: start, t: 1m, options: {ml: 0.5}}\n")

    async def run() -> None:
        async with running(tmp_path, text) as (service, told, item):
            misbehave(service, "unplug 3600")
            await service.profiles.runs.until_over()
            ((minute, *rest),) = await course(service, item)
            assert rest == ["add_media", "start", "failed"]
            assert 11 <= minute < 12
            assert "given up" in told.log("ERROR")
            await until(lambda: service.board_link.is_usable, 7200)
            await asyncio.sleep(60)
            assert truth(service)["media_ml"] == 0

    bent(run())


def test_leds_are_set_and_go_dark(tmp_path: Path) -> None:
    text = of_job(
        "led_intensity",
        "        - {type: start, t: 0, options: {B: 20}}\n"
        "        - {type: update, t: 1m, options: {B: 40, C: '${{ light }}'}}\n"
        "        - {type: pause, t: 2m}\n",
    ).replace("common:", "inputs: {light: 10}\ncommon:")

    async def run() -> None:
        async with running(tmp_path, text, light=20) as (service, _, item):
            await asyncio.sleep(90)
            assert (truth(service)["led_b_percent"], truth(service)["led_c_percent"]) == (40, 20)
            await service.profiles.runs.until_over()
            assert (truth(service)["led_b_percent"], truth(service)["led_c_percent"]) == (0, 0)
            assert item.actions_failed == 0

    bent(run())


def test_plans_of_this_unit_only(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            text = (
                f"{HEAD}pioreactors:\n  elsewhere:\n    jobs:\n      stirring:\n        actions:\n"
                f"          - {{type: start, t: 0}}\n  {service.unit}:\n    label: left one\n    jobs:\n"
                f"      od_reading:\n        actions:\n          - {{type: log, t: 0, options: {{message: here}}}}\n"
            )
            item = await begin(service, text)
            await service.profiles.runs.until_over()
            assert (item.actions_total, item.label) == (1, "left one")

    bent(run())


def test_after_a_restart_a_run_is_interrupted_and_nothing_goes_on(tmp_path: Path) -> None:
    text = of_job(
        "stirring", "        - {type: start, t: 0}\n        - {type: update, t: 5m, options: {target_rpm: 1}}\n"
    )
    run_ids = []

    async def first() -> None:
        async with running(tmp_path, text) as (_, _, item):
            run_ids.append(item.run_id)
            await asyncio.sleep(60)

    async def second() -> None:
        async with bent_service(tmp_path) as (service, _):
            found, text_run, _ = await service.profiles.runs.records.get(run_ids[0])
            assert (found.state.value, found.reason) == ("interrupted", "The service ended.")
            assert text_run == text
            assert service.profiles.runs.current is None
            await asyncio.sleep(600)
            assert service.jobs.newest("stirring") is None

    bent(first())
    bent(second())
