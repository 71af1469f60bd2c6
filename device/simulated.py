"""The simulated board's entry: the one module outside the simulator that imports it, and only when it is asked for."""

from __future__ import annotations

from device.memory_pipe import MemoryEnd, connect_in_memory
from device.simulator.board import SimulatedBoard
from device.simulator.reactor import Setup
from device.transport import ConnectError, Receiver, Transport

__all__ = ["Setup", "SimulatedBoard", "connect"]


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
        raise ConnectError("The simulated board is unplugged.", "Tell it to replug.")
    if board.host is not None:
        raise ConnectError("The simulated board is in use.", "Disconnect the other program first.", refused=True)
    host = _Host(board)
    near, host.end = connect_in_memory(receiver, host)
    board.attach(host)
    return near
