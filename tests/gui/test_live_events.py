"""Doses and light on the time axis: live, recorded, coarse over a long run and fine where one looks closer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_bench import EXPERIMENT, START_S, LiveBench, raw
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import QPointF
from real_service import RealService
from stand_in_service import StandInService, refusal

from gui.live.event_log import Dose
from gui.live.lane import EventLane, ticks_of
from gui.live.page import LivePage
from gui.live.utc_text import utc_text
from gui.words import cause_words

END_S = 6 * 86400.0
DOSES, LEDS = f"GET {EXPERIMENT}/dosing_events", f"GET {EXPERIMENT}/led_events"


def item(place: int, after_s: float, event: str = "add_media", ml: float = 0.5, **more: Any) -> dict[str, Any]:
    begun = {"id": place, "t": utc_text(START_S + after_s), "until": utc_text(START_S + after_s + 5)}
    return begun | {"event": event, "volume_change": ml, "source_of_event": "UI", "doses": 1} | more


def answer(*items: dict[str, Any], older: bool = False) -> dict[str, Any]:
    return {"experiment": "exp one", "pioreactor_unit": "unit7", "has_older": older, "events": list(items)}


def led(after_s: float, channel: str, percent: float) -> dict[str, Any]:
    whole = {"id": 1, "t": utc_text(START_S + after_s), "channel": channel, "intensity": percent}
    return whole | {"source_of_event": "led_automation:light_dark_cycle"}


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    yield bench
    bench.close()


def lane(live: LiveBench | PageBench) -> EventLane:
    pane = live.page.stack.panes["events"]
    assert isinstance(pane, EventLane)
    return pane


def told_at(live: LiveBench, row: int, after_s: float) -> str:
    """Return what hovering over a row says at a time."""
    live.draw()
    pane = lane(live)
    height = len(pane.marks.rows) - row - 0.5
    pane.explain(pane.view.mapViewToScene(QPointF(START_S + after_s, height)))
    return str(pane.marks.toolTip())


def begin(live: LiveBench, doses: dict[str, Any], leds: dict[str, Any] | None = None) -> None:
    live.service.answer(DOSES, 200, doses)
    live.service.answer(LEDS, 200, leds or answer())
    live.begin(recorded={"od2": raw()})


def test_recorded_doses_and_light_have_a_row_each(live: LiveBench) -> None:
    assert "events" not in live.page.stack.visible_panes
    leds = answer(led(-40, "C", 20.0), led(-40, "D", 10.0), led(-20, "C", 0.0))
    begin(live, answer(item(1, -50), item(2, -30, "remove_waste", 1.5), item(3, -10, "add_alt_media")), leds)
    live.driver.until(lambda: "events" in live.page.stack.visible_panes, "the lane is there")
    live.draw()
    assert lane(live).marks.rows == ("add_media", "add_alt_media", "remove_waste", "light")
    axis = lane(live).row_axis
    [(_, places)] = axis.tickValues(0, 4, 80)
    assert axis.tickStrings(places, 1, 1) == ["Medium", "Alt. medium", "Waste", "Light"]
    assert told_at(live, 0, -48).startswith("Medium: 0.50 mL, by hand\n2031-02-0")
    assert ", 5 s" in told_at(live, 0, -48)
    assert told_at(live, 2, -29).startswith("Waste: 1.50 mL")
    assert told_at(live, 0, -30) == ""
    assert told_at(live, 3, -30).count("light and dark by turns") == 2
    assert "LED D: 10 %" in told_at(live, 3, -12)
    assert "LED C" not in told_at(live, 3, -12)


def test_slices_that_come_live_are_one_dose(live: LiveBench) -> None:
    begin(live, answer())
    for ml in (0.04, 0.04, 0.04, -0.01):
        live.tell("dosing", experiment="exp one", event="add_media", volume_change=ml, source_of_event="turbidostat")
        live.at_s += 0.5
    live.at_s += 60
    live.tell("dosing", experiment="exp one", event="add_media", volume_change=1.0, source_of_event="turbidostat")
    live.tell("dosing", experiment="another", event="add_media", volume_change=1.0, source_of_event="turbidostat")
    found = [(round(dose.volume_ml, 6), round(dose.end_s - dose.start_s, 3)) for dose in live.page.events.doses]
    assert found == [(0.11, 1.5), (1.0, 0.0)]
    assert live.page.stack.visible_panes[-1] == "events"


def test_a_slice_told_while_the_record_is_read_is_counted_once(live: LiveBench, service: StandInService) -> None:
    service.hang(f"{EXPERIMENT}/led_events")
    begin(live, answer(item(1, -3.0, ml=0.5, source_of_event="cause")))
    live.driver.until(lambda: service.asked("GET", f"{EXPERIMENT}/led_events"), "the record is being read")
    live.at_s = START_S + 2.0  # just when the last recorded slice was
    for ml in (0.1, 0.2):
        live.tell("dosing", experiment="exp one", event="add_media", volume_change=ml, source_of_event="cause")
        live.at_s += 0.5
    service.wake_up()
    live.driver.until(lambda: live.page.events.doses[0].volume_ml > 0.6, "the record is there")
    assert [dose.volume_ml for dose in live.page.events.doses] == [pytest.approx(0.7)]


def test_a_long_run_is_fetched_coarsely_and_finely_where_one_looks(live: LiveBench) -> None:
    asked: list[dict[str, str]] = []

    def events(body: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        asked.append(query)
        if "from" in query:
            return 200, answer(*(item(place, END_S - 600 + place * 30) for place in range(20)))
        if "together_s" in query:
            return 200, answer(*(item(place, place * 600, doses=20) for place in range(864)))
        return 200, answer(*(item(place, END_S - 2100 + place) for place in range(2000)), older=True)

    live.service.routes[DOSES] = events
    live.service.answer(LEDS, 200, answer())
    live.begin(recorded={"od2": raw()})
    live.driver.until(lambda: live.page.events.doses and live.page.events.doses[0].doses == 20, "coarse doses came")
    live.page.view.show_span(START_S + END_S - 600, START_S + END_S)
    live.driver.until(lambda: len(asked) == 3, "the part looked at is asked for in detail")
    live.driver.until(lambda: live.page.events.doses[-1].doses == 1)
    assert float(asked[2]["together_s"]) < float(asked[1]["together_s"])
    fine = [dose for dose in live.page.events.doses if dose.start_s >= START_S + END_S - 600]
    assert len(fine) == 20
    assert {dose.doses for dose in live.page.events.doses if dose.start_s < START_S + END_S - 7200} == {20}


def test_ticks_that_touch_are_drawn_as_one(live: LiveBench) -> None:
    begin(live, answer())
    live.page.events.doses = [
        Dose(START_S - 600_000 + 30.0 * place, START_S - 600_000 + 30.0 * place + 6, "add_media", 0.5, "UI")
        for place in range(20_000)
    ]
    live.page.events.version += 1
    live.page.events.changed.emit()
    live.draw()
    [row] = lane(live).marks._ticks
    [whole] = ticks_of(row, START_S - 600_000, START_S, 1000 / 600_000, 0.0)
    assert (whole.left(), whole.right()) == (START_S - 600_000, pytest.approx(START_S - 30 + 1200))
    apart = ticks_of(row, START_S - 600, START_S, 1000 / 600, 0.0)
    assert [each.width() for each in apart] == [pytest.approx(6.0)] * 20


def test_a_dose_taken_back_wholly_is_not_drawn(live: LiveBench) -> None:
    begin(live, answer())
    for ml in (0.04, -0.04):
        live.tell("dosing", experiment="exp one", event="add_media", volume_change=ml, source_of_event="UI")
    live.draw()
    assert [len(row.starts) for row in lane(live).marks._ticks] == [0]


def test_a_paused_view_shows_no_dose_that_came_later(live: LiveBench) -> None:
    begin(live, answer(item(1, -20)))
    live.driver.until(lambda: live.page.events.doses)
    live.page.view.pause()
    paused_at_s = live.page.view.paused_at_s
    assert paused_at_s is not None
    live.draw()
    assert lane(live).marks._until_s == paused_at_s


def test_a_record_that_cannot_be_read_leaves_what_comes_live(live: LiveBench) -> None:
    live.service.routes[DOSES] = lambda body, query: refusal(500, "No.")
    live.begin(recorded={"od2": raw()})
    live.tell("dosing", experiment="exp one", event="remove_waste", volume_change=1.0, source_of_event="UI")
    live.draw()
    assert lane(live).marks.rows == ("remove_waste",)


def test_the_lane_is_switched_off_like_any_pane(live: LiveBench) -> None:
    begin(live, answer(item(1, -20)))
    live.driver.until(lambda: "events" in live.page.stack.visible_panes)
    live.bar.panes["events"].setChecked(False)
    assert "events" not in live.page.stack.visible_panes


def test_a_volume_holds_until_the_next_dose(live: LiveBench) -> None:
    begin(live, answer())
    for ml, after_s in ((15.0, 0.0), (15.5, 0.5), (16.0, 0.5), (15.0, 3600.0)):
        live.read("current_volume_ml", ml, after_s=after_s)
    live.tell("gap", experiment="exp one", series="current_volume_ml", reason="the service ended unexpectedly")
    live.at_s += 600
    live.tell("board", state="connected")
    live.page.view.advance(live.at_s, START_S)
    assert live.drawn("current_volume_ml")[-4:] == [16.0, 16.0, 15.0, 15.0]
    curve = live.page.stack.curves["current_volume_ml"]
    assert curve.drawn.joined[:-1].all()
    assert curve.drawn.t[-1] == pytest.approx(live.at_s, abs=1.0)
    live.page.stack.point_at(START_S + 1800)
    assert live.page.readout.chips["current_volume_ml"].text_shown == "Volume 16.00 mL"


@pytest.mark.parametrize(
    ("cause", "words"),
    [("UI", "by hand"), ("CLI", "by the command line"), ("dosing_automation:pid_morbidostat", "morbidostat"),
     ("od_blank", "blank"), ("my_rule", "my rule")],
)  # fmt: skip
def test_causes_have_words(cause: str, words: str) -> None:
    assert cause_words(cause) == words


def test_light_of_a_real_service_is_drawn_live_and_after_a_new_start(
    driver: LoopDriver, own_service: RealService
) -> None:
    first = PageBench(driver, own_service.url, LivePage)
    first.follow()
    options = {"c": 25, "source_of_event": "UI"}
    driver.run(first.client.run_task("/unit_api/jobs/run/job_name/led_intensity", {"options": options}))
    first.until(lambda: first.page.events.lights, "light is on")
    driver.run(first.client.run_task("/unit_api/jobs/stop", {"job_name": "led_intensity"}))
    first.until(lambda: first.page.events.lights and first.page.events.lights[-1].end_s, "light went on and off")
    first.page.stack.redraw_now()
    assert lane(first).marks.rows == ("light",)
    first.close()
    later = PageBench(driver, own_service.url, LivePage)
    later.follow()
    later.until(lambda: later.page.events.lights, "the record is read")
    [light] = later.page.events.lights
    assert (light.channel, light.percent, light.cause) == ("C", 25.0, "UI")
    assert light.end_s is not None
    later.close()
