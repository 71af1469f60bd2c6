"""Jobs that a plug-in brings appear on the Jobs page, and go with it, while the window and the service run on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from real_service import RealService

from gui.jobs.page import JobsPage

EXAMPLE = Path(__file__).parents[2] / "resources" / "example_plugin" / "light_pulse.py"


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService) -> Iterator[PageBench]:
    (own_service.data / "incoming").mkdir(exist_ok=True)
    shutil.copy(EXAMPLE, own_service.data / "incoming")
    one = PageBench(driver, own_service.url, JobsPage)
    one.follow()
    one.until(lambda: one.page.start_list.rows, "the jobs are there")
    yield one
    one.close()


def offered(bench: PageBench) -> list[str]:
    return [row.family.job_name for row in bench.page.start_list.rows]


def test_a_job_appears_with_its_plug_in_and_goes_with_it(bench: PageBench) -> None:
    assert "light_pulse" not in offered(bench)
    bench.driver.run(bench.client.run_task("/unit_api/jobs/run/job_name/stirring"))
    bench.until(lambda: len(bench.page.running) > 1, "stirring runs")
    cards = dict(bench.page.running)
    body = {"args": ["light-pulse"], "options": {"source": "incoming/light_pulse.py"}}
    bench.driver.run(bench.client.run_task("/unit_api/plugins/install", body))
    bench.until(lambda: "light_pulse" in offered(bench), "its job is offered")
    assert bench.page.running == cards, "what runs is not drawn anew"
    row = next(row for row in bench.page.start_list.rows if row.family.job_name == "light_pulse")
    bench.page.open_form(row.family)
    bench.driver.run(bench.client.run_task("/unit_api/plugins/uninstall", {"args": ["light-pulse"]}))
    bench.until(lambda: "light_pulse" not in offered(bench), "it is gone")
    assert bench.page.form is None
    bench.driver.run(bench.client.run_task("/unit_api/jobs/stop/all"))
