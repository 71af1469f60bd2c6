"""The computer's clock is set while a rule doses by what others measured."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import bent, bent_service, started

from core.automations.dosing.signals import GROWTH_RATE, latest
from core.clock import timestamp
from core.errors import UnavailableError
from core.plugins.api import Group, Job, JobDeclaration, Setting


class Growth(Job):
    """Has published a growth rate, and will not again."""

    declaration = JobDeclaration(
        "growth_rate_calculating", "", Group.MEASURE, "Growth", settings={"growth_rate": Setting("json")}
    )

    async def set_up(self) -> None:
        self.publish("growth_rate", {"growth_rate": 0.2, "timestamp": timestamp(self.clock.utc_s())})


@pytest.mark.parametrize("set_by_s", [86400.0, -86400.0])
def test_a_value_from_before_the_clock_was_set_is_no_value_of_now(tmp_path: Path, set_by_s: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.registry.add(Growth)
            job = await started(service, "growth_rate_calculating")
            assert await latest(job, GROWTH_RATE) == 0.2
            service.clock._offset_s += set_by_s
            await asyncio.sleep(400)
            with pytest.raises(UnavailableError, match="growth_rate_calculating is required"):
                await latest(job, GROWTH_RATE)

    bent(run())
