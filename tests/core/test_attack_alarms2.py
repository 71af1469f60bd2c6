"""A flood of alarms, and what must be heard all the same."""

from __future__ import annotations

from pathlib import Path

from bent_service import bent, bent_service

from core.bus import AlarmBegan
from core.jobs.alarms import JobAlarms


def test_a_job_that_raises_thousands_of_alarms_does_not_keep_those_of_the_unit_away(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            noisy = JobAlarms(service.bus, "noisy", "e")
            for number in range(5000):
                noisy.begin(f"key {number}", "Look at me.", severity="note")
            assert len(service.alarms.items()) <= 250
            service.bus.publish(AlarmBegan("board:heater cut-off", "board", "alarm", "It was too hot."))
            JobAlarms(service.bus, "quiet", "e").begin("leak", "It leaks.")
            shown = [each["message"] for each in service.alarms.items()]
            assert "It was too hot." in shown
            assert "It leaks." in shown
            assert told.log("ERROR").count("more are not taken") == 1

    bent(run())
