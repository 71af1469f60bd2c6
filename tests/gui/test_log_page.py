"""The Log page: live lines, older ones by page, level, experiment, search, copy, and its empty faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from stand_in_service import T0, StandInService, log_item, refusal, snapshot

from gui.log.model import LEVEL, MESSAGE, LogModel, is_at_least
from gui.log.page import LogPage
from gui.service_client import ServiceClient
from gui.unit import Unit


class Logged:
    """A Log page on a service that is asked for lines but tells none by itself; the test hands events to the unit."""

    def __init__(self, driver: LoopDriver, service: StandInService) -> None:
        self.driver = driver
        self.service = service
        self.unit = Unit()
        self.client = ServiceClient(service.url)
        self.page = LogPage(self.unit, self.client)
        self.page.resize(900, 500)
        self.page.show()

    def go_live(self) -> None:
        self.unit.handle("snapshot", {"seq": 1, "t": T0} | snapshot())
        self.driver.until(
            lambda: any(path == "/unit_api/experiments" for _, path, _ in self.service.requests), "loaded"
        )
        self.driver.turn()

    def write(self, item: dict[str, Any]) -> None:
        self.unit.handle("log", {"seq": 2, "t": T0} | item)

    def messages(self) -> list[str]:
        model = self.page.table.model()
        return [model.index(row, MESSAGE).data() for row in range(model.rowCount())]

    def choose_level(self, level: str) -> None:
        self.page.level.setCurrentIndex(self.page.level.findData(level))


@pytest.fixture
def logged(driver: LoopDriver, service: StandInService) -> Iterator[Logged]:
    one = Logged(driver, service)
    yield one
    one.page.close()
    one.page.deleteLater()
    driver.turn()
    driver.run(one.client.close())


def many(count: int) -> list[dict[str, Any]]:
    return [log_item(count - number, f"line {count - number}") for number in range(count)]


def test_lines_are_shown_newest_first_with_words_for_levels_and_jobs(logged: Logged) -> None:
    logged.service.logs = [log_item(2, "stall", "WARNING", task="od_reading"), log_item(1, "start")]
    logged.go_live()
    assert logged.messages() == ["stall", "start"]
    model = logged.page.table.model()
    assert [model.index(0, column).data() for column in range(1, 4)] == ["Warning", "Optical density", "stall"]
    assert model.index(0, LEVEL).data(Qt.ItemDataRole.DecorationRole) is not None
    assert logged.page.foot_text == "2 lines"


def test_a_live_line_comes_on_top(logged: Logged) -> None:
    logged.service.logs = [log_item(1, "first")]
    logged.go_live()
    logged.write(log_item(2, "second"))
    assert logged.messages() == ["second", "first"]
    logged.write(log_item(2, "second"))
    assert logged.messages() == ["second", "first"], "never twice"


def test_older_lines_come_page_by_page(logged: Logged, qtbot: QtBot) -> None:
    logged.service.logs = many(450)
    logged.go_live()
    assert len(logged.messages()) == 200
    qtbot.mouseClick(logged.page.older_button, Qt.MouseButton.LeftButton)
    logged.driver.until(lambda: len(logged.messages()) == 400, "the second page")
    bar = logged.page.table.verticalScrollBar()
    bar.setValue(bar.maximum())
    logged.driver.until(lambda: len(logged.messages()) == 450, "the last page by scrolling")
    assert logged.messages()[-1] == "line 1"
    assert logged.page.older_button.isHidden()


def test_the_level_is_asked_of_the_service_and_kept_for_live_lines(logged: Logged) -> None:
    logged.service.logs = [log_item(3, "bad", "ERROR"), log_item(2, "hm", "WARNING"), log_item(1, "fine")]
    logged.go_live()
    logged.choose_level("WARNING")
    logged.driver.until(lambda: logged.messages() == ["bad", "hm"], "warnings and worse")
    logged.write(log_item(4, "mild", "INFO"))
    logged.write(log_item(5, "worse", "ERROR"))
    assert logged.messages() == ["worse", "bad", "hm"]


def test_one_experiment_can_be_looked_at(logged: Logged) -> None:
    logged.service.logs = [log_item(2, "here"), log_item(1, "there", experiment="other")]
    logged.go_live()
    logged.page.experiment.setCurrentIndex(logged.page.experiment.findData("exp one"))
    logged.driver.until(lambda: logged.messages() == ["here"], "only this experiment's")
    logged.write(log_item(3, "elsewhere", experiment="other"))
    assert logged.messages() == ["here"]


def test_search_finds_among_the_loaded_lines(logged: Logged, qtbot: QtBot) -> None:
    logged.service.logs = [log_item(2, "The bar stalled"), log_item(1, "start")]
    logged.go_live()
    qtbot.keyClicks(logged.page.search, "STALL")
    assert logged.messages() == ["The bar stalled"]
    assert logged.page.foot_text == "1 of 2 lines"
    qtbot.keyClicks(logged.page.search, "xyz")
    assert logged.page.empty.headline == "Nothing found"
    logged.page.search.clear()
    assert len(logged.messages()) == 2


def test_copy_takes_the_marked_lines_or_all_oldest_first(logged: Logged, qtbot: QtBot) -> None:
    logged.service.logs = [log_item(2, "second"), log_item(1, "first")]
    logged.go_live()
    qtbot.mouseClick(logged.page.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == f"{T0}\tINFO\tstirring\tfirst\n{T0}\tINFO\tstirring\tsecond"
    logged.page.table.selectRow(0)
    logged.page.copy()
    assert QGuiApplication.clipboard().text() == f"{T0}\tINFO\tstirring\tsecond"


def test_columns_keep_their_width(logged: Logged) -> None:
    logged.service.logs = [log_item(1, "short")]
    logged.go_live()
    before = [logged.page.table.columnWidth(column) for column in range(4)]
    logged.write(log_item(2, "a very long message " * 30))
    logged.driver.turn()
    assert [logged.page.table.columnWidth(column) for column in range(4)] == before


def test_before_there_is_a_service_the_page_says_so(logged: Logged) -> None:
    assert logged.page.empty.headline == "No service yet"


def test_an_empty_log_says_what_will_be_here(logged: Logged) -> None:
    logged.go_live()
    assert logged.page.empty.headline == "Nothing has happened yet"


def test_a_log_that_cannot_be_read_says_why_and_offers_to_try_again(logged: Logged) -> None:
    answer = logged.service.routes["GET /unit_api/logs"]
    logged.service.answer("GET /unit_api/logs", *refusal(500, "Broken.", "The disk is full.", "Free some space."))
    logged.unit.handle("snapshot", {"seq": 1, "t": T0} | snapshot())
    logged.driver.until(lambda: logged.page.empty.headline == "The log could not be read", "told")
    assert logged.page.empty.words == "The disk is full. Free some space."
    logged.service.logs = [log_item(1, "first")]
    logged.service.routes["GET /unit_api/logs"] = answer
    logged.page.empty.acted.emit()
    logged.driver.until(lambda: logged.messages() == ["first"], "read again")


def test_lines_stay_when_the_service_is_lost_and_say_they_are_not_live(logged: Logged) -> None:
    logged.service.logs = [log_item(1, "first")]
    logged.go_live()
    logged.unit.set_service("lost", "gone")
    assert logged.messages() == ["first"]
    assert "not live" in logged.page.foot_text


def test_the_model_keeps_qts_rules(qtbot: QtBot) -> None:
    del qtbot
    model = LogModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.replace([log_item(5), log_item(4)])
    model.add_newest(log_item(6))
    model.add_older([log_item(4), log_item(3)])
    assert model.rowCount() == 4
    del tester


@pytest.mark.parametrize(
    ("level", "least", "expected"),
    [("INFO", "INFO", True), ("NOTICE", "WARNING", False), ("ERROR", "WARNING", True), ("ODD", "INFO", True)],
)
def test_levels_are_ordered(level: str, least: str, expected: bool) -> None:
    assert is_at_least(level, least) is expected
