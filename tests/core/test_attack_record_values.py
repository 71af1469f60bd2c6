"""Values that fit the form and still break what is behind it: moments off the calendar, patterns, half characters."""

from __future__ import annotations

import json

import pytest
from running_services import Served
from unit_record_requests import STARTED, Asker, asker


@pytest.fixture
async def ada(served: Served) -> Asker:
    """Someone with a key, and a unit S1 of part P1."""
    made = await asker(served, user="Ada")
    await made.ok("POST", "/parts", {"number": "P1"})
    await made.unit("S1", metadata={"site": "A"})
    return made


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.5-00:30"])
async def test_a_moment_that_no_calendar_has_in_utc_is_refused_and_spoils_no_list(ada: Asker, moment: str) -> None:
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    body = {"outcome": "PASS", "procedure_id": procedure, "serial_number": "S1", "started_at": STARTED,
            "ended_at": STARTED}  # fmt: skip
    phase = {"name": "a", "outcome": "PASS", "started_at": moment, "ended_at": moment}
    log = {"level": "INFO", "timestamp": moment, "message": "m", "source_file": "f", "line_number": 1}
    for wrong in ({"started_at": moment, "ended_at": moment}, {"phases": [phase]}, {"logs": [log]}):
        refused = await ada.refused(400, "POST", "/runs", {**body, **wrong})
        assert "no such moment" in refused["issues"][0]["message"]
    await ada.refused(400, "GET", "/runs", started_after=moment)
    for ends in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"):
        made = (await ada.ok("POST", "/runs", {**body, "started_at": ends, "ended_at": ends}))["id"]
        assert (await ada.ok("GET", f"/runs/{made}"))["started_at"].startswith(ends[:19])
    assert len((await ada.ok("GET", "/runs"))["data"]) == 2
    assert len((await ada.ok("GET", "/units"))["data"]) == 1


@pytest.mark.parametrize("path", ["/units", "/runs", "/batches", "/parts", "/stations", "/procedures", "/logs"])
async def test_what_is_searched_for_may_be_long(ada: Asker, path: str) -> None:
    for text in ("_" * 30_000, "S" * 60_000, "%25" * 18_000):
        answer = await ada.raw("GET", f"{path}?search_query={text}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"] == []


@pytest.mark.parametrize("path", ["/units", "/runs", "/parts", "/stations"])
async def test_a_filter_with_half_a_character_finds_nothing(ada: Asker, path: str) -> None:
    for wanted in ('{"site": {"in": ["A", "\\ud800"]}}', '{"site": {"contains": "\\udfff"}}', '{"\\ud800": {"eq": 1}}'):
        refused = await ada.refused(400, "GET", path, metadata=wanted)
        assert "metadata" in refused["issues"][0]["message"]
    whole = json.dumps({"site": {"in": ["A", "\U0001f9ea"]}})  # two halves that make a whole one
    await ada.ok("GET", path, metadata=whole)
