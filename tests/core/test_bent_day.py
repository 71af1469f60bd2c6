"""Long experiments in bent time: the same seed gives the same records bit for bit, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from bent_service import EPOCH_UTC_S, bent, bent_service, misbehave, started

HOURS = 2


def _live(
    folder: Path, hours: float, trouble: dict[float, str] | None = None, seed: int = 1
) -> list[tuple[str, float, float]]:
    """Stir and read OD for `hours`; return every stored reading as (series, UTC, value)."""

    async def run() -> None:
        async with bent_service(folder, f"simulated:?seed={seed}") as (service, _):
            loop = asyncio.get_running_loop()
            for second, command in (trouble or {}).items():
                loop.call_at(second, misbehave, service, command)
            await started(service, "stirring")
            await started(service, "od_reading")
            await asyncio.sleep(3600 * hours)

    bent(run())
    with sqlite3.connect(folder / "storage" / "vialdesk.sqlite") as records:
        query = "SELECT series, utc_s, value FROM readings JOIN series USING (series_id) ORDER BY utc_s, series"
        return records.execute(query).fetchall()


def test_the_same_seed_lives_the_same_hours_bit_for_bit(tmp_path: Path) -> None:
    first = _live(tmp_path / "first", HOURS)
    assert first == _live(tmp_path / "second", HOURS)
    od = [(utc_s, value) for series, utc_s, value in first if series == "od2"]
    assert len(od) == HOURS * 720
    assert od[0][0] > EPOCH_UTC_S
    assert od[-1][1] > 1.3 * od[0][1], "the culture grows"


def test_another_seed_lives_other_hours(tmp_path: Path) -> None:
    assert _live(tmp_path / "one", 0.05) != _live(tmp_path / "two", 0.05, seed=2)


def test_troubled_hours_repeat_too_and_lose_only_what_was_not_measured(tmp_path: Path) -> None:
    trouble = {100.0: "stall", 400.0: "unplug 60", 800.0: "reboot", 1000.0: "drop 0.05", 1500.0: "heal"}
    first = _live(tmp_path / "first", 0.5, trouble)
    assert first == _live(tmp_path / "second", 0.5, trouble)
    times = [utc_s for series, utc_s, _ in first if series == "od2"]
    assert times == sorted(set(times))
    assert len(times) >= 360 - 40
