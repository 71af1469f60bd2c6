"""Experiments and their curves over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from running_services import Served, serving

from core.bus import GapMarked, ReadingTaken
from core.service import ServiceOptions


async def create(served: Served, name: str, **more: Any) -> dict[str, Any]:
    """Create an experiment and return its item."""
    item: dict[str, Any] = await served.json("POST", "/experiments", 201, json={"experiment": name, **more})
    return item


async def test_create_list_change_end(served: Served) -> None:
    item = await create(served, "exp one", tags=["yeast"])
    assert item.pop("created_at").endswith("Z")
    assert item == {
        "experiment": "exp one",
        "description": None,
        "tags": ["yeast"],
        "ended_at": None,
        "is_active": True,
    }
    changed = await served.json("PATCH", "/experiments/exp%20one", json={"description": "first", "tags": []})
    assert (changed["description"], changed["tags"]) == ("first", [])
    ended = await served.json("POST", "/experiments/exp one/end")
    assert ended["ended_at"].endswith("Z")
    assert not ended["is_active"]
    await served.json("POST", "/experiments/exp one/end", 409)
    await create(served, "exp two")
    listed = await served.json("GET", "/experiments")
    assert [(each["experiment"], each["is_active"]) for each in listed] == [("exp two", True), ("exp one", False)]


async def test_at_most_one_is_active_and_names_are_taken_once(served: Served) -> None:
    await create(served, "one")
    answer = await served.json("POST", "/experiments", 409, json={"experiment": "two"})
    assert "'one'" in answer["error"]
    await served.json("POST", "/experiments/one/end")
    await served.json("POST", "/experiments", 409, json={"experiment": "one"})


async def test_unknown_experiments_are_404(served: Served) -> None:
    await create(served, "known")
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/end"), ("GET", "/time_series/od2")):
        answer = await served.json(method, f"/experiments/nobody{path}", 404)
        assert answer["error_info"]["known"] == ["known"]


@pytest.mark.parametrize("name", ["", "a#b", "$a", "50 %", "a+b", "a/b", "a\\b", "a\nb", "x" * 201, " "])
async def test_names_no_experiment_can_have(served: Served, name: str) -> None:
    answer = await served.json("POST", "/experiments", 400, json={"experiment": name})
    assert answer["error_info"]["fields"] == ["experiment"]


async def test_experiments_outlive_a_restart(data_dir: Any) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        created = await create(served, "Überstand 7", description="d", tags=["a", "b"])
    async with serving(ServiceOptions(data_dir)) as served:
        assert await served.json("GET", "/experiments") == [created]
        detail = await served.json("GET", f"/experiments/{quote('Überstand 7')}")
        assert detail == {**created, "series": []}


async def test_data_without_an_experiment_get_one_of_their_own(served: Served) -> None:
    experiments = served.service.experiments
    first = experiments.ensure(None)
    assert first.startswith("unnamed 20")
    assert experiments.ensure(None) == first
    experiments.end(first)
    assert experiments.ensure(None) == f"{first} 2"
    assert experiments.ensure("asked for") == "asked for"
    assert experiments.active() == f"{first} 2"
    assert experiments.ensure("_testing_x") == "_testing_x"
    names = [each["experiment"] for each in await served.json("GET", "/experiments")]
    assert sorted(names) == sorted([first, f"{first} 2", "asked for"])


def fill(served: Served, count: int, step_s: float = 5.0, start_s: float = 1e9, spike: int | None = None) -> None:
    """Tell readings of 1.0, one of them a spike of 9.0."""
    for number in range(count):
        value = 9.0 if number == spike else 1.0
        served.service.bus.publish(ReadingTaken(start_s + number * step_s, "e", "od2", value))


async def test_a_short_curve_comes_as_it_was_measured(served: Served) -> None:
    await create(served, "e")
    fill(served, 3)
    served.service.bus.publish(GapMarked(1e9 + 10, "e", "od2", "link lost"))
    curve = await served.json("GET", "/experiments/e/time_series/od2")
    assert curve == {
        "experiment": "e",
        "pioreactor_unit": served.service.unit,
        "series": "od2",
        "unit": "OD",
        "from": "2001-09-09T01:46:40.000Z",
        "to": "2001-09-09T01:46:50.000Z",
        "raw_count": 3,
        "decimated": False,
        "bucket_s": None,
        "columns": ["t", "value"],
        "data": [[1e9, 1e9 + 5, 1e9 + 10], [1.0, 1.0, 1.0]],
        "gaps": [{"t": 1e9 + 10, "reason": "link lost"}],
    }
    detail = await served.json("GET", "/experiments/e")
    summary = {"series": "od2", "unit": "OD", "points": 3, "first": curve["from"], "last": curve["to"]}
    assert detail["series"] == [summary]


@pytest.mark.parametrize("spike", [0, 3_456, 4_999])
async def test_a_long_curve_is_thinned_and_keeps_its_spikes(served: Served, spike: int) -> None:
    await create(served, "e")
    fill(served, 5_000, spike=spike)
    curve = await served.json("GET", "/experiments/e/time_series/od2?points=700")
    assert (curve["decimated"], curve["columns"], curve["raw_count"]) == (True, ["t", "min", "max"], 5_000)
    times, lowest, highest = curve["data"]
    assert len(times) == len(lowest) == len(highest) == 700
    assert times == sorted(times)
    assert curve["bucket_s"] == pytest.approx(4_999 * 5 / 700)
    assert set(lowest) == {1.0}
    assert [value for value in highest if value != 1.0] == [9.0]
    peak = times[highest.index(9.0)]
    assert peak <= 1e9 + spike * 5 <= peak + curve["bucket_s"]
    assert times[0] == 1e9


async def test_a_span_of_a_curve(served: Served) -> None:
    await create(served, "e")
    fill(served, 5_000)
    span = "from=2001-09-09T01:50:00Z&to=2001-09-09T02:50:00.000%2B00:00"
    curve = await served.json("GET", f"/experiments/e/time_series/od2?{span}&points=20000")
    assert (curve["raw_count"], curve["from"]) == (721, "2001-09-09T01:50:00.000Z")
    thin = await served.json("GET", f"/experiments/e/time_series/od2?{span}&points=10")
    assert (thin["bucket_s"], len(thin["data"][0])) == (360.0, 10)
    nothing = "from=2030-01-01T00:00:00Z&to=2031-01-01T00:00:00Z"
    empty = await served.json("GET", f"/experiments/e/time_series/od2?{nothing}")
    assert (empty["raw_count"], empty["data"]) == (0, [[], []])
    one = await served.json("GET", "/experiments/e/time_series/od2?points=1")
    assert one["data"] == [[1e9], [1.0], [1.0]]


async def test_empty_buckets_are_left_out(served: Served) -> None:
    await create(served, "e")
    fill(served, 100)
    fill(served, 100, start_s=1e9 + 1e6)
    curve = await served.json("GET", "/experiments/e/time_series/od2?points=100")
    assert len(curve["data"][0]) == 2


async def test_a_known_series_without_data_is_empty_and_an_unknown_one_404(served: Served) -> None:
    await create(served, "e")
    curve = await served.json("GET", "/experiments/e/time_series/temperature")
    assert (curve["raw_count"], curve["data"], curve["from"], curve["unit"]) == (0, [[], []], None, "℃")
    answer = await served.json("GET", "/experiments/e/time_series/od9", 404)
    assert "od2" in answer["error_info"]["known"]
    served.service.bus.publish(ReadingTaken(1.0, "e", "plugin_series", 1.0))
    assert (await served.json("GET", "/experiments/e/time_series/plugin_series"))["raw_count"] == 1


@pytest.mark.parametrize(
    "query",
    ["points=0", "points=20001", "points=x", "from=now", "to=2031-02-03", "from=2031-02-03T04:05:06",
     "to=2031-02-03T04:05:06%2B01:00", "from=2031-02-30T04:05:06Z", "from=2031-02-03T04:05:06.1234567Z",
     "from=2031-02-03T04:05:06Z&to=2031-02-03T04:05:06Z"],
)  # fmt: skip
async def test_bad_spans_are_400(served: Served, query: str) -> None:
    await create(served, "e")
    await served.json("GET", f"/experiments/e/time_series/od2?{query}", 400)
