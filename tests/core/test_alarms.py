"""The routes of alarms on a running service: what is open, acknowledging, history, and limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from running_services import Event, Served, read_events, serving

from core.bus import AlarmBegan, AlarmEnded, ReadingTaken
from core.service import ServiceOptions


def _begin(served: Served, key: str = "job:test:it", **changes: Any) -> None:
    whole: dict[str, Any] = {"key": key, "signal": "test", "severity": "alarm", "message": "It broke."}
    served.service.bus.publish(AlarmBegan(**(whole | changes)))


def _end(served: Served, key: str = "job:test:it") -> None:
    served.service.bus.publish(AlarmEnded(key))


async def _one(served: Served) -> dict[str, Any]:
    [item] = await served.json("GET", "/alarms")
    return dict(item)


async def test_an_alarm_goes_when_it_is_over_and_seen(served: Served) -> None:
    _begin(served, remedy="Mend it.", value=1.5, limit=1.0)
    item = await _one(served)
    assert item["state"] == "active_unacknowledged"
    assert (item["message"], item["remedy"], item["value"], item["limit"]) == ("It broke.", "Mend it.", 1.5, 1.0)
    _end(served)
    assert (await _one(served))["state"] == "cleared_unacknowledged"
    seen = await served.json("POST", f"/alarms/{item['id']}/acknowledge", json={"who": "Ada"})
    assert (seen["state"], seen["acknowledged_by"]) == ("cleared_acknowledged", "Ada")
    assert await served.json("GET", "/alarms") == []


async def test_an_alarm_that_is_seen_and_lasts_is_still_shown(served: Served) -> None:
    _begin(served)
    item = await _one(served)
    seen = await served.json("POST", f"/alarms/{item['id']}/acknowledge")
    assert (seen["state"], seen["acknowledged_by"]) == ("active_acknowledged", "127.0.0.1")
    again = await served.json("POST", f"/alarms/{item['id']}/acknowledge", json={"who": "Bob"})
    assert again["acknowledged_by"] == "127.0.0.1", "who saw it first stays"
    _end(served)
    assert await served.json("GET", "/alarms") == []
    kept = await served.json("POST", f"/alarms/{item['id']}/acknowledge", json={"who": "Bob"})
    assert (kept["state"], kept["acknowledged_by"]) == ("cleared_acknowledged", "127.0.0.1")


async def test_what_happened_at_a_moment_stays_until_it_is_seen_and_is_counted(served: Served) -> None:
    for _ in range(3):
        _begin(served, lasts=False)
    item = await _one(served)
    assert (item["state"], item["times"]) == ("cleared_unacknowledged", 3)
    assert await served.json("POST", "/alarms/acknowledge") == []


async def test_only_the_alarms_named_are_acknowledged(served: Served) -> None:
    for key in "abc":
        _begin(served, key, lasts=False)
    newest, middle, oldest = await served.json("GET", "/alarms")
    assert [newest["key"], middle["key"], oldest["key"]] == ["c", "b", "a"]
    left = await served.json("POST", "/alarms/acknowledge", json={"ids": [newest["id"], oldest["id"], 999]})
    assert [item["key"] for item in left] == ["b"], "what nobody has seen yet stays"


@pytest.mark.parametrize(
    ("path", "body", "status", "fields"),
    [
        ("/alarms/7/acknowledge", {}, 404, None),
        ("/alarms/x/acknowledge", {}, 400, ["alarm_id"]),
        ("/alarms/7/acknowledge", {"who": 5}, 400, ["who"]),
        ("/alarms/acknowledge", {"ids": ["a"]}, 400, ["ids.0"]),
        ("/alarms/acknowledge", {"id": 1}, 400, ["id"]),
    ],
)
async def test_acknowledging_nonsense_is_refused(
    served: Served, path: str, body: Any, status: int, fields: list[str] | None
) -> None:
    answer = await served.json("POST", path, status, json=body)
    assert answer["error_info"].get("fields") == fields


async def test_history_is_found_by_experiment_time_signal_and_severity(served: Served) -> None:
    _begin(served, "a", experiment="one", severity="note", lasts=False)
    _begin(served, "b", experiment="two", signal="link")
    _begin(served, "c", experiment="two", severity="warning")
    await served.json("POST", "/alarms/acknowledge")

    async def keys(query: str = "") -> list[str]:
        return [item["key"] for item in (await served.json("GET", f"/alarms/history{query}"))["alarms"]]

    assert await keys() == ["c", "b", "a"]
    assert await keys("?experiment=two") == ["c", "b"]
    assert await keys("?signal=link") == ["b"]
    assert await keys("?min_severity=warning") == ["c", "b"]
    page = await served.json("GET", "/alarms/history?limit=2")
    assert await keys(f"?limit=2&before_id={page['next_before_id']}") == ["a"]
    assert await keys("?to=2001-01-01T00:00:00Z") == []
    assert await keys("?from=2101-01-01T00:00:00Z") == ["c", "b"], "what lasts is part of every span after it began"
    answer = await served.json("GET", "/alarms/history?from=yesterday&limit=0", 400)
    assert answer["error_info"]["fields"] == ["limit"]


async def _stream(served: Served) -> AsyncIterator[Event]:
    async with served.http.stream("GET", "/unit_api/events?topics=alarm") as answer:
        async for event in read_events(answer):
            yield event


async def test_the_stream_tells_what_is_open_and_every_change(served: Served) -> None:
    _begin(served, "old")
    stream = _stream(served)
    first = await anext(stream)
    assert [item["key"] for item in first.data["alarms"]] == ["old"]
    _begin(served, "new")
    told = await anext(stream)
    assert (told.name, told.data["key"], told.data["state"]) == ("alarm", "new", "active_unacknowledged")
    await served.json("POST", "/alarms/acknowledge", json={"ids": [told.data["id"]], "who": "Ada"})
    assert (await anext(stream)).data["acknowledged_by"] == "Ada"
    _end(served, "new")
    assert (await anext(stream)).data["state"] == "cleared_acknowledged"
    await stream.aclose()


async def _limits(served: Served) -> dict[str, Any]:
    return {item["signal"]: item for item in (await served.json("GET", "/alarms/limits"))["limits"]}


async def test_the_default_limits_fit_the_reactor_model(served: Served) -> None:
    limits = await _limits(served)
    assert limits["temperature"]["high"] == 40.0
    assert limits["heater_board"]["high"] == 78.0
    assert limits["volume"]["high"] == pytest.approx(17.1)
    assert limits["link"]["delay_s"] == 10.0
    assert not limits["growth_rate"]["enabled"]
    for item in limits.values():
        assert item["default"] == {name: item[name] for name in item["default"]}


async def test_a_limit_is_changed_kept_and_reset(served: Served) -> None:
    change = {"temperature": {"high": 38, "low": 20.5, "severity": "warning"}, "growth_rate": {"enabled": True}}
    await served.json("PATCH", "/alarms/limits", json={"limits": change})
    limits = await _limits(served)
    assert [limits["temperature"][name] for name in ("low", "high", "severity")] == [20.5, 38.0, "warning"]
    assert limits["growth_rate"]["enabled"]
    assert limits["growth_rate"]["low"] == limits["growth_rate"]["default"]["low"]
    await served.json("PATCH", "/alarms/limits", json={"limits": {"temperature": {"low": None}}})
    assert (await _limits(served))["temperature"]["low"] is None
    await served.json("PATCH", "/alarms/limits", json={"limits": {"temperature": None}})
    limits = await _limits(served)
    assert limits["temperature"]["high"] == 40.0
    assert limits["growth_rate"]["enabled"]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"pressure": {"high": 1}}, ["limits.pressure"]),
        ({"temperature": {"low": 41}}, ["limits.temperature.low", "limits.temperature.high"]),
        ({"temperature": {"high": "hot"}}, ["limits.temperature.high"]),
        ({"temperature": {"high": True}}, ["limits.temperature.high"]),
        ({"temperature": {"high": 1e9}}, ["limits.temperature.high"]),
        ({"temperature": {"delay_s": -1}}, ["limits.temperature.delay_s"]),
        ({"temperature": {"delay_s": None}}, ["limits.temperature.delay_s"]),
        ({"temperature": {"severity": "panic"}}, ["limits.temperature.severity"]),
        ({"temperature": {"colour": "red"}}, ["limits.temperature.colour"]),
        (
            {"optical_density": {"enabled": True}},
            ["limits.optical_density.low", "limits.optical_density.high", "limits.optical_density.enabled"],
        ),
        ({"link": {"high": 3}}, ["limits.link.high"]),
        ({}, ["limits"]),
        (None, ["limits"]),
    ],
)
async def test_limits_are_taken_all_or_none(served: Served, change: Any, fields: list[str]) -> None:
    before = await _limits(served)
    wanted = change and {"volume": {"high": 12.0}, **change}
    answer = await served.json("PATCH", "/alarms/limits", 400, json={"limits": wanted})
    assert answer["error_info"]["fields"] == fields
    assert await _limits(served) == before


async def test_a_limit_of_a_real_reading_raises_an_alarm_and_logs_who_saw_it(served: Served) -> None:
    await served.json("PATCH", "/alarms/limits", json={"limits": {"optical_density": {"high": 1.0, "enabled": True}}})
    await served.json("PATCH", "/alarms/limits", json={"limits": {"optical_density": {"delay_s": 0}}})
    served.service.bus.publish(ReadingTaken(1.0, "exp", "od1", 3.0))
    item = await _one(served)
    assert item["key"] == "limit:optical_density:od1:high"
    await served.json("POST", "/alarms/acknowledge", json={"who": "Ada"})
    lines = (await served.json("GET", "/logs"))["logs"]
    assert any("Ada acknowledged" in line["message"] for line in lines)


async def test_a_flood_of_alarms_is_held_in_bounds(served: Served) -> None:
    for number in range(500):
        _begin(served, f"flood {number}", lasts=False)
    assert len(await served.json("GET", "/alarms")) == 200
    await served.json("POST", "/alarms/acknowledge")
    _begin(served, "afterwards")
    assert (await _one(served))["key"] == "afterwards"


async def _until(condition: Callable[[], Any], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - it is a real service that needs real time
            await asyncio.sleep(0.02)


async def test_a_latched_alarm_outlives_a_reconnect(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await _until(lambda: served.service.board_link.is_usable)
        await served.json("PATCH", "/alarms/limits", json={"limits": {"link": {"delay_s": 0.2}}})
        await served.json("POST", "/jobs/run/job_name/stirring", 202, json={})
        await served.json("POST", "/board/simulation", json={"command": "sensor-missing"})
        await _until(lambda: len(served.service.alarms.items()) == 1)
        await served.json("POST", "/board/simulation", json={"command": "unplug"})
        await _until(lambda: len(served.service.alarms.items()) == 2)
        lost, missing = await served.json("GET", "/alarms")
        assert (lost["key"], missing["key"]) == ("link", "board:thermometer missing")
        assert missing["state"] == "active_unacknowledged", "what the board cannot tell now is not over"
        await served.json("POST", "/board/simulation", json={"command": "replug"})
        await _until(lambda: served.service.board_link.is_usable)
        lost, missing = await served.json("GET", "/alarms")
        assert (lost["state"], missing["state"]) == ("cleared_unacknowledged", "active_unacknowledged")
        await served.json("POST", "/board/simulation", json={"command": "heal"})
        await served.json("POST", "/board/clear_faults")
        await _until(lambda: served.service.alarms.items()[1]["cleared_at"] is not None)
        assert await served.json("POST", "/alarms/acknowledge") == []


async def test_a_job_that_crashes_is_an_alarm_with_its_reason(data_dir: Path) -> None:
    crashing = """
from core.plugins.api import Group, Job, JobDeclaration, Plugin

class Clog(Job):
    declaration = JobDeclaration("clog", "", Group.CHECK, "Clog", needs_board=False)

    async def work(self):
        self.alarms.begin("filter", "The filter is clogged.", "Change it.", severity="note")
        await self.sleep(0.05)
        raise RuntimeError("the filter burst")

plugin = Plugin(jobs=[Clog])
"""
    (data_dir / "plugins").mkdir(parents=True)
    (data_dir / "plugins" / "clog.py").write_text(crashing, encoding="utf-8")
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", "/jobs/run/job_name/clog", 202, json={})
        await _until(lambda: len(served.service.alarms.items()) == 2)
        lost, clogged = await served.json("GET", "/alarms")
        assert (clogged["key"], clogged["signal"], clogged["severity"]) == ("job:clog:filter", "clog", "note")
        assert clogged["state"] == "cleared_unacknowledged", "it ended with its job"
        assert lost["message"] == "Clog was lost: the filter burst. Its outputs are off; the other jobs go on."
        assert json.dumps(lost["experiment"]).startswith('"unnamed')
