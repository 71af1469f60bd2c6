"""A window on a real service for every test: qasync loop, fresh settings, and nothing may be left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from stand_in_service import StandInService

from gui import background, theme
from gui.loop import WindowLoop

# How long anything that should happen may take on a slow computer, in seconds.
PATIENCE_S = 15.0


class LoopDriver:
    """Runs the window's loop from a plain test function."""

    def __init__(self, loop: WindowLoop) -> None:
        self.loop = loop

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine to its end and return its result."""
        return self.loop.run_until_complete(asyncio.wait_for(coroutine, PATIENCE_S))

    def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Run the loop until the condition holds; fail with what it was after a while."""

        async def wait() -> None:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.005)

        try:
            self.loop.run_until_complete(wait())
        except TimeoutError:
            pytest.fail(f"This did not come true within {PATIENCE_S:g} s: {what or condition}")

    def turn(self, times: int = 20) -> None:
        """Let everything that is due now happen."""

        async def turn() -> None:
            for _ in range(times):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turn())


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's own settings."""
    folder = tmp_path / "settings"
    monkeypatch.setenv("VIALDESK_SETTINGS_DIR", str(folder))
    for name in ("VIALDESK_THEME", "VIALDESK_PAGE", "VIALDESK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def driver(qapp: QApplication) -> Iterator[LoopDriver]:
    """The window's loop; a task that is left over fails the test."""
    loop = WindowLoop(qapp)
    asyncio.set_event_loop(loop)
    failures: list[str] = []
    loop.set_exception_handler(lambda _, context: failures.append(str(context)))
    yield LoopDriver(loop)
    _delete_later_now()
    LoopDriver(loop).turn()
    left = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    asyncio.set_event_loop(None)
    assert not left, f"Tasks left running; cancel them when their owner goes: {left}"
    assert not failures, f"Faults in the loop: {failures}"
    assert not background.under_way()


@pytest.fixture(autouse=True)
def no_widget_left(qapp: QApplication) -> Iterator[None]:
    """A top-level widget that outlives its test fails it."""
    theme.current()
    before = set(map(id, QApplication.topLevelWidgets()))
    yield
    _delete_later_now()
    gc.collect()
    left = [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in before and shiboken6.isValid(widget) and widget.parent() is None
    ]
    assert not left, f"Widgets left open; usual culprits: a lambda or partial that holds self, a missing owner: {left}"


@pytest.fixture
def service(driver: LoopDriver) -> Iterator[StandInService]:
    """A service on a real socket that answers what the test orders."""
    stand_in = StandInService()
    driver.run(stand_in.start())
    yield stand_in
    driver.run(stand_in.stop())


def _delete_later_now() -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
