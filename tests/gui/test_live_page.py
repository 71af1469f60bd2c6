"""The Live page: what the service tells is on the screen, and what is clicked reaches the service."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from conftest import LoopDriver
from live_bench import EXPERIMENT, START_S, LiveBench, od
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot
from stand_in_service import StandInService, refusal, row

from gui.live.utc_text import utc_text


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def raw(count: int = 10, value: float = 0.2, step_s: float = 5.0) -> dict[str, Any]:
    t = [START_S - (count - index) * step_s for index in range(count)]
    return {"decimated": False, "bucket_s": None, "columns": ["t", "value"], "data": [t, [value] * count]}


def buckets(count: int, bucket_s: float) -> dict[str, Any]:
    t = [START_S - (count - index) * bucket_s for index in range(count)]
    data = [t, [0.1] * count, [0.3] * count]
    return {
        "decimated": True, "bucket_s": bucket_s, "columns": ["t", "min", "max"], "data": data, "to": utc_text(START_S),
    }  # fmt: skip


# nothing there yet


def test_one_click_starts_stirring_and_optical_density(live: LiveBench, qtbot: QtBot) -> None:
    live.begin(running=False, experiment=None)
    assert live.page.empty.headline == "Nothing measured yet"
    for job in ("stirring", "od_reading"):
        live.service.answer_task(f"/unit_api/jobs/run/job_name/{job}", {"job_name": job, "job_id": 1, "state": "ready"})
    live.page.empty.acted.emit()
    assert live.page.session.is_pending
    assert live.page.empty.headline == "Starting"
    live.driver.until(lambda: not live.page.session.is_pending)
    started = [path for method, path, _ in live.service.requests if method == "POST"]
    assert started == [f"/unit_api/jobs/run/job_name/{job}" for job in ("stirring", "od_reading")]


def test_what_runs_already_is_not_started_again(live: LiveBench) -> None:
    live.begin(running=False, jobs=[row(1, "stirring")])
    live.service.answer_task("/unit_api/jobs/run/job_name/od_reading", {})
    live.page.empty.acted.emit()
    live.driver.until(lambda: not live.page.session.is_pending)
    assert not live.service.asked("POST", "/unit_api/jobs/run/job_name/stirring")
    assert len(live.service.asked("POST", "/unit_api/jobs/run/job_name/od_reading")) == 1


def test_before_the_first_reading_the_page_says_what_it_waits_for(live: LiveBench) -> None:
    live.begin()
    assert live.page.empty.isVisible()
    assert live.page.empty.headline == "Waiting for the first reading"
    live.read("od2", 0.1)
    assert not live.page.empty.isVisible()


def test_without_a_board_the_page_says_so(live: LiveBench) -> None:
    live.begin(running=False, board={"link": "disconnected", "state": "no_board", "detail": "", "remedy": ""})
    assert live.page.empty.headline == "No board"


def test_history_that_cannot_be_read_says_why_and_can_be_tried_again(live: LiveBench) -> None:
    live.service.routes[f"GET {EXPERIMENT}"] = lambda body, query: refusal(500, "The record is locked.", "Disk full.")
    live.tell("snapshot", **{"unit": "u", "experiment": "exp one", "board": {"state": "connected"}})
    live.driver.until(lambda: live.page.history.state == "failed")
    assert live.page.empty.headline == "The record is locked."
    assert "Disk full." in live.page.empty.words
    live.service.answer(f"GET {EXPERIMENT}", 200, {"series": [{"series": "od2", "points": 10}]})
    live.service.answer(f"GET {EXPERIMENT}/time_series/od2", 200, raw())
    live.page.empty.acted.emit()
    live.driver.until(lambda: live.page.history.state == "loaded")
    assert len(live.drawn()) == 10


# from the service to the screen


def test_readings_become_a_curve_and_a_value(live: LiveBench) -> None:
    live.begin()
    for value in (0.1, 0.2, 0.3):
        live.read("od2", value)
    assert live.drawn() == [0.1, 0.2, 0.3]
    density = live.page.cards[0]
    live.page.refresh_cards()
    assert density.rows["od2"].value.text == "0.300"
    assert live.page.readout.chips["od2"].text_shown == "90° 0.300 AU"


def test_recorded_and_live_readings_are_one_curve(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.read("od2", 0.25)
    assert live.drawn() == [0.2] * 10 + [0.25]


def test_a_live_reading_that_comes_before_the_record_does_not_hide_it(live: LiveBench) -> None:
    live.service.answer(f"GET {EXPERIMENT}", 200, {"series": [{"series": "od2", "points": 10}]})
    live.service.answer(f"GET {EXPERIMENT}/time_series/od2", 200, raw(10))
    live.tell("snapshot", unit="u", experiment="exp one", board={"state": "connected"})
    live.read("od2", 0.25)
    live.driver.until(lambda: live.page.history.state == "loaded")
    assert live.drawn() == [0.2] * 10 + [0.25]


def test_after_a_lost_connection_only_what_is_missing_is_fetched(live: LiveBench) -> None:
    asked: list[str | None] = []

    def answer(body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        asked.append(query.get("from"))
        return 200, raw(10)

    live.begin(recorded={"od2": raw(10)})
    live.read("od2", 0.25)
    live.service.routes[f"GET {EXPERIMENT}/time_series/od2"] = answer
    live.at_s += 60
    live.tell("snapshot", unit="u", experiment="exp one", board={"state": "connected"})
    live.driver.until(lambda: asked and live.page.history.state == "loaded")
    assert asked == [utc_text(START_S + 5)]


def test_another_experiment_begins_with_empty_curves(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.service.answer("GET /unit_api/experiments/exp%20two", 200, {"series": []})
    live.tell("experiment", experiment="exp two", is_active=True)
    live.driver.until(lambda: live.page.history.state == "loaded")
    assert live.drawn() == []


def test_the_curves_of_an_ended_experiment_stay(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.tell("experiment", experiment="exp one", is_active=False)
    assert len(live.drawn()) == 10


def test_a_gap_is_not_bridged(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.tell("gap", series="", reason="the link to the board was lost")
    live.read("od2", 0.2)
    live.draw()
    assert list(live.page.stack.curves["od2"].drawn.joined) == [False, False]


def test_a_recorded_gap_is_shaded_with_its_reason(live: LiveBench) -> None:
    answer = raw(4) | {"gaps": [{"t": START_S - 12, "reason": "the link to the board was lost"}]}
    live.begin(recorded={"od2": answer})
    assert [o.words for o in live.page.feed.outages] == ["The link to the board was lost"]
    assert list(live.page.stack.curves["od2"].buffer.starts_after_gap) == [False, False, True, False]


def test_a_lost_board_is_shaded_until_it_is_back(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.tell("board", state="lost", link="disconnected", since=utc_text(live.at_s))
    [outage] = live.page.feed.outages
    assert (outage.words, outage.start_s, outage.end_s) == ("Board lost", live.at_s, None)
    live.at_s += 30
    live.tell("board", state="connected", link="connected", since=utc_text(live.at_s))
    [outage] = live.page.feed.outages
    assert outage.end_s == pytest.approx(live.at_s, abs=1.0)


def test_a_lost_service_leaves_the_values_dimmed_and_the_buttons_dead(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.page.refresh_cards()
    live.unit.set_service("lost", "The service ended the connection.")
    assert live.page.cards[0].rows["od2"].value.is_stale
    assert not live.page.start_button.isEnabled()
    assert not live.page.cards[0].button.isEnabled()
    assert live.page.cards[0].badge.word == "Not known"
    assert [outage.words for outage in live.page.feed.outages] == ["Service lost"]


def test_growth_rate_has_its_pane_once_there_is_one(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    assert "growth_rate" not in live.page.stack.visible_panes
    live.read("growth_rate", 0.3)
    assert "growth_rate" in live.page.stack.visible_panes


def test_angle_and_unit_are_told_as_soon_as_they_are_known(live: LiveBench) -> None:
    live.begin(settings={})
    live.read("od3", 0.1)
    assert live.page.readout.chips["od3"].text_shown == "Photodiode 3 0.100 AU"
    live.tell("setting", job_id=2, job_name="od_reading", setting="od3", value=od(0.1, "135", "3", calibrated=1))
    assert live.page.readout.chips["od3"].text_shown == "135° 0.100 OD600"
    assert live.page.stack.panes["optical_density"].title.text == "Optical density, OD600"


def test_target_and_duty_stand_beside_the_speed(live: LiveBench) -> None:
    live.begin()
    live.read("measured_rpm", 499.8)
    live.tell("setting", job_id=1, job_name="stirring", setting="target_rpm", value=300.0)
    live.page.refresh_cards()
    stirring = live.page.cards[1]
    assert stirring.row.value.text == "500"
    assert stirring.target_text == "target 300 RPM · duty 29.8 %"


def test_a_burst_of_readings_is_few_redraws(live: LiveBench) -> None:
    live.begin()
    drawn: list[int] = []
    live.page.stack.drawn.connect(lambda: drawn.append(1))
    for _ in range(200):
        live.at_s += 0.01
        live.unit.handle("reading", {"t": utc_text(live.at_s), "series": "od2", "value": 0.1})
    live.driver.until(lambda: drawn)
    assert len(drawn) <= 2
    assert len(live.page.stack.curves["od2"].buffer) == 200


def test_a_flood_of_readings_is_drawn_at_most_twenty_times_a_second(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    drawn_at_s: list[float] = []
    live.page.stack.drawn.connect(lambda: drawn_at_s.append(live.driver.loop.time()))

    def read_on() -> bool:
        live.read("od2", 0.1, after_s=0.01)
        return len(drawn_at_s) >= 5

    live.driver.until(read_on, "the curve is drawn while readings come")
    pauses_s = [after - before for before, after in pairwise(drawn_at_s)]
    assert min(pauses_s) > 0.04


# from the screen to the service, and the view


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
    assert live.bar.now.text() == "Return to now"
    qtbot.mouseClick(live.bar.now, Qt.MouseButton.LeftButton)
    assert live.drawn() == [0.1, 0.2]
    assert not live.bar.pause.isChecked()
    assert live.bar.now.text() == "Following now"


def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm(live: LiveBench) -> None:
    live.begin()
    for value in (0.1, 0.0, -0.1, 0.2):
        live.read("od2", value)
    live.bar.log.setChecked(True)
    assert live.drawn() == [0.1, 0.2]
    assert not live.page.stack.curves["od2"].drawn.joined[0]
    assert list(live.page.stack.curves["od2"].line.y) == [math.log10(0.1), math.log10(0.2)]
    live.bar.log.setChecked(False)
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
    live.bar.reference.setChecked(True)
    assert live.page.stack.visible_panes[-1] == "reference"
    assert live.page.readout.chips["relative_intensity_of_ir_led"].text_shown == "REF 1.000"


def test_a_card_stops_and_starts_its_job(live: LiveBench) -> None:
    live.begin()
    stirring = live.page.cards[1]
    assert (stirring.badge.word, stirring.button.text()) == ("Running", "Stop")
    live.service.answer_task("/unit_api/jobs/stop", {"stopped": [], "still_running": []})
    stirring.button.clicked.emit()
    assert stirring.badge.word == "Stopping"
    assert not stirring.button.isEnabled()
    live.driver.until(lambda: live.page.session.pending("stirring") is None)
    assert live.service.asked("POST", "/unit_api/jobs/stop") == [{"job_name": "stirring"}]
    live.tell("job", job_id=1, job_name="stirring", state="disconnected", is_running=0)
    assert (stirring.badge.word, stirring.button.text()) == ("Stopped", "Start")


def test_a_refused_start_leaves_the_button_usable(live: LiveBench) -> None:
    live.begin(running=False)
    live.service.routes["POST /unit_api/jobs/run/job_name/stirring"] = lambda b, q: refusal(503, "No board.")
    live.page.empty.acted.emit()
    live.driver.until(lambda: not live.page.session.is_pending)
    assert live.page.cards[1].button.isEnabled()
    assert not live.service.asked("POST", "/unit_api/jobs/run/job_name/od_reading")
