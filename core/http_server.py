"""The HTTP server in the service's own loop: uvicorn, without its signals, its polling and its plain-text errors."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import socket
from collections.abc import Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.errors import BadRequestError

_KEEP_ALIVE_S = 75.0
_LAST_ANSWERS_S = 2
_SEND_BUFFER_BYTES = 128 * 1024
_BACKLOG = 128
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - nothing listens by it
# A large upload goes on as long as this much of it comes each time a silent connection would be closed.
_PROGRESS_BYTES = 1024 * 1024
# What a request may send before its body, and after the body's end, without getting anywhere.
MOST_HEAD_BYTES = 65536
# A system gives a process 1024 files as a rule, and an upload needs two. Where they run out, asyncio tries to accept
# again so often that the loop stands still for seconds, longer than outputs' leases.
MOST_CONNECTIONS = 256


class PortTakenError(Exception):
    """Another program listens there."""


class AddressError(Exception):
    """The host cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free one.

    Raises:
        PortTakenError: another program listens there.
        AddressError: the host is not one of this computer's, or the port needs more rights.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
        # The protocol must be named: asyncio switches Nagle's algorithm off only for sockets that say they are TCP.
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressError(f"{host} is no address of this computer ({error}).") from error
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it: a client that does not read is noticed before megabytes lie in the system.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if isinstance(error, PermissionError):
            raise AddressError(f"Port {port} needs more rights than this user has.") from error
        if error.errno in (98, 48, 10048, 10013):
            raise PortTakenError(f"Port {port} of {host} is taken by another program.") from error
        raise AddressError(f"{host} cannot be listened on ({error}).") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """Return where a socket listens as host:port, in the form of a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reachable(address: str) -> str:
    """Return where this computer reaches a server at host:port: one that listens everywhere is at home on loopback."""
    host, _, port = address.rpartition(":")
    return f"{_EVERYWHERE.get(host, host)}:{port}"


class _Protocol(HttpToolsProtocol):
    """One connection: tells its requests how to cut it, and answers what is no HTTP in our form.

    A request whose head has no end, or that has not come as a whole when a silent connection would be closed, ends the
    connection: whoever hangs, or means harm, costs neither memory nor sockets.
    """

    _bytes_without_progress = 0
    _body_bytes = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; close what is more than this service can serve."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._has_request()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take part of a request; give up on a head that has grown too large."""
        self._await_request()
        self._bytes_without_progress += len(data)
        super().data_received(data)
        if self._bytes_without_progress > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"Its head has more than {MOST_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["cut_connection"] = self.transport.abort  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Hand the request over; its body may follow."""
        self._bytes_without_progress = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand over part of the body; one that keeps coming may take as long as it needs."""
        self._bytes_without_progress = 0
        self._body_bytes += len(body)
        if self._body_bytes >= _PROGRESS_BYTES:
            self._body_bytes = 0
            self._has_request()
            self._await_request()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._bytes_without_progress = 0
        self._has_request()
        super().on_message_complete()

    def _await_request(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self.timeout_keep_alive, self.transport.abort)

    def _has_request(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no HTTP request."""
        remedy = "Send HTTP/1.1 to this port."
        body = json.dumps(BadRequestError("This is not an HTTP request.", msg, remedy).body()).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n"
            f"cache-control: no-store\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """Serves until told to end, waking for nothing but requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.end = asyncio.Event()
        self.is_up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the service."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leave signals to whoever runs the service."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the sockets and say so."""
        await super().startup(sockets)
        self.is_up.set()

    async def main_loop(self) -> None:
        """Wait for the end, where the original looks ten times a second whether it has come."""
        await self.end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, let answers under way finish for a while, then cut what is left."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        connections = self.server_state.connections
        for connection in tuple(connections):
            connection.shutdown()
        await self._wait_for_answers()
        for connection in tuple(connections):
            connection.transport.abort()
        await self._wait_for_answers()
        for task in tuple(self.server_state.tasks):
            task.cancel()

    async def _wait_for_answers(self) -> None:
        if tasks := tuple(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=self.config.timeout_graceful_shutdown)


class HttpServer:
    """Answers requests on a socket by an application, as long as it is started.

    Args:
        speed: how much faster than the wall clock the loop runs; connections are kept by the wall clock.
    """

    def __init__(self, app: ASGIApp, speed: float = 1.0) -> None:
        pace = speed if math.isfinite(speed) else 1.0
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=math.ceil(_KEEP_ALIVE_S * pace),
            timeout_graceful_shutdown=math.ceil(_LAST_ANSWERS_S * pace),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to answer on a listening socket."""
        self._task = asyncio.get_running_loop().create_task(self._server.serve([listener]), name="http server")
        await self._server.is_up.wait()

    async def stop(self) -> None:
        """Answer what is under way, for at most two seconds, then close every connection."""
        self._server.end.set()
        if self._task is not None:
            await self._task
