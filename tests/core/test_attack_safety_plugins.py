"""A plug-in that misbehaves while outputs are on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from running_services import serving

from core.service import ServiceOptions

_RUDE = """
from fastapi import APIRouter
from core.plugins.api import Group, Job, JobDeclaration, Option, Plugin, StopOrder, pwm_output
class Rude(Job):
    declaration = JobDeclaration("rude", "help", Group.CHECK, "Rude", stop_order=StopOrder.OUTPUTS,
                                 options=(Option("how", "text"),))
    def __init__(self, config, options):
        super().__init__(config, options)
        if options["how"] == "init": raise KeyboardInterrupt
    @classmethod
    def outputs_needed(cls, config): return (pwm_output(1),)
    async def set_up(self):
        await self.context.outputs.set_pwm(1, 60.0, 200.0)
        if self.options["how"] == "set_up": raise KeyboardInterrupt
        if self.options["how"] == "timer": self.every(0.1, self._leave)
    async def _leave(self): raise KeyboardInterrupt
    async def work(self):
        if self.options["how"] == "work": raise KeyboardInterrupt
        if self.options["how"] == "timer": await super().work()
    async def on_disconnected(self):
        if self.options["how"] == "end": raise KeyboardInterrupt
router = APIRouter()
@router.get("/interrupts")
async def interrupts(): raise KeyboardInterrupt
plugin = Plugin(jobs=[Rude], routes=router)
"""


@pytest.mark.parametrize("how", ["init", "set_up", "timer", "work", "end"])
async def test_a_job_that_raises_what_a_key_does_ends_itself_with_its_outputs_off(data_dir: Path, how: str) -> None:
    (data_dir / "plugins").mkdir(parents=True)
    (data_dir / "plugins" / "rude.py").write_text(_RUDE)
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        answer = await served.http.post("/unit_api/jobs/run/job_name/rude", json={"options": {"how": how}})
        assert answer.status_code == (500 if how == "init" else 202), answer.text
        await served.json("GET", "/plugins/rude/interrupts", 500)
        async with asyncio.timeout(10):
            while await served.json("GET", "/jobs/running/rude"):  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.02)
        assert (await served.json("GET", "/board/simulation"))["truth"]["stirrer_percent"] == 0
        assert await served.json("GET", "/jobs/running/monitor")
