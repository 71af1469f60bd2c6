"""Lists of the unit's record filtered by metadata."""

from __future__ import annotations

import json
from typing import Any

import pytest
from running_services import Served
from unit_record_requests import Asker, asker

METADATA: dict[str, dict[str, Any]] = {
    "S1": {"site": "Bern", "temperature": 21.5, "is_golden": True},
    "S2": {"site": "Basel", "temperature": 25, "is_golden": False},
    "S3": {"site": "bernau", "größe": "klein", "temperature": "warm"},
    "S4": {},
}


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Return a user's asker, with the units there."""
    made = await asker(served, user="ada@example.org")
    await made.ok("POST", "/parts", {"number": "P1"})
    for serial_number, metadata in METADATA.items():
        await made.unit(serial_number, metadata=metadata)
    return made


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"site": {"in": ["Bern", "Basel"]}}, ["S1", "S2"]),
        ({"site": {"in": []}}, []),
        ({"site": {"contains": "BERN"}}, ["S1", "S3"]),
        ({"site": {"contains": "%"}}, []),
        ({"temperature": {"gte": 21.5, "lt": 25}}, ["S1"]),
        ({"temperature": {"gt": 21.5}}, ["S2"]),
        ({"temperature": {"eq": 25}}, ["S2"]),
        ({"temperature": {"lte": 100}}, ["S1", "S2"]),
        ({"is_golden": {"eq": False}}, ["S2"]),
        ({"größe": {"in": ["klein"]}}, ["S3"]),
        ({"site": {"contains": "b"}, "is_golden": {"eq": True}}, ["S1"]),
        ({"nothing": {"eq": 1}}, []),
        ({}, ["S1", "S2", "S3", "S4"]),
    ],
)
async def test_units_are_found_by_their_metadata(ada: Asker, wanted: dict[str, Any], found: list[str]) -> None:
    rows = (await ada.ok("GET", "/units", metadata=json.dumps(wanted), sort_order="asc"))["data"]
    assert [row["serial_number"] for row in rows] == found


@pytest.mark.parametrize("nothing", ["", "null", "{}"])
async def test_clients_may_send_a_filter_that_asks_for_nothing(ada: Asker, nothing: str) -> None:
    assert len((await ada.ok("GET", "/units", metadata=nothing))["data"]) == len(METADATA)


async def test_parts_stations_and_runs_are_found_by_theirs(ada: Asker) -> None:
    bern = json.dumps({"site": {"in": ["Bern"]}})
    await ada.ok("POST", "/parts", {"number": "P2", "metadata": {"site": "Bern"}})
    assert [row["number"] for row in (await ada.ok("GET", "/parts", metadata=bern))["data"]] == ["P2"]
    for name, site in (("one", "Bern"), ("two", "Basel")):
        await ada.ok("POST", "/stations", {"name": name, "metadata": {"site": site}})
    assert [row["name"] for row in (await ada.ok("GET", "/stations", metadata=bern))["data"]] == ["one"]
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    run = await ada.run(procedure, metadata={"site": "Bern"})
    await ada.run(procedure)
    assert [row["id"] for row in (await ada.ok("GET", "/runs", metadata=bern))["data"]] == [run]


@pytest.mark.parametrize(
    "wanted",
    [
        "not JSON",
        "[]",
        '{"a": 1}',
        '{"a": {}}',
        '{"a": {"like": "x"}}',
        '{"a": {"in": "x"}}',
        '{"a": {"in": [1]}}',
        '{"a": {"contains": 1}}',
        '{"a": {"gt": true}}',
        '{"a": {"gt": NaN}}',
        '{"a\\"b": {"eq": 1}}',
        json.dumps({f"k{number}": {"eq": 1} for number in range(6)}),
        "[" * 3000,
    ],
)
async def test_a_filter_that_is_none_is_refused(ada: Asker, wanted: str) -> None:
    refused = await ada.refused(400, "GET", "/units", metadata=wanted)
    assert "metadata filter" in refused["issues"][0]["message"]
