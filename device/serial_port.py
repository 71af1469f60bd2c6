"""A transport over a serial port (USB, UART, pseudo terminal), on Linux, macOS and Windows.

pyserial's calls block, so each open port has two threads of its own: one reads, one writes. Both end with the port,
however it ends. asyncio cannot watch a serial port on Windows, which is why the threads are used everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import platform
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

import serial

from device.transport import ConnectError, Receiver, Transport

_T = TypeVar("_T")

# USB boards ignore the rate; on a real UART the firmware is set to the same.
BAUD = 115_200
# A board that takes no bytes for this long has hung with its buffers full.
WRITE_TIMEOUT_S = 2.0
# A closed port ends the reading thread at once; should the wake-up be missed, after this.
READ_TIMEOUT_S = 1.0
_READ_AT_MOST = 65_536
_WINDOWS = os.name == "nt"


async def open_serial_port(path: str, receiver: Receiver) -> Transport:
    """Open the port; raise ConnectError that says which permission is missing or who else may use it."""
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open, path)
    try:
        port = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise
    return _SerialTransport(loop, port, receiver)


def _open(path: str) -> serial.Serial:
    """Open the port (blocks); raise ConnectError."""
    # Without exclusive use two programs would each steal half of the other's answers.
    exclusive = None if _WINDOWS else True  # Windows grants nothing else
    try:
        return serial.Serial(path, BAUD, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=exclusive)
    except (OSError, ValueError) as error:
        raise explain(path, error) from error


def _close_unwanted(opening: asyncio.Future[serial.Serial]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def explain(path: str, error: Exception) -> ConnectError:
    """Return what an error on opening `path` means to a user."""
    text, number = str(error), getattr(error, "errno", None)
    if _WINDOWS:
        if "PermissionError" in text:
            remedy = "Close the other program that uses this port, or unplug the board and plug it in again."
            return ConnectError(f"{path} is used by another program", remedy, refused=True)
        if "FileNotFoundError" in text:
            return ConnectError(f"there is no port {path}", "Plug the board in.")
    if number in (errno.EACCES, errno.EPERM):
        return ConnectError(f"no permission to use {path}", permission_remedy(), refused=True)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        remedy = "Close the other program that uses this port (a terminal, an editor for boards, another service)."
        return ConnectError(f"{path} is used by another program", remedy, refused=True)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO):
        return ConnectError(f"there is no port {path}", "Plug the board in, and check the cable.")
    return ConnectError(f"{path} cannot be opened: {text}", "Unplug the board and plug it in again.")


def permission_remedy() -> str:
    """Return what gives a user the right to use serial ports on this system."""
    if platform.system() != "Linux":
        return "Allow this program to use USB devices in the system's settings."
    return (
        "Install the udev rule that comes with this program, or add yourself to the group that owns the port "
        "(sudo usermod -aG dialout $USER; the group is uucp on Arch), then log out and in again."
    )


class _SerialTransport:
    """An open port with its two threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: serial.Serial, receiver: Receiver) -> None:
        self._loop, self._port, self._receiver = loop, port, receiver
        self._closing = False
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_all, name=f"write {port.port}", daemon=True)
        self._reader = threading.Thread(target=self._read_all, name=f"read {port.port}", daemon=True)
        self._writer.start()
        self._reader.start()

    # In the event loop

    def write(self, data: bytes) -> None:
        """Hand bytes to the writing thread."""
        if not self._closing:
            self._outgoing.put(data)

    def close(self) -> None:
        """Wake the threads; the reading one ends the writing one, then closes the port."""
        if self._closing:
            return
        self._closing = True
        with contextlib.suppress(OSError, TypeError):  # the port has just closed by itself: its pipes are gone
            self._port.cancel_read()
            self._port.cancel_write()

    def _received(self, data: bytes) -> None:
        if not self._closing:
            self._receiver.data_received(data)

    def _lost(self, reason: str) -> None:
        if not self._closing:
            self.close()
            self._receiver.connection_lost(reason)

    # In the threads

    def _read_all(self) -> None:
        try:
            while not self._closing:
                data = self._port.read(1)
                if data:
                    waiting = min(self._port.in_waiting, _READ_AT_MOST)
                    self._tell(self._received, data + self._port.read(waiting) if waiting else data)
        except (OSError, TypeError, AttributeError) as error:  # pyserial's own error is an OSError
            self._tell(self._lost, f"the board was unplugged ({error})")
        finally:
            self._outgoing.put(None)
            self._writer.join()
            self._port.close()

    def _write_all(self) -> None:
        try:
            while (data := self._outgoing.get()) is not None:
                self._port.write(data)
        except serial.SerialTimeoutException:
            self._tell(self._lost, "the board takes no more data")
        except (OSError, TypeError, AttributeError) as error:
            self._tell(self._lost, f"the board was unplugged ({error})")

    def _tell(self, what: Callable[[_T], None], argument: _T) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to tell
            self._loop.call_soon_threadsafe(what, argument)
