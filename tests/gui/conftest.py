"""A window on a real service for every test: qasync loop, fresh settings, and nothing may be left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from loop_driver import LoopDriver
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget
from real_service import RealService, running_service
from shown_window import Shown
from stand_in_service import StandInService

from gui import background, theme
from gui.garbage import GarbageCollection
from gui.loop import WindowLoop


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own settings."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("VIALDESK_SETTINGS_DIR", str(folder))
    for name in ("VIALDESK_THEME", "VIALDESK_PAGE", "VIALDESK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def window_loop(qapp: QApplication) -> Iterator[WindowLoop]:
    """One loop for all tests: qasync stops a loop by telling Qt to quit, after which no event loop can be entered."""
    loop = WindowLoop(qapp, already_running=True)
    asyncio.events._set_running_loop(None)
    yield loop
    loop.stop()
    loop.close()


@pytest.fixture
def driver(window_loop: WindowLoop) -> Iterator[LoopDriver]:
    """The window's loop; a task that is left over fails the test."""
    loop = window_loop
    asyncio.events._set_running_loop(loop)
    failures: list[str] = []
    loop.set_exception_handler(lambda _, context: failures.append(str(context)))
    driver = LoopDriver(loop)
    with loop.finishing_generators():
        yield driver
        _delete_later_now()
        driver.turn()
        left = [task for task in asyncio.all_tasks(loop) if not task.done()]
        for task in left:
            task.cancel()
        driver.run(asyncio.wait(left) if left else asyncio.sleep(0))
        driver.run(loop.shutdown_asyncgens())
    asyncio.events._set_running_loop(None)
    assert not left, f"Tasks left running; cancel them when their owner goes: {left}"
    assert not failures, f"Faults in the loop: {failures}"
    assert not background.under_way()


@pytest.fixture(scope="session", autouse=True)
def garbage_of_this_thread(qapp: QApplication) -> GarbageCollection:
    """Collect garbage as the program does: never in a thread of the background."""
    return GarbageCollection(qapp)


@pytest.fixture(autouse=True)
def no_widget_left(qapp: QApplication) -> Iterator[None]:
    """A top-level widget that outlives its test fails it."""
    theme.current()
    before = set(map(id, QApplication.topLevelWidgets()))
    yield
    _delete_later_now()
    left = _left_open(before)
    if left:
        del left
        gc.collect()
        left = _left_open(before)
    assert not left, f"Widgets left open; usual culprits: a lambda or partial that holds self, a missing owner: {left}"


def _left_open(before: set[int]) -> list[QWidget]:
    return [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in before and shiboken6.isValid(widget) and widget.parent() is None
    ]


@pytest.fixture
def service(driver: LoopDriver) -> Iterator[StandInService]:
    """A service on a real socket that answers what the test orders."""
    stand_in = StandInService()
    driver.run(stand_in.start())
    yield stand_in
    driver.run(stand_in.stop())


@pytest.fixture
def service_not_started(driver: LoopDriver) -> Iterator[StandInService]:
    """A service whose port is not open yet."""
    stand_in = StandInService()
    yield stand_in
    driver.run(stand_in.stop())


@pytest.fixture
def shown(driver: LoopDriver, service_not_started: StandInService, tmp_path: Path) -> Iterator[Shown]:
    """A whole window; `shown.start()` brings its service up."""
    whole = Shown(driver, service_not_started, tmp_path / "problems")
    whole.window.show()
    yield whole
    whole.close()


@pytest.fixture(scope="module")
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """One for the tests of a file: they may change its data folder, and restart it."""
    with running_service(tmp_path_factory.mktemp("data")) as service:
        yield service


def _delete_later_now() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Qt's offscreen platform complains of every window with a least size; no display server does."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True))
