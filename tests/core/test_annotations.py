"""Notes on an experiment's time axis, over HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, read_events, serving

from core.service import ServiceOptions

NOTES = "/experiments/exp one/annotations"
MOMENT = "2031-02-03T04:05:06.789Z"


@pytest.fixture
async def begun(served: Served) -> Served:
    await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})
    return served


async def add(served: Served, text: str, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = await served.json("POST", NOTES, 201, json={"text": text, **more})
    return item


async def test_a_note_is_written_changed_and_deleted(begun: Served) -> None:
    item = await add(begun, " inoculated ", t=MOMENT, who="Ada")
    assert (item["text"], item["t"], item["who"], item["changed_at"]) == ("inoculated", MOMENT, "Ada", None)
    assert item["recorded_at"] != MOMENT
    assert await begun.json("GET", NOTES) == [item]
    changed = await begun.json("PATCH", f"{NOTES}/{item['id']}", json={"text": "inoculated with strain 7"})
    assert changed == {**item, "text": "inoculated with strain 7", "changed_at": changed["changed_at"]}
    assert changed["changed_at"] >= item["recorded_at"]
    moved = await begun.json("PATCH", f"{NOTES}/{item['id']}", json={"t": "2031-02-03T05:00:00Z"})
    assert (moved["t"], moved["text"]) == ("2031-02-03T05:00:00.000Z", "inoculated with strain 7")
    assert await begun.json("DELETE", f"{NOTES}/{item['id']}") == {"status": "success"}
    assert await begun.json("GET", NOTES) == []
    await begun.json("DELETE", f"{NOTES}/{item['id']}", 404)
    await begun.json("PATCH", f"{NOTES}/{item['id']}", 404, json={"text": "too late"})


async def test_a_note_without_a_moment_is_about_now_and_tells_where_it_comes_from(begun: Served) -> None:
    item = await add(begun, "smells of apples")
    assert item["t"] == item["recorded_at"]
    assert item["who"] == "127.0.0.1"
    assert (await add(begun, "x", who="  "))["who"] == "127.0.0.1"


async def test_notes_come_in_the_order_of_their_moments(begun: Served) -> None:
    for hour in (3, 1, 2):
        await add(begun, f"hour {hour}", t=f"2031-02-03T0{hour}:00:00Z")
    assert [each["text"] for each in await begun.json("GET", NOTES)] == ["hour 1", "hour 2", "hour 3"]
    newest = await begun.json("GET", f"{NOTES}?limit=2")
    assert [each["text"] for each in newest] == ["hour 2", "hour 3"]
    span = "from=2031-02-03T01:30:00Z&to=2031-02-03T02:00:00Z"
    assert [each["text"] for each in await begun.json("GET", f"{NOTES}?{span}")] == ["hour 2"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 7}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "x", "t": "noon"}, "t"),
        ({"text": "x", "who": "y" * 101}, "who"),
        ({"text": "x", "colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_sense_is_refused(begun: Served, body: dict[str, Any], field: str) -> None:
    answer = await begun.json("POST", NOTES, 400, json=body)
    assert answer["error_info"]["fields"] == [field]
    assert await begun.json("GET", NOTES) == []


async def test_a_note_belongs_to_its_experiment(begun: Served) -> None:
    item = await add(begun, "mine")
    await begun.json("POST", "/experiments/exp one/end")
    await begun.json("POST", "/experiments", 201, json={"experiment": "other"})
    await begun.json("PATCH", f"/experiments/other/annotations/{item['id']}", 404, json={"text": "yours"})
    await begun.json("DELETE", f"/experiments/other/annotations/{item['id']}", 404)
    await begun.json("GET", "/experiments/nobody/annotations", 404)
    await begun.json("POST", "/experiments/nobody/annotations", 404, json={"text": "x"})
    assert (await add(begun, "also after the end"))["experiment"] == "exp one"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=10001", "from=x", "from=2031-02-04T00:00:00Z&to=2031-02-03T00:00:00Z"]
)
async def test_bad_queries_are_refused(begun: Served, query: str) -> None:
    await begun.json("GET", f"{NOTES}?{query}", 400)
    await begun.json("DELETE", f"{NOTES}/x", 400)
    await begun.json("DELETE", f"{NOTES}/{2**63}", 400)


async def test_notes_outlive_a_restart_and_their_numbers_go_on(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        await served.json("POST", "/experiments", 201, json={"experiment": "exp one"})
        first = await add(served, "one")
    async with serving(ServiceOptions(data_dir)) as served:
        second = await add(served, "two")
        assert second["id"] > first["id"]
        assert [each["text"] for each in await served.json("GET", NOTES)] == ["one", "two"]


async def test_everybody_hears_of_it(begun: Served) -> None:
    async with begun.http.stream("GET", "/unit_api/events?topics=annotation&experiment=exp one") as answer:
        events = read_events(answer)
        async with asyncio.timeout(10):
            assert (await anext(events)).name == "snapshot"
            item = await add(begun, "look", who="Ada")
            await begun.json("DELETE", f"{NOTES}/{item['id']}")
            told = [(await anext(events)).data for _ in range(2)]
    assert [each["action"] for each in told] == ["created", "deleted"]
    for each in told:
        assert (each["experiment"], each["id"], each["text"], each["who"]) == ("exp one", item["id"], "look", "Ada")
