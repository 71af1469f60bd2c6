"""A window on a real service for every test: qasync loop, fresh settings, and nothing may be left behind."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication, QWidget
from stand_in_service import StandInService

from gui import background, theme
from gui.attachment import Attachment
from gui.crash import Problems
from gui.garbage import GarbageCollection
from gui.loop import WindowLoop
from gui.main_window import MainWindow
from gui.service_host import KnownAddress
from gui.settings import SettingsStore

# How long anything that should happen may take on a slow computer, in seconds.
PATIENCE_S = 10.0


class LoopDriver:
    """Runs the window's loop from a plain test function.

    The loop counts as running all the time, as it does in the program whenever Qt handles an event; pytest-qt handles
    events between the phases of a test too.
    """

    def __init__(self, loop: WindowLoop) -> None:
        self.loop = loop
        self._is_running = False

    def _complete(self, coroutine: Any) -> Any:
        if self._is_running:
            coroutine.close()
            raise RuntimeError("A condition that is waited for must not run the loop itself: that never ends.")
        task = self.loop.create_task(coroutine)
        handling = QEventLoop()
        task.add_done_callback(lambda _: handling.quit())
        self._is_running = True
        try:
            handling.exec()
        finally:
            self._is_running = False
        return task.result()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine to its end and return its result."""
        return self._complete(asyncio.wait_for(coroutine, PATIENCE_S))

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Run the loop until the condition holds; fail with what it was after a while."""

        async def wait() -> None:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():  # noqa: ASYNC110 - whatever a test waits for need not be an event
                    await asyncio.sleep(0.005)

        try:
            self._complete(wait())
        except TimeoutError:
            pytest.fail(f"This did not come true within {PATIENCE_S:g} s: {what or condition}")

    def turn(self, times: int = 20) -> None:
        """Let everything that is due now happen."""

        async def turn() -> None:
            for _ in range(times):
                await asyncio.sleep(0)

        self._complete(turn())


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


class OwnHost:
    """The window's own service: starts and stops the stand-in as the child process would be."""

    def __init__(self, service: StandInService) -> None:
        self.service = service
        self.is_ours = False
        self.started: list[tuple[str, str]] = []
        self.board_url = ""
        self.when_window_dies = ""
        self.left_running = False
        self.finds_running = False
        self.failure: Exception | None = None
        self.ended: Callable[[str], None] = print
        self.back: Callable[[Any], None] = print

    async def start(self, board_url: str, when_window_dies: str) -> KnownAddress:
        if self.failure is not None:
            raise self.failure
        self.started.append((board_url, when_window_dies))
        await self.service.start()
        self.is_ours = not self.finds_running
        return KnownAddress(self.service.url, self.finds_running)

    def watch(self, ended: Callable[[str], None], back: Callable[[Any], None]) -> None:
        self.ended, self.back = ended, back

    def choose(self, when_window_dies: str) -> None:
        self.when_window_dies = when_window_dies

    def use_board(self, board_url: str) -> None:
        self.board_url = board_url

    async def restart(self) -> KnownAddress:
        await self.service.stop()
        return await self.start("restarted", "keep")

    async def stop(self) -> None:
        await self.service.stop()
        self.is_ours = False

    async def leave_running(self) -> None:
        self.left_running = True


class Shown:
    """A window on a service, with everything behind it."""

    def __init__(self, driver: LoopDriver, service: StandInService, folder: Path) -> None:
        self.driver = driver
        self.service = service
        self.host = OwnHost(service)
        self.settings = SettingsStore()
        if not self.settings.values.source_kind:
            self.settings.override(source_kind="simulated")
        self.problems = Problems(folder)
        self.attachment = Attachment(lambda: self.host, self.settings)
        self.unit = self.attachment.unit
        self.window = MainWindow(self.attachment, self.settings, self.problems)

    def start(self) -> None:
        """Bring the service up and wait until the window is live."""
        self.driver.run(self.attachment.start())
        self.until_live()

    def until_live(self) -> None:
        self.driver.until(lambda: self.unit.service.is_live and self.service.streams == 1, "the window is live")

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        self.driver.until(condition, what)

    def send(self, name: str, **data: Any) -> None:
        self.service.send(name, **data)

    def toasts(self) -> list[str]:
        return [toast.accessibleName() for toast in self.window.toaster.toasts()]

    def close(self) -> None:
        self.driver.run(self.attachment.leave(stop=True))
        self.window.close_for_good()
        self.window.deleteLater()
        self.attachment.deleteLater()
        self.problems.deleteLater()


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


@dataclass(frozen=True)
class RealService:
    """The real service as a process on a simulated board: its address and its data folder."""

    url: str
    data: Path


@contextmanager
def running_service(data: Path) -> Iterator[RealService]:
    command = [sys.executable, "-m", "core.cli", "serve", "--simulate", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield RealService(process.stdout.readline().strip(), data)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def real_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One for all tests that leave it as it was; yields its address."""
    with running_service(tmp_path_factory.mktemp("data")) as service:
        yield service.url


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
