"""Saying in the window what is in the vial."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shown_window import Shown
from stand_in_service import refusal, snapshot

from gui.vial_dialog import VIAL, VialDialog

_PATH = "/unit_api/bioreactor/experiments/exp%20one"


def opened(shown: Shown) -> VialDialog:
    shown.service.snapshot = snapshot(bioreactor={"current_volume_ml": 15.0}, reactor={"capacity_ml": 20.0})
    shown.service.answer(f"GET {VIAL}", 200, {"greatest_volume_ml": 17.5, "said_at": None, "doubt": "A pump was on."})
    shown.start()
    shown.window.actions_by_key["vial"].trigger()
    dialog = shown.window.findChild(VialDialog)
    assert dialog is not None
    shown.until(lambda: "17.50 ml" in dialog.count.text(), "the count is told")
    return dialog


def test_the_count_is_told_and_another_volume_set_by_the_keyboard(shown: Shown, qtbot: QtBot) -> None:
    dialog = opened(shown)
    assert "A pump was on." in dialog.count.text()
    assert (dialog.volume.value(), dialog.volume.maximum()) == (15, 20)
    shown.service.answer(f"PATCH {_PATH}", 200, {"status": "success"})
    qtbot.keyClicks(dialog.volume, "12,5")
    qtbot.keyClick(dialog.volume, Qt.Key.Key_Return)
    shown.until(lambda: shown.window.findChild(VialDialog) is None, "it is set")
    asked = [body for method, path, body in shown.service.requests if (method, path) == ("PATCH", _PATH)]
    assert asked == [{"values": {"current_volume_ml": 12.5}}]
    QApplication.processEvents()


def test_a_refusal_is_told_and_can_be_mended(shown: Shown, qtbot: QtBot) -> None:
    dialog = opened(shown)
    shown.service.answer(f"PATCH {_PATH}", *refusal(400, "That is too much.", remedy="Say less."))
    qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    shown.until(lambda: "Say less." in dialog.trouble.text(), "the refusal is told")
    assert dialog.act_button.isEnabled()
    dialog.reject()


def test_without_an_experiment_nothing_can_be_said(shown: Shown) -> None:
    shown.service.snapshot = snapshot(experiment=None)
    shown.start()
    assert not shown.window.actions_by_key["vial"].isEnabled()
