"""What every whole experiment must keep: no output on that has to be off, and no reading told that is not stored."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from bent_service import Told, misbehave, truth
from dosed_vial import PERCENTS

from core.bus import ReadingTaken
from core.service import Service
from device.board import BoardEvent, ConnectionChanged, LinkState

# Without a host: the leases of heater and pumps, and what the board needs to notice.
_HEATER_OFF_WITHIN_S, _PUMPS_OFF_WITHIN_S = 3.1, 5.1
_FULL_ML = 18.0
_HOTTEST_CELSIUS = 67.0


@contextlib.asynccontextmanager
async def guarded(service: Service) -> AsyncIterator[None]:
    """Watch the reactor itself until the block ends; AssertionError when something is unsafe."""
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(_watch_vial(service))]

    def hear(event: BoardEvent) -> None:
        if isinstance(event, ConnectionChanged) and event.connection.state is LinkState.LOST:
            tasks.append(asyncio.create_task(_watch_outputs(service, loop.time())))

    stop = service.board_link.listen(hear)
    try:
        yield
    finally:
        stop()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, AssertionError):
            raise end


async def _watch_vial(service: Service) -> None:
    while True:
        state = truth(service)
        assert state["volume_ml"] < _FULL_ML, state
        assert state["heater_celsius"] < _HOTTEST_CELSIUS, state
        await asyncio.sleep(10.0)


async def _watch_outputs(service: Service, lost_s: float) -> None:
    """Look at the outputs as long as the board is without a host."""
    while not (state := truth(service))["plugged"]:
        alone_s = asyncio.get_running_loop().time() - lost_s
        if alone_s > _HEATER_OFF_WITHIN_S:
            assert state["heater_percent"] == 0, (alone_s, state)
        if alone_s > _PUMPS_OFF_WITHIN_S:
            assert not any(state[name] for name in PERCENTS), (alone_s, state)
        await asyncio.sleep(0.5)


def at(hours: float, service: Service, *commands: str) -> None:
    """Have the board misbehave at this time since the loop began."""
    for command in commands:
        asyncio.get_running_loop().call_at(3600 * hours, misbehave, service, command)


def stored(folder: Path) -> dict[tuple[str, float], float]:
    """Return every stored reading by series and UTC."""
    with contextlib.closing(sqlite3.connect(folder / "storage" / "vialdesk.sqlite")) as records:
        query = "SELECT series, utc_s, value FROM readings JOIN series USING (series_id)"
        return {(series, utc_s): value for series, utc_s, value in records.execute(query)}


def assert_all_kept(folder: Path, told: Told) -> None:
    """Every reading told of is in the records, as it was told; the service has ended."""
    kept = stored(folder)
    readings = told.of(ReadingTaken)
    assert len(readings) > 100
    lost = [each for each in readings if kept.get((each.series, each.utc_s)) != each.value]
    assert not lost, lost[:5]
