"""Guided calibrations led by the window, on the real service with the simulated board: to the end, and astray."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from real_service import RealService, running_service

from gui.calibrations.guided.choose_dialog import ChooseDialog
from gui.calibrations.guided.dialog import GuidedDialog
from gui.calibrations.page import CalibrationsPage

SPEED = "60"
SESSIONS = "/calibrations/sessions"


@pytest.fixture(scope="module")
def fast_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """A service whose minute is a second."""
    with running_service(tmp_path_factory.mktemp("data"), "--speed", SPEED) as service:
        yield service


@pytest.fixture
def bench(driver: LoopDriver, fast_service: RealService) -> Iterator[PageBench]:
    one = PageBench(driver, fast_service.url, CalibrationsPage)
    one.follow()
    one.until(lambda: one.page.tree.topLevelItemCount() > 0, "the devices are there")
    one.until(lambda: one.unit.board.get("state") == "connected", "the board is there")
    yield one
    for dialog in one.page.findChildren(GuidedDialog):
        dialog._may_close = True
        dialog.close()
    one.close()


def press(button: QPushButton) -> None:
    assert button.isEnabled(), button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def ask(service: RealService, method: str, path: str, body: Any = None) -> Any:
    """Ask the service as another program would."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{service.url}/unit_api{path}", content, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def truth(service: RealService) -> dict[str, float]:
    told: dict[str, float] = ask(service, "GET", "/board/simulation")["truth"]
    return told


def chosen(bench: PageBench, device: str) -> ChooseDialog:
    """Open the choice for a device."""
    bench.page.tree.choose(device)
    press(bench.page.calibrate_button)
    dialog = bench.dialog(ChooseDialog)
    bench.until(lambda: dialog.place.has_content, "it can be chosen")
    return dialog


def begun(bench: PageBench, device: str) -> GuidedDialog:
    """Begin the calibration of a device."""
    press(chosen(bench, device).begin_button)
    return bench.dialog(GuidedDialog)


def go_on(bench: PageBench, dialog: GuidedDialog, step_id: str = "") -> None:
    """Press Continue, and wait for a step to come, or for the next one."""
    before = dialog.leading.session
    bench.until(dialog.continue_button.isEnabled, "it can go on")
    press(dialog.continue_button)
    bench.until(lambda: dialog.leading.session != before, f"{before.step.id} is answered")
    assert step_id in ("", dialog.leading.session.step.id)
    bench.until(dialog.continue_button.isEnabled, "it can go on again")


def type_in(dialog: GuidedDialog, words: str) -> None:
    """Type over what is in the field that has the keyboard."""
    line = dialog.view.fields[0].line
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, words)


def to_prime(bench: PageBench, prime_s: str = "5") -> GuidedDialog:
    """Lead a pump's calibration to where the tubing is filled."""
    dialog = begun(bench, "media_pump")
    while dialog.leading.session.step.id != "prime_pump_duration":
        go_on(bench, dialog)
    type_in(dialog, prime_s)
    return dialog


def test_a_pump_is_calibrated_from_the_first_click_to_the_curve_in_use(
    bench: PageBench, fast_service: RealService
) -> None:
    dialog = to_prime(bench)
    go_on(bench, dialog, "tracer_run")

    def run() -> str:
        before = truth(fast_service)["media_ml"]
        go_on(bench, dialog)
        return f"{truth(fast_service)['media_ml'] - before:.3f}"

    volume_ml = run()
    assert dialog.leading.session.step.id == "tracer_volume"
    type_in(dialog, volume_ml)
    go_on(bench, dialog, "test_run")
    for number in range(1, 11):
        assert dialog.leading.session.step.title == f"Run {number} of 10"
        assert (dialog.view.chart is not None) == (number > 1)
        volume_ml = run()
        type_in(dialog, volume_ml.replace(".", ","))
        go_on(bench, dialog)
    assert dialog.leading.session.is_complete
    assert dialog.continue_button.text() == "Done"
    assert "is active now" in dialog.view.body.text()
    [line] = dialog.view.chart.drawing.lines
    assert len(line.points_x) == 10
    assert len(line.residuals) == 10
    press(dialog.continue_button)
    active = ask(fast_service, "GET", "/active_calibrations")["media_pump"]
    made = ("media_pump", active["calibration_name"])
    bench.until(lambda: bench.page.tree.chosen_key() == made, "what was made is shown")
    assert bench.page.details.state.word == "Active"
    slope = active["curve_data_"]["coefficients"][0]
    assert slope == pytest.approx(0.0911, rel=0.2)
