"""Guided calibrations led by the window, on the real service with the simulated board: to the end, and astray."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from real_service import RealService, running_service

from gui.calibrations.guided.choose_dialog import ChooseDialog
from gui.calibrations.guided.dialog import GuidedDialog
from gui.calibrations.guided.leave_dialog import LeaveDialog
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
        dialog.put_aside()
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


def assert_closed(bench: PageBench) -> None:
    """Wait until no calibration is led through any more."""
    bench.until(lambda: not bench.page.findChildren(GuidedDialog), "it is closed")


def type_in(dialog: GuidedDialog, words: str) -> None:
    """Type over what is in the field that has the keyboard."""
    line = dialog.view.fields[0].line
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, words)


def to_prime(bench: PageBench, prime_s: str, name: str = "") -> GuidedDialog:
    """Lead a pump's calibration to where the tubing is filled."""
    dialog = begun(bench, "media_pump")
    while dialog.leading.session.step.id != "prime_pump_duration":
        if name and dialog.leading.session.step.id == "name_input":
            type_in(dialog, name)
        go_on(bench, dialog)
    type_in(dialog, prime_s)
    return dialog


def test_a_pump_is_calibrated_from_the_first_click_to_the_curve_in_use(
    bench: PageBench, fast_service: RealService
) -> None:
    dialog = to_prime(bench, "5")
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


def test_the_stirrer_is_calibrated_by_the_keyboard_alone(bench: PageBench, fast_service: RealService) -> None:
    dialog = chosen(bench, "stirring")
    QTest.keyClick(dialog.rows, Qt.Key.Key_Return)
    guided = bench.dialog(GuidedDialog)
    QTest.keyClick(guided, Qt.Key.Key_Return)
    bench.until(lambda: guided.leading.session.step.id == "run_calibration", "it can be measured")
    bench.until(guided.continue_button.isEnabled)
    QTest.keyClick(guided, Qt.Key.Key_Return)
    bench.until(guided.progress.isVisible, "it says that the unit is at work")
    assert "at work" in guided.progress.words
    assert not guided.continue_button.isEnabled()
    bench.until(lambda: guided.leading.session.is_complete, "it is measured")
    assert guided.progress.isHidden()
    assert guided.view.chart.drawing.has_residuals
    bench.until(guided.continue_button.isEnabled)
    QTest.keyClick(guided, Qt.Key.Key_Return)
    made = ask(fast_service, "GET", "/active_calibrations")["stirring"]["calibration_name"]
    bench.until(lambda: bench.page.tree.chosen_key() == ("stirring", made), "what was made is shown")
    assert_closed(bench)


def test_a_wrong_input_is_told_beside_its_field_and_corrected(bench: PageBench) -> None:
    dialog = begun(bench, "waste_pump")
    while dialog.leading.session.step.id != "name_input":
        go_on(bench, dialog)
    [name] = dialog.view.fields
    assert name.line.hasFocus() or not dialog.isActiveWindow()
    type_in(dialog, "../up")
    press(dialog.continue_button)
    bench.until(lambda: name.is_wrong, "the service refuses it")
    assert "ASCII letters" in name.note.text()
    type_in(dialog, "mine")
    assert not name.is_wrong
    go_on(bench, dialog, "volume_targets")
    go_on(bench, dialog, "pwm_settings")
    frequency, duty = dialog.view.fields
    frequency.line.setText("fast")
    duty.line.setText("101")
    press(dialog.continue_button)
    assert frequency.note.text() == "Type a number, such as 5 or 0.25."
    assert "0 to 100 %" in duty.note.text()
    frequency.line.setText("250")
    duty.line.setText("0")
    press(dialog.continue_button)
    bench.until(lambda: "stands still" in duty.note.text(), "the service refuses a pump that stands")
    assert not frequency.is_wrong
    duty.line.setText("100")
    go_on(bench, dialog, "tubing_into_water")


def test_stop_leaves_the_step_to_be_done_again_and_abort_ends_it(bench: PageBench, fast_service: RealService) -> None:
    dialog = to_prime(bench, "290", "another")
    press(dialog.continue_button)
    bench.until(lambda: truth(fast_service)["media_pump_percent"] > 0, "it pumps")
    bench.until(dialog.progress.isVisible, "it says so")
    press(dialog.progress.cancel_button)
    bench.until(lambda: dialog.trouble.words.text().startswith("Stopped."), "it says that it was stopped")
    assert truth(fast_service)["media_pump_percent"] == 0
    assert dialog.leading.session.step.id == "prime_pump_duration"
    bench.until(dialog.continue_button.isEnabled, "it can be done again")
    press(dialog.continue_button)
    bench.until(lambda: truth(fast_service)["media_pump_percent"] > 0, "it pumps again")
    bench.until(lambda: dialog.leading.is_acting, "the window knows")
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    question, session_id = bench.dialog(LeaveDialog), dialog.leading.session.id
    assert question.later_button.text() == "Stop and go on later"
    press(question.abort_button)
    assert_closed(bench)
    assert truth(fast_service)["media_pump_percent"] == 0
    assert ask(fast_service, "GET", f"{SESSIONS}/{session_id}")["session"]["status"] == "aborted"
    assert "Calibration aborted" in bench.toasts()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_what_is_left_is_gone_on_with(bench: PageBench, fast_service: RealService) -> None:
    dialog = to_prime(bench, "290", "another")
    press(dialog.continue_button)
    bench.until(lambda: dialog.leading.is_acting, "it pumps")
    left = dialog.leading.session.id
    dialog.close()
    press(bench.dialog(LeaveDialog).later_button)
    assert_closed(bench)
    assert truth(fast_service)["media_pump_percent"] == 0
    again = chosen(bench, "media_pump")
    assert again.begin_button.text() == "Go on"
    assert "Fill the tubing" in again.words.text()
    press(again.begin_button)
    dialog = bench.dialog(GuidedDialog)
    assert dialog.leading.session.id == left
    assert not dialog.isModal()
    press(bench.page.calibrate_button)
    assert not [each for each in bench.page.findChildren(ChooseDialog) if each.isVisible()]
    type_in(dialog, "5")
    go_on(bench, dialog, "tracer_run")
    ask(fast_service, "POST", f"{SESSIONS}/{left}/abort")
    bench.until(lambda: dialog.is_over, "ended by somebody else, it says so")
    assert "Aborted" in dialog.view.body.text()
    assert dialog.continue_button.text() == "Begin again"
    press(dialog.continue_button)
    assert bench.dialog(ChooseDialog).begin_button.text() == "Begin"
    bench.dialog(ChooseDialog).reject()


def test_a_running_job_in_the_way_is_told_and_stopped(bench: PageBench, fast_service: RealService) -> None:
    bench.driver.run(bench.client.run_task("/unit_api/jobs/run/job_name/stirring", {}))
    dialog = chosen(bench, "stirring")
    press(dialog.begin_button)
    bench.until(dialog.trouble.stop_button.isVisible, "it is in the way")
    assert dialog.trouble.words.text().startswith("Stirring runs, and is in the way of the calibration.")
    assert dialog.trouble.stop_button.text() == "Stop stirring"
    press(dialog.trouble.stop_button)
    bench.until(lambda: not dialog.trouble.isVisible(), "it is stopped")
    press(dialog.begin_button)
    guided = bench.dialog(GuidedDialog)
    assert guided.leading.session.device == "stirring"


def test_stop_all_and_a_lost_board_are_told_with_what_to_do(bench: PageBench, fast_service: RealService) -> None:
    dialog = to_prime(bench, "290", "another")
    press(dialog.continue_button)
    bench.until(lambda: dialog.leading.is_acting, "it pumps")
    ask(fast_service, "POST", "/jobs/stop/all", {})
    bench.until(lambda: "stopped before it was done" in dialog.trouble.words.text(), "stopped by Stop all")
    assert "Continue again" in dialog.trouble.words.text()
    bench.until(dialog.continue_button.isEnabled)
    press(dialog.continue_button)
    bench.until(lambda: dialog.leading.is_acting, "it pumps again")
    ask(fast_service, "POST", "/board/simulation", {"command": "unplug"})
    try:
        bench.until(lambda: "board" in dialog.trouble.words.text(), "the board is lost")
        bench.until(lambda: dialog.connection.words.text(), "and how it stands is said")
        assert "waits until it is back" in dialog.connection.words.text()
    finally:
        ask(fast_service, "POST", "/board/simulation", {"command": "replug"})
    bench.until(lambda: not dialog.connection.isVisible(), "it is back")
    assert "not done yet" in dialog.trouble.words.text(), "what was said of the lost board is not true any more"
    assert "lost" not in dialog.trouble.words.text()
    type_in(dialog, "5")
    go_on(bench, dialog, "tracer_run")
    assert not dialog.trouble.isVisible()


def test_calibrate_finds_what_was_left_of_another_device(bench: PageBench, fast_service: RealService) -> None:
    bench.page.tree.choose("stirring")
    bench.page.ask_calibrate("waste_pump")
    dialog = bench.dialog(ChooseDialog)
    bench.until(lambda: dialog.place.has_content, "it can be chosen")
    press(dialog.begin_button)
    guided = bench.dialog(GuidedDialog)
    left = guided.leading.session.id
    guided.close()
    press(bench.dialog(LeaveDialog).later_button)
    assert_closed(bench)
    press(bench.page.calibrate_button)
    again = bench.dialog(ChooseDialog)
    bench.until(lambda: again.place.has_content, "it can be chosen")
    assert again.begin_button.text() == "Go on"
    again.reject()
    ask(fast_service, "POST", f"{SESSIONS}/{left}/abort")


def test_a_held_enter_and_a_double_click_go_on_once(bench: PageBench) -> None:
    dialog = begun(bench, "media_pump")
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r", True)
    for target in (dialog, dialog.continue_button):
        QApplication.sendEvent(target, held)
        assert not dialog.leading.is_answering
    go_on(bench, dialog, "intro_confirm_2")
    QTest.mouseDClick(dialog.continue_button, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(dialog.continue_button, Qt.MouseButton.LeftButton)
    assert not dialog.leading.is_answering
    go_on(bench, dialog, "intro_confirm_3")
