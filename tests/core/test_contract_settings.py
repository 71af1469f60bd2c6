"""New settings for a running job: all of them or none, also when the job does not answer in time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bent_service import bent
from contract_unit import Unit, contract_unit

_PATH = "/jobs/settings/job_name/slow_job"
_PLUGIN = """
import asyncio
from core.plugins.api import Group, Job, JobDeclaration, Plugin, Setting


class SlowJob(Job):
    declaration = JobDeclaration(
        job_name="slow_job", help="Takes its time.", group=Group.CHECK, label="Slow", needs_board=False,
        settings={"wait_s": Setting("float", settable=True), "level": Setting("float", settable=True),
                  "word": Setting("string", settable=True)},
    )

    async def set_up(self):
        for name, value in {"wait_s": 0.0, "level": 1.0, "word": "a"}.items():
            self.publish(name, value)

    async def set_wait_s(self, wait_s):
        await asyncio.sleep(wait_s)
        self.publish("wait_s", wait_s)

    async def set_level(self, level):
        await asyncio.sleep(1)
        self.publish("level", level)


plugin = Plugin(jobs=[SlowJob])
"""


async def _running(unit: Unit) -> dict[str, Any]:
    await unit.done("POST", "/jobs/run/job_name/slow_job", {})
    return await unit.settings("slow_job")


@pytest.mark.parametrize("wanted", [{"word": "b", "level": 7, "wait_s": 60}, {"wait_s": 60, "level": 7}])
def test_what_is_not_answered_in_time_leaves_everything_as_it_was(data_dir: Path, wanted: dict[str, Any]) -> None:
    (data_dir / "plugins").mkdir(parents=True)
    (data_dir / "plugins" / "slow.py").write_text(_PLUGIN)

    async def ask() -> None:
        async with contract_unit(data_dir) as unit:
            before = await _running(unit)
            answer = await unit.ask("PATCH", _PATH, {"settings": wanted})
            assert (answer.status, await unit.settings("slow_job")) == (503, before), answer.body
            answer = await unit.ask("PATCH", _PATH, {"settings": {"word": "c", "level": 2, "wait_s": 1}})
            assert (answer.status, answer.json()) == (200, {"status": "success"})
            assert await unit.settings("slow_job") == before | {"word": "c", "level": 2.0, "wait_s": 1.0}

    bent(ask())
