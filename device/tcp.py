"""A transport over TCP: for simulated boards, boards behind a serial server, and computers without pseudo terminals."""

from __future__ import annotations

import asyncio
import os
import socket

from device.transport import ConnectError, Receiver, Transport

# Name lookup and connection together; a computer that is off answers nothing at all.
CONNECT_TIMEOUT_S = 5.0


async def open_tcp(host: str, port: int, receiver: Receiver) -> Transport:
    """Connect to `host:port`; raise ConnectError."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, protocol = await loop.create_connection(lambda: _TcpTransport(receiver), host, port)
    except TimeoutError as error:
        raise ConnectError(f"{host}:{port} does not answer", "Check the address and the network.") from error
    except socket.gaierror as error:
        raise ConnectError(f"the name {host!r} is not known", "Check the address.") from error
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number else str(error)
        raise ConnectError(
            f"no board listens at {host}:{port} ({reason})", "Start the board or the program that serves it."
        ) from error
    return protocol


class _TcpTransport(asyncio.Protocol):
    """One connection: asyncio's protocol on one side, our transport on the other."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._transport: asyncio.Transport | None = None
        self._closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send small frames at once: Nagle's algorithm would hold each back for the answer to the one before."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells the type checker what asyncio promises
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Hand bytes on."""
        if not self._closed:
            self._receiver.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the other side is gone."""
        if not self._closed:
            self._closed = True
            reason = f"the connection broke ({exc})" if exc else "the other end closed the connection"
            self._receiver.connection_lost(reason)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._transport is not None and not self._closed:
            self._transport.write(data)

    def close(self) -> None:
        """Let go of the socket at once: what has not left yet is not wanted any more."""
        self._closed = True
        if self._transport is not None:
            self._transport.abort()
