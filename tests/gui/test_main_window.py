"""The frame: every page and action, the connection told truthfully, Stop all in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QLabel, QLineEdit, QTableView, QWidget
from pytestqt.qtbot import QtBot
from shown_window import Shown
from stand_in_service import row, snapshot

from gui import theme
from gui.actions.action_set import SEPARATOR
from gui.actions.registry import ACTIONS, CONNECTION_MENU, EXPERIMENT_MENU, MAIN_MENU
from gui.pages import PAGES, page

STOP_ALL = "/unit_api/jobs/stop/all"
DANGEROUS = {"quit", "restart_service"}


def seconds_ago(count: float) -> str:
    moment = datetime.now(UTC) - timedelta(seconds=count)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def board(**changes: Any) -> dict[str, Any]:
    return snapshot()["board"] | {"since": seconds_ago(0)} | changes


def until_page(shown: Shown, key: str) -> None:
    shown.until(lambda: key in shown.window.pages_made, f"page {key} is made")


@pytest.mark.parametrize("key", [one.key for one in PAGES])
def test_every_page_opens_live_and_offline(shown: Shown, key: str) -> None:
    shown.window.show_page(key)
    until_page(shown, key)
    shown.start()
    assert shown.window.current_page is not None
    assert shown.window.rail.button(key).isChecked()
    shown.driver.run(shown.service.stop())
    shown.until(lambda: shown.unit.service.state == "lost", "lost")


@pytest.mark.parametrize("key", [one.key for one in PAGES if not one.part_of])
def test_every_page_opens_by_its_button_and_shortcut(shown: Shown, qtbot: QtBot, key: str) -> None:
    qtbot.mouseClick(shown.window.rail.button(key), Qt.MouseButton.LeftButton)
    until_page(shown, key)
    shortcut = shown.window.actions_by_key[f"page_{key}"].shortcut()
    assert shortcut == QKeySequence(page(key).shortcut)


@pytest.mark.parametrize("key", ["live", "log", "experiments"])
def test_the_keyboard_goes_through_the_window_as_the_eye_does(shown: Shown, key: str) -> None:
    shown.start()
    for each in ("jobs", key):
        shown.window.show_page(each)
        until_page(shown, each)
    shown.until(lambda: shown.window.current_page is not None and shown.window.current_page.isVisible())
    at, order = shown.window.top_bar.stop_button.nextInFocusChain(), []
    while at is not shown.window.top_bar.stop_button:
        if at.isVisible() and at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.focusProxy() is None:
            order.append(at)
        at = at.nextInFocusChain()
    left = [part for part in order if not shown.window.rail.isAncestorOf(part)]
    tops = [part.mapTo(shown.window, QPoint()).y() for part in left]
    current = shown.window.current_page
    assert current is not None
    top_px = current.mapTo(shown.window, QPoint()).y()
    where = [
        "page" if current.isAncestorOf(part) else "heading" if top < top_px else "foot"
        for part, top in zip(left, tops, strict=True)
        if not shown.window.top_bar.isAncestorOf(part)
    ]
    assert "heading" in where or key == "log"
    assert "page" in where or key == "experiments"
    assert where == sorted(where, key=("heading", "page", "foot").index)


@pytest.mark.parametrize("key", [key for key in ACTIONS if key not in DANGEROUS])
def test_every_action_can_be_triggered_without_a_fault(shown: Shown, key: str) -> None:
    shown.service.answer("GET /unit_api/experiments/exp%20one", 200, {"description": ""})
    shown.service.answer_task(STOP_ALL, {"stopped": [], "still_running": []})
    shown.start()
    shown.window.actions_by_key[key].trigger()
    shown.driver.turn()
    for dialog in shown.window.findChildren(QDialog):
        dialog.reject()
    if key.startswith("page_"):
        until_page(shown, key.removeprefix("page_"))
    assert shown.problems.kept == []


def test_every_action_has_a_text_and_belongs_to_the_window(shown: Shown) -> None:
    for key in ACTIONS:
        action = shown.window.actions_by_key[key]
        assert action.text()
        assert action in shown.window.actions()
        assert shown.window.actions_by_key[key] is action


def test_menus_name_known_actions() -> None:
    for key in (*MAIN_MENU, *EXPERIMENT_MENU, *CONNECTION_MENU):
        assert key == SEPARATOR or key in ACTIONS


def test_an_unknown_action_is_refused_with_a_hint(shown: Shown) -> None:
    with pytest.raises(KeyError, match="Did you mean 'stop_all'"):
        shown.window.actions_by_key["stopp_all"]


def test_an_unknown_page_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="log"):
        page("lgo")


def test_no_two_actions_share_a_shortcut() -> None:
    shortcuts = [keys for action in ACTIONS.values() for keys in action.shortcuts]
    assert len(shortcuts) == len(set(shortcuts))


def test_everything_that_can_be_pressed_has_a_name(shown: Shown) -> None:
    shown.start()
    for one in PAGES:
        shown.window.show_page(one.key)
        until_page(shown, one.key)
    for kind in (QAbstractButton, QComboBox, QLineEdit, QTableView):
        for widget in shown.window.findChildren(kind):
            named = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
            if widget.isHidden():
                continue
            inner = widget.objectName().startswith("qt_") or type(widget).__name__ in ("QTableCornerButton",)
            inner = inner or isinstance(widget.parent(), QComboBox | QLineEdit | QTableView)
            assert named or inner, f"{widget} in {widget.parent()} has neither text nor accessible name"


def test_the_keyboard_reaches_everything_that_can_be_pressed(shown: Shown) -> None:
    shown.start()
    for one in PAGES:
        shown.window.show_page(one.key)
        until_page(shown, one.key)
        reached, widget = set(), shown.window.nextInFocusChain()
        while widget is not shown.window:
            reached.add(widget)
            widget = widget.nextInFocusChain()
        for button in shown.window.findChildren(QAbstractButton):
            if button.isVisible() and button.isEnabled() and type(button).__name__ != "QTableCornerButton":
                by_tab = button.focusPolicy() & Qt.FocusPolicy.TabFocus
                assert by_tab, f"{button.text() or button.accessibleName()} on {one.title}"
                assert button in reached


def test_stop_all_stops_and_tells_what(shown: Shown, qtbot: QtBot) -> None:
    stopped = [{"job_id": 2, "job_name": "stirring"}, {"job_id": 3, "job_name": "od_reading"}]
    shown.service.answer_task(STOP_ALL, {"stopped": stopped, "still_running": []})
    shown.start()
    qtbot.mouseClick(shown.window.top_bar.stop_button, Qt.MouseButton.LeftButton)
    assert shown.window.top_bar.stop_button.text() == "Stopping…"
    shown.until(lambda: "Stopped 2 jobs Stirring and Optical density" in shown.toasts(), "told what was stopped")
    assert shown.service.asked("POST", STOP_ALL) == [{}]
    assert shown.window.top_bar.stop_button.text() == "Stop all"


@pytest.mark.parametrize("keys", ["Ctrl+.", "Ctrl+Shift+S"])
def test_stop_all_has_shortcuts(shown: Shown, qtbot: QtBot, keys: str) -> None:
    shown.service.answer_task(STOP_ALL, {"stopped": [], "still_running": []})
    shown.start()
    with qtbot.waitActive(shown.window):
        shown.window.activateWindow()
    combination = QKeySequence(keys)[0]
    qtbot.keyClick(shown.window, combination.key(), combination.keyboardModifiers())
    shown.until(lambda: shown.service.asked("POST", STOP_ALL), "asked to stop")
    shown.until(lambda: any("Nothing was running" in toast for toast in shown.toasts()), "told")


def test_stop_all_that_does_not_get_through_says_so(shown: Shown, qtbot: QtBot) -> None:
    assert shown.window.top_bar.stop_button.isEnabled(), "also before there is a service"
    qtbot.mouseClick(shown.window.top_bar.stop_button, Qt.MouseButton.LeftButton)
    shown.until(lambda: any("did not get through" in toast for toast in shown.toasts()), "told")
    assert shown.window.top_bar.stop_button.text() == "Stop all"


def test_a_job_that_still_runs_after_stop_all_is_named(shown: Shown) -> None:
    still = [{"job_id": 2, "job_name": "stirring"}]
    shown.service.answer_task(STOP_ALL, {"stopped": [], "still_running": still})
    shown.start()
    shown.window.stop_all()
    shown.until(lambda: any("stirring" in toast for toast in shown.toasts()), "told")


def test_the_window_shows_the_unit(shown: Shown) -> None:
    shown.start()
    assert shown.window.top_bar.connection_word == "Connected"
    assert shown.window.top_bar.experiment_word == "exp one"
    assert shown.window.banner.isHidden()
    assert shown.window.strip.link_text == "link 0.2 ms · 0 lost"
    shown.send("experiment", experiment="exp one", is_active=False)
    shown.until(lambda: shown.window.top_bar.experiment_word == "No experiment", "the experiment ended")


@pytest.mark.parametrize(
    ("state", "word", "needs_attention", "offers"),
    [
        ("no_board", "No board", True, ["Choose board…"]),
        ("found", "Board found", False, []),
        ("connecting", "Connecting to the board", False, []),
        ("connected", "Connected", False, []),
        ("degraded", "Degraded", True, []),
        ("wrong_firmware", "Wrong firmware", True, ["Choose board…"]),
        ("lost", "Board lost, reconnecting", True, ["Choose board…"]),
        ("refused", "Board refused", True, ["Choose board…"]),
    ],
)
def test_every_state_of_the_board_is_told(
    shown: Shown, state: str, word: str, needs_attention: bool, offers: list[str]
) -> None:
    shown.start()
    shown.send("board", **board(state=state, link="disconnected", since=seconds_ago(12), detail="This happened."))
    shown.until(lambda: shown.window.top_bar.connection_word.startswith(word), f"{word} is shown")
    assert shown.window.banner.isVisible() is needs_attention
    if needs_attention:
        assert "This happened." in shown.window.banner.words
        assert [button.text() for button in shown.window.banner.buttons()] == offers


def test_a_lost_board_is_told_with_its_time(shown: Shown) -> None:
    shown.start()
    shown.service.snapshot["board"]["since"] = seconds_ago(12)
    shown.unit.handle("board", {"seq": 1, "t": seconds_ago(0), **board(state="lost", since=seconds_ago(12))})
    assert shown.window.top_bar.connection_word.startswith("Board lost, reconnecting (1")
    assert "switches its outputs off by itself" in shown.window.banner.words


def test_a_simulated_board_is_never_shown_as_a_real_one(shown: Shown) -> None:
    shown.service.snapshot = snapshot(board=board(link="simulated"))
    shown.start()
    assert shown.window.top_bar.connection_word == "Simulated board"


def test_a_service_that_dies_is_told_and_comes_back(shown: Shown) -> None:
    shown.service.snapshot = snapshot(jobs=[row(1, "monitor", is_long_running_job=1), row(2, "stirring")])
    shown.start()
    shown.driver.run(shown.service.stop())
    shown.host.ended("The service ended unexpectedly: it was ended by signal 9.")
    shown.until(lambda: shown.window.top_bar.connection_word.startswith("Service lost, reconnecting ("), "lost")
    assert shown.window.banner.isVisible()
    assert [button.text() for button in shown.window.banner.buttons()] == ["Restart service", "Choose board…"]
    assert "ended by signal 9" in shown.window.banner.words, "whoever watches the process knows best"
    shown.until(lambda: shown.service.streams == 0, "the stream broke")
    shown.service.snapshot = snapshot(jobs=[row(3, "monitor", is_long_running_job=1)])
    shown.driver.run(shown.service.start())
    shown.host.back(type("Back", (), {"url": shown.service.url, "found_running": False, "token": None})())
    shown.until_live()
    assert shown.window.banner.isHidden()
    told = "Stirring ended while the service was down or out of reach. Start again what shall run."
    assert shown.toasts() == [f"1 job ended meanwhile {told}"]


def test_restart_service_restarts_it(shown: Shown) -> None:
    shown.start()
    states: list[str] = []
    shown.unit.connection_changed.connect(lambda: states.append(shown.unit.service.state))
    shown.window.actions_by_key["restart_service"].trigger()
    shown.until(lambda: len(shown.host.started) == 2, "restarted")
    shown.until_live()
    assert states[0] == "starting"
    assert "lost" not in states, "a restart that was asked for is no loss"


def test_a_service_that_does_not_start_is_told_with_the_remedy(shown: Shown) -> None:
    from gui.service_host import HostError

    shown.host.failure = HostError("The disk is full.", "Free some space.")
    shown.driver.run(shown.attachment.start())
    assert shown.window.banner.words == "The disk is full. Free some space."
    assert shown.window.top_bar.connection_word == "Service not started"
    shown.host.failure = None
    shown.window.banner.buttons()[0].click()
    shown.until_live()


def test_actions_on_experiments_need_one(shown: Shown) -> None:
    actions = shown.window.actions_by_key
    assert not actions["new_experiment"].isEnabled()
    shown.start()
    assert actions["end_experiment"].isEnabled()
    shown.send("experiment", experiment="exp one", is_active=False)
    shown.until(lambda: not actions["end_experiment"].isEnabled(), "nothing to end")
    assert actions["new_experiment"].isEnabled()


def test_the_theme_is_switched_and_remembered(shown: Shown, qtbot: QtBot) -> None:
    shown.window.choose_theme("light")
    with qtbot.waitSignal(theme.current().palette_changed):
        shown.window.actions_by_key["toggle_theme"].trigger()
    assert theme.current().is_dark
    assert shown.settings.values.theme == "dark"
    assert shown.window.actions_by_key["theme_dark"].isChecked()


def test_what_becomes_of_jobs_when_the_window_dies_is_told_to_the_service(shown: Shown) -> None:
    shown.start()
    assert shown.host.started[0] == ("simulated:", "keep")
    shown.window.actions_by_key["go_on_without_window"].trigger()
    assert shown.host.when_window_dies == "stop"
    assert shown.settings.values.when_window_dies == "stop"


def test_the_window_is_usable_at_1024_by_640(shown: Shown) -> None:
    shown.start()
    shown.window.resize(1024, 640)
    for one in PAGES:
        shown.window.show_page(one.key)
        until_page(shown, one.key)
        shown.driver.turn()
        assert shown.window.width() == 1024, f"{one.title} needs more width"
        assert shown.window.height() == 640, f"{one.title} needs more height"
    button = shown.window.top_bar.stop_button
    right = button.mapTo(shown.window, button.rect().bottomRight())
    assert right.x() < 1024


def test_place_and_page_are_remembered(shown: Shown) -> None:
    shown.window.show_page("log")
    shown.window.resize(1100, 700)
    shown.window.close_for_good()
    from gui.settings import SettingsStore

    kept = SettingsStore().values
    assert kept.page == "log"
    assert kept.window_px[2:] == [1100, 700]


def test_a_fault_in_the_window_is_told_and_kept(shown: Shown) -> None:
    shown.start()
    shown.problems.add("ValueError: bad", "the trace")
    assert any("Something in the window went wrong" in toast for toast in shown.toasts())


def test_long_names_are_cut_off_and_whole_in_the_tooltip(shown: Shown) -> None:
    unit_name, experiment = "unit" * 50, "growth " * 28
    shown.service.snapshot = snapshot(unit=unit_name, experiment=experiment)
    shown.start()
    shown.window.resize(1024, 640)
    shown.driver.turn()
    labels = [label.text() for label in shown.window.top_bar.findChildren(QLabel)]
    assert any(text.endswith("…") for text in labels), "what is cut off says so"
    tips = {tip for widget in shown.window.top_bar.findChildren(QWidget) if (tip := widget.toolTip())}
    assert any(unit_name in tip for tip in tips)
    assert any(experiment in tip for tip in tips)
    button = shown.window.top_bar.stop_button
    corner = button.mapTo(shown.window, button.rect().bottomRight())
    assert shown.window.rect().contains(corner), "Stop all can be reached"
