"""What happened in an experiment, over HTTP: runs of jobs, events of automations, a summary in numbers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.bus import ReadingTaken, SettingChanged
from core.service import ServiceOptions


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Served]:
    """A service on a connected simulated board, with an experiment."""
    async with serving(ServiceOptions(tmp_path / "data", "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        await served.json("POST", "/experiments", 201, json={"experiment": "e"})
        yield served


async def _run(unit: Served, job_name: str, body: dict[str, Any] | None = None) -> None:
    accepted = await unit.json("POST", f"/jobs/run/job_name/{job_name}", 202, json=body or {})
    job = next(job for job in unit.service.jobs.jobs() if job.declaration.row_name == job_name)
    assert accepted["task_id"]
    await job.left_init.wait()
    assert job.failure is None


async def test_a_run_tells_what_it_was_started_with_and_how_it_was_changed_and_ended(unit: Served) -> None:
    await _run(unit, "stirring", {"options": {"target_rpm": 300}, "env": {"JOB_SOURCE": "a person"}})
    await unit.json("PATCH", "/jobs/settings/job_name/stirring", json={"settings": {"target_rpm": 400}})
    [running] = (await unit.json("GET", "/experiments/e/runs"))["runs"]
    assert (running["job_source"], running["ended_at"], running["state"]) == ("a person", None, "ready")
    await unit.service.jobs.end(unit.service.jobs.running)
    page = await unit.json("GET", "/experiments/e/runs")
    [run] = page["runs"]
    assert page["next_before_id"] is None
    assert (run["job_name"], run["label"], run["state"]) == ("stirring", "Stirring", "disconnected")
    assert run["ended_at"] > run["started_at"]
    options = {option["name"]: option for option in run["options"]}
    assert options["target_rpm"] == {"name": "target_rpm", "value": 300.0, "default": None, "is_default": False}
    assert options["measure_rpm_only"]["is_default"]
    [change] = [each for each in run["setting_changes"] if each["setting"] == "target_rpm"]
    assert (change["before"], change["value"]) == (300.0, 400.0)


async def test_what_a_job_adjusts_by_itself_is_counted_not_listed(unit: Served) -> None:
    await _run(unit, "stirring")
    job = unit.service.jobs.jobs()[-1]
    for duty in range(50):
        unit.service.bus.publish(SettingChanged(job.context.job_id, "stirring", "duty_cycle", 10 + duty / 10, "e"))
    [run] = (await unit.json("GET", "/experiments/e/runs"))["runs"]
    assert run["setting_changes_left_out"]["duty_cycle"] >= 49
    assert not [each for each in run["setting_changes"] if each["setting"] == "duty_cycle"]


async def test_runs_come_in_pages_newest_first(served: Served) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "e"})
    records = served.service.records
    ids = [records.insert_job(f"job{number}", "e" if number != 2 else "other", "user") for number in range(6)]
    first = await served.json("GET", "/experiments/e/runs?limit=3")
    assert [run["job_name"] for run in first["runs"]] == ["job5", "job4", "job3"]
    assert first["next_before_id"] == ids[3]
    rest = await served.json("GET", f"/experiments/e/runs?limit=3&before_id={ids[3]}")
    assert [run["job_name"] for run in rest["runs"]] == ["job1", "job0"]
    assert rest["next_before_id"] is None
    # A row of before starts were kept has neither options nor a label.
    assert (rest["runs"][0]["options"], rest["runs"][0]["label"]) == (None, "")


@pytest.mark.parametrize("path", ["runs", "automation_events", "summary"])
async def test_unknown_experiments_are_404(served: Served, path: str) -> None:
    await served.json("GET", f"/experiments/nobody/{path}", 404)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "before_id=-1", "before_id=9223372036854775808"])
async def test_bad_pages_are_400(served: Served, query: str) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "e"})
    for path in ("runs", "automation_events"):
        await served.json("GET", f"/experiments/e/{path}?{query}", 400)


async def test_what_automations_did_is_listed_without_what_they_left_alone(unit: Served) -> None:
    await _run(unit, "led_automation", {"options": {"automation_name": "light_dark_cycle"}})
    job = unit.service.jobs.jobs()[-1]
    async with asyncio.timeout(10):
        while "latest_event" not in job.settings:  # noqa: ASYNC110 - its own first event comes first
            await asyncio.sleep(0.01)
    job.publish("latest_event", {"event_name": "ChangedLedIntensity", "message": "Light on.", "data": {"A": 5}})
    job.publish("latest_event", {"event_name": "NoEvent", "message": None, "data": None})
    job.publish("latest_event", None)
    page = await unit.json("GET", "/experiments/e/automation_events")
    assert page["events"]
    assert {event["event_name"] for event in page["events"]} == {"ChangedLedIntensity"}
    newest = page["events"][0]
    assert (newest["message"], newest["data"], newest["job_id"]) == ("Light on.", {"A": 5}, job.context.job_id)
    one = await unit.json("GET", "/experiments/e/automation_events?limit=1")
    assert one["events"] == [newest]
    older = await unit.json("GET", f"/experiments/e/automation_events?before_id={newest['id']}")
    assert newest not in older["events"]
    [run] = [run for run in (await unit.json("GET", "/experiments/e/runs"))["runs"] if run["automation_name"]]
    assert run["automation_name"] == "light_dark_cycle"


async def test_the_summary_is_of_ten_minutes_not_of_a_bubble(served: Served) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "e"})
    start_s = served.service.experiments.get("e").created_at
    for number in range(240):  # twenty minutes: the second ten are denser, with one bubble in the first
        density = 9.0 if number == 5 else 0.5 if number < 120 else 1.0
        _tell(served, start_s + number * 5, "od2", density)
        _tell(served, start_s + number * 5, "growth_rate", 0.1 if number < 120 else 0.2)
    for number in range(3):
        _tell(served, start_s + number, "media_ml", 0.5)
    summary = await served.json("GET", "/experiments/e/summary")
    density = summary["curves"]["od2"]
    assert density["greatest"] == pytest.approx(1.0)
    assert density["mean"] == pytest.approx((119 * 0.5 + 9.0 + 120) / 240)
    assert summary["doubling_time_h"] == pytest.approx(math.log(2) / 0.2)
    assert summary["volumes_ml"] == {"media_ml": 1.5}
    assert set(summary["curves"]) == {"od2", "growth_rate"}
    assert 0 <= summary["duration_s"] < 60


async def test_an_empty_experiment_has_a_summary_too(served: Served) -> None:
    await served.json("POST", "/experiments", 201, json={"experiment": "e"})
    summary = await served.json("GET", "/experiments/e/summary")
    assert (summary["curves"], summary["volumes_ml"], summary["doubling_time_h"]) == ({}, {}, None)


def _tell(served: Served, utc_s: float, series: str, value: float) -> None:
    served.service.bus.publish(ReadingTaken(utc_s, "e", series, value))
