"""The wire: one command to a board behind a pty and its reply."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time

from device.board import Board
from device.discovery import create_board
from tests.bench.figures import Figure, quantile

ROUND_TRIPS = 1000


def measure() -> list[Figure]:
    """Return the round trip of a command through a pty to a simulated board in another process."""
    command = [sys.executable, "-m", "gui.main", "simulate-board", "--pty"]
    board = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert board.stdout is not None
        port = re.search(r"/\S+", board.stdout.readline())
        assert port, "the simulated board did not say where it is"
        samples = asyncio.run(_round_trips(create_board(port.group(), utc_s=time.time)))
    finally:
        board.terminate()
        board.wait()
    return [
        Figure("command round trip over a pty, median", quantile(samples, 0.5), "ms", 2),
        Figure("command round trip over a pty, p99", quantile(samples, 0.99), "ms"),
    ]


async def _round_trips(board: Board) -> list[float]:
    await board.open()
    try:
        await board.wait_until_usable(timeout_s=10)
        samples = []
        for _ in range(ROUND_TRIPS):
            begin = time.perf_counter()
            await board.read_supply_v()
            samples.append((time.perf_counter() - begin) * 1e3)
        return samples
    finally:
        await board.close()
