"""A day of stirring and optical density in bent time, and the same day again."""

from __future__ import annotations

import asyncio
import hashlib
import math
import sqlite3
import tempfile
import time
from pathlib import Path

from core.bent_loop import BentLoop
from core.jobs.runner import StartRequest
from core.service import ServiceOptions, running_service
from tests.bench.figures import Figure

DAY_S = 24 * 3600.0
EPOCH_UTC_S = 1_900_000_000.0


def measure() -> list[Figure]:
    """Return the wall-clock time of a day, and how many of its readings differ in a second one."""
    began = time.perf_counter()
    first = _day()
    took_s = time.perf_counter() - began
    second = _day()
    readings = len(first)
    differing = sum(one != other for one, other in zip(first, second, strict=True))
    print(f"  {readings} readings, SHA-256 {hashlib.sha256(repr(first).encode()).hexdigest()[:16]}")
    return [
        Figure("24 h of stirring and optical density", took_s, "s", 60),
        Figure("readings that differ in a second day, same seed", differing, "", 0.5),
    ]


def _day() -> list[tuple[str, float, float]]:
    """Live a day from midnight to midnight; return (series, UTC, value) of every stored reading."""
    with tempfile.TemporaryDirectory(prefix="vialdesk-day-") as folder:
        with asyncio.Runner(loop_factory=_bent_loop) as runner:
            runner.run(_live(Path(folder)))
        with sqlite3.connect(Path(folder, "storage", "vialdesk.sqlite")) as records:
            return records.execute(
                "select series, utc_s, value from readings join series using (series_id) order by utc_s, series"
            ).fetchall()


def _bent_loop() -> asyncio.AbstractEventLoop:
    return BentLoop(math.inf)


async def _live(folder: Path) -> None:
    options = ServiceOptions(folder, board_url="simulated:", seed=7, speed=math.inf, epoch_utc_s=EPOCH_UTC_S)
    async with running_service(options) as service:
        board = service.board_link.current
        assert board is not None
        await board.wait_until_usable(timeout_s=10)
        for name in ("stirring", "od_reading"):
            service.jobs.start(StartRequest(name))
        await asyncio.sleep(DAY_S)
