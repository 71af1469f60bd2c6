"""How the window's HTTP client connects: a request that is given up meanwhile leaves no connection open.

The library loses a connection when its request is cancelled between the connection's beginning and the moment the
request hears of it. So a connection once begun is awaited, for as long as a person does not notice, and then closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpcore

_WAITED_FOR_S = 1.0


class WholeConnections(httpcore.AsyncNetworkBackend):
    """Makes connections that are either handed over or closed."""

    def __init__(self) -> None:
        self._made_by = httpcore.AnyIOBackend()

    async def connect_tcp(self, *where: Any, **how: Any) -> httpcore.AsyncNetworkStream:
        """Connect as the library does; cancelled, close what was begun before the cancelling goes on."""
        connecting = asyncio.get_running_loop().create_task(self._made_by.connect_tcp(*where, **how))
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await asyncio.wait({connecting}, timeout=_WAITED_FOR_S)
            if not connecting.cancel():
                with contextlib.suppress(Exception):
                    await connecting.result().aclose()
            raise

    async def connect_unix_socket(self, *where: Any, **how: Any) -> httpcore.AsyncNetworkStream:
        """Connect as the library does."""
        return await self._made_by.connect_unix_socket(*where, **how)

    async def sleep(self, seconds: float) -> None:
        """Sleep as the library does."""
        await self._made_by.sleep(seconds)
