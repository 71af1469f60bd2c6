"""The Alarms page: open alarms, history, limits; against orders of a test, and against the real service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from real_service import RealService
from stand_in_service import T0, StandInService, alarm_item, refusal, snapshot

from gui.alarms.history_model import ABOUT, ACKNOWLEDGED, MESSAGE, OVER, SEVERITY
from gui.alarms.page import AlarmsPage

ACKNOWLEDGE = "/unit_api/alarms/acknowledge"
LIMITS = "/unit_api/alarms/limits"
HISTORY = "/unit_api/alarms/history"


def limit(signal: str, label: str, unit: str, **changes: Any) -> dict[str, Any]:
    default = {"low": None, "high": 40.0, "severity": "alarm", "delay_s": 60.0, "enabled": True} | changes
    about = {"signal": signal, "label": label, "unit": unit, "meaning": label, "has_limits": True}
    return {**about, "is_deviation": False, "hysteresis": 0.5, **default, "default": default}


def limits() -> list[dict[str, Any]]:
    link = limit("link", "Link", "", high=None, delay_s=10.0) | {"has_limits": False}
    return [limit("temperature", "Temperature", "°C"), limit("volume", "Volume", "mL", high=17.1), link]


@pytest.fixture
def bench(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    service.answer(f"POST {ACKNOWLEDGE}", 200, [])
    service.answer(f"GET {LIMITS}", 200, {"limits": limits()})
    service.answer(f"GET {HISTORY}", 200, {"alarms": [], "next_before_id": None})
    bench = PageBench(driver, service.url, AlarmsPage)
    yield bench
    bench.close()


def words(bench: PageBench) -> list[str]:
    return [card.message.text() for card in bench.page.open_alarms.cards()]


def test_cards_come_gravest_first_and_stay_in_place(bench: PageBench, service: StandInService) -> None:
    bench.follow()
    assert bench.page.open_alarms.empty.headline == "No alarms"
    assert not bench.page.acknowledge_all_button.isEnabled()
    for item in (
        alarm_item(1, "Mild.", "note"),
        alarm_item(2, "Grave."),
        alarm_item(3, "Seen.", acknowledged_at=T0, acknowledged_by="Ada"),
        alarm_item(4, "Warned.", "warning", times=3, cleared_at="2031-02-03T05:00:00.000Z"),
    ):
        service.send("alarm", **item)
    bench.until(lambda: words(bench) == ["Grave.", "Warned.", "Mild.", "Seen."], "the order")
    grave, warned, _, seen = bench.page.open_alarms.cards()
    assert "3 times" in warned.facts
    assert " · over " in warned.facts
    assert "acknowledged by Ada" in seen.facts
    assert seen.acknowledge_button.isHidden()
    assert bench.page.view_buttons[0].text() == "Open (4)"
    service.send("alarm", **alarm_item(2, "Graver still."))
    bench.until(lambda: grave.message.text() == "Graver still.", "the same card")
    service.send("alarm", **alarm_item(3, "Seen.", acknowledged_at=T0, cleared_at=T0))
    bench.until(lambda: len(bench.page.open_alarms.cards()) == 3, "what is over and seen goes")


def test_one_or_all_that_are_listed_are_acknowledged(bench: PageBench, service: StandInService) -> None:
    service.snapshot = snapshot(alarms=[alarm_item(3), alarm_item(2), alarm_item(1, acknowledged_at=T0)])
    bench.follow()
    bench.until(lambda: len(words(bench)) == 3, "the cards")
    bench.page.open_alarms.cards()[1].acknowledge_button.click()
    assert not bench.page.open_alarms.cards()[1].acknowledge_button.isEnabled()
    bench.until(lambda: len(service.asked("POST", ACKNOWLEDGE)) == 1, "one")
    bench.until(lambda: bench.page.open_alarms.cards()[1].acknowledge_button.isEnabled(), "answered")
    bench.page.acknowledge_all_button.click()
    bench.until(lambda: len(service.asked("POST", ACKNOWLEDGE)) == 2, "all")
    assert [body["ids"] for body in service.asked("POST", ACKNOWLEDGE)] == [[2], [3, 2]]
    bench.until(lambda: bench.page.acknowledge_all_button.isEnabled(), "answered")


def test_a_fault_of_the_board_can_be_cleared_and_may_come_back(bench: PageBench, service: StandInService) -> None:
    service.answer("POST /unit_api/board/clear_faults", 200, {"faults": ["heater cut-off"]})
    service.snapshot = snapshot(alarms=[alarm_item(2), alarm_item(1, key="board:heater cut-off")])
    bench.follow()
    bench.until(lambda: len(words(bench)) == 2, "the cards")
    other, fault = bench.page.open_alarms.cards()
    assert other.clear_button.isHidden()
    assert not fault.clear_button.isHidden()
    fault.clear_button.click()
    bench.until(lambda: "The fault came back" in bench.toasts(), "what became of it")
    assert len(words(bench)) == 2, "clearing is not acknowledging"


def test_long_words_wrap_and_nothing_is_cut_off(bench: PageBench, service: StandInService) -> None:
    service.snapshot = snapshot(alarms=[alarm_item(1, "Long words that go on. " * 30, remedy="Do this. " * 30)])
    bench.follow()
    bench.window.resize(900, 500)
    bench.until(lambda: bool(words(bench)), "the card")
    [card] = bench.page.open_alarms.cards()
    bench.until(lambda: card.message.height() >= card.message.heightForWidth(card.message.width()) > 40, "all lines")
    assert card.acknowledge_button.geometry().right() <= card.width()


def test_history_is_filtered_and_goes_on_live(bench: PageBench, service: StandInService) -> None:
    asked: list[dict[str, str]] = []

    def answer(_: Any, query: dict[str, str]) -> tuple[int, Any]:
        asked.append(query)
        older = "before_id" in query
        item = alarm_item(1, "Old.") if older else alarm_item(5, "New.", times=2, cleared_at=T0, acknowledged_at=T0)
        return 200, {"alarms": [item | {"acknowledged_by": "Ada"}], "next_before_id": None if older else 5}

    service.routes[f"GET {HISTORY}"] = answer
    bench.follow()
    assert not asked, "nobody looks at it yet"
    bench.page.view_buttons[1].click()
    history, model = bench.page.history, bench.page.history.model
    bench.until(lambda: model.rowCount() == 1, "the newest")
    row = [model.index(0, column).data() for column in range(model.columnCount())]
    assert (row[SEVERITY], row[ABOUT], row[MESSAGE]) == ("Alarm", "Culture temperature", "New. (2 times)")
    assert row[ACKNOWLEDGED] == "Ada"
    assert row[OVER].count(":") == 2
    history.older_button.click()
    bench.until(lambda: model.rowCount() == 2, "the older")
    assert history.older_button.isHidden()
    service.send("alarm", **alarm_item(6, "Live."))
    bench.until(lambda: model.rowCount() == 3, "the live one")
    assert model.index(0, MESSAGE).data() == "Live."
    bench.until(lambda: history.experiment.count() == 2, "the experiments")
    history.severity.setCurrentIndex(2)
    history.experiment.setCurrentIndex(1)
    bench.until(lambda: asked[-1].get("experiment") == "exp one", "the filters")
    assert asked[-1]["min_severity"] == "alarm"
    assert asked[-1]["from"].endswith("Z")
    bench.until(lambda: model.rowCount() == 1, "loaded anew")
    service.send("alarm", **alarm_item(7, "A warning.", "warning"))
    service.send("alarm", **alarm_item(8, "Elsewhere.", experiment="other"))
    service.send("alarm", **alarm_item(9, "Fits."))
    bench.until(lambda: model.rowCount() == 2, "what fits")
    assert model.index(0, MESSAGE).data() == "Fits."


def test_limits_are_checked_as_they_are_typed_and_saved_together(bench: PageBench, service: StandInService) -> None:
    changed = limits()
    changed[0] = changed[0] | {"high": 38.5, "low": 20.0}
    service.answer(f"PATCH {LIMITS}", 200, {"limits": changed})
    bench.follow()
    bench.page.view_buttons[2].click()
    view = bench.page.limits
    bench.until(lambda: len(view.rows) == 3, "the limits")
    temperature, volume = view.rows["temperature"], view.rows["volume"]
    assert view.rows["link"].low.isHidden()
    assert not view.save_button.isEnabled()
    type_in(temperature.high, "warm")
    assert temperature.trouble.text() == "Type a number, such as 5 or 0.25."
    assert not view.save_button.isEnabled()
    type_in(temperature.high, "38,5")
    type_in(temperature.low, "39")
    assert temperature.trouble.text() == "The low limit must be below the high one."
    type_in(temperature.low, "20")
    assert temperature.trouble.isHidden()
    assert temperature.back.text() == "Default: up to 40 °C, 60 s"
    type_in(volume.high, "")
    assert volume.trouble.text() == "Give a low or a high limit, or switch it off."
    volume.enabled.click()
    assert volume.trouble.isHidden()
    volume.put_back()
    assert view.save_button.text() == "Save 1 change"
    view.save_button.click()
    bench.until(lambda: "Limits saved" in bench.toasts(), "saved")
    assert service.asked("PATCH", LIMITS) == [{"limits": {"temperature": {"low": 20.0, "high": 38.5}}}]
    assert not view.save_button.isEnabled()
    assert not temperature.back.isHidden(), "it differs from the default still"
    view.reset_button.click()
    bench.until(lambda: len(service.asked("PATCH", LIMITS)) == 2, "reset")
    assert service.asked("PATCH", LIMITS)[1] == {"limits": dict.fromkeys(view.rows)}


def type_in(field: Any, text: str) -> None:
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)


def test_what_the_service_refuses_stands_at_its_line_and_can_be_discarded(
    bench: PageBench, service: StandInService
) -> None:
    status, body = refusal(400, "Not that high.")
    body["error_info"]["fields"] = ["limits.temperature.high"]
    service.answer(f"PATCH {LIMITS}", status, body)
    bench.follow()
    bench.page.show_view(2)
    view = bench.page.limits
    bench.until(lambda: len(view.rows) == 3, "the limits")
    type_in(view.rows["temperature"].high, "900")
    view.save_button.click()
    bench.until(lambda: view.rows["temperature"].trouble.text() == "Not that high.", "why not")
    assert view.rows["temperature"].high.text() == "900"
    assert view.save_button.isEnabled()
    view.discard_button.click()
    assert view.rows["temperature"].high.text() == "40"
    assert view.rows["temperature"].trouble.isHidden()
    assert not view.discard_button.isEnabled()


def test_a_wheel_that_passes_over_a_severity_does_not_change_it(bench: PageBench) -> None:
    bench.follow()
    bench.page.show_view(2)
    bench.until(lambda: len(bench.page.limits.rows) == 3, "the limits")
    choice = bench.page.limits.rows["temperature"].severity
    before = choice.currentData()
    down = QPoint(0, -120)
    event = QWheelEvent(
        QPointF(5, 5), QPointF(choice.mapToGlobal(QPoint(5, 5))), down, down, Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(choice, event)
    assert choice.currentData() == before


def test_without_a_service_nothing_can_be_pressed_and_typing_is_kept(bench: PageBench, service: StandInService) -> None:
    service.snapshot = snapshot(alarms=[alarm_item(1)])
    bench.follow()
    bench.page.show_view(2)
    bench.until(lambda: len(bench.page.limits.rows) == 3, "the limits")
    type_in(bench.page.limits.rows["temperature"].high, "39")
    bench.driver.run(service.stop())
    bench.until(lambda: not bench.unit.service.is_live, "lost")
    assert not bench.page.limits.save_button.isEnabled()
    assert not bench.page.acknowledge_all_button.isEnabled()
    assert not bench.page.open_alarms.cards()[0].acknowledge_button.isEnabled()
    bench.driver.run(service.start())
    bench.until(lambda: bench.page.limits.save_button.isEnabled(), "back")
    bench.page.show_view(1)
    bench.until(lambda: service.asked("GET", HISTORY), "what was asked for before has come")
    assert len(service.asked("GET", LIMITS)) == 1
    assert bench.page.limits.rows["temperature"].high.text() == "39"


def test_on_the_real_service_a_fault_is_raised_seen_cleared_and_listed(
    driver: LoopDriver, own_service: RealService
) -> None:
    bench = PageBench(driver, own_service.url, AlarmsPage)
    try:
        bench.follow()
        bench.until(lambda: bench.unit.board.get("link") == "simulated", "the board")
        bench.ask("post", "/board/simulation", {"command": "sensor-missing"})
        bench.until(lambda: len(words(bench)) == 1, "the fault")
        [card] = bench.page.open_alarms.cards()
        card.acknowledge_button.click()
        bench.until(lambda: card.acknowledge_button.isHidden(), "seen")
        bench.ask("post", "/board/simulation", {"command": "heal"})
        card.clear_button.click()
        bench.until(lambda: not words(bench), "over and seen")
        bench.until(lambda: "Fault cleared" in bench.toasts(), "told")
        bench.page.show_view(1)
        bench.until(lambda: bench.page.history.model.rowCount() == 1, "the history")
        bench.page.show_view(2)
        rows = bench.page.limits.rows
        bench.until(lambda: len(rows) == 8, "the limits")
        type_in(rows["temperature"].high, "37.5")
        bench.page.limits.save_button.click()
        bench.until(lambda: "Limits saved" in bench.toasts(), "saved")
        kept = bench.ask("get", "/alarms/limits")["limits"]
        assert kept[0]["high"] == 37.5
    finally:
        bench.close()
