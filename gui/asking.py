"""Asking the service for what a page shows: never twice at once, and once more when something changes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from PySide6.QtCore import QObject

from gui import background


class Asking:
    """Asks whenever it is told to.

    Args:
        ask: asks the service and shows the answer.
        owner: what shows it; when it is destroyed nothing is asked any more.
        on_error: receives what the service refused.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], owner: QObject, on_error: background.OnError) -> None:
        self._ask = ask
        self._owner = owner
        self._on_error = on_error
        self._task: asyncio.Task[Any] | None = None
        self._is_wanted = False

    def again(self) -> None:
        """Ask now, or as soon as what is being asked has been answered."""
        self._is_wanted = True
        if self._task is None or self._task.done():
            self._task = background.run(self._run(), self._owner, self._on_error)

    async def _run(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            await self._ask()
