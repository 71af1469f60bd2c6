"""A transport inside one process: two ends, each handing its bytes to the other on the next turn of the event loop.

There is no thread and no file descriptor, so the order of events does not depend on the computer's speed.
"""

from __future__ import annotations

import asyncio

from device.transport import Receiver


class MemoryEnd:
    """One end of the pipe: the transport of the receiver that holds it. Use `connect_in_memory`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receiver: Receiver) -> None:
        self._loop = loop
        self._receiver = receiver
        self._other: MemoryEnd | None = None

    def join(self, other: MemoryEnd) -> None:
        """Make `other` the far end of this one."""
        self._other = other

    def write(self, data: bytes) -> None:
        """Hand bytes to the far end's receiver; dropped when the pipe is closed."""
        if self._other is not None:
            self._loop.call_soon(self._other.deliver, data)

    def close(self, reason: str = "the other end closed the connection") -> None:
        """Close both ends; the far end's receiver learns `reason` after the bytes already written."""
        other, self._other = self._other, None
        if other is not None:
            self._loop.call_soon(other.lose, reason)

    def deliver(self, data: bytes) -> None:
        """Take bytes from the far end."""
        if self._other is not None:
            self._receiver.data_received(data)

    def lose(self, reason: str) -> None:
        """Learn that the far end was closed."""
        if self._other is not None:
            self._other = None
            self._receiver.connection_lost(reason)


def connect_in_memory(left: Receiver, right: Receiver) -> tuple[MemoryEnd, MemoryEnd]:
    """Return the transport `left` writes to and the one `right` writes to; call it in the running event loop."""
    loop = asyncio.get_running_loop()
    left_end, right_end = MemoryEnd(loop, left), MemoryEnd(loop, right)
    left_end.join(right_end)
    right_end.join(left_end)
    return left_end, right_end
