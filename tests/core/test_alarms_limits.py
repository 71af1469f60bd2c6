"""What raises an alarm by a limit, and what does not, on a whole service in bent time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bent_service import bent, bent_service, ended, misbehave, started, until

from core.bus import AlarmChanged, JobChanged, ReadingTaken
from core.service import Service

_ROW = {"experiment": "exp", "is_running": 1, "started_at": "2031-02-03T04:05:06.789Z"}


def _read(service: Service, series: str, value: float, experiment: str = "exp") -> None:
    service.bus.publish(ReadingTaken(service.clock.utc_s(), experiment, series, value))


def _run(service: Service, job_name: str, state: str = "ready") -> None:
    """Tell that a job comes up, which a test reads for."""
    service.bus.publish(JobChanged({"job_id": 10**6, "job_name": job_name, "ended_at": None} | _ROW, state))


def _limit(service: Service, signal: str, **change: Any) -> None:
    service.alarm_limits.change({signal: change})


def _keys(service: Service) -> list[str]:
    return [item["key"] for item in service.alarms.items()]


def _one(service: Service) -> dict[str, Any]:
    [item] = service.alarms.items()
    return item


def test_a_spike_shorter_than_the_delay_raises_nothing(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "optical_density", high=2.0, delay_s=60.0, enabled=True)
            for value in (1.0, 5.0, 1.0, 5.0, 5.0, 1.0):
                _read(service, "od2", value)
                await asyncio.sleep(50)
            assert _keys(service) == []
            for value in (5.0, 5.0):
                _read(service, "od2", value)
                await asyncio.sleep(60)
            item = _one(service)
            assert item["message"] == "Optical density (od2) was 5 OD, above the limit of 2 OD."
            assert (item["value"], item["limit"], item["severity"]) == (5.0, 2.0, "warning")
            assert (item["experiment"], item["state"]) == ("exp", "active_unacknowledged")

    bent(told())


def test_it_is_over_only_when_the_value_has_come_back_by_the_hysteresis(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "temperature", high=40.0, delay_s=0.0)
            _read(service, "temperature", 40.1)
            for value in (39.9, 40.2, 39.8):
                _read(service, "temperature", value)
                assert (_one(service)["state"], _one(service)["times"]) == ("active_unacknowledged", 1)
            _read(service, "temperature", 39.4)
            assert _one(service)["state"] == "cleared_unacknowledged"

    bent(told())


def test_a_flapping_signal_is_counted_on_one_alarm(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "temperature", low=20.0, high=40.0, delay_s=0.0)
            for _ in range(100):
                _read(service, "temperature", 50.0)
                await asyncio.sleep(10)
                _read(service, "temperature", 30.0)
                await asyncio.sleep(10)
            item = _one(service)
            assert (item["times"], item["state"]) == (100, "cleared_unacknowledged")
            assert item["last_raised_at"] > item["raised_at"]
            rows = await service.records.read(lambda c: c.execute("SELECT times FROM alarms").fetchall())
            assert rows == [(100,)]
            _read(service, "temperature", 10.0)
            assert len(_keys(service)) == 2, "too cold is another thing than too hot"

    bent(told())


def test_an_acknowledged_alarm_that_comes_back_is_raised_anew(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "temperature", high=40.0, delay_s=0.0)
            _read(service, "temperature", 41.0)
            first = _one(service)["id"]
            service.alarms.acknowledge_all("me")
            assert _one(service)["state"] == "active_acknowledged"
            _read(service, "temperature", 42.0)
            assert (_one(service)["times"], _one(service)["value"]) == (1, 41.0)
            _read(service, "temperature", 30.0)
            assert _keys(service) == [], "over and seen"
            _read(service, "temperature", 41.0)
            assert _one(service)["id"] > first
            assert _one(service)["acknowledged_at"] is None

    bent(told())


def test_new_limits_hold_at_once_for_what_is_beyond_the_old(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "temperature", high=40.0, delay_s=0.0)
            _read(service, "temperature", 41.0)
            _limit(service, "temperature", high=40.5)
            assert _one(service)["state"] == "active_unacknowledged", "it is beyond the new one too"
            _limit(service, "temperature", high=45.0)
            assert _one(service)["state"] == "cleared_unacknowledged"
            _limit(service, "temperature", enabled=False)
            _read(service, "temperature", 90.0)
            assert _one(service)["times"] == 1

    bent(told())


def test_readings_of_a_calibration_raise_nothing(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "temperature", high=40.0, delay_s=0.0)
            _read(service, "temperature", 90.0, "_testing_exp")
            assert _keys(service) == []

    bent(told())


def test_a_bar_that_stands_still_is_told_and_a_paused_one_is_not(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            stirring = await started(service, "stirring", target_rpm=500.0)
            await asyncio.sleep(600)
            assert _keys(service) == [], "a motor that comes to its speed is no alarm"
            await service.jobs.change_settings("stirring", {"$state": "sleeping"})
            await asyncio.sleep(300)
            assert _keys(service) == []
            await service.jobs.change_settings("stirring", {"$state": "ready"})
            misbehave(service, "stall jammed")
            await until(lambda: bool(_keys(service)), 300)
            assert _one(service)["message"] == "Stirring speed was 500 RPM below its target; 100 RPM are allowed."
            stirring.end()
            await ended(stirring)
            assert _one(service)["state"] == "cleared_unacknowledged", "nobody measures it any longer"

    bent(told())


def test_a_vial_that_gets_full_is_told(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.experiments.ensure("exp")
            service.bioreactor.change("exp", {"current_volume_ml": 17.0})
            assert _keys(service) == []
            service.bioreactor.change("exp", {"current_volume_ml": 17.5})
            assert _one(service)["message"] == "Volume was 17.5 mL, above the limit of 17.1 mL."
            service.experiments.end("exp")
            assert _one(service)["state"] == "cleared_unacknowledged"

    bent(told())


def test_a_heater_board_near_its_limit_is_told(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            key = "limit:heater_board:board_temperature:high"
            misbehave(service, "overheat 84")
            await asyncio.sleep(30)
            assert key not in _keys(service), "it was that hot for less than ten seconds"
            _limit(service, "heater_board", delay_s=0.0)
            misbehave(service, "overheat 84")
            await until(lambda: key in _keys(service), 5)
            await until(lambda: _item(service, key)["state"] == "cleared_unacknowledged", 30)

    bent(told())


def _item(service: Service, key: str) -> dict[str, Any]:
    return next(item for item in service.alarms.items() if item["key"] == key)


def test_a_link_lost_is_told_only_while_jobs_need_it(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            misbehave(service, "unplug 30")
            await asyncio.sleep(60)
            assert _keys(service) == [], "nothing needed the board"
            await started(service, "stirring")
            misbehave(service, "unplug 5")
            await asyncio.sleep(60)
            assert _keys(service) == [], "shorter than the delay"
            misbehave(service, "unplug")
            await asyncio.sleep(12)
            assert _one(service)["state"] == "active_unacknowledged"
            assert _one(service)["message"].startswith("The board was not reached for 10 s while jobs needed it: Stir")
            misbehave(service, "replug")
            await until(lambda: service.board_link.is_usable)
            assert _one(service)["state"] == "cleared_unacknowledged", "a reconnect clears the condition, not the alarm"
            misbehave(service, "unplug 30")
            await asyncio.sleep(60)
            assert _one(service)["times"] == 2

    bent(told())


def test_a_job_that_falls_silent_is_told_until_it_reads_again(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _run(service, "od_reading")
            for _ in range(3):
                _read(service, "od2", 0.1)
                _read(service, "od1", 0.1)
                await asyncio.sleep(30)
            await asyncio.sleep(55)
            assert _keys(service) == [], "three intervals may be missed"
            await asyncio.sleep(10)
            assert _one(service)["message"] == "Optical density was not read for 90 s although its job ran."
            _read(service, "od2", 0.1)
            assert _one(service)["state"] == "cleared_unacknowledged"
            await asyncio.sleep(4000)
            assert _one(service)["times"] == 2

    bent(told())


def test_a_job_that_sleeps_or_has_no_board_is_not_silent(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _limit(service, "link", enabled=False)
            await started(service, "od_reading")
            await started(service, "stirring")
            await asyncio.sleep(120)
            misbehave(service, "unplug 600")
            await asyncio.sleep(900)
            await service.jobs.change_settings("od_reading", {"$state": "sleeping"})
            await asyncio.sleep(3600)
            assert _keys(service) == []

    bent(told())


def test_a_new_delay_counts_for_a_silence_under_way(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            _run(service, "stirring")
            for _ in range(2):
                _read(service, "measured_rpm", 500.0)
                await asyncio.sleep(5)
            _limit(service, "readings", delay_s=3600.0)
            await asyncio.sleep(3000)
            assert _keys(service) == []
            _limit(service, "readings", delay_s=10.0)
            await asyncio.sleep(1)
            assert _keys(service) == ["silent:stirring"]
            _limit(service, "readings", enabled=False)
            assert _one(service)["state"] == "cleared_unacknowledged"

    bent(told())


def test_bent_time_gives_the_same_alarms_twice(tmp_path: Path) -> None:
    async def told(folder: str) -> list[tuple[str, str, str]]:
        changes: list[tuple[str, str, str]] = []
        async with bent_service(tmp_path / folder) as (service, _):
            service.bus.listen(
                AlarmChanged,
                lambda event: changes.append((event.alarm["key"], event.alarm["state"], event.alarm["last_raised_at"])),
            )
            await started(service, "stirring")
            misbehave(service, "stall jammed")
            await asyncio.sleep(200)
            misbehave(service, "unplug 20")
            await asyncio.sleep(200)
        return changes

    first = bent(told("first"))
    assert len(first) >= 3
    assert bent(told("second")) == first
