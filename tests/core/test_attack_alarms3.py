"""More of the worst for alarms: killed between raising and seeing, many at once, nonsense in them, clocks, limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from bent_service import EPOCH_UTC_S, bent, bent_service
from cut_off import killed_copy
from running_services import Served, read_events, serving

from core.alarms.alarm import Alarm
from core.alarms.rows import SAVE, values_of
from core.bus import AlarmBegan, AlarmEnded, ReadingTaken
from core.jobs.alarms import JobAlarms
from core.logs import job_logger
from core.service import Service, ServiceOptions

_ODD = "cannot read 'caf\udce9.yaml'"


def _leak(service: Service, lasts: bool = True) -> None:
    service.bus.publish(AlarmBegan("job:pump:leak", "pump", "alarm", "It leaks.", "Mend it.", lasts=lasts))


async def _whole_stream(served: Served) -> dict[str, Any]:
    async with served.http.stream("GET", "/unit_api/events") as stream:
        return (await anext(read_events(stream))).data


@pytest.mark.parametrize("moment", ["raised", "repeated", "cleared", "seen", "seen and cleared"])
def test_killed_at_any_moment_what_nobody_has_seen_is_there_once(tmp_path: Path, moment: str) -> None:
    async def run() -> None:
        async with bent_service(tmp_path / "one") as (service, _):
            _leak(service)
            if moment in ("cleared", "repeated", "seen and cleared"):
                service.bus.publish(AlarmEnded("job:pump:leak"))
            if moment == "repeated":
                _leak(service)
            if moment.startswith("seen"):
                service.alarms.acknowledge_all("Ada")
            await killed_copy(service, tmp_path / "two")
        for _ in range(2):
            async with bent_service(tmp_path / "two") as (service, _):
                mine = [each for each in service.alarms.items() if each["key"] == "job:pump:leak"]
                assert len(mine) == (0 if moment.startswith("seen") else 1)
                if mine:
                    assert mine[0]["state"] == "cleared_unacknowledged"
        async with bent_service(tmp_path / "two") as (service, _):
            _leak(service)
            (mine,) = [each for each in service.alarms.items() if each["key"] == "job:pump:leak"]
            assert (mine["state"], mine["acknowledged_by"]) == ("active_unacknowledged", None)

    bent(run())


async def test_of_many_who_see_an_alarm_at_once_one_is_noted_and_a_new_one_is_not_seen_by_them(served: Served) -> None:
    _leak(served.service)
    (alarm,) = await served.json("GET", "/alarms")
    path = f"/unit_api/alarms/{alarm['id']}/acknowledge"
    asked = [served.http.post(path, json={"who": f"person {number}"}) for number in range(20)]
    asked += [served.http.post("/unit_api/alarms/acknowledge", json={"ids": [alarm["id"]]}) for _ in range(5)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200}
    (kept,) = await served.json("GET", "/alarms")
    assert kept["acknowledged_by"]
    service = served.service
    service.bus.publish(AlarmEnded("job:pump:leak"))
    _leak(service)
    late = await served.json("POST", "/alarms/acknowledge", json={"ids": [alarm["id"]], "who": "late"})
    assert [each["state"] for each in late] == ["active_unacknowledged"]
    assert late[0]["id"] != alarm["id"]


async def test_ten_thousand_alarms_are_read_page_by_page(served: Served) -> None:
    service = served.service
    for number in range(10_000):
        alarm = Alarm(1000 + number, f"k{number}", "pump", "alarm", "It leaked.", "", None, None, None,
                      1.9e9 + number, 1.9e9 + number, 1, 1.9e9 + number, 1.9e9 + number, "Ada")  # fmt: skip
        service.records.write(SAVE, *values_of(alarm))
    found, before, pages = set[int](), 2**63 - 1, 0
    while True:
        page = await served.json("GET", f"/alarms/history?limit=1000&before_id={before}")
        found |= {each["id"] for each in page["alarms"]}
        pages += 1
        if page["next_before_id"] is None:
            break
        before = page["next_before_id"]
    assert len(found) == 10_000
    assert pages == 10
    _leak(service)
    assert [each["key"] for each in await served.json("GET", "/alarms")] == ["job:pump:leak"]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
async def test_a_reading_that_is_no_number_breaks_nothing(served: Served, value: float) -> None:
    await served.json("PATCH", "/alarms/limits", json={"limits": {"temperature": {"delay_s": 0, "low": 0.0}}})
    for _ in range(2):
        served.service.bus.publish(ReadingTaken(served.service.clock.utc_s(), "e", "temperature", value))
    served.service.bus.publish(AlarmBegan("job:x:y", "x", "alarm", "It leaks.", value=value, limit=value))
    told = await served.json("GET", "/alarms")
    assert [each["value"] for each in told] == [None]
    assert (await _whole_stream(served))["alarms"] == told
    assert (await served.json("GET", "/alarms/history"))["alarms"] == told


async def test_text_that_is_no_unicode_breaks_nothing(data_dir: Path) -> None:
    """Names of files may be such, and errors repeat them."""
    async with serving(ServiceOptions(data_dir)) as served:
        JobAlarms(served.service.bus, "reader", "e").begin("odd", _ODD, _ODD, signal=_ODD)
        job_logger("reader").warning("%s", _ODD)
        (told,) = await served.json("GET", "/alarms")
        assert "caf" in told["message"]
        assert (await _whole_stream(served))["alarms"] == [told]
        logs = (await served.json("GET", "/logs"))["logs"]
        assert any("caf" in item["message"] for item in logs)
    async with serving(ServiceOptions(data_dir)) as served:
        assert "caf" in (await served.json("GET", "/alarms"))[-1]["message"]


def test_limits_that_are_switched_to_and_fro_leave_one_alarm_that_says_how_often(tmp_path: Path) -> None:
    async def run() -> None:
        async with bent_service(tmp_path, None) as (service, _):
            limits = service.alarm_limits
            for number in range(300):
                limits.change({"temperature": {"high": 30.0 if number % 2 else 50.0, "delay_s": 0.0}})
                service.bus.publish(ReadingTaken(service.clock.utc_s(), "e", "temperature", 40.0))
                await asyncio.sleep(1)
            (alarm,) = service.alarms.items()
            assert alarm["times"] == 150
            assert alarm["state"] == "active_unacknowledged"
            limits.change({"temperature": {"enabled": False}})
            assert service.alarms.items()[0]["state"] == "cleared_unacknowledged"
            service.alarms.acknowledge_all("Ada")
            assert service.alarms.items() == []

    bent(run())


@pytest.mark.parametrize("jump_s", [-1e6, -3600.0, 3600.0, 1e6])
def test_a_clock_that_is_set_loses_no_alarm_and_brings_none(tmp_path: Path, jump_s: float) -> None:
    async def run() -> None:
        async with bent_service(tmp_path) as (service, _):
            service.alarm_limits.change({"temperature": {"high": 30.0, "delay_s": 60.0}})
            for second in range(50):
                service.bus.publish(
                    ReadingTaken(service.clock.utc_s() + jump_s * (second > 25), "e", "temperature", 40.0)
                )
                await asyncio.sleep(1)
            assert service.alarms.items() == []
            for _ in range(20):
                service.bus.publish(ReadingTaken(service.clock.utc_s() + jump_s, "e", "temperature", 40.0))
                await asyncio.sleep(1)
            assert len(service.alarms.items()) == 1
        async with bent_service(tmp_path, None, epoch_utc_s=EPOCH_UTC_S + jump_s) as (service, _):
            (alarm,) = service.alarms.items()
            assert alarm["state"] == "cleared_unacknowledged"
            service.alarms.acknowledge_all("Ada")
            assert service.alarms.items() == []

    bent(run())


async def test_whoever_acknowledges_with_nonsense_is_refused_and_nothing_is_seen(served: Served) -> None:
    _leak(served.service)
    for body in ({"who": "x" * 101}, {"who": 5}, {"ids": "all"}, {"ids": [1.5]}, {"ids": [True]}, {"who": None},
                 {"ids": [10**30]}, {"unknown": 1}, [], "x", {"who": "\x00\x1b[31m"}):  # fmt: skip
        answer = await served.http.post("/unit_api/alarms/acknowledge", content=json.dumps(body))
        assert answer.status_code in (200, 400), answer.text
        with contextlib.suppress(KeyError):
            assert answer.status_code == 400 or body["ids"] == [10**30] or "who" in body  # type: ignore[call-overload]
    for path in ("0", "-1", "x", str(2**63), str(10**30), "1.5"):
        answer = await served.http.post(f"/unit_api/alarms/{path}/acknowledge")
        assert answer.status_code in (400, 404), answer.text
