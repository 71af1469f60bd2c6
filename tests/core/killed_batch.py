"""A batch culture in bent time in a process that kills itself: `python killed_batch.py FOLDER HOURS`.

Every reading told is appended to FOLDER.told with the moment it was told at; the reactor's state at the end is the
last line.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from bent_service import bent, bent_service, started, truth

from core.bus import ReadingTaken


async def _live(folder: Path, hours: float) -> None:
    note = os.open(f"{folder}.told", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write(event: ReadingTaken) -> None:
        told = [time.monotonic(), event.series, event.utc_s, event.value]
        os.write(note, json.dumps(told).encode() + b"\n")

    async with bent_service(folder, "simulated:?inoculum_od=0.05&room_celsius=30") as (service, _):
        service.bus.listen(ReadingTaken, write)
        await started(service, "stirring")
        await started(service, "od_reading", interval=20)
        await started(service, "growth_rate_calculating")
        await asyncio.sleep(3600 * hours)
        os.write(note, json.dumps([time.monotonic(), truth(service)]).encode())
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    bent(_live(Path(sys.argv[1]), float(sys.argv[2])), within_s=1e6)
