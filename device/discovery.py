"""Finds boards and makes a `Board` of an address; the only other door, beside `device.board`, for the service."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from device.board import Board, BoardError
from device.recording import Recorder
from device.serial_port import open_serial_port, permission_remedy
from device.tcp import open_tcp
from device.transport import Connector
from device.wired_board import WiredBoard

if TYPE_CHECKING:
    from device import simulated

# USB vendor of the Raspberry Pi Pico (github.com/raspberrypi/usb-pid); product 0005 is MicroPython's serial port.
PICO_VENDOR = 0x2E8A

_ADDRESSES = "Use a serial port (/dev/ttyACM0, COM3), socket://HOST:PORT, replay:FILE or simulated:"


@dataclass(frozen=True)
class FoundBoard:
    """Something plugged in that may be a board.

    Attributes:
        url: what `create_board` takes.
        description: what the system calls it.
        is_pico: it is a Raspberry Pi Pico, the reference board.
        problem: why it cannot be used now, None when it can.
        remedy: what the user can do about the problem.
    """

    url: str
    description: str
    serial_number: str | None = None
    is_pico: bool = False
    problem: str | None = None
    remedy: str | None = None


def find_boards() -> list[FoundBoard]:
    """Return the USB serial ports, Picos first; opens none of them. Takes some milliseconds: call it in a thread."""
    ports = [port for port in list_ports.comports() if port.vid is not None]
    ports.sort(key=lambda port: (port.vid != PICO_VENDOR, port.device))
    return [_found(port) for port in ports]


def _found(port: ListPortInfo) -> FoundBoard:
    problem = remedy = None
    if os.name == "posix" and not os.access(port.device, os.R_OK | os.W_OK):
        problem, remedy = f"no permission to use {port.device}", permission_remedy()
    return FoundBoard(
        url=port.device,
        description=port.product or port.description or port.device,
        serial_number=port.serial_number,
        is_pico=port.vid == PICO_VENDOR,
        problem=problem,
        remedy=remedy,
    )


def create_board(url: str, *, utc_s: Callable[[], float], record_to: Path | None = None, seed: int = 1) -> Board:
    """Return the board at `url`, not opened yet; call it in the running event loop.

    Args:
        url: "/dev/ttyACM0", "COM3", "socket://host:port", "replay:FILE", "simulated:" or, to set up the simulation,
            "simulated:?seed=3&inoculum_od=0.1".
        utc_s: UTC now, seconds since 1970.
        record_to: a file to record everything on the wire to; a number is added to its name when it is there already.
        seed: of the simulated board, where the url says none.

    Raises:
        BoardError: the url cannot be meant, or the files it or `record_to` name cannot be used.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "simulated":
        return _simulated_board(url, rest, utc_s, record_to, seed)
    if scheme == "replay":
        return _replayed_board(url, Path(rest), utc_s, record_to)
    return _board(url, _connector(url), utc_s, record_to)


def _connector(url: str) -> Connector:
    """Return what opens the transport a url names."""
    if url.startswith("socket://"):
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if not host or not port:
            raise BoardError(f"{url!r} is not the address of a board", "Use socket://HOST:PORT.")
        return partial(open_tcp, host, port)
    if not url or "://" in url:
        raise BoardError(f"{url!r} is not the address of a board", _ADDRESSES + ".")
    return partial(open_serial_port, url)


def _board(url: str, connector: Connector, utc_s: Callable[[], float], record_to: Path | None) -> WiredBoard:
    connector, closed = _recorded(url, connector, utc_s, record_to)
    return WiredBoard(url, connector, utc_s=utc_s, when_closed=closed)


def _recorded(
    url: str, connector: Connector, utc_s: Callable[[], float], record_to: Path | None
) -> tuple[Connector, Callable[[], Awaitable[None]] | None]:
    """Return the connector that records too, and what ends the recording."""
    if record_to is None:
        return connector, None
    try:
        recorder = Recorder(record_to, url, utc_s)
    except OSError as error:
        raise BoardError(f"cannot record to {record_to}: {error.strerror}", "Choose another file.") from error
    return recorder.connector(connector), recorder.close


def _replayed_board(url: str, path: Path, utc_s: Callable[[], float], record_to: Path | None) -> Board:
    from device.replay import Replay

    return _board(url, Replay.load(path).connect, utc_s, record_to)


def _simulated_board(url: str, rest: str, utc_s: Callable[[], float], record_to: Path | None, seed: int) -> Board:
    from device import simulated

    board = simulated.SimulatedBoard(_setup(url, rest, seed))
    connector, end_recording = _recorded(url, partial(simulated.connect, board), utc_s, record_to)

    async def closed() -> None:
        board.close()
        if end_recording is not None:
            await end_recording()

    return WiredBoard(url, connector, utc_s=utc_s, simulation=board, when_closed=closed)


def _setup(url: str, rest: str, seed: int) -> simulated.Setup:
    """Return the simulation's set-up: numbers after the question mark, such as `?seed=3&room_celsius=22`."""
    from device.simulated import Setup

    kinds = {entry.name: type(entry.default) for entry in fields(Setup) if isinstance(entry.default, int | float)}
    known = ", ".join(kinds)
    values: dict[str, Any] = {"seed": seed}
    for name, text in parse_qsl(rest.removeprefix("?"), keep_blank_values=True):
        if name not in kinds:
            raise BoardError(f"{url!r} sets {name!r}, which the simulation does not have", f"Use {known}.")
        try:
            values[name] = kinds[name](text)
        except ValueError as error:
            raise BoardError(f"{url!r} sets {name} to {text!r}, which is not a number", f"Use {known}.") from error
    if rest and not rest.startswith("?"):
        raise BoardError(f"{url!r} is not the address of a board", _ADDRESSES + ".")
    return Setup(**values)


async def serve_simulated_board(
    *, tcp_port: int | None = None, pty_path: Path | None = None, setup: str = "", seed: int = 1
) -> None:
    """Run a simulated board for other programs until cancelled: `vialdesk simulate-board`.

    Prints where it listens; obeys lines on standard input ("unplug 5", "state", ...) and prints what it did.

    Args:
        tcp_port: listen on loopback at this port, 0 for any free one; a pseudo terminal when left out.
        pty_path: what the pseudo terminal is to be called, in a temporary folder when left out.
        setup: set-up of the simulation as after the question mark in `simulated:?seed=3`.
        seed: of the simulation, where `setup` says none.

    Raises:
        BoardError: `setup` cannot be meant.
        OSError: the port is taken, or pseudo terminals do not exist on this system.
    """
    from device.simulated import serve

    rest = f"?{setup}" if setup else ""
    await serve(_setup(f"simulated:{rest}", rest, seed), tcp_port=tcp_port, pty_path=pty_path)
