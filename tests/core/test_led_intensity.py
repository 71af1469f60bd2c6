"""Setting LEDs by hand: they stay lit as long as the job is listed, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from bent_service import bent, bent_service, ended, misbehave, started, truth, until
from running_services import Served, serving

from core.bus import LedChanged
from core.errors import ConflictError
from core.jobs.runner import StartRequest
from core.jobs.state import JobState
from core.output_holds import LedLocks
from core.service import ServiceOptions


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Served]:
    """A service on a connected simulated board, with an experiment."""
    async with serving(ServiceOptions(tmp_path / "data", "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})
        yield served


async def _light(unit: Served, **options: Any) -> dict[str, Any]:
    """Start it as soon as it may be started again; return the task's body."""
    await asyncio.sleep(1.0)
    accepted = await unit.json("POST", "/jobs/run/job_name/led_intensity", 202, json={"options": options})
    async with asyncio.timeout(20):
        while (answer := await unit.http.get(accepted["result_url_path"])).status_code == 202:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return dict(answer.json())


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the truth has no events
            await asyncio.sleep(0.01)


def _lit(unit: Served) -> dict[str, float]:
    state = unit.service.board_link.simulation.truth()
    return {letter: round(state[f"led_{letter}_percent"], 1) for letter in "abcd" if state[f"led_{letter}_percent"]}


async def test_capabilities_have_long_flags_of_one_letter(unit: Served) -> None:
    entries = {entry["job_name"]: entry for entry in await unit.json("GET", "/capabilities")}
    options = {option["name"]: option for option in entries["led_intensity"]["options"]}
    assert list(options) == ["a", "b", "c", "d", "source_of_event", "no_log"]
    for name in "abcd":
        assert (options[name]["long_flag"], options[name]["type"]) == (name.upper(), "float range")
        assert (options[name]["min"], options[name]["max"], options[name]["default"]) == (0, 100, None)
    assert entries["led_intensity"]["published_settings"] == {}


async def test_stays_listed_while_lit_and_a_new_start_takes_its_place(unit: Served) -> None:
    task = await _light(unit, B=40, c="20")
    first = task["result"]["job_id"]
    assert task["result"]["state"] == "ready"
    assert _lit(unit) == {"b": 40.0, "c": 20.0}
    assert [row["job_id"] for row in await unit.json("GET", "/jobs/running/led_intensity")] == [first]
    await unit.json("GET", "/jobs/settings/job_name/led_intensity", 404)
    await unit.json(
        "PATCH", "/jobs/settings/job_name/led_intensity", 404, json={"settings": {"$state": "disconnected"}}
    )

    second = (await _light(unit, B=0, D=5))["result"]["job_id"]
    assert [row["job_id"] for row in await unit.json("GET", "/jobs/running/led_intensity")] == [second]
    assert set(_lit(unit)) == {"c", "d"}

    await unit.json("POST", "/jobs/stop", 202, json={"job_name": "led_intensity"})
    await _until(lambda: not _lit(unit))
    await _until(lambda: unit.service.jobs.newest("led_intensity") is None)
    curve = await unit.json("GET", "/experiments/exp%20one/time_series/led_C")
    assert curve["data"][1] == [20.0, 0.0]


async def test_setting_the_last_one_to_0_ends_it(unit: Served) -> None:
    await _light(unit, A=30)
    task = await _light(unit, A=0)
    await _until(lambda: unit.service.jobs.newest("led_intensity") is None)
    assert task["status"] == "complete"
    assert not _lit(unit)
    assert (await unit.json("GET", "/jobs/running/led_intensity")) == []


@pytest.mark.parametrize(
    ("options", "field"), [({"A": 101}, "a"), ({"b": -1}, "b"), ({"E": 1}, "E"), ({"A": 1, "a": 2}, "a")]
)
async def test_impossible_light_is_refused(served: Served, options: dict[str, Any], field: str) -> None:
    answer = await served.json("POST", "/jobs/run/job_name/led_intensity", 400, json={"options": options})
    assert answer["error_info"]["fields"] == [field]


def test_leases_are_renewed_and_events_tell_who_it_was(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            job = await started(service, "led_intensity", c=40, source_of_event="me")
            await asyncio.sleep(600)
            assert truth(service)["led_c_percent"] == pytest.approx(40, abs=0.3)
            changes = [(event.channel, event.intensity, event.source) for event in told.of(LedChanged)]
            assert changes == [("C", 40, "me")]
            assert "LED C is set to 40 %." in told.log("INFO")
            job.end()
            await ended(job)
            assert truth(service)["led_c_percent"] == 0
            silent = await started(service, "led_intensity", c=40, no_log=True)
            assert told.log("INFO").count("LED C is set") == 1
            silent.end()
            await ended(silent)

    bent(run())


def test_a_measurement_is_waited_for_and_light_comes_back_after_a_lost_link(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "od_reading", interval=5)
            await until(lambda: service.jobs.led_locks.is_locked("B"))
            await started(service, "led_intensity", b=25)
            assert not service.jobs.led_locks.is_locked("B")
            await asyncio.sleep(2)
            assert truth(service)["led_b_percent"] == pytest.approx(25, abs=0.3)
            ods = told.readings("od2")
            assert [reading.value for reading in ods][-1] < 1  # the light did not fall into the readings
            misbehave(service, "unplug 40")
            await asyncio.sleep(20)
            assert truth(service)["led_b_percent"] == 0
            await until(lambda: truth(service)["led_b_percent"] > 0)

    bent(run())


def test_a_channel_that_stays_locked_is_refused_and_the_others_are_set(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            locks: LedLocks = service.jobs.led_locks
            with locks.locked("B"):
                with pytest.raises(ConflictError, match="LED B"):
                    await started(service, "led_intensity", b=25)
                job = await started(service, "led_intensity", b=25, c=30)
                assert truth(service)["led_c_percent"] == pytest.approx(30, abs=0.3)
                assert truth(service)["led_b_percent"] == 0
                assert "LED B could not be set" in told.log("ERROR")
            job.end()
            await ended(job)

    bent(run())


def test_too_much_light_darkens_everything_and_ends_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "od_reading", interval=5)
            job = await started(service, "led_intensity", b=25)
            misbehave(service, "saturate")
            await ended(job)
            assert job.state is JobState.DISCONNECTED
            assert truth(service)["led_b_percent"] == 0

    bent(run())


def test_an_led_of_another_job_is_told_with_its_holder(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.jobs.holds.claim(("LED C",), "led_automation")
            with pytest.raises(ConflictError, match="held by led_automation"):
                service.jobs.start(StartRequest("led_intensity", {"c": 5}))

    bent(run())
