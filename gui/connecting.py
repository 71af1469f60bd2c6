"""How the window's HTTP client connects: a request that is given up meanwhile leaves no connection open.

The library loses a connection when its request is cancelled between the connection's beginning and the moment the
request hears of it. So a connection once begun is awaited and then closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpcore

# In all a person does not notice it; in steps, because a loop that was held up has not looked at its sockets yet.
_WAITS, _WAITED_FOR_S = 4, 0.5


class WholeConnections(httpcore.AsyncNetworkBackend):
    """Makes connections that are either handed over or closed; `end` it after its client."""

    def __init__(self) -> None:
        self._made_by = httpcore.AnyIOBackend()
        self._given_up: set[asyncio.Task[None]] = set()
        self._made: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(self, *where: Any, **how: Any) -> httpcore.AsyncNetworkStream:
        """Connect as the library does; cancelled, what was begun is closed as soon as it is made."""
        loop = asyncio.get_running_loop()
        connecting = loop.create_task(self._made_by.connect_tcp(*where, **how))
        try:
            made = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            closing = loop.create_task(_close_when_made(connecting))
            self._given_up.add(closing)
            closing.add_done_callback(self._given_up.discard)
            raise
        self._made = [*filter(_is_open, self._made), made]
        return made

    async def end(self) -> None:
        """Close what is still open; of what was given up, that which does not come about is not waited for.

        The library forgets connections when a request is cancelled that was about to clear them away.
        """
        for stream in filter(_is_open, self._made):
            await stream.aclose()
        self._made = []
        for _ in range(_WAITS):
            if self._given_up:
                await asyncio.wait(self._given_up, timeout=_WAITED_FOR_S)
        for closing in tuple(self._given_up):
            closing.cancel()

    async def connect_unix_socket(self, *where: Any, **how: Any) -> httpcore.AsyncNetworkStream:
        """Connect as the library does."""
        return await self._made_by.connect_unix_socket(*where, **how)

    async def sleep(self, seconds: float) -> None:
        """Sleep as the library does."""
        await self._made_by.sleep(seconds)


def _is_open(stream: httpcore.AsyncNetworkStream) -> bool:
    return bool(stream.get_extra_info("socket").fileno() != -1)


async def _close_when_made(connecting: asyncio.Task[httpcore.AsyncNetworkStream]) -> None:
    with contextlib.suppress(Exception):
        await (await connecting).aclose()
