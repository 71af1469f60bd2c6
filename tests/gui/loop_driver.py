"""Runs the window's loop from a plain test function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop

from gui.loop import WindowLoop

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
