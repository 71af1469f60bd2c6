"""The Live page: what the service tells is on the screen; every empty place says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_bench import EXPERIMENT, SETTINGS, START_S, LiveBench, buckets, od, raw
from loop_driver import LoopDriver
from pytestqt.qtbot import QtBot
from stand_in_service import StandInService, refusal, row, snapshot

from gui.live.utc_text import utc_text


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


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


def test_the_value_of_now_is_the_newest_reading_and_not_the_highest_of_the_last_bucket(live: LiveBench) -> None:
    def answer(body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        if "from" not in query:
            return 200, buckets(1400, 60.0)
        return 200, raw(4, value=0.2) | {"data": [[START_S - 60 + 5 * at for at in range(4)], [0.15, 0.3, 0.1, 0.2]]}

    live.service.routes[f"GET {EXPERIMENT}/time_series/od2"] = answer
    live.service.answer(f"GET {EXPERIMENT}", 200, {"series": [{"series": "od2", "points": 9}]})
    live.tell("snapshot", **snapshot(settings=SETTINGS))
    live.driver.until(lambda: live.page.history.state == "loaded")
    assert live.page.stack.buffers["od2"].latest() == (START_S - 45, 0.2)


def test_what_is_missing_while_earlier_readings_load_is_told(live: LiveBench) -> None:
    live.service.routes[f"GET {EXPERIMENT}"] = lambda body, query: refusal(500, "The record is locked.", "Disk full.")
    live.tell("snapshot", **snapshot(settings=SETTINGS))
    live.read("od2", 0.1)
    title = live.page.stack.panes["optical_density"].title
    assert title.text.endswith("loading earlier readings…")
    live.driver.until(lambda: live.page.history.state == "failed")
    assert title.text.endswith("earlier readings could not be loaded")
    live.service.answer(f"GET {EXPERIMENT}", 200, {"series": []})
    live.page.feed.reload()
    live.driver.until(lambda: live.page.history.state == "loaded")
    assert title.text == "Optical density, AU"


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


def test_a_clock_that_was_set_back_hides_no_reading(live: LiveBench) -> None:
    live.begin(recorded={"od2": raw(10)})
    live.at_s -= 86_400
    live.tell("board", state="connected")
    live.page.view.follow()
    live.read("od2", 0.3, after_s=0)
    assert len(live.drawn()) == 11


def test_a_gap_is_not_bridged(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    live.tell("gap", series="", reason="the link to the board was lost")
    live.read("od2", 0.2)
    live.draw()
    assert list(live.page.stack.curves["od2"].drawn.joined) == [False, False]


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


def test_a_service_that_comes_back_leaves_no_shade_and_no_gap(live: LiveBench) -> None:
    live.begin()
    live.read("od2", 0.1)
    shades = live.page.stack.panes["optical_density"].lost_times
    live.unit.set_service("lost", "The service ended the connection.")
    assert [gap.words for gap in shades.gaps] == ["Service lost"]
    live.unit.set_service("live")
    live.read("od2", 0.2)
    assert shades.gaps == []
    live.draw()
    assert live.page.stack.curves["od2"].drawn.joined[0]


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
    stirring = live.page.cards[3]
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
        return len(drawn_at_s) > 15

    live.driver.until(read_on, "the curve is drawn while readings come")
    assert (drawn_at_s[15] - drawn_at_s[0]) / 15 > 0.045, "one may be late, and the next one not"
