"""The event stream: breaks, comes back, goes on where it stopped or from the start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import QDateTime
from stand_in_service import StandInService, snapshot

from gui.event_stream import EVENTS, EventStream
from gui.pulse import HEALTH, Pulse
from gui.service_client import ServiceClient
from gui.unit import ServiceConnection, Unit


class Followed:
    def __init__(self, driver: LoopDriver, service: StandInService) -> None:
        self.unit = Unit()
        self.client = ServiceClient(service.url)
        self.stream = EventStream(self.client, self.unit, partial(Pulse, ask_every_s=0.05, patience_s=0.3))
        self.states: list[str] = []
        self.unit.connection_changed.connect(self._note)
        self.task = driver.loop.create_task(self.stream.run())

    def _note(self) -> None:
        self.states.append(self.unit.service.state)


@pytest.fixture
def followed(driver: LoopDriver, service: StandInService) -> Iterator[Followed]:
    one = Followed(driver, service)
    yield one
    end(driver, one)


def end(driver: LoopDriver, followed: Followed) -> None:
    followed.task.cancel()
    driver.run(asyncio.gather(followed.task, return_exceptions=True))
    driver.run(followed.client.close())


def until_live(driver: LoopDriver, followed: Followed, service: StandInService) -> None:
    driver.until(lambda: followed.unit.service.is_live and service.streams == 1, "live")


def test_it_is_live_after_the_snapshot(driver: LoopDriver, service: StandInService, followed: Followed) -> None:
    until_live(driver, followed, service)
    assert followed.unit.name == "unit7"


def test_a_service_that_vanishes_is_told_as_lost(
    driver: LoopDriver, service: StandInService, followed: Followed
) -> None:
    until_live(driver, followed, service)
    driver.run(service.stop())
    driver.until(lambda: followed.unit.service.state == "lost", "lost")
    assert followed.unit.service.detail
    assert followed.unit.name == "unit7", "what was known stays"


def test_a_service_that_hangs_is_told_and_comes_back(
    driver: LoopDriver, service: StandInService, followed: Followed
) -> None:
    until_live(driver, followed, service)
    service.hang()
    driver.until(lambda: followed.unit.service.state == "silent", "told")
    since_utc_s = followed.unit.service.since_utc_s
    driver.until(lambda: len(service.asked("GET", HEALTH)) > 2, "asked on")
    assert (followed.unit.service.state, followed.unit.service.since_utc_s) == ("silent", since_utc_s)
    service.wake_up()
    until_live(driver, followed, service)
    assert len(service.asked("GET", EVENTS)) == 1, "the same stream goes on"


def test_a_service_that_hangs_from_the_start_is_told(driver: LoopDriver, service: StandInService) -> None:
    service.hang()
    followed = Followed(driver, service)
    followed.unit.set_service("connecting")
    driver.until(lambda: followed.unit.service.state == "silent", "told")
    service.wake_up()
    until_live(driver, followed, service)
    end(driver, followed)


def test_events_are_a_sign_of_life_too(driver: LoopDriver, service: StandInService, followed: Followed) -> None:
    until_live(driver, followed, service)
    service.hang(HEALTH)

    def three_questions_later() -> bool:
        service.send("experiment", experiment="exp two", is_active=True)
        return len(service.asked("GET", HEALTH)) > 3

    driver.until(three_questions_later)
    assert "silent" not in followed.states


def test_it_comes_back_by_itself_with_everything_anew(
    driver: LoopDriver, service: StandInService, followed: Followed
) -> None:
    until_live(driver, followed, service)
    driver.run(service.stop())
    driver.until(lambda: followed.unit.service.state == "lost", "lost")
    driver.until(lambda: "Nothing answers" in followed.unit.service.detail, "tried again in vain")
    service.snapshot = snapshot(unit="unit8")
    driver.run(service.start())
    driver.until(lambda: followed.unit.name == "unit8", "live again")
    assert followed.unit.service.is_live


def test_a_broken_stream_goes_on_where_it_stopped(
    driver: LoopDriver, service: StandInService, followed: Followed
) -> None:
    until_live(driver, followed, service)
    service.send("experiment", experiment="exp two", is_active=True)
    driver.until(lambda: followed.unit.experiment == "exp two", "the event")
    last_id = service.last_id
    service.end_streams()
    driver.until(lambda: "last-event-id" in service.headers[-1], "asked to go on")
    assert service.headers[-1]["last-event-id"] == last_id
    until_live(driver, followed, service)
    assert followed.unit.experiment == "exp two", "no snapshot replaced it"


def test_resync_asks_for_everything_again(driver: LoopDriver, service: StandInService, followed: Followed) -> None:
    until_live(driver, followed, service)
    service.snapshot = snapshot(unit="unit8")
    service.send("resync", reason="too slow")
    driver.until(lambda: followed.unit.name == "unit8", "a new snapshot")
    assert "last-event-id" not in service.headers[-1]


def test_numbers_that_run_backwards_mean_another_service(
    driver: LoopDriver, service: StandInService, followed: Followed
) -> None:
    until_live(driver, followed, service)
    service.snapshot = snapshot(unit="unit8")
    service.send("experiment", seq=-5, experiment="wrong", is_active=True)
    driver.until(lambda: followed.unit.name == "unit8", "a new snapshot")
    assert followed.unit.experiment != "wrong"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_window_says_why(driver: LoopDriver, service: StandInService, status: int) -> None:
    service.stream_status = status
    followed = Followed(driver, service)
    driver.until(lambda: followed.unit.service.state == "refused", "refused")
    assert (followed.unit.service.detail, followed.unit.service.remedy) == (
        "The token is wrong.",
        "Use the right token.",
    )
    end(driver, followed)


def test_reconnect_does_not_wait_for_the_pause(driver: LoopDriver, service: StandInService, followed: Followed) -> None:
    until_live(driver, followed, service)
    driver.run(service.stop())
    driver.until(lambda: "Nothing answers" in followed.unit.service.detail, "tried again in vain")
    driver.run(service.start())
    followed.stream.reconnect()
    until_live(driver, followed, service)


def test_an_address_where_nothing_answers_is_told_after_a_moment(driver: LoopDriver, service: StandInService) -> None:
    driver.run(service.stop())
    followed = Followed(driver, service)
    followed.unit.service = ServiceConnection("connecting", QDateTime.currentMSecsSinceEpoch() / 1000 - 4)
    driver.until(lambda: followed.unit.service.state == "unreachable", "told")
    assert service.url in followed.unit.service.detail
    driver.run(service.start())
    followed.stream.reconnect()
    until_live(driver, followed, service)
    end(driver, followed)


def test_another_program_at_the_address_is_no_service(driver: LoopDriver, service: StandInService) -> None:
    service.stream_type = "text/html"
    followed = Followed(driver, service)
    driver.until(lambda: followed.unit.service.state == "refused", "told")
    end(driver, followed)


def test_an_unreadable_event_is_passed_over(
    driver: LoopDriver, service: StandInService, followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    until_live(driver, followed, service)
    service.send("job", nonsense=True)
    service.send("experiment", experiment="exp two", is_active=True)
    driver.until(lambda: followed.unit.experiment == "exp two", "the next event")
    assert "could not be read" in caplog.text
