"""The same job twice: the second start is refused, of actions too; a sub-command has work of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bent_service import bent
from contract_unit import Unit, contract_unit

_RUN = "/jobs/run/job_name"


async def _again(unit: Unit, job_name: str, first: object, second: object) -> tuple[int, str]:
    """Start a job twice, more than a second apart; return status and holder of the second answer."""
    assert (await unit.ask("POST", f"{_RUN}/{job_name}", first)).status == 202
    await asyncio.sleep(1.1)
    answer = await unit.ask("POST", f"{_RUN}/{job_name}", second)
    return answer.status, answer.json().get("error_info", {}).get("holder", "")


def test_an_action_that_runs_is_not_started_beside_itself(data_dir: Path) -> None:
    async def ask() -> tuple[int, str]:
        async with contract_unit(data_dir) as unit:
            return await _again(unit, "pumps", {"args": ["--sleep", "60"]}, {"args": ["--sleep", "5"]})

    assert bent(ask()) == (409, "pumps")


def test_a_sub_command_runs_beside_the_action_whose_name_it_shares_but_not_beside_a_job(data_dir: Path) -> None:
    async def ask() -> list[tuple[int, str]]:
        async with contract_unit(data_dir) as unit:
            blank = await _again(unit, "od_blank", {}, {"args": ["delete"]})
            await unit.done("POST", "/jobs/stop/all")
            assert (await unit.ask("POST", f"{_RUN}/od_reading", {})).status == 202
            return [blank, await _again(unit, "growth_rate_calculating", {}, {"args": ["clear_cache"]})]

    assert bent(ask()) == [(202, ""), (409, "growth_rate_calculating")]


def test_leds_are_set_as_often_as_wanted(data_dir: Path) -> None:
    async def ask() -> tuple[int, str]:
        async with contract_unit(data_dir) as unit:
            return await _again(unit, "led_intensity", {"options": {"A": 5}}, {"options": {"B": 5}})

    assert bent(ask()) == (202, "")
