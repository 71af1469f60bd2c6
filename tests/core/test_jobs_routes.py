"""The HTTP routes of jobs and of the board, over a real connection to a service on the simulated board."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.service import ServiceOptions

RUN = "/jobs/run/job_name/stirring"


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Served]:
    """A service on a connected simulated board."""
    async with serving(ServiceOptions(tmp_path / "data", "simulated:")) as served:
        board = served.service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        yield served


async def _result(unit: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a task; return its body."""
    path = accepted["result_url_path"].removeprefix("/unit_api")
    async with asyncio.timeout(20):
        while True:
            answer = await unit.http.get(f"/unit_api{path}")
            if answer.status_code == 200:
                return dict(answer.json())
            await asyncio.sleep(0.01)


async def _link_is(unit: Served, word: str) -> dict[str, Any]:
    """Wait until the board's link is `word`; return the board."""
    async with asyncio.timeout(10):
        while (board := dict(await unit.json("GET", "/board")))["link"] != word:  # noqa: ASYNC110 - HTTP has no events
            await asyncio.sleep(0.01)
    return board


async def _start(unit: Served, body: Any = None, job_name: str = "stirring") -> dict[str, Any]:
    accepted = await unit.json("POST", f"/jobs/run/job_name/{job_name}", 202, json=body or {})
    return await _result(unit, accepted)


def _check_error(answer: dict[str, Any], status: int) -> None:
    assert answer["error"]
    info = answer["error_info"]
    assert info["cause"]
    assert info["remediation"]
    assert info["status"] == status


async def test_capabilities_are_complete_sorted_and_cached(unit: Served) -> None:
    answer = await unit.http.get("/unit_api/capabilities")
    entries = answer.json()
    names = [entry["job_name"] for entry in entries]
    assert names == sorted(names)
    assert {"monitor", "od_reading", "stirring"} <= set(names)
    for entry in entries:
        assert {"help", "arguments", "options", "published_settings", "cli_example", "group", "label"} <= set(entry)
        for option in entry["options"]:
            assert {"name", "long_flag", "help", "required", "multiple", "default", "type", "label"} <= set(option)
            assert ("min" in option and "max" in option) or "range" not in option["type"]
        # Actions, which do one thing and end, publish nothing.
        assert not entry["published_settings"] or entry["published_settings"]["$state"]["settable"] is True
        assert sum(option["first"] for option in entry["options"]) <= 3
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"] == "no-cache"
    again = await unit.http.get("/unit_api/capabilities", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await unit.http.post("/unit_api/capabilities")).status_code == 405


async def test_a_job_from_start_to_stop(unit: Served) -> None:
    body = {"options": {"target-rpm": "400"}, "env": {"EXPERIMENT": "exp one", "JOB_SOURCE": "user", "X": "y"}}
    accepted = await unit.json("POST", RUN, 202, json=body)
    (row,) = await unit.json("GET", "/jobs/running/stirring")
    assert (row["experiment"], row["job_source"], row["is_running"], row["ended_at"]) == ("exp one", "user", 1, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["started_at"])
    assert isinstance(row["pid"], int)
    result = await _result(unit, accepted)
    assert result["result"] == {"job_name": "stirring", "job_id": row["job_id"], "state": "ready"}
    assert await unit.json("GET", "/jobs/running/experiments/exp%20one") == [row]
    assert await unit.json("GET", "/jobs/running/experiments/nope") == []
    settings = (await unit.json("GET", "/jobs/settings/job_name/stirring"))["settings"]
    assert settings["$state"] == "ready"
    assert settings["target_rpm"] == 400
    assert settings["currently_dodging_od"] is False
    stopping = await unit.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"})
    stopped = await _result(unit, stopping)
    expected = {"stopped": [{"job_id": row["job_id"], "job_name": "stirring"}], "still_running": []}
    assert stopped["result"] == expected
    assert await unit.json("GET", "/jobs/running/stirring") == []
    newest = (await unit.json("GET", "/jobs"))[0]
    assert newest["job_id"] == row["job_id"]
    assert newest["ended_at"] is not None


async def test_the_monitor_runs_by_itself_and_survives_stop_all(unit: Served) -> None:
    (monitor,) = await unit.json("GET", "/long_running_jobs/running")
    assert (monitor["job_name"], monitor["experiment"], monitor["is_long_running_job"]) == ("monitor", "$experiment", 1)
    await _start(unit)
    answer = await unit.http.post("/unit_api/jobs/stop/all", content=b'{"oops": ')
    assert answer.status_code == 202
    truth = (await unit.json("GET", "/board/simulation"))["truth"]
    assert truth["stirrer_percent"] == 0, "off before the 202 leaves"
    result = await _result(unit, answer.json())
    assert [entry["job_name"] for entry in result["result"]["stopped"]] == ["stirring"]
    assert await unit.json("GET", "/jobs/running") == [monitor]


REFUSED = [
    ("POST", "/jobs/run/job_name/nosuchjob", {}, 404, "known"),
    ("PATCH", RUN, {"options": {"target_rpm": "fast"}}, 400, "fields"),
    ("POST", RUN, {"options": {"target_rpm": None}}, 400, "fields"),
    ("POST", RUN, {"options": {"target_rmp": 4}}, 400, "fields"),
    ("POST", RUN, {"options": []}, 400, "fields"),
    ("POST", RUN, {"args": [1]}, 400, "fields"),
    ("POST", RUN, {"args": ["x"]}, 400, "fields"),
    ("POST", RUN, {"env": {"EXPERIMENT": 5}}, 400, "fields"),
    ("POST", RUN, {"env": {"EXPERIMENT": "a/b#c"}}, 400, "fields"),
    ("POST", RUN, {"config_overrides": [["stirring.config", "pwm_hz"]]}, 400, "fields"),
    ("POST", RUN, {"config_overrides": [["stirring.config", "pwm_hz", 200]]}, 400, "fields"),
    ("POST", RUN, {"config_overrides": [["stirring.config", "pwm_hz", "quick"]]}, 400, "fields"),
    ("POST", RUN, {"optoins": {}}, 400, "fields"),
    ("POST", "/jobs/stop", {}, 400, "fields"),
    ("POST", "/jobs/stop", {"job_name": ""}, 400, "fields"),
    ("POST", "/jobs/stop", {"job_name": "stirring", "experimnt": "x"}, 400, "fields"),
    ("POST", "/jobs/stop", {"job_name": ["stirring"]}, 400, "fields"),
    ("POST", "/jobs/stop", {"job_id": "twelve"}, 400, "fields"),
    ("GET", "/jobs/settings/job_name/stirring", None, 404, None),
    ("GET", "/jobs/settings/job_name/monitor/setting/nope", None, 404, "known"),
    ("PATCH", "/jobs/settings/job_name/monitor", {}, 400, "fields"),
    ("PATCH", "/jobs/settings/job_name/monitor", {"settings": {}}, 400, "fields"),
    ("PATCH", "/jobs/settings/job_name/monitor", {"settings": {"button_down": True}}, 400, "fields"),
    ("PATCH", "/jobs/settings/job_name/monitor", {"settings": {"$state": "ready"}, "extra": 1}, 400, "fields"),
    ("PATCH", "/jobs/settings/job_name/monitor", {"settings": {"nope": 1}}, 404, "known"),
    ("PATCH", "/jobs/settings/job_name/stirring", {"settings": {"target_rpm": 300}}, 404, None),
    ("POST", "/board/simulation", {"command": "fly"}, 400, None),
    ("PATCH", "/board", {"url": "nonsense://x"}, 400, "fields"),
    ("PATCH", "/board", {}, 400, "fields"),
]


async def test_what_is_refused_and_how(unit: Served) -> None:
    for method, path, body, status, key in REFUSED:
        answer = await unit.json(method, path, status, json=body)
        _check_error(answer, status)
        assert key is None or answer["error_info"][key], f"{method} {path} {body}: {answer}"
        assert [row["job_name"] for row in await unit.json("GET", "/jobs/running")] == ["monitor"], path


async def test_bodies_that_are_no_objects(unit: Served) -> None:
    for content in (b"null", b"[]", b"{", b"5", b'{"job_name": NaN}', b"\xff"):
        answer = await unit.http.post("/unit_api/jobs/stop", content=content)
        assert answer.status_code == 400, content
        _check_error(answer.json(), 400)


async def test_a_second_start_is_too_soon_and_then_in_the_way(unit: Served) -> None:
    await unit.json("POST", RUN, 202)
    answer = await unit.http.post(f"/unit_api{RUN}")
    assert answer.status_code == 429
    assert re.fullmatch(r"[1-9]\d*", answer.headers["retry-after"])
    async with asyncio.timeout(5):
        while (answer := await unit.http.post(f"/unit_api{RUN}")).status_code == 429:  # noqa: ASYNC110 - as a user would
            await asyncio.sleep(0.05)
    assert answer.status_code == 409
    running = answer.json()
    _check_error(running, 409)
    assert running["error_info"]["holder"] == "stirring"


async def test_without_a_board_jobs_answer_503(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path / "data")) as unit:
        answer = await unit.http.post(f"/unit_api{RUN}", json={})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        board = await unit.json("GET", "/board")
        assert (board["link"], board["state"]) == ("disconnected", "no_board")
        _check_error(await unit.json("GET", "/board/simulation", 404), 404)
        await unit.json("PATCH", "/board", json={"url": "simulated:"})
        await _link_is(unit, "simulated")
        assert (await _start(unit))["status"] == "complete"
        _check_error(await unit.json("PATCH", "/board", 409, json={"url": ""}), 409)


async def test_settings_change_all_or_none_over_http(unit: Served) -> None:
    await _start(unit)
    path = "/jobs/settings/job_name/stirring"
    refused = {"settings": {"target_rpm": 312, "enable_dodging_od": "perhaps"}}
    _check_error(await unit.json("PATCH", path, 400, json=refused), 400)
    assert await unit.json("GET", f"{path}/setting/target_rpm") == {"target_rpm": 500.0}
    accepted = await unit.json("PATCH", path, json={"settings": {"target_rpm": 312, "enable_dodging_od": True}})
    assert accepted == {"status": "success"}
    assert await unit.json("GET", f"{path}/setting/target_rpm") == {"target_rpm": 312.0}
    await unit.json("PATCH", path, json={"settings": {"$state": "sleeping"}})
    assert await unit.json("GET", f"{path}/setting/%24state") == {"$state": "sleeping"}
    await unit.json("PATCH", path, json={"settings": {"$state": "disconnected"}})
    assert await unit.json("GET", "/jobs/running/stirring") == []


async def test_the_board_tells_what_it_is_and_misbehaves_when_told(unit: Served) -> None:
    board = await unit.json("GET", "/board")
    assert (board["link"], board["state"], board["url"]) == ("simulated", "connected", "simulated:")
    assert board["serial_number"].startswith("SIM-")
    assert isinstance(await unit.json("GET", "/boards"), list)
    answer = await unit.json("POST", "/board/simulation", json={"command": "unplug"})
    assert answer["answer"]
    lost = await _link_is(unit, "disconnected")
    assert lost["state"] == "lost"
    assert lost["detail"]
    assert lost["remedy"]


async def test_nothing_starts_while_the_service_goes_down(unit: Served) -> None:
    await unit.service.jobs.close()
    answer = await unit.http.post(f"/unit_api{RUN}")
    _check_error(answer.json(), 503)
    assert answer.headers["retry-after"]
    assert await unit.json("GET", "/jobs/running") == []


async def test_an_experiment_is_not_ended_while_a_job_of_it_still_ends(
    unit: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.runner._END_WITHIN_S", 0)
    await unit.json("POST", "/experiments", 201, json={"experiment": "e"})
    await _start(unit)
    await unit.json("POST", "/board/simulation", json={"command": "hang"})
    _check_error(await unit.json("POST", "/experiments/e/end", 409, json={"stop_jobs": True}), 409)
    assert (await unit.json("GET", "/experiments/e"))["is_active"]
