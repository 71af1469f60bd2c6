"""Runs of 100 000 measurements beside a culture: nothing may hold up the loop, which renews the outputs' leases."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running_services import Served
from unit_record_requests import ENDED, STARTED, asker

from core.bodies import parse_object
from core.schemas.unit_record.run_parts import SentMeasurement, SentPhase
from core.traceability.large_answers import written

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def _body(procedure: str, measurement: dict[str, Any], count: int) -> bytes:
    phase = {"name": "P", "outcome": "PASS", "started_at": STARTED, "ended_at": ENDED,
             "measurements": [measurement] * count}  # fmt: skip
    body = {"outcome": "PASS", "procedure_id": procedure, "started_at": STARTED, "ended_at": ENDED,
            "serial_number": "S1", "part_number": "P1", "phases": [phase]}  # fmt: skip
    return json.dumps(body, separators=(",", ":")).encode()


def _turns(work: Callable[[], object]) -> int:
    """Do work in this thread; return how often another thread that only waits for its turn got one meanwhile."""
    turns, is_over = 0, threading.Event()

    def count() -> None:
        nonlocal turns
        while not is_over.is_set():
            time.sleep(0)
            turns += 1

    waiting = threading.Thread(target=count)
    waiting.start()
    before = turns
    work()
    after = turns
    is_over.set()
    waiting.join()
    return after - before


def test_reading_and_writing_much_gives_other_threads_their_turn() -> None:
    raw = _body("x", {"name": "m", "outcome": "PASS"}, 50_000)
    numbers = json.dumps({"data": [0.1] * 300_000, "more": [7] * 300_000}).encode()
    phase = parse_object(raw)["phases"][0]
    whole = {"phases": [{"measurements": [{"name": "m", "data_series": []} for _ in range(200_000)]}]}
    for work in (
        lambda: parse_object(raw),
        lambda: parse_object(numbers),
        lambda: SentPhase.model_validate(phase),
        lambda: written(whole),
    ):
        assert _turns(work) >= 5, "each of it takes more than ten times as long as threads take turns"
    assert SentMeasurement.model_validate({"name": "m", "outcome": "PASS"}).name == "m"


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_pieces_say_what_the_whole_says(answer: dict[str, Any]) -> None:
    wanted = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    assert written(answer) == wanted


@pytest.mark.parametrize("item", [1, {"a": 1}, {"a": [1, 2]}, [1], []])
@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 2500])
def test_long_lists_are_whole(item: Any, count: int) -> None:
    answer = {"x": [item] * count + [{"a": []}], "y": [[item] * count, item]}
    wanted = json.dumps(answer, separators=(",", ":")).encode()
    assert written(answer) == wanted


async def test_large_runs_are_taken_one_after_the_other_and_read_whole(served: Served) -> None:
    ada = await asker(served, user="Ada")
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    body = _body(procedure, {"name": "m", "outcome": "PASS", "measured_value": 1.5}, 3000)
    answers = await asyncio.gather(*(ada.raw("POST", "/runs", content=body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    made = answers[0].json()["id"]
    for path in (f"/v2/runs/{made}", f"/unit_api/record/runs/{made}"):
        answer = await served.http.get(path, headers={"Authorization": f"Bearer {ada.key}"})
        assert answer.headers["content-type"] == "application/json"
        measurements = answer.json()["phases"][0]["measurements"]
        assert [each["measured_value"] for each in measurements] == [1.5] * 3000


async def test_a_page_of_huge_rows_is_shorter_and_the_walk_goes_through_them_all(served: Served) -> None:
    ada = await asker(served, user="Ada")
    procedure = (await ada.ok("POST", "/procedures", {"name": "P"}))["id"]
    for number in range(60):
        await ada.run(procedure, f"S{number}", docstring="d" * 1_000_000)
    before, seen, cursor, pages = psutil.Process().memory_info().rss, [], 0, 0
    while cursor is not None:
        answer = await ada.raw("GET", "/runs", params={"limit": 100, "cursor": cursor, "sort_order": "asc"})
        assert len(answer.content) < 40_000_000
        page = answer.json()
        seen += [run["unit"]["serial_number"] for run in page["data"]]
        assert page["meta"]["has_more"] is (page["meta"]["next_cursor"] is not None)
        cursor, pages = page["meta"]["next_cursor"], pages + 1
    assert seen == [f"S{number}" for number in range(60)]
    assert pages > 1
    assert psutil.Process().memory_info().rss - before < 400_000_000
