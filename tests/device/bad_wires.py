"""A board of the firmware's own session that counts what it executes, and wires that lose, repeat, cut and delay."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from device.firmware import messages
from device.firmware.frames import FrameReader
from device.firmware.session import Session
from device.memory_pipe import connect_in_memory
from device.transport import Receiver, Transport


class CountingBoard:
    """The firmware's session with a command table that only remembers: `executed` lists the payloads in order."""

    def __init__(self) -> None:
        self.executed: list[bytes] = []
        self.answers: dict[int, bytes] = {messages.PING: struct.pack("<Q", 1_000_000)}
        self.refuse: dict[int, tuple[int, str]] = {}
        self.transport: Transport | None = None
        self.silent = False
        self.restart()

    def restart(self) -> None:
        """Start anew, as after a reset: no session."""
        self._reader = FrameReader()
        self.session = Session(random.getrandbits(32), self._execute, self._send)

    def data_received(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            if not self.silent:
                self.session.take(*frame)

    def connection_lost(self, reason: str) -> None:
        self.transport = None

    def _execute(self, payload: bytes) -> bytes:
        self.executed.append(payload)
        identity = payload[0]
        if identity in self.refuse:
            status, text = self.refuse[identity]
            return bytes((identity, status)) + text.encode()
        return bytes((identity, messages.OK)) + self.answers.get(identity, b"")

    def _send(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    async def connect(self, receiver: Receiver) -> Transport:
        """A connector to this board."""
        host, self.transport = connect_in_memory(receiver, self)
        return host


@dataclass
class Mischief:
    """What a wire does to each write: probabilities, and a delay in seconds."""

    seed: int
    lose: float = 0.0
    repeat: float = 0.0
    cut: float = 0.0
    corrupt: float = 0.0
    delay_s: float = 0.0
    one_byte: bool = False
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def pieces(self, data: bytes) -> list[bytes]:
        """What arrives of a write."""
        if self.rng.random() < self.lose:
            return []
        if self.rng.random() < self.cut:
            data = data[: self.rng.randrange(len(data))]
        if data and self.rng.random() < self.corrupt:
            place = self.rng.randrange(len(data))
            data = data[:place] + bytes((data[place] ^ (1 << self.rng.randrange(8)),)) + data[place + 1 :]
        whole = data * 2 if self.rng.random() < self.repeat else data
        return [whole[i : i + 1] for i in range(len(whole))] if self.one_byte else [whole]


class BadWire:
    """A transport that mistreats what is written to it."""

    def __init__(self, transport: Transport, mischief: Mischief) -> None:
        self._transport, self._mischief = transport, mischief

    def write(self, data: bytes) -> None:
        pieces = self._mischief.pieces(data)
        if self._mischief.delay_s:
            asyncio.get_running_loop().call_later(self._mischief.delay_s, self._deliver, pieces)
        else:
            self._deliver(pieces)

    def _deliver(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._transport.write(piece)

    def close(self) -> None:
        self._transport.close()


def badly_wired(
    board: CountingBoard, to_board: Mischief, to_host: Mischief
) -> Callable[[Receiver], asyncio.Future[Transport]]:
    """A connector to `board` over a wire that mistreats both directions."""

    async def connect(receiver: Receiver) -> Transport:
        host, board_end = connect_in_memory(receiver, board)
        board.transport = BadWire(board_end, to_host)
        return BadWire(host, to_board)

    return connect  # type: ignore[return-value]
