"""The target of a temperature is recorded beside what is measured."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bent_service import bent, bent_service, started


def test_the_target_is_recorded_with_each_temperature_and_steps_when_it_changes(tmp_path: Path) -> None:
    async def experiment() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(
                service, "temperature_automation", automation_name="thermostat", target_temperature=30.0
            )
            await asyncio.sleep(900)
            await job.change({"target_temperature": 34.0})
            await asyncio.sleep(300)
            targets = [(reading.utc_s, reading.value) for reading in told.readings("target_temperature")]
            measured = [reading.utc_s for reading in told.readings("temperature")]
            assert [value for _, value in targets] == sorted(value for _, value in targets)
            assert {value for _, value in targets} == {30.0, 34.0}
            assert len(targets) == 1 + len(measured) + 2
            before, after = (next(at for at, value in pairs if value == wanted) for pairs, wanted in
                             ((targets[::-1], 30.0), (targets, 34.0)))  # fmt: skip
            assert 0 < after - before < 0.01

    bent(experiment())
