"""Notes and alarms as flags at the top edge: written, changed, deleted; what hovering and pressing them does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_bench import EXPERIMENT, START_S, LiveBench, raw
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QDialog, QLabel, QMenu
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService, alarm_item, refusal

from gui.live.flags import Flag
from gui.live.note_dialogs import AddNoteDialog, ChangeNoteDialog, DeleteNoteDialog
from gui.live.page import LivePage
from gui.live.utc_text import utc_text

NOTES = f"GET {EXPERIMENT}/annotations"
ALARMS = "GET /unit_api/alarms/history"


def note(note_id: int, after_s: float, text: str = "inoculated", **more: Any) -> dict[str, Any]:
    at = utc_text(START_S + after_s)
    whole = {"id": note_id, "experiment": "exp one", "t": at, "text": text, "who": "Ada"}
    return whole | {"recorded_at": at, "changed_at": None} | more


def alarm(alarm_id: int, after_s: float, severity: str = "alarm", **more: Any) -> dict[str, Any]:
    at = utc_text(START_S + after_s)
    return alarm_item(alarm_id, "Too hot: 39.1 °C.", severity, raised_at=at, last_raised_at=at) | more


@pytest.fixture
def live(driver: LoopDriver, service: StandInService) -> Iterator[LiveBench]:
    bench = LiveBench(driver, service)
    service.answer(NOTES, 200, [])
    service.answer(ALARMS, 200, {"alarms": [], "next_before_id": None})
    yield bench
    bench.close()


def begin(live: LiveBench, notes: list[dict[str, Any]], alarms: list[dict[str, Any]]) -> None:
    live.service.answer(NOTES, 200, notes)
    live.service.answer(ALARMS, 200, {"alarms": alarms, "next_before_id": None})
    live.begin(recorded={"od2": raw()})
    live.driver.until(lambda: len(live.page.stack.flags.flags) == len(notes) + len(alarms), "the flags are known")
    live.page.view.show_span(START_S - 100, START_S + 10)
    live.draw()


def place(live: LiveBench, after_s: float, down_px: float = 5.0) -> QPointF:
    """Return where a moment is at the top edge, in the scene."""
    top = live.page.stack.panes[live.page.stack.visible_panes[0]]
    x = top.view.mapViewToScene(QPointF(START_S + after_s, 0)).x()
    return QPointF(x, top.area().top() + down_px)


def told_at(live: LiveBench, after_s: float, down_px: float = 5.0) -> str:
    live.page.stack.flags.explain(place(live, after_s, down_px))
    return live.page.stack.flags.toolTip()


def dialog(live: LiveBench | PageBench, kind: type[Any]) -> Any:
    live.driver.until(lambda: any(each.isVisible() for each in live.page.findChildren(kind)), kind.__name__)
    return next(each for each in live.page.findChildren(kind) if each.isVisible())


def test_ctrl_and_enter_keeps_a_note(live: LiveBench, qtbot: QtBot) -> None:
    begin(live, [], [])
    live.service.answer(f"POST {EXPERIMENT}/annotations", 201, note(1, 0))
    live.page.notes.add(START_S)
    adding = dialog(live, AddNoteDialog)
    qtbot.keyClicks(adding.text, "fresh medium")
    qtbot.keyClick(adding.text, Qt.Key.Key_Return)
    assert adding.isVisible(), "Enter alone begins a line"
    qtbot.keyClick(adding.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    live.driver.until(lambda: live.service.asked("POST", f"{EXPERIMENT}/annotations"))
    assert live.service.asked("POST", f"{EXPERIMENT}/annotations")[0]["text"] == "fresh medium"


def test_flags_tell_what_was_noted_and_what_was_raised(live: LiveBench) -> None:
    cleared = {"cleared_at": utc_text(START_S - 20), "acknowledged_at": utc_text(START_S), "acknowledged_by": "Bo"}
    begin(live, [note(1, -80)], [alarm(1, -50, "warning", **cleared), alarm(2, -20)])
    flags = live.page.stack.flags.flags
    assert [(flag.icon, flag.tone) for flag in flags] == [("flag", "accent"), ("warning", "warn"), ("alarm", "alarm")]
    told = told_at(live, -80)
    assert told.startswith("inoculated\n2031-02-0")
    assert "noted by Ada" in told
    assert told_at(live, -80, 60.0) == ""
    assert told_at(live, -65) == ""
    assert "over since" in told_at(live, -50)
    assert "seen by Bo" in told_at(live, -50)
    assert told_at(live, -20).endswith("still so")


def test_flags_that_would_overlap_stand_on_one_pole_under_the_gravest(live: LiveBench) -> None:
    begin(live, [note(1, -50, "one"), note(2, -49.9, "two")], [alarm(1, -49.8)])
    [together] = live.page.stack.flags._together()
    assert max(together, key=lambda flag: flag.rank).icon == "alarm"
    told = told_at(live, -50)
    assert all(text in told for text in ("one", "two", "Too hot"))
    live.page.view.show_span(START_S - 50.2, START_S - 48)
    assert len(live.page.stack.flags._together()) >= 2


def test_alarms_come_and_change_live(live: LiveBench) -> None:
    begin(live, [], [])
    live.tell("alarm", **alarm(7, -10, "note"))
    live.tell("alarm", **alarm(8, -10, experiment="another"))
    live.tell("alarm", **alarm(9, -10, experiment=None))
    [flag] = live.page.stack.flags.flags
    assert flag.told.endswith("still so")
    live.tell("alarm", **alarm(7, -10, "note", cleared_at=utc_text(START_S)))
    [flag] = live.page.stack.flags.flags
    assert "over since" in flag.told


def test_notes_of_others_appear_when_they_are_written(live: LiveBench) -> None:
    begin(live, [], [])
    live.service.answer(NOTES, 200, [note(1, -10, "from the bench")])
    live.tell("annotation", experiment="another", id=5, action="created", text="x", who="y")
    live.tell("annotation", experiment="exp one", id=1, action="created", text="from the bench", who="Ada")
    live.driver.until(lambda: live.page.stack.flags.flags, "the note is there")
    assert len(live.service.asked("GET", f"{EXPERIMENT}/annotations")) == 2


def test_the_flags_are_at_the_top_whatever_is_the_uppermost_pane(live: LiveBench) -> None:
    begin(live, [note(1, -50)], [])
    live.bar.panes["optical_density"].setChecked(False)
    live.draw()
    assert live.page.stack.flags.getViewBox() is live.page.stack.panes[live.page.stack.visible_panes[0]].view
    assert told_at(live, -50).startswith("inoculated")
    for action in list(live.bar.panes.values()):
        action.setChecked(False)
    assert live.page.stack.flags.getViewBox() is None or not live.page.stack.visible_panes


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_the_menu_offers_a_note_and_what_can_be_done_with_those_there(live: LiveBench) -> None:
    begin(live, [note(1, -50, "a & b " + "x" * 40)], [alarm(1, -50)])
    menus: list[QMenu] = []
    live.page.stack.menu_asked.connect(lambda *_: menus.extend(live.page.findChildren(QMenu)))
    live.page.stack.panes["optical_density"].view.menu_asked.emit(place(live, -50))
    [menu] = [each for each in menus if each.isVisible()]
    texts = [action.text() for action in menu.actions()]
    assert texts[0].startswith("Add note at ")
    assert texts[1].startswith("Change “a && b xxx")
    assert texts[2].startswith("Delete “a && b")
    menu.actions()[2].trigger()
    asking = dialog(live, DeleteNoteDialog)
    assert any("a & b" in label.text() for label in asking.findChildren(QLabel))
    asking.reject()


def test_without_an_experiment_or_service_no_note_can_be_written(live: LiveBench) -> None:
    live.begin(experiment=None)
    assert not live.bar.note.isEnabled()
    assert "there is none" in live.bar.note.toolTip()
    live.page.notes.add_now()
    assert not live.page.findChildren(QDialog)
    begin(live, [note(1, -50)], [])
    assert live.bar.note.isEnabled()
    live.unit.set_service("lost")
    assert not live.bar.note.isEnabled()


def test_a_refused_note_stays_in_the_dialog(live: LiveBench, qtbot: QtBot) -> None:
    begin(live, [], [])
    live.service.routes[f"POST {EXPERIMENT}/annotations"] = lambda body, query: refusal(503, "No space left.")
    qtbot.mouseClick(live.bar.note, Qt.MouseButton.LeftButton)
    asking = dialog(live, AddNoteDialog)
    assert not asking.act_button.isEnabled()
    qtbot.keyClicks(asking.text, "smells of apples")
    asking.act_button.click()
    live.driver.until(asking.trouble.isVisible, "it says why")
    assert "No space left" in asking.trouble.text()
    assert (asking.written, asking.act_button.isEnabled()) == ("smells of apples", True)
    asking.text.setPlainText("x" * 2001)
    assert not asking.act_button.isEnabled()
    assert "2000" in asking.trouble.text()
    asking.reject()


def test_a_note_is_written_changed_and_deleted_on_a_real_service(
    driver: LoopDriver, own_service: RealService, qtbot: QtBot
) -> None:
    bench = PageBench(driver, own_service.url, LivePage)
    bench.ask("post", "/experiments", {"experiment": "noted"})
    bench.follow()
    page = bench.page
    bench.until(lambda: page.notes.is_possible, "notes can be written")
    page.stack.noted.emit(bench.unit.utc_s() - 60)
    asking = dialog(bench, AddNoteDialog)
    asking.text.setPlainText(" inoculated ")
    asking.act_button.click()
    bench.until(lambda: page.stack.flags.flags, "the flag is there")
    [flag] = page.stack.flags.flags
    assert (flag.text, round(bench.unit.utc_s() - flag.utc_s) >= 59) == ("inoculated", True)
    assert isinstance(flag, Flag)

    page.stack.flag_pressed.emit(flag)
    changing = dialog(bench, ChangeNoteDialog)
    changing.text.setPlainText("inoculated with strain 7")
    qtbot.mouseClick(changing.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: page.stack.flags.flags[0].text == "inoculated with strain 7", "it is changed")
    assert ", changed " in page.stack.flags.flags[0].told

    page.stack.flag_pressed.emit(page.stack.flags.flags[0])
    dialog(bench, ChangeNoteDialog).delete_button.click()
    asking = dialog(bench, DeleteNoteDialog)
    assert asking.cancel_button.isDefault()
    asking.act_button.click()
    bench.until(lambda: not page.stack.flags.flags, "it is gone")
    assert bench.ask("get", "/experiments/noted/annotations") == []
    bench.close()


def test_a_double_click_asks_for_a_note_and_a_press_on_a_flag_opens_it(live: LiveBench) -> None:
    begin(live, [note(1, -50)], [alarm(1, -20)])
    view = live.page.stack.panes["optical_density"].view
    view.clicked.emit(place(live, -70, 40.0), False)
    assert not live.page.findChildren(QDialog)
    view.clicked.emit(place(live, -70, 40.0), True)
    dialog(live, AddNoteDialog).reject()
    view.clicked.emit(place(live, -50), False)
    changing = dialog(live, ChangeNoteDialog)
    assert changing.written == "inoculated"
    changing.reject()
    view.clicked.emit(place(live, -20), False)
    assert not any(each.isVisible() for each in live.page.findChildren(QDialog))
