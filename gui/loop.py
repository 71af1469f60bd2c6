"""The window's event loop: asyncio on Qt's loop, with two habits of plain asyncio that qasync leaves out."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

import qasync
from PySide6.QtCore import Qt


class WindowLoop(qasync.QEventLoop):  # type: ignore[misc]
    """qasync's loop with timers that never fire early, and with async generators that are finished.

    WORKAROUND: qasync 0.28 starts coarse Qt timers, up to 5 % early, and overrides `run_forever` without installing the
    async-generator hooks, so that the `finally` of an event stream left halfway would not run.
    """

    def __init__(self, application: object, *, already_running: bool = False) -> None:
        super().__init__(application, already_running=already_running)
        start_timer = self._timer.startTimer
        self._timer.startTimer = lambda delay_ms: start_timer(delay_ms, Qt.TimerType.PreciseTimer)
        self._generators: weakref.WeakSet[AsyncGenerator[Any, Any]] = weakref.WeakSet()

    def run_forever(self) -> Any:
        """Run until `stop`, finishing async generators that nobody holds any more."""
        with self.finishing_generators():
            return super().run_forever()

    @contextmanager
    def finishing_generators(self) -> Iterator[None]:
        """Finish async generators that nobody holds any more, within this context."""
        before = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=self._generators.add, finalizer=self._finish)
        try:
            yield
        finally:
            sys.set_asyncgen_hooks(*before)

    async def shutdown_asyncgens(self) -> None:
        """Finish every async generator that was started in this loop and has not ended."""
        left = list(self._generators)
        self._generators.clear()
        await asyncio.gather(*(generator.aclose() for generator in left), return_exceptions=True)

    def _finish(self, generator: AsyncGenerator[Any, Any]) -> None:
        self._generators.discard(generator)
        if not self.is_closed():
            self.call_soon_threadsafe(self.create_task, generator.aclose())
