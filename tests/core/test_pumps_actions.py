"""Dosing by hand over HTTP: what is refused, what runs, what a stop does, on the simulated board's truth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pump_calibrations import calibrate
from running_services import Served, serving

from core.bus import DosingEvent
from core.service import ServiceOptions

_INFLOWS = ("add_media", "add_alt_media")


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Served]:
    """A service on a connected simulated board, with an experiment."""
    async with serving(ServiceOptions(tmp_path / "data", "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})
        yield served


async def _run(unit: Served, job_name: str, status: int = 202, /, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await unit.json("POST", f"/jobs/run/job_name/{job_name}", status, json=body)
    return answer


async def _until(condition: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the truth has no events
            await asyncio.sleep(0.01)


async def _result(unit: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while (answer := await unit.http.get(accepted["result_url_path"])).status_code == 202:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return dict(answer.json())


async def _values(unit: Served) -> dict[str, float]:
    values: dict[str, float] = (await unit.json("GET", "/bioreactor/experiments/exp%20one"))["values"]
    return values


def _truth(unit: Served) -> dict[str, float]:
    return unit.service.board_link.simulation.truth()


def _running(unit: Served, job_name: str) -> bool:
    return unit.service.jobs.newest(job_name) is not None


async def test_capabilities_say_what_is_taken(unit: Served) -> None:
    entries = {entry["job_name"]: entry for entry in await unit.json("GET", "/capabilities")}
    for name in (*_INFLOWS, "remove_waste"):
        options = {option["name"]: (option["type"], option["default"]) for option in entries[name]["options"]}
        assert options == {
            "ml": ("float", None),
            "duration": ("float", None),
            "continuously": ("boolean", False),
            "source_of_event": ("text", "CLI"),
        }
    for name in ("circulate_media", "circulate_alt_media"):
        required = {option["name"]: option["required"] for option in entries[name]["options"]}
        assert required == {"duration": True, "source_of_event": False}
    script = entries["pumps"]["arguments"][0]
    assert script == {"name": "pump_script", "nargs": -1, "required": False, "type": "text"}
    assert entries["pumps"]["options"] == []
    for name in (*_INFLOWS, "remove_waste", "circulate_media", "circulate_alt_media", "pumps"):
        assert entries[name]["published_settings"] == {}


@pytest.mark.parametrize("job_name", [*_INFLOWS, "remove_waste"])
@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({}, ["ml", "duration", "continuously"]),
        ({"continuously": False}, ["ml", "duration", "continuously"]),
        ({"ml": 1, "duration": 1}, ["ml", "duration"]),
        ({"ml": 0, "continuously": None}, ["ml", "continuously"]),
        ({"ml": -0.1}, ["ml"]),
        ({"duration": -1}, ["duration"]),
        ({"ml": "much"}, ["ml"]),
        ({"ml": None}, ["ml"]),
        ({"manually": True, "ml": 1}, ["manually"]),
    ],
)
async def test_an_amount_is_exactly_one_of_three(
    served: Served, job_name: str, options: dict[str, Any], fields: list[str]
) -> None:
    answer = await _run(served, job_name, 400, options=options)
    assert answer["error_info"]["fields"] == fields


@pytest.mark.parametrize(
    ("job_name", "body"),
    [
        ("circulate_media", {}),
        ("circulate_alt_media", {"options": {"duration": -1}}),
        ("pumps", {"args": ["--media"]}),
        ("pumps", {"args": ["--beer", "1"]}),
        ("pumps", {"args": ["media", "1"]}),
        ("pumps", {"args": ["--media", "-1"]}),
        ("pumps", {"args": ["--media", "nan"]}),
        ("pumps", {"args": ["--waste", "1", "--sleep", "soon"]}),
        ("pumps", {"options": {"media": 1}}),
    ],
)
async def test_other_faults_are_told_before_anything_moves(served: Served, job_name: str, body: dict[str, Any]) -> None:
    assert (await _run(served, job_name, 400, **body))["error_info"]["fields"]


async def test_an_unsafe_dose_is_refused_by_the_model_named(unit: Served) -> None:
    await calibrate(unit.service, "alt_media_pump", 0.1)
    answer = await _run(unit, "add_media", 400, options={"ml": 3})
    assert "unsafe" in answer["error"]
    assert answer["error_info"]["fields"] == ["ml"]
    # The active calibration says how much 30 s are; a pump without one is taken at its default rate.
    assert (await _run(unit, "add_alt_media", 400, options={"duration": 30}))["error_info"]["fields"] == ["duration"]
    assert (await _run(unit, "add_media", 400, options={"duration": 33}))["error_info"]["fields"] == ["duration"]
    await _run(unit, "pumps", 400, args=["--media", "2", "--alt_media", "1.5"])
    large = {"MODEL_NAME": "pioreactor_40ml", "MODEL_VERSION": "1.5"}
    await _run(unit, "add_media", options={"duration": 33}, env=large)
    unknown = {"MODEL_NAME": "pioreactor_40ml", "MODEL_VERSION": "9"}
    assert (await _run(unit, "add_alt_media", 400, options={"ml": 1}, env=unknown))["error_info"]["known"]
    await unit.json("PATCH", "/bioreactor/experiments/exp%20one", json={"values": {"current_volume_ml": 18}})
    await _run(unit, "add_alt_media", 400, options={"continuously": True})
    await _run(unit, "remove_waste", options={"duration": 1})


async def test_a_dose_by_volume_needs_a_calibration_and_says_so(unit: Served) -> None:
    task = await _result(unit, await _run(unit, "add_media", options={"ml": 1}))
    assert task["status"] == "failed"
    assert task["error_info"]["cause"] == "no active calibration for media_pump"
    task = await _result(unit, await _run(unit, "pumps", args=["--media", "1", "--waste", "1"]))
    assert task["error_info"]["cause"] == "no active calibration for media_pump, waste_pump"
    assert await unit.json("GET", "/jobs/running/add_media") == []
    assert _truth(unit)["media_ml"] == 0


async def test_a_dose_runs_is_listed_counted_and_ends_by_itself(unit: Served) -> None:
    task = await _result(unit, await _run(unit, "add_media", options={"duration": "4"}))
    assert task["result"]["state"] == "ready"
    await _until(lambda: _truth(unit)["media_pump_percent"] == 100)
    rows = await unit.json("GET", "/jobs/running/experiments/exp%20one")
    assert [row["job_name"] for row in rows] == ["add_media"]
    assert await unit.json("GET", "/jobs/settings/job_name/add_media") == {"settings": {"$state": "ready"}}
    await _until(lambda: not _running(unit, "add_media"))
    assert _truth(unit)["media_pump_percent"] == 0
    assert (await _values(unit))["current_volume_ml"] == pytest.approx(15 + 4 * 0.0911)
    doses = await unit.json("GET", "/experiments/exp%20one/time_series/media_ml")
    assert sum(doses["data"][1]) == pytest.approx(4 * 0.0911)
    duties = await unit.json("GET", "/experiments/exp%20one/time_series/pwm_2")
    assert duties["data"][1] == [100.0, 0.0]
    await unit.json("GET", "/jobs/settings/job_name/add_media", 404)
    messages = [line["message"] for line in (await unit.json("GET", "/logs?task=add_media"))["logs"]]
    assert "Added 0.364 ml of media." in messages


async def test_a_pump_in_use_is_told_with_its_holder_and_others_run_beside_it(unit: Served) -> None:
    await _run(unit, "add_media", options={"continuously": False, "duration": 20})
    await _run(unit, "add_media", 429, options={"duration": 1})
    answer = await _run(unit, "circulate_media", 409, options={"duration": 1})
    assert answer["error_info"]["holder"] == "add_media"
    assert (await _run(unit, "pumps", 409, args=["--media=1"]))["error_info"]["holder"] == "add_media"
    await _run(unit, "remove_waste", options={"continuously": True})
    await _until(lambda: _truth(unit)["media_pump_percent"] == _truth(unit)["waste_pump_percent"] == 100)
    await asyncio.sleep(1)
    answer = await _run(unit, "add_media", 409, options={"duration": 1})
    assert answer["error_info"]["holder"] == "add_media"


async def test_stop_all_has_every_pump_off_before_it_answers(unit: Served) -> None:
    events: list[DosingEvent] = []
    unit.service.bus.listen(DosingEvent, events.append)
    await _run(unit, "add_alt_media", options={"duration": 20})
    await _run(unit, "remove_waste", options={"continuously": True})
    await _until(lambda: _truth(unit)["alt_media_pump_percent"] == _truth(unit)["waste_pump_percent"] == 100)
    await asyncio.sleep(0.7)
    accepted = await unit.json("POST", "/jobs/stop/all", 202)
    assert _truth(unit)["alt_media_pump_percent"] == _truth(unit)["waste_pump_percent"] == 0
    task = await _result(unit, accepted)
    assert {row["job_name"] for row in task["result"]["stopped"]} == {"add_alt_media", "remove_waste"}
    assert task["result"]["still_running"] == []
    added_ml = sum(event.volume_change_ml for event in events if event.event == "add_alt_media")
    assert 0.6 * 0.0911 < added_ml < 1.1 * 0.0911
    assert (await _values(unit))["cumulative_alt_media_added_ml"] == pytest.approx(added_ml)


async def test_a_stop_reaches_the_pump_within_50_ms(unit: Served) -> None:
    loop = asyncio.get_running_loop()
    await _run(unit, "remove_waste", options={"continuously": True})
    await _until(lambda: _truth(unit)["waste_pump_percent"] == 100)
    job = unit.service.jobs.newest("remove_waste")
    assert job is not None
    asked_s = loop.time()
    job.end()
    async with asyncio.timeout(1):
        while _truth(unit)["waste_pump_percent"]:  # noqa: ASYNC110 - the truth has no events
            await asyncio.sleep(0.001)
    assert loop.time() - asked_s < 0.05


async def test_the_state_of_an_action_can_only_be_ended(unit: Served) -> None:
    await _run(unit, "remove_waste", options={"continuously": True})
    path = "/jobs/settings/job_name/remove_waste"
    await _until(lambda: _truth(unit)["waste_pump_percent"] == 100)
    await unit.json("PATCH", path, 400, json={"settings": {"$state": "sleeping"}})
    await unit.json("PATCH", path, 404, json={"settings": {"ml": 1}})
    await unit.json("PATCH", path, json={"settings": {"$state": "disconnected"}})
    assert _truth(unit)["waste_pump_percent"] == 0
    assert not _running(unit, "remove_waste")


async def test_circulating_removes_all_the_time_and_adds_in_pulses(unit: Served) -> None:
    await calibrate(unit.service, "media_pump", 0.2)
    await calibrate(unit.service, "waste_pump", 0.1)
    await unit.json("PATCH", "/bioreactor/experiments/exp%20one", json={"values": {"current_volume_ml": 17}})
    loop, duties = asyncio.get_running_loop(), []
    start_s = loop.time()
    await _run(unit, "circulate_media", options={"duration": 1.5})
    await _until(lambda: _running(unit, "circulate_media"))
    while _running(unit, "circulate_media"):
        truth = _truth(unit)
        duties.append((loop.time() - start_s, truth["media_pump_percent"], truth["waste_pump_percent"]))
        await asyncio.sleep(0.02)
    assert all(waste == 100 for moment, media, waste in duties if media)
    on = [moment for moment, media, _ in duties if media]
    assert 0.9 < on[0] < 1.3
    assert len(on) / len(duties) == pytest.approx(
        0.75 / 3.5, abs=0.08
    )  # half of each second: the inflow is twice as fast
    assert duties[-1][0] == pytest.approx(3.5, abs=0.5)
    values = await _values(unit)
    assert (values["current_volume_ml"], values["cumulative_media_added_ml"]) == (15.0, 0.0)
    assert _truth(unit)["waste_pump_percent"] == 0


async def test_a_recipe_is_followed_in_order(unit: Served) -> None:
    await calibrate(unit.service, "media_pump", 0.1)
    await calibrate(unit.service, "waste_pump", 0.1)
    events: list[DosingEvent] = []
    unit.service.bus.listen(DosingEvent, events.append)
    args = ["--media", "0.05", "--waste=0.05", "--sleep", "0.2", "--media_", "0.1"]
    task = await _result(unit, await _run(unit, "pumps", args=args))
    assert task["result"]["job_name"] == "pumps"
    await _until(lambda: not _running(unit, "pumps"))
    told = [(event.event, event.volume_change_ml, event.source) for event in events]
    assert told == [
        ("add_media", 0.05, "pumps"),
        ("remove_waste", 0.05, "pumps"),
        ("add_media", pytest.approx(0.05), "pumps"),
        ("add_media", pytest.approx(0.05), "pumps"),
    ]
    assert events[2].utc_s - events[1].utc_s > 0.65


async def test_without_a_board_nothing_starts(served: Served) -> None:
    for name, body in (("add_media", {"options": {"duration": 1}}), ("pumps", {"args": ["--waste", "1"]})):
        answer = await _run(served, name, 503, **body)
        assert answer["error_info"]["remediation"]
