"""What the instrument writes into its own record appears on the Unit record page by itself."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot
from real_service import RealService, running_service

from gui.record.page import RecordPage
from gui.record.part_dialogs import TakeOutDialog
from gui.record.unit_tests import SelfTestDialog

_CALIBRATION = """
calibration_type: simple_peristaltic_pump
calibration_name: media-a
calibrated_on_pioreactor_unit: unit7
created_at: 2031-02-03T04:05:06Z
curve_data_: {type: poly, coefficients: [0.0842, 0.0]}
x: Duration
y: Volume
recorded_data: {x: [6.0, 12.0, 18.0], y: [0.51, 1.0, 1.52]}
hz: 250.0
dc: 100.0
voltage: 5.0
"""


def send(service: RealService, path: str, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"{service.url}/unit_api{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status < 300


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[RealService]:
    """A service with a simulated board."""
    with running_service(tmp_path) as service:
        yield service


@pytest.fixture
def bench(driver: LoopDriver, lab: RealService) -> Iterator[PageBench]:
    made = PageBench(driver, lab.url, RecordPage)
    made.follow()
    made.until(lambda: made.page.identity.is_own, "the own unit is shown as soon as its board is connected")
    yield made
    made.close()


def test_tests_and_calibrations_appear_as_runs_with_files_that_open(
    bench: PageBench, lab: RealService, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = bench.page
    titles = lambda: {run.title for run in page.timeline.runs()}  # noqa: E731
    bench.until(page.tests.isEnabled, "the board can be tested")
    page.tests.check_action.trigger()
    bench.until(lambda: "The hardware fits" in bench.toasts(), "its end is told")
    bench.until(lambda: "Hardware check" in titles(), "the check is there without a reload")
    send(lab, "/calibrations/media_pump", {"calibration_data": _CALIBRATION})
    bench.until(lambda: "Calibration of media pump" in titles(), "so is the calibration")
    send(lab, "/jobs/run/job_name/self_test", {"options": {"k": "aux_power"}})
    bench.until(lambda: "Self-test" in titles(), "so is the self-test")
    made = next(run for run in page.timeline.runs() if run.procedure == "Self-test")
    page.open_run(made.id)
    bench.until(lambda: page.details.run is not None and page.details.run["id"] == made.id, "it is open")
    rows = {row[0]: row[1:] for row in page.details.measurements.rows()}
    assert (rows["supply"][0], rows["supply"][2]) == ("Passed", "≤ 18 V")
    urls: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: urls.append(url.toLocalFile()) or True)
    rows_shown = page.details.measurements.topLevelItem(0)
    bench.until(lambda: page.details.attached.open_buttons, "its report is there when it is made, without a reload")
    assert page.details.measurements.topLevelItem(0) is rows_shown, "and what is read stays as it is"
    page.details.attached.open_buttons[0].click()
    bench.until(lambda: urls, "its report is opened")
    assert Path(urls[0]).read_bytes().startswith(b"%PDF-1.4")


def test_what_is_done_in_a_window_is_kept_in_its_persons_name(
    driver: LoopDriver, lab: RealService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "Åsa")  # the service was started under another name
    bench = PageBench(driver, lab.url, RecordPage)
    bench.follow()
    bench.until(lambda: bench.page.identity.is_own, "the unit is shown")
    bench.page.parts.mark(next(each for each in bench.page.parts.serial_numbers() if each.endswith("-stirrer")))
    bench.page.parts.remove_action.trigger()
    bench.dialog(TakeOutDialog).act_button.click()
    rows = bench.page.timeline.rows
    bench.until(lambda: rows.topLevelItem(0) and rows.topLevelItem(0).text(0) == "Taken out", "it is out")
    assert rows.topLevelItem(0).text(4) == "Åsa"
    bench.close()


def test_tests_are_offered_while_the_own_board_can_be_reached(bench: PageBench, lab: RealService) -> None:
    page = bench.page
    page.open_unit(next(each for each in page.parts.serial_numbers() if each.endswith("-stirrer")))
    bench.until(lambda: not page.identity.is_own, "a part is shown")
    bench.until(lambda: not page.tests.isEnabled(), "a part is not tested by itself")
    page.open_own()
    bench.until(page.tests.isEnabled, "the unit itself can be tested")
    send(lab, "/board/simulation", {"command": "unplug 60"})
    bench.until(lambda: not page.tests.isEnabled(), "not without its board")


def test_enter_presses_the_button_that_has_the_keyboard(bench: PageBench, qtbot: QtBot) -> None:
    bench.until(bench.page.tests.isEnabled, "the board can be tested")
    bench.page.tests.self_test_action.trigger()
    dialog = bench.dialog(SelfTestDialog)
    dialog.cancel_button.setFocus()
    qtbot.keyClick(dialog.cancel_button, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    bench.until(lambda: not bench.page.findChildren(SelfTestDialog), "it is gone, and nothing was begun")


def test_a_self_test_begins_when_a_person_says_that_water_is_in_the_vial(bench: PageBench) -> None:
    bench.until(bench.page.tests.isEnabled, "the board can be tested")
    bench.page.tests.self_test_action.trigger()
    dialog = bench.dialog(SelfTestDialog)
    assert not bench.unit.is_running("self_test")
    dialog.act_button.click()
    bench.until(lambda: bench.unit.is_running("self_test"), "it runs")
    assert bench.page.tests.text() == "Self-test runs…"
    assert not bench.page.tests.self_test_action.isEnabled()
    bench.ask("post", "/jobs/stop/all", {})
    bench.until(lambda: bench.page.tests.text() == "Test", "it is over")
    assert bench.page.tests.self_test_action.isEnabled()
