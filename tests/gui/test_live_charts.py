"""Charts of plug-ins on the Live page: a pane each, live and from the records, with legend, crosshair and export."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from live_bench import START_S, LiveBench, raw
from loop_driver import LoopDriver
from page_bench import PageBench
from real_service import RealService
from stand_in_service import StandInService

from gui.live.export_csv import csv_text
from gui.live.page import LivePage

CHARTS = "GET /unit_api/charts/descriptors"


def chart(key: str = "light_dose", unit: str = "%·s", **series: str) -> dict[str, Any]:
    listed = [{"series": name, "label": label} for name, label in (series or {"light_dose": "Light dose"}).items()]
    return {
        "chart_key": key,
        "title": key.capitalize(),
        "unit": unit,
        "description": "",
        "source": "p",
        "series": listed,
    }


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService) -> Iterator[PageBench]:
    incoming = own_service.data / "incoming"
    incoming.mkdir(exist_ok=True)
    with resources.as_file(resources.files("resources")) as shipped:
        shutil.copy(Path(shipped) / "example_plugin" / "light_pulse.py", incoming)
    one = PageBench(driver, own_service.url, LivePage)
    one.follow()
    yield one
    one.close()


def test_a_chart_waits_for_its_first_value_and_then_has_a_pane_of_its_own(live: LiveBench) -> None:
    live.service.answer(CHARTS, 200, [chart()])
    live.begin()
    live.driver.until(lambda: live.page.charts.all, "the charts are known")
    stack = live.page.stack
    assert "chart:light_dose" not in stack.visible_panes
    assert "chart:light_dose" not in live.bar.panes
    live.read("light_dose", 12345.6)
    assert stack.visible_panes[-1] == "chart:light_dose"
    assert live.page.readout.chips["light_dose"].text_shown == "Light dose 12346 %·s"
    live.read("light_dose", 12400.0)
    assert live.drawn("light_dose") == [12345.6, 12400.0]
    stack.point_at(START_S + 5.0)
    assert live.page.readout.chips["light_dose"].text_shown == "Light dose 12346 %·s"
    assert "light_dose,Light dose,12345.6,%·s" in csv_text(live.page.export.visible())


def test_a_chart_is_switched_off_and_on_like_any_pane(live: LiveBench) -> None:
    live.service.answer(CHARTS, 200, [chart()])
    live.begin(recorded={"light_dose": raw(10, 4.0)})
    live.driver.until(lambda: "chart:light_dose" in live.page.stack.visible_panes, "what was recorded is drawn")
    live.bar.panes["chart:light_dose"].setChecked(False)
    assert "chart:light_dose" not in live.page.stack.visible_panes
    assert "light_dose" not in live.page.readout.chips
    live.bar.panes["chart:light_dose"].setChecked(True)
    assert live.drawn("light_dose") == [4.0] * 10
    for action in list(live.bar.panes.values()):
        action.setChecked(False)
    assert live.page.stack.visible_panes == ()
    live.page.stack.show_hours(True, START_S)


def test_a_series_that_is_drawn_elsewhere_too_is_the_same_curve_twice(live: LiveBench) -> None:
    live.service.answer(CHARTS, 200, [chart("both", "°C", temperature="Culture", other="Other")])
    live.begin()
    live.driver.until(lambda: live.page.charts.all)
    live.read("temperature", 30.0)
    live.read("temperature", 31.0)
    assert live.drawn("temperature") == live.drawn("chart:both/temperature") == [30.0, 31.0]
    curves = live.page.stack.curves
    assert curves["temperature"].trace.colour == curves["chart:both/temperature"].trace.colour
    live.page.readout.chips["chart:both/temperature"].click()
    assert (live.drawn("temperature"), live.drawn("chart:both/temperature")) == ([30.0, 31.0], [])


def test_charts_that_come_and_go_are_followed(live: LiveBench) -> None:
    live.service.answer(CHARTS, 200, [chart(), chart("second", "", second="Second")])
    live.begin()
    live.driver.until(lambda: len(live.page.charts.all) == 2)
    live.read("light_dose", 1.0)
    live.read("second", 2.0)
    assert live.page.stack.visible_panes[-2:] == ("chart:light_dose", "chart:second")
    live.service.answer(CHARTS, 200, [chart("second", "", second="Second")])
    live.page.charts.load()
    live.driver.until(lambda: len(live.page.charts.all) == 1)
    assert live.page.stack.visible_panes[-1] == "chart:second"
    assert "chart:light_dose" not in live.page.stack.visible_panes
    assert live.drawn("second") == [2.0]


def test_the_example_plugin_is_drawn_once_it_is_installed(bench: PageBench) -> None:
    page = bench.page
    assert page.charts.all == ()
    body = {"args": ["light-pulse"], "options": {"source": "incoming/light_pulse.py"}}
    bench.driver.run(bench.client.run_task("/unit_api/plugins/install", body))
    bench.until(lambda: page.charts.all, "the chart is known")
    options = {"pulse_s": 0.1, "period_s": 1.0}
    bench.driver.run(bench.client.run_task("/unit_api/jobs/run/job_name/light_pulse", {"options": options}))
    bench.until(lambda: len(page.stack.curves["light_dose"].drawn.t) >= 2, "two pulses are drawn")
    assert page.stack.visible_panes[-1] == "chart:light_dose"
    bench.driver.run(bench.client.run_task("/unit_api/jobs/stop", {"job_name": "light_pulse"}))

    later = PageBench(bench.driver, bench.client.base_url, LivePage)
    later.follow()
    later.until(lambda: len(later.page.stack.curves.get("light_dose", page.stack.curves["od2"]).drawn.t) >= 2)
    assert later.page.stack.panes["chart:light_dose"].kind.hint == "Light given since the job began. (light-pulse)"
    later.close()
