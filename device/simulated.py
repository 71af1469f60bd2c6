"""The simulated board's entry: the one module outside the simulator that imports it, and only when it is asked for.

In this process: `SimulatedBoard(Setup(seed=3))` and `connect`. For other programs: `serve`, which is
`vialdesk simulate-board`.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from device.memory_pipe import MemoryEnd, connect_in_memory
from device.simulator.board import SimulatedBoard
from device.simulator.reactor import Setup
from device.simulator.sockets import PtySocket, TcpSocket
from device.transport import ConnectError, Receiver, Transport

__all__ = ["Setup", "SimulatedBoard", "connect", "serve"]


class _Host:
    """A host in this process, at the other end of an in-memory pipe."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self.end: MemoryEnd | None = None

    def data_received(self, data: bytes) -> None:
        self._board.receive(data)

    def connection_lost(self, reason: str) -> None:
        self._board.detach(self)

    def write(self, data: bytes) -> None:
        if self.end is not None:
            self.end.write(data)

    def close(self, reason: str) -> None:
        if self.end is not None:
            self.end.close(reason)


async def connect(board: SimulatedBoard, receiver: Receiver) -> Transport:
    """Connect a host in this process; raise ConnectError while unplugged or when another host is connected."""
    if not board.plugged:
        raise ConnectError("the simulated board is unplugged", "Tell it to replug.")
    if board.host is not None:
        raise ConnectError("the simulated board is in use", "Disconnect the other program first.", refused=True)
    host = _Host(board)
    near, host.end = connect_in_memory(receiver, host)
    board.attach(host)
    return near


async def serve(setup: Setup, *, tcp_port: int | None = None, pty_path: Path | None = None) -> None:
    """Run a simulated board for other programs until cancelled; obey commands from standard input.

    Args:
        setup: what is in the vial and around it.
        tcp_port: listen on loopback at this port, 0 for any; a pseudo terminal when left out.
        pty_path: the pseudo terminal's name, in a temporary folder when left out.

    Printed are where to connect ("Simulated board at ...", again whenever it is plugged in anew) and an answer to each
    command. OSError when the port is taken.
    """
    board = SimulatedBoard(setup)
    if tcp_port is None:
        pty = PtySocket(board, pty_path, _announce)
        board.offer(pty)
        pty.open()
        leave = pty.remove
    else:
        tcp = TcpSocket(board, tcp_port, _announce)
        board.offer(tcp)
        await tcp.open()
        leave = tcp.close
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read_commands, args=(loop, board), daemon=True).start()
    try:
        await loop.create_future()
    finally:
        board.close()
        leave()


def _announce(address: str) -> None:
    print(f"Simulated board at {address}", flush=True)


def _read_commands(loop: asyncio.AbstractEventLoop, board: SimulatedBoard) -> None:
    """Hand each line of standard input to the loop; the end of input ends nothing but this."""
    for line in sys.stdin:
        if line.strip() and not loop.is_closed():
            loop.call_soon_threadsafe(_obey, board, line)


def _obey(board: SimulatedBoard, line: str) -> None:
    try:
        print(board.misbehave(line), flush=True)
    except ValueError as error:
        print(f"No: {error}", flush=True)
