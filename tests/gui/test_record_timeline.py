"""The timeline of a unit with more runs than are listed at once: what is read stays where it is."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from real_service import RealService, running_service

from gui.record.page import RecordPage
from gui.record.run import Run

RUNS = 130


class Writer:
    """A program that writes runs of the service's own unit."""

    def __init__(self, service: RealService) -> None:
        self._service = service
        self._key = ""
        self._key = self.ask("POST", "/unit_api/keys", {"user": "Ada"})["key"]
        self._procedure = self.ask("POST", "/v2/procedures", {"name": "Pump check"})["id"]
        while not (record := self.ask("GET", "/unit_api/record"))["is_own_recorded"]:
            pass
        self.serial_number = str(record["own_serial_number"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self._key}"} if self._key else {}),
        }
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._service.url}{path}", content, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def write(self, minutes_ago: int) -> None:
        ended = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        times = {"started_at": (ended - timedelta(minutes=1)).isoformat(), "ended_at": ended.isoformat()}
        whose = {"procedure_id": self._procedure, "serial_number": self.serial_number}
        self.ask("POST", "/v2/runs", {**times, **whose, "outcome": "PASS"})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    with running_service(tmp_path_factory.mktemp("lab")) as service:
        yield service


@pytest.fixture(scope="module")
def writer(lab: RealService) -> Writer:
    made = Writer(lab)
    for minutes in range(RUNS):
        made.write(10 * (RUNS - minutes))
    return made


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService, writer: Writer) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, RecordPage)
    made.follow()
    made.until(lambda: made.page.timeline.runs(), "the runs are listed")
    yield made
    made.close()


def run_at(timeline: Any, y_px: int) -> Run:
    """Return the run that is seen so far down the list."""
    found = timeline.rows.itemAt(20, y_px).data(0, 0x0100)
    assert isinstance(found, Run)
    return found


def all_listed(bench: PageBench) -> Any:
    """Scroll down until older runs are there too."""
    timeline, bar = bench.page.timeline, bench.page.timeline.rows.verticalScrollBar()

    def has_all() -> bool:
        bar.setValue(bar.maximum())
        return len(timeline.runs()) >= RUNS

    bench.until(has_all, "all are listed")
    return timeline


def test_what_is_read_stays_in_sight_when_a_run_comes_in(bench: PageBench, writer: Writer) -> None:
    timeline = all_listed(bench)
    known, bar = len(timeline.runs()), timeline.rows.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    read = run_at(timeline, 60)
    timeline.rows.setCurrentItem(timeline.rows.itemAt(20, 60))
    top_px = timeline.rows.visualItemRect(timeline.rows.currentItem()).top()
    writer.write(0)
    bench.page.load()
    bench.until(lambda: len(timeline.runs()) == known + 1, "the new run is listed, and none is gone")
    assert len({run.id for run in timeline.runs()}) == known + 1
    assert timeline.rows.currentItem().data(0, 0x0100).id == read.id
    assert timeline.rows.visualItemRect(timeline.rows.currentItem()).top() == top_px


def test_the_newest_run_is_seen_by_whoever_is_at_the_top(bench: PageBench, writer: Writer) -> None:
    timeline = bench.page.timeline
    newest = timeline.runs()[0].id
    writer.write(0)
    bench.page.load()
    bench.until(lambda: timeline.runs()[0].id != newest, "the new run is listed")
    assert timeline.rows.verticalScrollBar().value() == 0


def test_another_filter_begins_at_the_top(bench: PageBench) -> None:
    timeline = all_listed(bench)
    timeline.procedure.setCurrentIndex(1)
    bench.until(lambda: len(timeline.runs()) == 100, "the newest of the procedure")
    assert timeline.rows.verticalScrollBar().value() == 0


def test_sub_units_stay_folded_and_marked_while_the_record_is_asked_for_again(bench: PageBench, writer: Writer) -> None:
    page = bench.page
    tree = page.parts.tree
    tree.collapseAll()
    page.parts.mark(f"{writer.serial_number}-stirrer")
    before = page.timeline.runs()[0].id
    writer.write(0)
    page.load()
    bench.until(lambda: page.timeline.runs()[0].id != before, "the page has been loaded again")
    assert not any(tree.topLevelItem(row).isExpanded() for row in range(tree.topLevelItemCount()))
    assert page.parts.marked()["serial_number"] == f"{writer.serial_number}-stirrer"
