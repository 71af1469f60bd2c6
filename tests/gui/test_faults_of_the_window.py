"""What goes wrong in the window itself is logged, told and kept; a hard crash is shown at the next start."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loop_driver import LoopDriver
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui import background
from gui.crash import Problems
from gui.problems_dialog import ProblemsDialog
from gui.service_client import ServiceRefusedError, ServiceTroubleError
from gui.toast import Toaster, toaster_for


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    widget.resize(800, 600)
    qtbot.addWidget(widget)
    Toaster(widget)
    widget.show()
    return widget


@pytest.fixture
def installed(tmp_path: Path, qtbot: QtBot) -> Iterator[Problems]:
    del qtbot
    before = sys.excepthook
    handlers = list(logging.getLogger().handlers)
    problems = Problems(tmp_path)
    problems.install()
    yield problems
    problems.uninstall()
    assert sys.excepthook is before
    assert logging.getLogger().handlers == handlers


def test_an_exception_nobody_caught_is_kept_told_and_logged(installed: Problems, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(installed.found):
        try:
            raise ValueError("bad number")
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    assert installed.kept[0].headline == "ValueError: bad number"
    assert "test_faults_of_the_window" in installed.kept[0].report
    assert "bad number" in (tmp_path / "window.log").read_text(encoding="utf-8")


def test_a_fault_in_a_callback_of_the_loop_is_kept(installed: Problems, driver: LoopDriver) -> None:
    driver.loop.set_exception_handler(installed.on_loop_exception)
    driver.loop.call_soon(lambda: 1 / 0)
    driver.turn()
    assert installed.kept[0].headline == "ZeroDivisionError: division by zero"


def test_a_hard_crash_is_shown_at_the_next_start(tmp_path: Path, qtbot: QtBot) -> None:
    del qtbot
    program = (
        "import faulthandler, pathlib, sys; from gui.crash import Problems;"
        "Problems(pathlib.Path(sys.argv[1])).install(); faulthandler._sigabrt()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, capture_output=True)
    problems = Problems(tmp_path)
    problems.install()
    problems.uninstall()
    assert problems.kept[0].headline == "The window ended unexpectedly the last time"
    assert "Fatal Python error: Aborted" in problems.kept[0].report


def test_a_run_that_ended_well_leaves_nothing_to_show(tmp_path: Path, qtbot: QtBot) -> None:
    del qtbot
    for _ in range(2):
        problems = Problems(tmp_path)
        problems.install()
        problems.uninstall()
        assert problems.kept == []


def test_the_problems_dialog_lists_searches_and_copies(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    problems = Problems(tmp_path)
    problems.add("first", "report one")
    dialog = ProblemsDialog(problems, parent)
    dialog.show()
    problems.add("second", "report two")
    assert dialog.list.count() == 2
    assert dialog.report.toPlainText() == "report two"
    qtbot.keyClicks(dialog.search, "ONE")
    assert dialog.list.count() == 1
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "report one"


def test_trouble_in_the_background_becomes_a_toast(driver: LoopDriver, window: QWidget) -> None:
    async def refuse() -> None:
        raise ServiceRefusedError("Not now.", "It is busy.", "Wait.", 409)

    child = QWidget(window)
    background.run(refuse(), child)
    driver.until(lambda: not background.under_way(), "it ended")
    toaster = toaster_for(child)
    assert toaster is not None
    assert [toast.accessibleName() for toast in toaster.toasts()] == ["Not now. It is busy. Wait."]


def test_who_asks_can_handle_trouble_itself(driver: LoopDriver, window: QWidget) -> None:
    told: list[ServiceTroubleError] = []

    async def refuse() -> None:
        raise ServiceTroubleError("No.")

    background.run(refuse(), window, told.append)
    driver.until(lambda: told, "told")
    assert not window.findChildren(Toaster)[0].toasts()


def test_a_task_ends_with_its_owner(driver: LoopDriver) -> None:
    owner = QObject()
    task = background.run(asyncio.sleep(1000), owner)
    driver.turn()
    owner.deleteLater()
    driver.until(task.cancelled, "cancelled")
    assert not background.under_way()


def test_the_same_message_is_shown_once_and_not_too_many_at_a_time(driver: LoopDriver, window: QWidget) -> None:
    toaster = window.findChildren(Toaster)[0]
    for _ in range(3):
        toaster.show("Same", "words")
    driver.turn()
    assert len(toaster.toasts()) == 1
    for number in range(5):
        toaster.show(f"Message {number}")
    driver.turn()
    assert [toast.accessibleName() for toast in toaster.toasts()] == ["Message 2", "Message 3", "Message 4"]


def test_toasts_stay_inside_the_window_when_it_shrinks(driver: LoopDriver, window: QWidget) -> None:
    toast = window.findChildren(Toaster)[0].show("Headline", "detail", "alarm", stays=True)
    window.resize(640, 480)
    driver.turn()
    assert window.rect().contains(toast.geometry())
