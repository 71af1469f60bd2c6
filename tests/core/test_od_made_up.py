"""OD readings that are made up: without a board, and told to be so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bent_service import bent, bent_service, ended, started, truth
from calibration_data import estimator, od

from core.bus import GapMarked


def _values(folder: Path) -> list[float]:
    async def run() -> list[float]:
        async with bent_service(folder, board=None) as (service, told):
            job = await started(service, "od_reading", fake_data=True)
            await asyncio.sleep(2 * 3600)
            assert job.settings["$state"] == "ready"
            assert "made up" in told.log("WARNING")
            return [reading.value for reading in told.readings("od2")]

    return list(bent(run()))


def test_a_culture_that_does_not_exist_grows_without_a_board(tmp_path: Path) -> None:
    values = _values(tmp_path / "one")
    assert len(values) == 1440
    assert 1.5 < values[-1] / values[0] < 3.0
    assert values == _values(tmp_path / "two")


def test_calibrations_and_the_estimator_hold_for_it_too(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, board=None) as (service, _):
            await service.calibrations.save("od90", od(), set_active=True)
            await service.estimators.save("od_fused", estimator(min_logc=-2.0), set_active=True)
            job = await started(service, "od_reading", fake_data=True)
            await asyncio.sleep(11)
            assert 0.04 < job.settings["calibrated_od2"]["od"] < 0.06
            assert 0.05 < job.settings["od_fused"]["od_fused"] < 0.15

    bent(run())


def test_no_light_is_lit_and_a_lost_board_is_nothing_to_it(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, told):
            await started(service, "od_reading", fake_data=True)
            lit = set()
            for _ in range(20):
                await asyncio.sleep(0.33)
                lit.add(truth(service)["led_a_percent"])
            assert lit == {0.0}
            service.board_link.simulation.misbehave("unplug 600")
            await asyncio.sleep(60)
            assert len(told.readings("od2")) == 14
            assert not [gap for gap in told.of(GapMarked) if gap.series == "od2"]

    bent(run())


def test_one_made_up_reading_is_a_snapshot(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, board=None) as (service, told):
            await ended(await started(service, "od_reading", fake_data=True, snapshot=True))
            assert len(told.readings("od2")) == 1

    bent(run())
