"""A wire that can be told to lose, damage, delay, double or cut what runs over it. One instance is one direction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np


class FaultyWire:
    """Delivers pieces of bytes in order, with faults.

    Args:
        deliver: takes what comes out at the far end.

    Attributes:
        drop, corrupt, duplicate, truncate: probability of each fault per piece, 0..1.
        delay_s: how long each piece is under way.
    """

    def __init__(self, rng: np.random.Generator, deliver: Callable[[bytes], None]) -> None:
        self._rng = rng
        self._deliver = deliver
        self._queue: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.heal()

    def heal(self) -> None:
        """Be a good wire again; what is under way still arrives late."""
        self.drop = self.corrupt = self.duplicate = self.truncate = 0.0
        self.delay_s = 0.0

    def clear(self) -> None:
        """Lose what is under way."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def push(self, piece: bytes) -> None:
        """Send one piece, a frame as a rule."""
        if not (self.drop or self.corrupt or self.truncate or self.duplicate):
            self._transmit(piece)
            return
        if self._happens(self.drop):
            return
        if self._happens(self.corrupt):
            piece = self._damaged(piece)
        if self._happens(self.truncate):
            piece = piece[: int(self._rng.integers(len(piece)))]
        if not piece:
            return
        for _ in range(2 if self._happens(self.duplicate) else 1):
            self._transmit(piece)

    def _happens(self, probability: float) -> bool:
        return probability > 0.0 and bool(self._rng.random() < probability)

    def _damaged(self, piece: bytes) -> bytes:
        position = int(self._rng.integers(len(piece)))
        damaged = bytearray(piece)
        damaged[position] ^= 1 << int(self._rng.integers(8))
        return bytes(damaged)

    def _transmit(self, piece: bytes) -> None:
        if not self._queue and self.delay_s == 0.0:
            self._deliver(piece)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + self.delay_s
        self._queue.append((due, piece))
        if self._timer is None:
            self._timer = loop.call_at(due, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._queue and self._queue[0][0] <= loop.time() + 1e-9:
            self._deliver(self._queue.popleft()[1])
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._arrive)
