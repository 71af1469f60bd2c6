"""Alarms in the whole window: strip and badge on every page, acknowledging, notification, sound, title."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shown_window import Shown
from stand_in_service import T0, alarm_item, snapshot

from gui.alarms.announcer import SOUND_EVERY_MS, Announcer
from gui.settings import SettingsStore
from gui.unit import Unit

ACKNOWLEDGE = "/unit_api/alarms/acknowledge"
LATER = "2031-02-03T04:07:00.000Z"


def line(shown: Shown) -> Any:
    return shown.window.strip.alarms


def test_the_gravest_alarm_stands_at_the_foot_of_every_page(shown: Shown) -> None:
    shown.start()
    shown.until(lambda: line(shown).text == "No alarms", "no alarm yet")
    assert shown.window.top_bar.alarm_badge.isHidden()
    shown.send("alarm", **alarm_item(1, "The disk fills up.", "warning"))
    shown.until(lambda: line(shown).text.endswith("The disk fills up."), "the warning")
    assert line(shown).text.startswith("Warning ")
    assert shown.window.top_bar.alarm_badge.text() == "1 warning"
    shown.send("alarm", **alarm_item(2, "The heater is too hot.", "alarm"))
    shown.until(lambda: line(shown).text.endswith("The heater is too hot."), "the graver one")
    assert line(shown).text.startswith("Alarm ")
    shown.send("alarm", **alarm_item(3, "A newer warning.", "warning", last_raised_at=LATER))
    shown.until(lambda: line(shown).more_button.text() == "2 more", "how many more")
    assert line(shown).text.endswith("The heater is too hot.")
    assert shown.window.top_bar.alarm_badge.text() == "3 alarms"
    for key in ("jobs", "log", "live"):
        shown.window.show_page(key)
        assert line(shown).acknowledge_button.isVisible()
        assert shown.window.top_bar.alarm_badge.isVisible()


def test_acknowledging_tells_which_alarm_was_seen_and_by_whom(shown: Shown) -> None:
    shown.service.snapshot = snapshot(alarms=[alarm_item(2, "Newer."), alarm_item(1, "Older.")])
    shown.service.routes[f"POST {ACKNOWLEDGE}"] = lambda body, query: (200, [])
    shown.start()
    shown.until(lambda: line(shown).shown is not None, "an alarm")
    line(shown).acknowledge_button.click()
    assert not line(shown).acknowledge_button.isEnabled()
    shown.until(lambda: bool(shown.service.asked("POST", ACKNOWLEDGE)), "the request")
    [body] = shown.service.asked("POST", ACKNOWLEDGE)
    assert body["ids"] == [2], "the other one was not seen yet"
    assert body["who"]
    shown.until(lambda: line(shown).acknowledge_button.isEnabled(), "the answer")
    shown.send("alarm", **alarm_item(2, "Newer.", acknowledged_at=T0, acknowledged_by="Ada"))
    shown.until(lambda: "Older." in line(shown).text, "the next one")
    shown.send("alarm", **alarm_item(1, "Older.", acknowledged_at=T0, cleared_at=T0))
    shown.until(lambda: line(shown).text == "1 alarm acknowledged, not over yet", "what lasts")
    assert shown.window.top_bar.alarm_badge.property("tone") == ""


def test_what_the_service_refuses_is_told_and_the_alarm_stays(shown: Shown) -> None:
    shown.service.snapshot = snapshot(alarms=[alarm_item(1)])
    shown.start()
    line(shown).acknowledge_button.click()
    shown.until(lambda: bool(shown.toasts()), "why not")
    assert line(shown).shown is not None
    assert line(shown).acknowledge_button.isEnabled()


def test_a_silent_service_leaves_the_last_known_alarms_and_nothing_to_press(shown: Shown) -> None:
    shown.service.snapshot = snapshot(alarms=[alarm_item(1, "Too hot.")])
    shown.start()
    shown.driver.run(shown.service.stop())
    shown.until(lambda: not shown.unit.service.is_live, "lost")
    assert "Too hot." in line(shown).text
    assert not line(shown).acknowledge_button.isEnabled()


def test_a_lost_board_is_told_by_the_banner_and_then_by_the_strip(shown: Shown) -> None:
    shown.start()
    lost = {"link": "disconnected", "state": "lost", "since": T0, "detail": "", "remedy": "", "faults": []}
    shown.send("board", **lost)
    shown.until(lambda: shown.window.banner.isVisible(), "the banner")
    shown.send("alarm", **alarm_item(1, "The board was not reached.", key="link"))
    shown.until(lambda: shown.window.top_bar.alarm_badge.isVisible(), "the badge counts it")
    assert line(shown).shown is None, "not twice"
    shown.send("board", **(lost | {"link": "connected", "state": "connected"}))
    shown.until(lambda: "The board was not reached." in line(shown).text, "latched over the reconnect")


def test_the_strip_and_the_badge_lead_to_the_alarms(shown: Shown) -> None:
    shown.service.snapshot = snapshot(alarms=[alarm_item(1)])
    shown.start()
    QTest.mouseClick(line(shown).message, Qt.MouseButton.LeftButton)
    shown.until(lambda: "alarms" in shown.window.pages_made, "the page")
    shown.window.show_page("jobs")
    shown.window.top_bar.alarm_badge.click()
    assert shown.settings.values.page == "alarms"
    shown.window.show_page("jobs")
    shown.window.actions_by_key["page_alarms"].trigger()
    assert shown.settings.values.page == "alarms"
    assert shown.window.rail.button("alarms").isChecked(), "the log leads there"


def test_a_long_message_is_elided_and_whole_in_the_tooltip(shown: Shown) -> None:
    shown.service.snapshot = snapshot(alarms=[alarm_item(1, "Long words. " * 40)])
    shown.start()
    shown.window.resize(1024, 640)
    shown.until(lambda: line(shown).message.is_elided, "an ellipsis")
    assert ("Long words. " * 40).strip() in line(shown).message.toolTip()
    assert shown.window.width() == 1024
    assert line(shown).acknowledge_button.geometry().right() < line(shown).width()
    shown.window.resize(1600, 900)
    assert line(shown).message.is_elided


def test_the_title_tells_of_alarms_that_wait(shown: Shown) -> None:
    shown.start()
    assert shown.window.windowTitle() == "Vialdesk"
    shown.send("alarm", **alarm_item(1))
    shown.until(lambda: shown.window.windowTitle() == "1 alarm · Vialdesk", "the title")
    shown.send("alarm", **alarm_item(1, acknowledged_at=T0))
    shown.until(lambda: shown.window.windowTitle() == "Vialdesk", "nothing waits")


class Told:
    """An announcer on a unit without a service, what it told, and how often it beeped."""

    def __init__(self, parent: QWidget) -> None:
        self.unit = Unit()
        self.settings = SettingsStore()
        self.beeps = 0
        self.notes: list[tuple[str, str]] = []
        self.announcer = Announcer(self.unit, self.settings, parent, self._beep)
        self.announcer.told.connect(self._note)

    def alarms(self, *items: dict[str, Any]) -> None:
        self.unit.handle("snapshot", snapshot(alarms=list(items)))

    def _beep(self) -> None:
        self.beeps += 1

    def _note(self, title: str, text: str) -> None:
        self.notes.append((title, text))


@pytest.fixture
def make_told(driver: LoopDriver) -> Any:
    window = QWidget()
    made: list[Told] = []

    def make() -> Told:
        made.append(Told(window))
        return made[-1]

    yield make
    for told in made:
        told.unit.deleteLater()
    window.deleteLater()


def test_each_alarm_is_notified_once(make_told: Callable[[], Told]) -> None:
    told = make_told()
    told.alarms(alarm_item(1, "Too hot."))
    told.alarms(alarm_item(1, "Too hot.", times=2))
    told.unit.set_service("lost")
    told.alarms(alarm_item(1, "Too hot."))
    assert [title for title, _ in told.notes] == ["Vialdesk: 1 alarm"], "neither a repetition nor a reconnect is new"
    assert told.notes[0][1].startswith("Too hot.\nMend it.")
    told.alarms(alarm_item(3, "Newer.", "warning"), alarm_item(2, "Grave."), alarm_item(1))
    assert told.notes[1] == ("Vialdesk: 2 alarms", told.notes[1][1])
    assert told.notes[1][1].startswith("Grave.")
    assert told.notes[1][1].endswith("and 1 more")
    told.announcer.choose(notifies=False)
    told.alarms(alarm_item(4))
    assert len(told.notes) == 2
    assert not SettingsStore().values.alarm_notification, "remembered"


def test_the_beep_comes_again_until_all_is_acknowledged(
    make_told: Callable[[], Told], monkeypatch: pytest.MonkeyPatch, driver: LoopDriver
) -> None:
    monkeypatch.setitem(SOUND_EVERY_MS, "alarm", 20)
    told = make_told()
    told.alarms(alarm_item(1))
    assert told.beeps == 0, "off unless it is wanted"
    told.announcer.choose(sounds=True)
    assert SettingsStore().values.alarm_sound
    driver.until(lambda: told.beeps >= 3, "it goes on")
    told.alarms(alarm_item(1, acknowledged_at=T0))
    heard = told.beeps
    told.alarms(alarm_item(2, severity="note"))
    other = make_told()
    other.alarms(alarm_item(1))
    driver.until(lambda: other.beeps >= 3, "another one went on meanwhile")
    assert told.beeps == heard, "neither what was seen nor a note makes a sound"
    told.alarms(alarm_item(3, severity="warning"))
    assert told.beeps == heard + 1, "at once"
