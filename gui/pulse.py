"""Whether the service still answers: a process that hangs keeps its connections open and says nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gui.service_client import ServiceClient, ServiceRefusedError, ServiceUnreachableError

HEALTH = "/unit_api/health"
# Together the longest time until a silent service is noticed, in seconds.
_ASK_EVERY_S = 2.0
_PATIENCE_S = 3.0


class Pulse:
    """Asks the service every few seconds whether it is there, until its task is cancelled.

    Args:
        client: asks.
        silent: called when neither an answer nor an event came in time.
        answered: called whenever it answered, whatever it said.
        ask_every_s: pause between an answer and the next question, in seconds.
        patience_s: how long an answer may take, in seconds.
    """

    def __init__(
        self,
        client: ServiceClient,
        silent: Callable[[], None],
        answered: Callable[[], None],
        ask_every_s: float = _ASK_EVERY_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._client = client
        self._silent = silent
        self._answered = answered
        self._ask_every_s = ask_every_s
        self._patience_s = patience_s
        self._heard = 0

    def hear(self) -> None:
        """Take an event as a sign of life."""
        self._heard += 1

    async def run(self) -> None:
        """Ask for ever."""
        while True:
            await asyncio.sleep(self._ask_every_s)
            await self._ask()

    async def _ask(self) -> None:
        heard_before = self._heard
        try:
            async with asyncio.timeout(self._patience_s):
                await self._client.get(HEALTH)
        except TimeoutError:
            if self._heard == heard_before:
                self._silent()
        except ServiceUnreachableError:
            return  # nothing is there: whoever reads the events notices by itself
        except ServiceRefusedError:
            self._answered()
        else:
            self._answered()
