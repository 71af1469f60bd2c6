"""The controls of the Live page: view, crosshair, keys, and the jobs' buttons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from live_bench import EXPERIMENT, SETTINGS, START_S, LiveBench, buckets, od, raw
from loop_driver import LoopDriver
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot
from stand_in_service import StandInService, refusal

from gui import theme
from gui.live.stack_area import StackArea
from gui.live.utc_text import utc_text


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def test_looking_closer_fetches_more_detail_once(live: LiveBench) -> None:
    asked: list[dict[str, str]] = []

    def answer(body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        asked.append(query)
        return 200, raw(200)

    live.begin(recorded={"od2": buckets(1400, 60.0)})
    live.service.routes[f"GET {EXPERIMENT}/time_series/od2"] = answer
    live.page.view.show_span(START_S - 600, START_S)
    live.driver.until(lambda: asked and 0.2 in live.drawn(), "detail was fetched and drawn")
    assert asked[0]["from"] == utc_text(START_S - 900)
    assert asked[0]["to"] == utc_text(START_S + 300)
    assert live.page.history.bucket_s("od2", (START_S - 500, START_S - 100)) == 0.0


def test_the_window_of_time_is_chosen_by_its_button(live: LiveBench, qtbot: QtBot) -> None:
    live.begin(recorded={"od2": raw(2000)})
    qtbot.mouseClick(live.bar.windows.button(3), Qt.MouseButton.LeftButton)
    start_s, end_s = live.page.view.span
    assert end_s - start_s == 600
    assert live.bar.windows.button(3).isChecked()
    assert not live.bar.windows.button(0).isChecked()


def test_pause_holds_the_picture_and_keeps_the_readings(live: LiveBench, qtbot: QtBot) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.page.view.advance(live.at_s + 1, START_S)
    qtbot.mouseClick(live.bar.pause, Qt.MouseButton.LeftButton)
    live.read("od2", 0.2)
    assert live.drawn() == [0.1]
    assert not live.bar.following.isVisible()
    qtbot.mouseClick(live.bar.now, Qt.MouseButton.LeftButton)
    assert live.drawn() == [0.1, 0.2]
    assert not live.bar.pause.isChecked()
    assert live.bar.following.isVisible()
    assert not live.bar.now.isVisible()


def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm(live: LiveBench) -> None:
    live.begin()
    for value in (0.1, 0.0, -0.1, 0.2):
        live.read("od2", value)
    live.bar.log.setChecked(True)
    assert live.drawn() == [0.1, 0.2]
    assert not live.page.stack.curves["od2"].drawn.joined[0]
    title = live.page.stack.panes["optical_density"].title
    assert title.text == "Optical density, AU · log scale, values of 0 and below left out"
    assert list(live.page.stack.curves["od2"].line.y) == [math.log10(0.1), math.log10(0.2)]
    live.bar.log.setChecked(False)
    assert title.text == "Optical density, AU"
    assert live.drawn() == [0.1, 0.0, -0.1, 0.2]


def test_hours_since_the_start_label_the_axis(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.bar.hours_wanted.emit(True)
    axis = live.page.stack.panes[live.page.stack.visible_panes[-1]].time_axis
    assert axis.words() == "Hours since the start"
    assert axis.start_utc_s == START_S


def test_the_crosshair_reads_every_curve_at_once(live: LiveBench) -> None:
    live.begin()
    for step in range(5):
        live.read("od2", 0.1 + step / 10)
        live.read("measured_rpm", 500 + step, after_s=0)
    live.page.stack.point_at(START_S + 10)
    texts = {name: chip.text_shown for name, chip in live.page.readout.chips.items()}
    assert texts == {"od2": "90° 0.200 AU", "measured_rpm": "Stirring 501 RPM"}
    assert all(pane.crosshair.isVisible() for pane in live.page.stack.panes.values())
    live.page.stack.point_at(math.nan)
    assert live.page.readout.chips["od2"].text_shown == "90° 0.500 AU"
    assert live.page.readout.time.text() == "Now"


def test_old_values_are_not_called_now(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.at_s += 600
    live.tell("board", state="lost", link="disconnected", since=utc_text(live.at_s - 595))
    live.draw()
    assert live.page.readout.time.text() == "10 min ago"
    live.read("board_temperature", 30.0, after_s=60.0)
    live.page.readout.read(list(live.page.stack.curves.values()), math.nan)
    stale = {key: chip.is_stale for key, chip in live.page.readout.chips.items()}
    assert live.page.readout.time.text() == "Now"
    assert stale == {"od2": True, "board_temperature": False}, "old beside new looks old"
    assert [gap.words for gap in live.page.stack.panes["stirring"].lost_times.gaps] == ["Board lost"]


def test_the_mouse_over_a_plot_points(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(100)})
    live.driver.until(lambda: live.page.stack.isVisible())
    live.draw()
    area = live.page.stack.panes["optical_density"].area()
    live.page.stack.scene().sigMouseMoved.emit(QPointF(area.center()))
    start_s, end_s = live.page.view.span
    assert live.page.stack.panes["temperature"].crosshair.value() == pytest.approx(
        (start_s + end_s) / 2, abs=(end_s - start_s) / 100
    )
    live.page.stack.scene().sigMouseMoved.emit(QPointF(-5, -5))
    assert not live.page.stack.panes["temperature"].crosshair.isVisible()


def test_keys_zoom_move_pause_and_return(live: LiveBench, qtbot: QtBot) -> None:
    live.begin(recorded={"od2": raw(1000)})
    view, stack = live.page.view, live.page.stack
    whole = view.span[1] - view.span[0]
    qtbot.keyClick(stack, Qt.Key.Key_Plus)
    assert view.span[1] - view.span[0] == pytest.approx(whole / 1.5)
    left = view.span[0]
    qtbot.keyClick(stack, Qt.Key.Key_Left)
    assert view.span[0] < left
    qtbot.keyClick(stack, Qt.Key.Key_0)
    assert view.is_following
    assert view.span[1] - view.span[0] == pytest.approx(whole)
    qtbot.keyClick(stack, Qt.Key.Key_Minus)
    assert view.span[1] - view.span[0] == pytest.approx(whole * 1.5)
    qtbot.keyClick(stack, Qt.Key.Key_End)
    qtbot.keyClick(stack, Qt.Key.Key_Space)
    assert view.paused_at_s is not None
    qtbot.keyClick(stack, Qt.Key.Key_Space)
    assert view.is_following
    qtbot.keyClick(stack, Qt.Key.Key_Comma)
    assert stack.panes["stirring"].crosshair.isVisible()


def test_the_keyboard_s_place_is_seen(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    stack, accent = live.page.stack, theme.current().colour("accent").rgb()
    live.draw()
    live.window.activateWindow()
    live.driver.until(live.window.isActiveWindow, "the window has the keyboard")
    stack.setFocus(Qt.FocusReason.TabFocusReason)
    assert stack.grab().toImage().pixel(1, 100) == accent
    live.page.start_button.setFocus(Qt.FocusReason.TabFocusReason)
    assert stack.grab().toImage().pixel(1, 100) != accent
    stack.setFocus(Qt.FocusReason.MouseFocusReason)
    assert stack.grab().toImage().pixel(1, 100) != accent


def test_a_drawn_box_shows_its_time_and_its_values_until_0_is_pressed(live: LiveBench, qtbot: QtBot) -> None:
    live.begin(recorded={"od2": raw(1000)})
    stack, pane = live.page.stack, live.page.stack.panes["optical_density"]
    pane.view.box_drawn.emit(START_S - 900, START_S - 300, 0.15, 0.25)
    assert live.page.view.span == (START_S - 900, START_S - 300)
    live.draw()
    assert pane.view.viewRange()[1] == pytest.approx([0.15, 0.25])
    qtbot.keyClick(stack, Qt.Key.Key_0)
    live.draw()
    assert not pane.holds_values


def test_each_curve_is_read_in_the_title_row_of_its_plot(live: LiveBench) -> None:
    recorded = {name: raw() for name in ("od2", "growth_rate", "temperature", "target_temperature", "measured_rpm")}
    live.begin(recorded=recorded)
    live.draw()
    stack, chips = live.page.stack, live.page.readout.chips
    live.driver.until(lambda: stack.panes["growth_rate"].area().height() > 20, "the plots are laid out")
    live.page.readout.place()
    rows = stack.title_rows()
    for key, chip in chips.items():
        row, words_px = rows[stack.curves[key].trace.pane]
        assert row.top() <= chip.y() <= row.bottom()
        assert row.left() + words_px <= chip.x()
        assert chip.geometry().right() <= row.right()
        assert chip.width() >= chip.sizeHint().width(), "nothing is cut where there is room"
    assert chips["temperature"].geometry().right() < chips["target_temperature"].x()
    top = rows["optical_density"][0]
    assert live.page.readout.time.geometry().right() == pytest.approx(top.right(), abs=2)


def test_entries_without_room_give_up_words_and_overlap_nothing(live: LiveBench) -> None:
    recorded = {name: raw() for name in ("od1", "od2", "od3", "od4", "od_fused")}
    live.begin(recorded=recorded)
    live.draw()
    live.driver.until(lambda: live.page.stack.title_rows()["optical_density"][0].width() > 300, "it is laid out")
    live.page.readout.place()
    chips = list(live.page.readout.chips.values())
    assert any(chip.width() < chip.sizeHint().width() for chip in chips)
    for left, right in pairwise(chips):
        assert left.geometry().right() < right.x()
    assert chips[-1].geometry().right() < live.page.readout.time.x()


def test_the_plots_move_together_when_the_window_becomes_smaller(live: LiveBench) -> None:
    recorded = {name: raw() for name in ("od2", "growth_rate", "temperature", "measured_rpm", "current_volume_ml")}
    live.begin(recorded=recorded)
    live.window.resize(1500, 1000)
    live.driver.until(lambda: live.page.stack.height() > 700, "the plots take the room there is")
    live.window.resize(1024, 480)
    area = live.page.findChild(StackArea)
    assert area is not None
    live.driver.until(lambda: area.viewport().height() < 480)
    live.driver.until(lambda: live.page.stack.height() <= area.viewport().height(), "nothing needs to be scrolled to")


def test_the_title_tells_whether_optical_density_is_calibrated(live: LiveBench) -> None:
    live.begin(settings=SETTINGS | {"od_reading": {"$state": "ready", "od2": od(calibrated=1)}})
    title = live.page.stack.panes["optical_density"].title
    live.read("od2", 0.1)
    assert title.text == "Optical density, OD600"


def test_a_curve_is_hidden_and_shown_by_its_entry(live: LiveBench, qtbot: QtBot) -> None:
    live.begin(recorded={"od2": raw(10)})
    qtbot.mouseClick(live.page.readout.chips["od2"], Qt.MouseButton.LeftButton)
    assert live.drawn() == []
    qtbot.mouseClick(live.page.readout.chips["od2"], Qt.MouseButton.LeftButton)
    assert len(live.drawn()) == 10


def test_the_led_reference_has_its_lane_when_wanted(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.read("relative_intensity_of_ir_led", 1.0)
    assert "relative_intensity_of_ir_led" not in live.page.readout.chips
    live.bar.panes["reference"].setChecked(True)
    assert live.page.stack.visible_panes[-1] == "reference"
    assert live.page.readout.chips["relative_intensity_of_ir_led"].text_shown == "REF 1.000"


def test_a_card_stops_and_starts_its_job(live: LiveBench) -> None:
    live.begin()
    [stirring] = [card for card in live.page.cards if card.job == "stirring"]
    assert (stirring.badge.word, stirring.button.text()) == ("Running", "Stop")
    live.service.answer_task("/unit_api/jobs/stop", {"stopped": [], "still_running": []})
    stirring.button.clicked.emit()
    assert stirring.badge.word == "Stopping"
    assert not stirring.button.isEnabled()
    live.driver.until(lambda: live.page.session.pending("stirring") is None)
    assert live.service.asked("POST", "/unit_api/jobs/stop") == [{"job_name": "stirring"}]
    live.tell("job", job_id=1, job_name="stirring", state="disconnected", is_running=0)
    assert (stirring.badge.word, stirring.button.text()) == ("Stopped", "Start")


def test_a_job_that_cannot_reach_the_board_says_that_it_waits(live: LiveBench) -> None:
    live.begin()
    [badge] = [card.badge for card in live.page.cards if card.job == "stirring"]
    live.tell("board", state="lost", link="disconnected", since=utc_text(live.at_s))
    assert (badge.word, badge.tone) == ("Waiting", "warn")
    live.tell("setting", job_id=1, job_name="stirring", setting="$state", value="sleeping")
    assert badge.word == "Paused"
    live.tell("setting", job_id=1, job_name="stirring", setting="$state", value="ready")
    live.tell("board", state="degraded", link="connected", since=utc_text(live.at_s))
    assert (badge.word, badge.tone) == ("Running", "ok")


def test_a_job_that_needs_no_board_does_not_wait_for_it(live: LiveBench) -> None:
    live.begin()
    [badge] = [card.badge for card in live.page.cards if card.job == "od_reading"]
    live.tell("job", job_id=2, job_name="od_reading", state="ready", is_running=1, needs_board=False)
    live.tell("board", state="lost", link="disconnected", since=utc_text(live.at_s))
    assert (badge.word, badge.tone) == ("Running", "ok")


def test_a_refused_start_leaves_the_button_usable(live: LiveBench) -> None:
    live.begin(running=False)
    live.service.routes["POST /unit_api/jobs/run/job_name/stirring"] = lambda b, q: refusal(503, "No board.")
    live.page.empty.acted.emit()
    live.driver.until(lambda: not live.page.session.is_pending)
    assert live.page.cards[3].button.isEnabled()
    assert not live.service.asked("POST", "/unit_api/jobs/run/job_name/od_reading")
