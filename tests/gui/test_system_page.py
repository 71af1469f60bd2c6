"""The System page on the real service: what it tells of the unit, and every action from its question to its result."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_driver import LoopDriver
from page_bench import PageBench
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from real_service import RealService
from stand_in_service import StandInService, refusal, snapshot

from gui import file_transfer
from gui.file_transfer import FileTroubleError, size_words
from gui.system.archive import RestoreDialog
from gui.system.facts import mqtt_words, space_words, up_words
from gui.system.operations import OperationDialog
from gui.system.page import SystemPage
from gui.system.token_dialog import TokenDialog
from gui.system.update_dialog import FirmwareDialog, UpdateDialog
from gui.widgets.task_dialog import TaskDialog

# An exclusive operation is in the way of others at least this long, in seconds.
_LEAST_HELD_S = 1.1


@pytest.fixture
def bench(driver: LoopDriver, own_service: RealService) -> Iterator[PageBench]:
    one = PageBench(driver, own_service.url, SystemPage)
    one.follow()
    one.until(lambda: one.page.place.has_content, "the facts are there")
    one.until(lambda: one.unit.board.get("state") == "connected", "the board is connected")
    yield one
    one.close()


@pytest.fixture
def alone(driver: LoopDriver, service: StandInService) -> Iterator[PageBench]:
    one = PageBench(driver, service.url, SystemPage)
    yield one
    one.close()


def words_of(dialog: TaskDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel))


def do(bench: PageBench, qtbot: QtBot, button: QPushButton) -> OperationDialog:
    """Press a button, agree, and return the dialog when the task is over."""
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = bench.dialog(OperationDialog)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: dialog.result_words.text() or dialog.trouble.isVisible(), "the task is over")
    return dialog


def test_the_cards_tell_of_the_unit_with_units(bench: PageBench, own_service: RealService) -> None:
    page = bench.page
    assert page.board.facts.value("Serial number") == "SIM-000001"
    assert page.board.state.word == "Simulated board"
    assert page.link.facts.value("Round trip").endswith(" ms")
    bench.until(lambda: page.link.facts.value("Supply").endswith(" V"), "the board told its supply")
    assert " free" in page.storage.facts.value("Disk")
    assert " free" in page.storage.facts.value("Memory")
    assert page.clock.facts.value("Difference") == "less than 1 s"
    assert page.software.facts.value("Vialdesk") == bench.ask("get", "/versions/app")["version"]
    assert page.web_server.facts.value("Address") == own_service.url
    assert page.web_server.facts.value("MQTT") == "off"
    assert page.web_server.facts.value("Reached from") == "this computer only"
    assert page.web_server.facts.value("Token") == "not needed"
    assert "requests need a token" in page.web_server.who.text()
    assert not page.web_server.token_button.isVisible()


def test_restarting_says_what_happens_stops_the_jobs_and_comes_back(bench: PageBench, qtbot: QtBot) -> None:
    bench.driver.run(bench.client.run_task("/unit_api/jobs/run/job_name/stirring"))
    bench.until(lambda: bench.unit.is_running("stirring"), "the job runs")
    qtbot.mouseClick(bench.page.power.reboot_button, Qt.MouseButton.LeftButton)
    dialog = bench.dialog(OperationDialog)
    assert "Stirring is stopped." in words_of(dialog)
    assert "This computer is not restarted" in words_of(dialog)
    assert dialog.cancel_button.isDefault()
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    assert dialog.progress.isVisible()
    bench.until(lambda: dialog.result_words.text() or dialog.trouble.isVisible(), "over")
    assert dialog.result_words.text() == "The service runs again. The board restarted."
    dialog.reject()
    bench.until(lambda: bench.unit.service.is_live and not bench.unit.is_running("stirring"), "live again")


def test_shutting_down_lets_go_of_the_board_and_restarting_takes_it_again(bench: PageBench, qtbot: QtBot) -> None:
    dialog = do(bench, qtbot, bench.page.power.shutdown_button)
    assert "the board can be unplugged" in dialog.result_words.text()
    dialog.reject()
    bench.until(lambda: bench.unit.board.get("link") == "disconnected", "let go")
    bench.until(lambda: bench.page.link.state.word == "No link", "shown")
    _wait_until_free(bench)
    do(bench, qtbot, bench.page.power.reboot_button).reject()
    bench.until(lambda: bench.unit.board.get("state") == "connected", "taken again")


def _wait_until_free(bench: PageBench) -> None:
    """Wait until no exclusive operation is in the way: a repair, the harmless way to find out, is let in and over."""

    async def wait() -> None:
        while "lock" in await bench.client.post("/unit_api/system/repair"):  # noqa: ASYNC110 - HTTP has no events
            await asyncio.sleep(0.05)
        await asyncio.sleep(_LEAST_HELD_S)

    bench.driver.run(wait())


def test_the_web_server_restarts_under_running_jobs(bench: PageBench, qtbot: QtBot) -> None:
    _wait_until_free(bench)
    dialog = do(bench, qtbot, bench.page.web_server.restart_button)
    assert dialog.result_words.text() == "The web server answers again."
    dialog.reject()
    bench.until(lambda: bench.unit.service.is_live)


def test_the_clocks_are_compared_and_the_offset_told(bench: PageBench, qtbot: QtBot) -> None:
    dialog = do(bench, qtbot, bench.page.clock.compare_button)
    assert dialog.result_words.text().startswith("The board keeps no clock. The service's computer is ")
    dialog.reject()


def test_a_backup_is_saved_and_restored_through_the_restart(
    bench: PageBench, own_service: RealService, tmp_path: Path, qtbot: QtBot
) -> None:
    notes = own_service.data / "notes"
    notes.mkdir(exist_ok=True)
    (notes / "hello.txt").write_text("before")
    bench.page.archive.back_up(tmp_path / "backup.zip")
    bench.until(lambda: "Saved backup.zip" in bench.toasts(), "saved")
    assert "notes/hello.txt" in zipfile.ZipFile(tmp_path / "backup.zip").namelist()
    assert [path.name for path in tmp_path.iterdir()] == ["backup.zip"]
    (notes / "hello.txt").write_text("after")
    bench.page.archive.restore(tmp_path / "backup.zip")
    dialog = bench.dialog(RestoreDialog)
    assert "is replaced by what is in backup.zip" in words_of(dialog)
    _wait_until_free(bench)

    def begun() -> bool:
        """Press the button until nothing is in its way any more."""
        if dialog.act_button.isEnabled() and dialog.act_button.isVisible():
            qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
        return bool(dialog.result_words.text())

    bench.until(begun, "restored")
    assert "files are back." in dialog.result_words.text()
    assert (own_service.data / "notes" / "hello.txt").read_text() == "before"
    dialog.reject()
    bench.until(lambda: bench.unit.service.is_live, "live again")


def test_an_archive_that_is_none_is_refused_and_nothing_changes(bench: PageBench, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "no.zip").write_text("not a zip")
    bench.page.archive.restore(tmp_path / "no.zip")
    dialog = bench.dialog(RestoreDialog)
    _wait_until_free(bench)

    def refused() -> bool:
        told = "The archive cannot be read" in dialog.trouble.text()
        if not told and dialog.act_button.isEnabled():
            qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
        return told

    bench.until(refused, "told")
    assert bench.unit.service.is_live
    dialog.reject()


def test_a_backup_given_up_leaves_nothing(bench: PageBench, tmp_path: Path) -> None:
    bench.page.archive.back_up(tmp_path / "backup.zip")
    assert bench.page.archive.is_saving
    bench.page.archive.progress.cancel_button.click()
    bench.until(lambda: "Backup given up" in bench.toasts(), "told")
    bench.driver.turn()
    assert list(tmp_path.iterdir()) == []
    assert not bench.page.archive.progress.isVisible()


def test_what_a_fault_switched_off_is_told_and_can_be_cleared(bench: PageBench, qtbot: QtBot) -> None:
    assert not bench.page.board.clear_button.isVisible()
    bench.ask("post", "/board/simulation", {"command": "overheat 90"})
    bench.until(lambda: bench.page.board.clear_button.isVisible(), "the fault is shown")
    assert "Faults: " in bench.page.board.faults.text()
    qtbot.mouseClick(bench.page.board.clear_button, Qt.MouseButton.LeftButton)
    bench.until(lambda: "The fault came back" in bench.toasts(), "its cause is still there")
    assert "Fault cleared" not in bench.toasts()
    bench.ask("post", "/board/simulation", {"command": "heal"})
    bench.ask("post", "/board/simulation", {"command": "overheat 30"})

    def cleared() -> bool:
        if bench.page.board.clear_button.isVisible():
            qtbot.mouseClick(bench.page.board.clear_button, Qt.MouseButton.LeftButton)
        return not bench.unit.board.get("faults")

    bench.until(cleared, "cleared")
    bench.until(lambda: "Fault cleared" in bench.toasts(), "told")
    bench.ask("post", "/board/simulation", {"command": "heal"})


def test_what_the_board_cannot_do_is_said_plainly(bench: PageBench, qtbot: QtBot) -> None:
    shown = " ".join(label.text() for label in bench.page.findChildren(QLabel) if label.isVisible())
    assert "The board keeps no clock" in shown
    assert "The board takes no firmware over its link" in shown
    qtbot.mouseClick(bench.page.software.firmware_button, Qt.MouseButton.LeftButton)
    dialog = bench.dialog(FirmwareDialog)
    assert "by hand" in dialog.windowTitle()
    assert not dialog.act_button.isVisible()
    dialog.reject()


def test_an_update_is_only_looked_for_unless_wanted(alone: PageBench, service: StandInService, qtbot: QtBot) -> None:
    answer_facts(service)
    result = {"from_version": "1.2.0", "to_version": "1.2.1", "changed": False}
    service.answer_task("/unit_api/system/update/app", result)
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "shown")
    qtbot.mouseClick(alone.page.software.update_button, Qt.MouseButton.LeftButton)
    dialog = alone.dialog(UpdateDialog)
    assert dialog.act_button.text() == "Look"
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(lambda: dialog.result_words.text(), "looked")
    assert dialog.result_words.text() == "1.2.0 would become 1.2.1. Nothing was changed."
    assert service.asked("POST", "/unit_api/system/update/app") == [{"options": {"dry_run": True}}]
    dialog.reject()


def test_a_new_token_is_shown_once_and_used_from_then_on(
    alone: PageBench, service: StandInService, qtbot: QtBot
) -> None:
    answer_facts(service)
    access = {"address": "0.0.0.0:4999", "beyond_this_computer": True, "needs_token": True, "has_token": True,
              "token_made_at": "2031-02-03T04:05:06.789Z", "names": ["unit7"]}  # fmt: skip
    service.answer("GET /unit_api/system/web_server/access", 200, access)
    made = {"token": "a-new-token", "made_at": "2031-02-03T05:05:06.789Z"}
    service.answer("POST /unit_api/system/web_server/token", 201, made)
    kept: list[str] = []
    alone.client.token_renewed = kept.append
    alone.follow()
    card = alone.page.web_server
    alone.until(lambda: card.token_button.isVisible(), "a token is needed")
    assert card.facts.value("Reached from") == "other computers too, at 10.0.0.1, 10.0.0.2"
    assert card.facts.value("Token").startswith("made ")
    qtbot.mouseClick(card.token_button, Qt.MouseButton.LeftButton)
    dialog = alone.dialog(TokenDialog)
    assert "refused from then on" in " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert dialog.cancel_button.isDefault(), "Enter alone shuts nobody out"
    assert not dialog.token.isVisible()
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(dialog.token.isVisible, "shown")
    assert (dialog.token.field.text(), kept) == ("a-new-token", ["a-new-token"])
    qtbot.mouseClick(dialog.token.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "a-new-token"
    dialog.reject()
    alone.until(lambda: alone.unit.service.is_live and service.headers[-1].get("authorization") == "Bearer a-new-token")


FACTS = {
    "GET /unit_api/versions/app": {"version": "1.2.0"},
    "GET /unit_api/system/web_server/status": {"state": "ready", "raw_status": "listening on x, up 7200 s"},
    "GET /unit_api/system/utc_clock": {"status": "success", "clock_time": "2031-02-03T04:05:06.789Z"},
    "GET /unit_api/system/ipv4": {"ipv4_address": "10.0.0.1,10.0.0.2"},
    "GET /unit_api/system/disk_space": {"available_bytes": 2_100_000_000, "total_bytes": 50_000_000_000},
    "GET /unit_api/system/memory": {"available_bytes": 4_000_000_000, "total_bytes": 8_000_000_000},
}


def answer_facts(service: StandInService) -> None:
    for route, answer in FACTS.items():
        service.answer(route, 200, answer)


def test_what_is_wrong_with_the_computer_is_said(alone: PageBench, service: StandInService) -> None:
    answer_facts(service)
    service.answer("GET /unit_api/system/memory", *refusal(500, "Not told.", remedy="Try later."))
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "shown")
    assert alone.page.storage.facts.value("Disk") == "2.1 GB of 50 GB free: nearly full"
    assert alone.page.storage.facts.value("Memory") == "–", "one refusal spoils nothing else"
    assert "ahead" in alone.page.clock.facts.value("Difference")
    assert alone.page.web_server.facts.value("Running for") == "2 h"


def test_an_operation_in_the_way_is_named_and_can_be_tried_again(
    alone: PageBench, service: StandInService, qtbot: QtBot
) -> None:
    answer_facts(service)
    busy = {"status": "in_progress", "lock": "update-lock", "retry_after_s": 10}
    service.answer("POST /unit_api/system/repair", 202, busy)
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "shown")
    dialog = do(alone, qtbot, alone.page.power.repair_button)
    assert "An update is under way." in dialog.trouble.text()
    assert "Try again in 10 s." in dialog.trouble.text()
    service.answer_task("/unit_api/system/repair", {"checked": 14, "repaired": ["storage"], "problems": []})
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(lambda: dialog.result_words.text(), "done")
    assert dialog.result_words.text() == "14 things checked, mended: storage."
    dialog.reject()


def test_a_restore_can_be_given_up_while_the_archive_is_sent(
    alone: PageBench, service: StandInService, tmp_path: Path, qtbot: QtBot
) -> None:
    answer_facts(service)
    alone.follow()
    (tmp_path / "backup.zip").write_bytes(b"x" * 3_000_000)
    service.hang("/unit_api/import")
    alone.page.archive.restore(tmp_path / "backup.zip")
    dialog = alone.dialog(RestoreDialog)
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    alone.until(dialog.progress.cancel_button.isVisible, "it is being sent")
    qtbot.mouseClick(dialog.progress.cancel_button, Qt.MouseButton.LeftButton)
    alone.until(lambda: "Nothing was changed." in dialog.trouble.text(), "told")
    assert dialog.act_button.isEnabled()
    service.wake_up()
    dialog.reject()


def test_without_a_service_nothing_but_the_choice_of_a_board_is_offered(
    alone: PageBench, service: StandInService, driver: LoopDriver
) -> None:
    assert not alone.page.place.has_content
    answer_facts(service)
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "shown")
    driver.run(service.stop())
    alone.until(lambda: not alone.unit.service.is_live, "lost")
    assert alone.page.board.choose_button.isEnabled()
    for card in (alone.page.storage, alone.page.clock, alone.page.software, alone.page.web_server, alone.page.power):
        assert not any(button.isEnabled() for button in card.findChildren(QPushButton) if button.isVisible())
    assert alone.page.board.state.word == "Not known"


def test_a_link_that_lost_frames_says_so_in_words(alone: PageBench, service: StandInService) -> None:
    answer_facts(service)
    service.snapshot = snapshot(board=snapshot()["board"] | {"frames_lost": 3, "commands_repeated": 2})
    alone.follow()
    alone.until(lambda: alone.page.place.has_content, "shown")
    assert alone.page.link.facts.value("Frames lost") == "3"
    assert alone.page.link.state.word == "Mended"


def test_a_file_that_cannot_be_read_is_told(driver: LoopDriver, service: StandInService, tmp_path: Path) -> None:
    bench = PageBench(driver, service.url, SystemPage)

    async def send() -> Any:
        return await file_transfer.send(bench.client, "/x", "archive", tmp_path / "none.zip", lambda done, whole: None)

    with pytest.raises(FileTroubleError, match=r"none\.zip cannot be read"):
        driver.run(asyncio.wait_for(send(), 5))
    bench.close()


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(0, "0 B"), (999, "999 B"), (1440, "1.44 kB"), (999_700, "1 MB"), (5e10, "50 GB")]
)
def test_sizes_are_said_with_three_digits(size_bytes: float, words: str) -> None:
    assert size_words(size_bytes) == words


def test_unknown_facts_are_no_words() -> None:
    assert space_words(None) == ("", "")
    assert up_words("listening on x") == ""


def test_how_the_unit_stands_with_a_broker_is_said_in_words() -> None:
    state = {"state": "refused", "broker": "lab:1883", "detail": "Wrong password.", "remedy": "Correct it."}
    assert mqtt_words(state) == ("Refused by lab:1883", "Wrong password. Correct it.", "warn")
    assert mqtt_words({**state, "state": "connected", "detail": "", "remedy": ""}) == ("Connected to lab:1883", "", "")
    assert mqtt_words(None) == ("", "", "")
