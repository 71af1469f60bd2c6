"""Changes the unit makes to its own record: while the record cannot be written, they wait instead of being lost.

A disk that is full, or another program that holds the file, is over some time; the self-test is not done again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TypeVar

from core.traceability.book import Change, UnreadableRecordError
from core.traceability.record import UnitRecord

_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class WaitingChanges:
    """Writes changes in the unit's own name, each as soon as it can be."""

    def __init__(self, record: UnitRecord) -> None:
        self._record = record
        self._ending = asyncio.Event()
        self._is_told = False

    async def write(self, change: Callable[[Change], _T]) -> _T:
        """Change the record, however often that takes; `change` is called anew each time.

        Raises:
            UnreadableRecordError: it could not be written before the service's end.
        """
        wait_s = _FIRST_WAIT_S
        while True:
            is_last = self._ending.is_set()
            try:
                result = await self._record.change(await self._record.owner(), change)
            except UnreadableRecordError as error:
                if is_last:
                    raise
                self._tell(error)
            else:
                self._is_told = False
                return result
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._ending.wait()
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def end(self) -> None:
        """Have what waits be tried once more, and then given up."""
        self._ending.set()

    def _tell(self, error: UnreadableRecordError) -> None:
        if not self._is_told:
            _log.warning("%s %s What the unit wrote itself waits. %s", error.error, error.cause, error.remedy)
        self._is_told = True
