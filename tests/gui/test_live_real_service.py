"""Live and Jobs page on the real service with its simulated board: one click, and the curve grows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from real_service import RealService

from gui import background
from gui.event_stream import EventStream
from gui.jobs.inputs import NumberInput
from gui.jobs.page import JobsPage
from gui.live.page import LivePage
from gui.service_client import ServiceClient
from gui.unit import Unit


class Pages:
    """Both pages on one unit that follows the real service."""

    def __init__(self, driver: LoopDriver, url: str) -> None:
        self.driver = driver
        self.unit, self.client = Unit(), ServiceClient(url)
        self.live = LivePage(self.unit, self.client)
        self.jobs = JobsPage(self.unit, self.client)
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        for page in (*self.live.page_actions(), self.live, self.jobs):
            column.addWidget(page)
        self.window.resize(1000, 1100)
        self.window.show()
        self.stream = background.run(EventStream(self.client, self.unit).run(), self.window)
        driver.until(lambda: self.unit.has_snapshot, "the service told its snapshot")
        driver.until(lambda: self.unit.board.get("state") == "connected", "the board is connected")

    def close(self) -> None:
        self.stream.cancel()
        self.driver.turn()
        self.driver.run(self.client.close())
        self.window.deleteLater()
        self.unit.deleteLater()


@pytest.fixture
def pages(driver: LoopDriver, own_service: RealService) -> Iterator[Pages]:
    both = Pages(driver, own_service.url)
    yield both
    both.close()


def test_one_click_and_the_curve_grows_then_one_click_and_it_ends(pages: Pages, qtbot: QtBot) -> None:
    until = pages.driver.until
    live, unit = pages.live, pages.unit
    until(lambda: live.empty.headline == "Nothing measured yet")
    live.empty.acted.emit()
    until(lambda: unit.is_running("od_reading") and not live.session.is_pending, "both jobs run")
    assert unit.experiment is not None, "an experiment was made for the readings"
    curve = live.stack.curves["od2"]
    until(lambda: len(curve.drawn.t) >= 1 and len(live.stack.curves["measured_rpm"].drawn.t) >= 1, "curves are drawn")
    assert curve.trace.label == "90°"
    assert live.readout.chips["od2"].text_shown.startswith("90° 0.0")

    until(lambda: pages.jobs.start_list.rows, "the capabilities are there")
    by_name = {card.row["job_name"]: card for card in pages.jobs.running.values()}
    target = by_name["stirring"].fields["target_rpm"]
    until(lambda: isinstance(target.input, NumberInput) and target.input.text() == "500")
    assert isinstance(target.input, NumberInput)
    target.input.setFocus()
    target.input.selectAll()
    qtbot.keyClicks(target.input, "400")
    qtbot.keyClick(target.input, Qt.Key.Key_Return)
    until(lambda: target.note.text() == "taken", "the job took the new speed")
    until(lambda: unit.settings["stirring"]["target_rpm"] == 400.0)
    live.refresh_cards()
    assert live.cards[3].target_text.startswith("target 400 RPM")

    live.start_button.click()
    until(lambda: not unit.stoppable_jobs() and not live.session.is_pending, "everything has stopped")
    assert live.start_button.text() == "Start measuring"
    assert len(curve.buffer) >= 1, "the curve stays"


def test_a_page_opened_later_shows_what_was_recorded(pages: Pages, own_service: RealService) -> None:
    until = pages.driver.until
    pages.driver.run(pages.client.run_task("/unit_api/jobs/run/job_name/od_reading"))
    until(lambda: len(pages.live.stack.curves["od2"].buffer) >= 1, "a reading came")
    pages.driver.run(pages.client.run_task("/unit_api/jobs/stop/all"))
    later = Pages(pages.driver, own_service.url)
    try:
        until(lambda: later.live.history.state == "loaded")
        assert len(later.live.stack.curves["od2"].buffer) >= 1
        assert not later.live.empty.isVisible()
    finally:
        later.close()


def test_every_job_the_service_declares_has_a_form_that_makes_a_request(pages: Pages) -> None:
    pages.driver.until(lambda: pages.jobs.start_list.rows)
    for row in list(pages.jobs.start_list.rows):
        pages.jobs.open_form(row.family)
        form = pages.jobs.form
        assert form is not None
        for place, rule in enumerate(row.family.rules):
            if form.rules:
                form.rules[place].click()
            chosen = {"automation_name": rule.automation_name} if rule.automation_name else {}
            chosen |= {"source_of_event": "UI"} if rule.tells_source else {}
            if any(option.required for option in rule.options) or any(each.required for each in rule.arguments):
                with pytest.raises(ValueError, match="marked"):
                    form.body()
            else:
                assert form.body()["options"] == chosen, rule
        pages.jobs.close_form()


def test_a_refusal_of_the_service_is_told_in_the_form(pages: Pages) -> None:
    pages.driver.until(lambda: pages.jobs.start_list.rows)
    [monitor] = [row.family for row in pages.jobs.start_list.rows if row.family.job_name == "monitor"]
    pages.jobs.open_form(monitor)
    form = pages.jobs.form
    assert form is not None
    form.start.click()
    pages.driver.until(form.trouble.isVisible)
    assert "monitor" in form.trouble.text().lower()
