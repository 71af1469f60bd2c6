"""The service's look at a profile's text, asked for whenever typing pauses."""

from __future__ import annotations

import asyncio
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui import background
from gui.profiles.profile import PROFILES, Check, read_check
from gui.service_client import ServiceClient


class Checking(QObject):
    """Has texts looked at; of several asked for in a row only the newest counts.

    Signals:
        checked: `check` is that of another text.

    Attributes:
        check: what the service found; of a text that has not been looked at, nothing.
        text: the text it was found in, None when there is no such text.
    """

    checked = Signal()

    def __init__(self, client: ServiceClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._looking: asyncio.Task[Any] | None = None
        self.check = Check()
        self.text: str | None = None

    def begin(self, text: str) -> None:
        """Have a text looked at."""
        if self._looking is not None:
            self._looking.cancel()
        self._looking = background.run(self._look(text), self, lambda _: None)

    def forget(self) -> None:
        """Know nothing: another text is open."""
        self.check, self.text = Check(), None

    async def _look(self, text: str) -> None:
        answer = await self._client.post(f"{PROFILES}/validate", {"text": text})
        self.check, self.text = read_check(answer), text
        self.checked.emit()
