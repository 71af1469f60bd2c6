"""Where the service answers: a listening socket that stays open while one instance follows another.

Between two instances nobody answers, but the system keeps taking connections, which the next instance then serves: the
address never goes to another program. Restarting the web server alone really closes the socket and opens it again.
"""

from __future__ import annotations

import asyncio
import logging
import socket

from starlette.types import ASGIApp

from core.http_server import AddressError, HttpServer, PortTakenError, address_of, listen

_log = logging.getLogger(__name__)

_TRY_AGAIN_S = 0.2


class WebServer:
    """The listener of a service.

    Args:
        speed: how much faster than the wall clock the loop runs.

    Attributes:
        port: where it listens.
    """

    def __init__(self, listener: socket.socket, speed: float = 1.0) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self._speed = speed
        self._server: HttpServer | None = None
        self._app: ASGIApp | None = None
        self._changing = asyncio.Lock()

    @property
    def address(self) -> str:
        """Where it listens, such as 127.0.0.1:4999."""
        return address_of(self._listener)

    async def answer_by(self, app: ASGIApp) -> None:
        """Begin to answer requests by an application."""
        async with self._changing:
            self._app = app
            await self._start(app)

    async def pause(self) -> None:
        """Let answers under way finish, close every connection, and answer no more; connections wait from now on."""
        self._app = None
        async with self._changing:
            await self._stop()

    async def restart(self) -> None:
        """Close the listener with all its connections, open it at the same address, and answer again.

        Whatever takes the port in between is waited for.
        """
        async with self._changing:
            host, port = self._listener.getsockname()[:2]
            await self._stop()
            self._listener.close()
            self._listener = await self._listen_again(host, port)
            if self._app is not None:
                await self._start(self._app)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    async def _start(self, app: ASGIApp) -> None:
        self._server = HttpServer(app, self._speed)
        # The server closes what it is given when it stops.
        await self._server.start(self._listener.dup())

    async def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def _listen_again(self, host: str, port: int) -> socket.socket:
        has_complained = False
        while True:
            try:
                return listen(host, port)
            except (PortTakenError, AddressError) as error:
                if self._app is None:  # told to pause meanwhile
                    raise
                if not has_complained:
                    _log.error("The web server cannot listen again yet: %s It is tried until it can.", error)
                    has_complained = True
            await asyncio.sleep(_TRY_AGAIN_S)
