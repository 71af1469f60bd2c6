"""The Profiles page on the real service: texts are written, checked, kept, rehearsed, run; nothing is lost silently."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService

from gui.profiles.dialogs import DeleteDialog, DiscardDialog, NameDialog, RunDialog, StopRunDialog
from gui.profiles.page import ProfilesPage

STIRRING = """\
version: "1.0"
experiment_profile_name: Short stirring
inputs: {speed: 400}
common:
  jobs:
    stirring:
      actions:
        - type: start
          t: 0
          options: {target_rpm: "${{ speed }}"}
        - type: stop
          t: 2h
"""


@pytest.fixture
def bench(
    driver: LoopDriver, own_service: RealService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PageBench]:
    monkeypatch.setenv("VIALDESK_SETTINGS_DIR", str(tmp_path / "settings"))
    one = PageBench(driver, own_service.url, ProfilesPage)
    one.follow()
    one.until(lambda: "batch_growth.yaml" in one.page.listing.names(), "the profiles are listed")
    one.until(lambda: one.page.text, "one is open")
    yield one
    for run in one.ask("get", "/experiment_profiles/running"):
        one.ask("post", f"/experiment_profiles/runs/{run['run_id']}/stop")
    for item in one.ask("get", "/experiment_profiles"):
        if not item["is_example"]:
            one.ask("delete", f"/experiment_profiles/{item['name']}")
    one.close()


def begin(bench: PageBench, name: str, text: str) -> None:
    """Begin a new text under a name."""
    bench.page.ask_new()
    dialog = bench.dialog(NameDialog)
    dialog.name.setText(name)
    dialog.act_button.click()
    bench.page.editor.setPlainText(text)
    settle(bench)


def settle(bench: PageBench) -> None:
    """Wait until the service has looked at the text."""
    bench.until(lambda: bench.page.checking.text == bench.page.text, "the text is checked")


def keep(bench: PageBench, name: str, text: str) -> None:
    """Begin a text, and save it."""
    begin(bench, name, text)
    bench.page.bar.save_button.click()
    bench.until(lambda: not bench.page.is_changed, "it is saved")
    settle(bench)


def open_one(bench: PageBench, name: str) -> None:
    bench.page.open_profile(name)
    bench.until(lambda: bench.page._open.name == name, f"{name} is open")
    settle(bench)


def test_an_example_is_shown_with_its_course(bench: PageBench) -> None:
    open_one(bench, "batch_growth.yaml")
    page = bench.page
    assert page.bar.standing == "Example"
    assert "goes on after that" in page.meaning.timeline.words
    spots = page.meaning.timeline.picture.spots
    assert spots[0].hours == 0
    assert {spot.action.kind for spot in spots} == {"start", "stop", "log", "when"}
    assert not page.bar.delete_action.isEnabled()
    assert page.run_button.isEnabled()


def test_problems_are_marked_as_one_types(bench: PageBench, qtbot: QtBot) -> None:
    begin(bench, "mine.yaml", STIRRING)
    page = bench.page
    assert page.editor.problems == ()
    page.editor.go_to(10, 21)
    qtbot.keyClicks(page.editor, "x")
    settle(bench)
    (problem,) = page.editor.problems
    assert (problem.is_error, problem.line) == (True, 10)
    assert "Did you mean target_rpm?" in problem.sentences
    assert page.meaning.tabText(1) == "Problems (1)"
    assert page.meaning.problems.item(0).text().startswith("Error, line 10: ")
    page.editor.go_to(1)
    page.meaning.problems.itemActivated.emit(page.meaning.problems.item(0))
    assert page.editor.textCursor().blockNumber() == 9
    assert not page.run_button.isEnabled()


def test_the_editor_keeps_the_column_and_indents(bench: PageBench, qtbot: QtBot) -> None:
    editor = bench.page.editor
    editor.setPlainText("  - type: start")
    editor.go_to(1, 16)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    qtbot.keyClicks(editor, "t: 0")
    assert editor.toPlainText() == "  - type: start\n    t: 0"


def test_unsaved_changes_survive_another_profile_and_another_window(bench: PageBench, driver: LoopDriver) -> None:
    keep(bench, "mine.yaml", STIRRING)
    page = bench.page
    page.editor.setPlainText(STIRRING + "# more\n")
    open_one(bench, "batch_growth.yaml")
    assert any("unsaved changes" in page.listing.item(row).text() for row in range(page.listing.count()))
    open_one(bench, "mine.yaml")
    assert page.text == STIRRING + "# more\n"
    page.editor.setPlainText(STIRRING + "# even more\n")
    other = PageBench(driver, bench.client.base_url, ProfilesPage)
    bench.window.hide()
    other.follow()
    other.until(lambda: other.page.text, "it is open")
    open_one(other, "mine.yaml")
    assert other.page.text == STIRRING + "# even more\n"
    other.page.ask_discard()
    other.dialog(DiscardDialog).act_button.click()
    other.until(lambda: other.page.text == STIRRING, "the changes are given up")
    other.close()
    bench.page._drafts.drop("mine.yaml")
    bench.page.editor.setPlainText(STIRRING)


def test_a_changed_example_is_saved_as_a_copy(bench: PageBench) -> None:
    open_one(bench, "batch_growth.yaml")
    page = bench.page
    page.editor.setPlainText(page.text.replace("37", "30"))
    settle(bench)
    assert page.bar.standing == "Example, changed: Save keeps a copy"
    page.bar.save_button.click()
    dialog = bench.dialog(NameDialog)
    dialog.name.setText("batch_growth.yaml")
    assert not dialog.act_button.isEnabled()
    dialog.name.setText("cold batch")
    dialog.act_button.click()
    bench.until(lambda: page._open.name == "cold batch.yaml", "the copy is open")
    assert "temperature: 30" in bench.ask("get", "/experiment_profiles/cold batch.yaml")["text"]
    assert "temperature: 37" in bench.ask("get", "/experiment_profiles/batch_growth.yaml")["text"]


def test_what_was_changed_elsewhere_is_not_overwritten(bench: PageBench) -> None:
    keep(bench, "mine.yaml", STIRRING)
    bench.ask("put", "/experiment_profiles/mine.yaml", {"text": STIRRING.replace("2h", "3h")})
    bench.page.editor.setPlainText(STIRRING.replace("2h", "4h"))
    settle(bench)
    bench.page.bar.save_button.click()
    dialog = bench.dialog(DiscardDialog)
    assert "changed on the unit meanwhile" in dialog.trouble.text()
    assert "t: 3h" in bench.ask("get", "/experiment_profiles/mine.yaml")["text"]
    dialog.act_button.click()
    bench.until(lambda: "t: 3h" in bench.page.text, "the newer text is shown")


def test_a_profile_is_run_paused_and_stopped(bench: PageBench) -> None:
    keep(bench, "mine.yaml", STIRRING)
    page = bench.page
    page.run_button.click()
    dialog = bench.dialog(RunDialog)
    dialog.inputs["speed"].setText("450")
    dialog.act_button.click()
    bench.until(lambda: page.run.is_going_on and page.run.run["actions_done"] == 1, "it runs")
    bench.until(lambda: page.run.lines.topLevelItemCount() == 1, "its first action is listed")
    assert page.run.run["inputs"] == {"speed": 450.0}
    assert page.run.lines.topLevelItem(0).text(1) == "Start stirring"
    assert page.meaning.timeline.picture.now_hours is not None
    assert not page.run_button.isEnabled()
    assert any("running" in page.listing.item(row).text() for row in range(page.listing.count()))
    page.run.pause_button.click()
    bench.until(lambda: page.run.run["state"] == "paused", "it is paused")
    page.run.pause_button.click()
    bench.until(lambda: page.run.run["state"] == "running", "it goes on")
    page.run.stop_button.click()
    [stop] = [one for one in page.run.findChildren(StopRunDialog) if one.isVisible()]
    stop.act_button.click()
    bench.until(lambda: page.run.run["state"] == "stopped", "it is stopped")
    bench.until(lambda: "stirring" not in [row["job_name"] for row in bench.unit.jobs], "so is what it started")
    assert page.meaning.timeline.picture.now_hours is None


def test_a_dry_run_shows_what_would_happen(bench: PageBench) -> None:
    begin(bench, "mine.yaml", STIRRING.replace("2h", "3m"))
    page = bench.page
    page.begin_dry_run()
    assert page.dry_run.progress.isVisibleTo(page)
    bench.until(lambda: page.dry_run.result, "it has a result")
    facts = [page.dry_run.facts.item(row).text() for row in range(page.dry_run.facts.count())]
    assert "The profile came to its end." in facts
    assert "None is moved." in facts
    assert page.dry_run.place.has_content
    assert bench.ask("get", "/jobs/running/stirring") == []


def test_a_dry_run_is_cancelled(bench: PageBench) -> None:
    begin(bench, "mine.yaml", STIRRING.replace("2h", "30d"))
    page = bench.page
    page.begin_dry_run()
    bench.until(lambda: page.dry_run._task_id, "it has begun")
    page.dry_run.cancel()
    bench.until(lambda: not page.dry_run.is_under_way, "it has ended")
    assert page.dry_run.place.empty.headline == "This was cancelled."


def test_files_come_in_and_go_out(bench: PageBench, tmp_path: Path) -> None:
    source, target = tmp_path / "from elsewhere.yaml", tmp_path / "out.yaml"
    source.write_text(STIRRING, encoding="utf-8")
    page = bench.page
    page.files.read_file(source)
    bench.until(lambda: [one for one in page.findChildren(NameDialog) if one.isVisible()], "it asks for a name")
    bench.dialog(NameDialog).act_button.click()
    bench.until(lambda: page.text == STIRRING, "it is open")
    assert page.bar.standing == "Not saved yet"
    page.files.ask_export("x.yaml", page.text)
    page.files.choice.dialog.reject()
    page.files.write_file(target)
    bench.until(target.exists, "it is written")
    assert target.read_text(encoding="utf-8") == STIRRING


def test_a_profile_is_deleted(bench: PageBench, qtbot: QtBot) -> None:
    keep(bench, "mine.yaml", STIRRING)
    qtbot.keyClick(bench.page.listing, Qt.Key.Key_Delete)
    bench.dialog(DeleteDialog).act_button.click()
    bench.until(lambda: "mine.yaml" not in bench.page.listing.names(), "it is gone")


def test_the_course_is_walked_by_keyboard(bench: PageBench, qtbot: QtBot) -> None:
    open_one(bench, "batch_growth.yaml")
    picture = bench.page.meaning.timeline.picture
    for _ in range(3):
        qtbot.keyClick(picture, Qt.Key.Key_Right)
    assert "Start" in bench.page.meaning.timeline.words
    qtbot.keyClick(picture, Qt.Key.Key_Return)
    assert bench.page.editor.textCursor().blockNumber() + 1 == picture.spots[2].action.line


def test_without_a_service_the_page_says_so(driver: LoopDriver, service: StandInService) -> None:
    one = PageBench(driver, service.url, ProfilesPage)
    assert not one.page.place.has_content
    assert not one.page.run_button.isEnabled()
    one.close()
