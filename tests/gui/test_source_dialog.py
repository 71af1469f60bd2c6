"""What to work with: boards found, a simulated one, or a service elsewhere; remembered."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from shown_window import Shown
from stand_in_service import StandInService, refusal, row, snapshot

from gui.attachment import Source
from gui.settings import SettingsStore
from gui.source_dialog import SourceDialog

BOARD = {
    "url": "/dev/ttyACM0",
    "description": "Raspberry Pi Pico",
    "serial_number": "E66",
    "problem": None,
    "remedy": None,
}
LOCKED = BOARD | {
    "url": "/dev/ttyACM1",
    "problem": "No permission to open it",
    "remedy": "Add yourself to the group dialout.",
}


def opened(shown: Shown, *, is_first: bool = False) -> SourceDialog:
    shown.window.choose_source(is_first=is_first)
    dialog = shown.window.findChild(SourceDialog)
    assert dialog is not None
    return dialog


def choose(dialog: SourceDialog, kind: str, url: str = "") -> None:
    for number in range(dialog.choices.count()):
        source: Source = dialog.choices.item(number).data(Qt.ItemDataRole.UserRole)
        if source.kind == kind and (not url or source.url == url):
            dialog.choices.setCurrentRow(number)
            return
    raise AssertionError(f"{kind} {url} is not offered")


def texts(dialog: SourceDialog) -> list[str]:
    return [dialog.choices.item(number).text().replace("\n", " | ") for number in range(dialog.choices.count())]


def answer_boards(service: StandInService, *boards: dict[str, Any]) -> None:
    service.answer("GET /unit_api/boards", 200, list(boards))


def test_boards_are_offered_first_then_simulated_then_elsewhere(shown: Shown) -> None:
    answer_boards(shown.service, BOARD, LOCKED)
    shown.start()
    dialog = opened(shown)
    shown.until(lambda: dialog.choices.count() == 4, "the boards are listed")
    assert texts(dialog)[0] == "Raspberry Pi Pico | /dev/ttyACM0 · E66"
    assert texts(dialog)[1] == "Raspberry Pi Pico | No permission to open it"
    choose(dialog, "board", "/dev/ttyACM1")
    assert dialog.explanation.text() == "Add yourself to the group dialout."


def test_a_board_plugged_in_later_appears_and_the_choice_stays(shown: Shown) -> None:
    shown.start()
    dialog = opened(shown)
    choose(dialog, "simulated")
    answer_boards(shown.service, BOARD)
    shown.until(lambda: dialog.choices.count() == 3, "the board appears")
    assert dialog.chosen.kind == "simulated"


def test_at_the_first_start_a_board_that_can_be_used_is_proposed(shown: Shown) -> None:
    shown.settings.override(source_kind="")
    answer_boards(shown.service, LOCKED, BOARD)
    shown.start()
    dialog = opened(shown, is_first=True)
    shown.until(lambda: dialog.choices.count() == 4, "the boards are listed")
    assert dialog.chosen == Source("board", "/dev/ttyACM0")


def test_a_chosen_board_is_used_and_remembered(shown: Shown, qtbot: QtBot) -> None:
    answer_boards(shown.service, BOARD)
    shown.service.answer("PATCH /unit_api/board", 200, {})
    shown.start()
    dialog = opened(shown)
    shown.until(lambda: dialog.choices.count() == 3, "the board is listed")
    choose(dialog, "board")
    with qtbot.waitSignal(dialog.accepted):
        qtbot.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    assert shown.service.asked("PATCH", "/unit_api/board") == [{"url": "/dev/ttyACM0"}]
    assert shown.host.board_url == "/dev/ttyACM0", "used too when the service must be started again"
    kept = SettingsStore().values
    assert (kept.source_kind, kept.source_url) == ("board", "/dev/ttyACM0")


def test_a_refused_choice_is_told_in_the_dialog_and_not_remembered(shown: Shown) -> None:
    refused = refusal(409, "The board is in use by stirring.", remedy="Stop these jobs first.")
    shown.service.answer("PATCH /unit_api/board", *refused)
    shown.start()
    dialog = opened(shown)
    choose(dialog, "simulated")
    dialog.use_button.click()
    shown.until(lambda: dialog.trouble.text(), "told")
    assert dialog.trouble.text() == "The board is in use by stirring. Stop these jobs first."
    assert dialog.isVisible()
    assert dialog.use_button.isEnabled()
    assert SettingsStore().values.source_kind == ""


def test_a_service_elsewhere_is_attached_to_and_the_own_one_left(shown: Shown, qtbot: QtBot) -> None:
    shown.service.snapshot = snapshot(jobs=[row(2, "stirring")])
    shown.start()
    elsewhere = StandInService()
    shown.driver.run(elsewhere.start())
    dialog = opened(shown)
    choose(dialog, "service")
    dialog.address.setText(elsewhere.url + "/")
    with qtbot.waitSignal(dialog.accepted):
        dialog.use_button.click()
    shown.until(lambda: elsewhere.streams == 1 and shown.unit.service.is_live, "attached")
    assert shown.unit.jobs == []
    assert shown.toasts() == [], "jobs of the other service have not ended"
    assert shown.host.left_running
    assert SettingsStore().values.source_url == elsewhere.url
    assert not shown.attachment.can_restart
    shown.driver.run(shown.attachment.leave(stop=True))
    shown.driver.run(elsewhere.stop())


@pytest.mark.parametrize(
    ("address", "token", "fault"),
    [
        ("unit7:4999", "", "http://"),
        ("http://192.168.1.20:4999", "", "token"),
        ("http://192.168.1.20:4999", "t", ""),
        ("http://127.0.0.1:4999", "", ""),
    ],
)
def test_a_bad_address_is_explained_before_it_is_tried(shown: Shown, address: str, token: str, fault: str) -> None:
    dialog = opened(shown)
    choose(dialog, "service")
    assert not dialog.use_button.isEnabled()
    dialog.token.setText(token)
    dialog.address.setText(address)
    assert dialog.use_button.isEnabled() is not bool(fault)
    assert fault in dialog.trouble.text()


def test_only_one_dialog_opens(shown: Shown) -> None:
    first = opened(shown)
    assert opened(shown) is first


def test_enter_on_cancel_changes_no_board(shown: Shown, qtbot: QtBot) -> None:
    shown.start()
    dialog = opened(shown)
    choose(dialog, "simulated")
    [cancel] = [each for each in dialog.findChildren(QPushButton) if each.text() == "Cancel"]
    cancel.setFocus()
    qtbot.keyClick(cancel, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert dialog.result() == SourceDialog.DialogCode.Rejected
