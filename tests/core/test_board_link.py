"""What the link tells of a board: latched faults and their clearing, a bad line, and what it says in the log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bent_service import Told, bent, bent_service, misbehave, until
from running_services import Served

from core.bus import BoardChanged
from core.service import Service


def _faults(service: Service) -> list[str]:
    return list(service.board_link.describe()["faults"])


async def _overheat_and_cool(service: Service) -> None:
    misbehave(service, "overheat 90")
    await until(lambda: bool(_faults(service)))
    misbehave(service, "heal")
    await asyncio.sleep(3600)  # bent: it cools down


def test_a_latched_fault_stays_until_it_is_cleared(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            await _overheat_and_cool(service)
            assert _faults(service) == ["heater cut-off"]
            await service.board_link.clear_faults()
            assert _faults(service) == []

    bent(told())


def test_a_fault_whose_cause_is_still_there_comes_back_at_once(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "sensor-missing")
            await until(lambda: bool(_faults(service)))
            await service.board_link.clear_faults()
            assert _faults(service) == ["thermometer missing"]

    bent(told())


async def test_faults_are_not_cleared_without_a_board(served: Served) -> None:
    answer = await served.http.post("/unit_api/board/clear_faults")
    assert answer.status_code == 503
    assert "No board is connected" in answer.json()["error"]


@pytest.mark.parametrize("fault", ["drop 0.4", "corrupt 0.4", "truncate 0.4"])
def test_a_bad_line_is_a_warning_and_its_recovery_is_told(tmp_path: Path, fault: str) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, told):
            misbehave(service, fault)
            await until(lambda: service.board_link.describe()["state"] == "degraded", 600)
            assert "The link to the board is bad" in told.log("WARNING")
            assert _remedy(told)
            misbehave(service, "heal")
            await until(lambda: service.board_link.describe()["state"] == "connected", 600)

    bent(told())


def _remedy(told: Told) -> bool:
    return "cable" in told.log("WARNING").lower()


def test_a_fault_is_told_as_soon_as_the_board_reports_it(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            heard: list[tuple[float, list[str]]] = []
            begin_s = service.clock.monotonic_s()
            service.bus.listen(
                BoardChanged, lambda event: heard.append((service.clock.monotonic_s() - begin_s, event.board["faults"]))
            )
            misbehave(service, "sensor-missing")
            await asyncio.sleep(30)
            assert next(after_s for after_s, faults in heard if faults) < 3

    bent(told())


def test_what_a_new_board_first_reports_is_told_at_once(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            heard: list[tuple[float, float]] = []
            begin_s = service.clock.monotonic_s()

            def hear(event: BoardChanged) -> None:
                if event.board["supply_v"] is not None:
                    heard.append((service.clock.monotonic_s() - begin_s, event.board["supply_v"]))

            service.bus.listen(BoardChanged, hear)
            await service.board_link.open(service.board_link.url)
            await asyncio.sleep(30)
            after_s, supply_v = heard[0]
            assert after_s < 3
            assert supply_v == pytest.approx(5, abs=0.5)

    bent(told())
