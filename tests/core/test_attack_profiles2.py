"""The worst moments of a profile's run: everything stopped while it begins, the board lost for an hour, a pause."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, misbehave, truth, until
from profile_texts import STIRRING, of_job
from test_profiles_runs import begin, lines_of, running

from core.bus import DosingEvent
from core.errors import ConflictError

_DOSES = of_job(
    "add_media",
    "        - type: repeat\n          t: 1m\n          every: 1m\n          max_time: 90m\n          actions:\n"
    "            - {type: start, t: 0, options: {ml: 0.01}}\n",
)


@pytest.mark.parametrize("lost_min", [7, 45])
def test_doses_that_fell_due_while_the_board_was_away_do_not_come_all_at_once(tmp_path: Path, lost_min: int) -> None:
    async def run() -> None:
        async with running(tmp_path, _DOSES) as (service, _, item):
            told: list[DosingEvent] = []
            service.bus.listen(DosingEvent, told.append)
            await asyncio.sleep(150)
            assert sum(each.volume_change_ml for each in told) == pytest.approx(0.02)
            misbehave(service, f"unplug {lost_min * 60}")
            await asyncio.sleep(lost_min * 60 - 1)
            told.clear()
            await asyncio.sleep(120)
            assert sum(each.volume_change_ml for each in told) < 0.035
            assert any(line.outcome.value == "failed" for line in await lines_of(service, item))

    bent(run())


@pytest.mark.parametrize("ticks", range(12))
def test_stopping_everything_ends_a_start_that_is_on_its_way(tmp_path: Path, ticks: int) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            item = await begin(service, STIRRING)
            for _ in range(ticks):
                await asyncio.sleep(0)
            service.jobs.note_stop_of_all()
            await service.jobs.end([each for each in service.jobs.running if not each.row.is_long_running])
            await asyncio.sleep(60)
            assert [each.name for each in service.jobs.running if not each.row.is_long_running] == []
            assert item.is_over

    bent(run())


@pytest.mark.parametrize("ticks", range(12))
def test_stopping_a_run_ends_a_start_that_is_on_its_way(tmp_path: Path, ticks: int) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            item = await begin(service, STIRRING)
            for _ in range(ticks):
                await asyncio.sleep(0)
            await service.profiles.runs.stop(item.run_id)
            await asyncio.sleep(60)
            assert [each.name for each in service.jobs.running if not each.row.is_long_running] == []

    bent(run())


def test_a_run_that_is_asked_for_does_not_begin_when_everything_was_stopped_meanwhile(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await service.profiles.write("p.yaml", STIRRING, None, even_with_errors=False)
            asked = asyncio.create_task(service.profiles.run("p.yaml", None, {}))
            await asyncio.sleep(0)
            service.jobs.note_stop_of_all()
            with pytest.raises(ConflictError, match="stopped"):
                await asked
            assert service.profiles.runs.current is None

    bent(run())


def test_what_waits_for_the_board_does_not_begin_while_the_run_is_paused(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "unplug 100")
            await asyncio.sleep(20)
            item = await begin(service, STIRRING)
            await asyncio.sleep(10)
            service.profiles.runs.pause(item.run_id)
            await asyncio.sleep(200)
            assert truth(service)["stirrer_percent"] == 0
            service.profiles.runs.resume(item.run_id)
            await until(lambda: truth(service)["stirrer_percent"] > 0, 30)

    bent(run())


def test_hundreds_of_actions_at_one_moment_leave_the_others_their_turns(tmp_path: Path) -> None:
    text = of_job("stirring", "        - {type: log, t: 1s, options: {message: hi}}\n" * 300)

    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            item = await begin(service, text)
            turns = 0
            while not item.is_over:
                turns += item.actions_done < 300
                await asyncio.sleep(0 if service.clock.utc_s() > item.started_at + 0.99 else 0.1)
            assert turns > 250

    bent(run())
