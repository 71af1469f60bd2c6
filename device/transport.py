"""The byte stream between host and board, whatever carries it: serial port, TCP socket or memory.

A transport is opened by a connector, a coroutine function that takes the receiver of its bytes. From then on the
receiver is called in the event loop, never from another thread. Nothing here blocks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Receiver(Protocol):
    """Takes what a transport brings."""

    def data_received(self, data: bytes) -> None:
        """Take bytes in the order they came, cut anywhere."""

    def connection_lost(self, reason: str) -> None:
        """Learn, once, that no more bytes can come; not called after the receiver's own side called `close`."""


class Transport(Protocol):
    """An open byte stream."""

    def write(self, data: bytes) -> None:
        """Send bytes; returns at once, and drops them when the stream is closed."""

    def close(self) -> None:
        """Let go of the port or socket; calling again does nothing."""


class ConnectError(Exception):
    """A transport could not be opened.

    Attributes:
        remedy: what the user can do about it.
        refused: True when something is there that may not be used (permission, in use), False when nothing is there.
    """

    def __init__(self, what: str, remedy: str = "", *, refused: bool = False) -> None:
        super().__init__(what)
        self.remedy = remedy
        self.refused = refused


Connector = Callable[[Receiver], Awaitable[Transport]]
"""Opens a transport that calls the given receiver, or raises ConnectError."""
