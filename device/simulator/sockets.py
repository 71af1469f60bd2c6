"""Where other programs plug into a simulated board: a TCP port, or a pseudo terminal that looks like a serial port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from device.simulator.board import SimulatedBoard

_MAX_UNSENT_BYTES = 65_536
_READ_BYTES = 4096


class TcpSocket:
    """Listens on this computer's loopback; one host at a time. Unplugged, it refuses connections.

    Args:
        port: 0 for any free one.
        announce: told the address whenever it begins to listen.
    """

    def __init__(self, board: SimulatedBoard, port: int, announce: Callable[[str], None]) -> None:
        self._board = board
        self._announce = announce
        self._port = port
        self._server: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None

    async def open(self) -> str:
        """Listen; return the address as `socket://127.0.0.1:PORT`. OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _TcpHost(self._board), "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        address = f"socket://127.0.0.1:{self._port}"
        self._announce(address)
        return address

    def unplug(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def replug(self) -> None:
        """Listen again on the same port."""
        self._opening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError as error:
            self._announce(f"no address any more: {error.strerror}")

    def close(self) -> None:
        """Give the port back."""
        self.unplug()
        if self._opening is not None:
            self._opening.cancel()


class _TcpHost(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport) or self._board.host is not None:
            transport.close()
            return
        self._transport = transport
        self._board.attach(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._board.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._board.detach(self)

    def write(self, data: bytes) -> None:
        if self._transport is not None and self._transport.get_write_buffer_size() < _MAX_UNSENT_BYTES:
            self._transport.write(data)

    def close(self, reason: str) -> None:
        if self._transport is not None:
            self._transport.abort()


class PtySocket:
    """A pseudo terminal behind a name that stays the same: a symbolic link. Unplugged, link and terminal are gone.

    Args:
        path: the link's; in a new temporary folder when left out.
        announce: told the link's path and the terminal's whenever there is a new one.
    """

    def __init__(self, board: SimulatedBoard, path: Path | None, announce: Callable[[str], None]) -> None:
        self._board = board
        self._announce = announce
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if path is None:
            self._folder = tempfile.TemporaryDirectory(prefix="vialdesk-")
            path = Path(self._folder.name, "board")
        self._path = path
        self._ends: tuple[int, int] | None = None

    def open(self) -> str:
        """Make the terminal; return the link's path. OSError where there are no pseudo terminals."""
        try:
            import tty  # not on Windows
        except ImportError as error:
            raise OSError("This system has no pseudo terminals; use --tcp.") from error
        # The board's own copy of the far end stays open, so that hosts may come and go.
        near, far = self._ends = os.openpty()
        tty.setraw(far)
        os.set_blocking(near, False)
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(os.ttyname(far))
        asyncio.get_running_loop().add_reader(near, self._readable, near)
        self._board.attach(self)
        self._announce(f"{self._path} ({os.ttyname(far)})")
        return str(self._path)

    def unplug(self) -> None:
        """Hang up: a host that has it open gets an error, as from a USB port that vanishes."""
        if self._ends is None:
            return
        near, far = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(near)
        self._path.unlink(missing_ok=True)
        os.close(far)
        os.close(near)

    def replug(self) -> None:
        """Make a new terminal behind the same link."""
        self.open()

    def write(self, data: bytes) -> None:
        """Send to the host; dropped when nobody reads."""
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ends[0], data)

    def close(self, reason: str = "") -> None:
        """Hang up."""
        self.unplug()

    def remove(self) -> None:
        """Leave nothing behind on the disk."""
        self.unplug()
        if self._folder is not None:
            self._folder.cleanup()

    def _readable(self, near: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._board.receive(os.read(near, _READ_BYTES))
