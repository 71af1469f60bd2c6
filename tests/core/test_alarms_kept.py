"""Alarms outlive the service: its restart, its sudden death, and a disk that takes nothing more."""

from __future__ import annotations

import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bent_service import bent, bent_service, started
from running_services import Served, ServiceProcess, serving

from core.bus import AlarmBegan
from core.service import ServiceOptions

_WITHIN_S = 15.0


def _begin(served: Served, key: str, *, lasts: bool = True) -> None:
    served.service.bus.publish(AlarmBegan(key, "test", "alarm", "It broke.", lasts=lasts))


async def test_alarms_nobody_has_seen_are_there_after_a_restart(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        for key in ("lasts", "happened", "seen and lasts", "seen"):
            _begin(served, key, lasts="lasts" in key)
        ids = [item["id"] for item in await served.json("GET", "/alarms") if item["key"].startswith("seen")]
        await served.json("POST", "/alarms/acknowledge", json={"ids": ids, "who": "Ada"})
        await served.json("PATCH", "/alarms/limits", json={"limits": {"temperature": {"high": 37.5}}})
    async with serving(ServiceOptions(data_dir)) as served:
        items = {item["key"]: item for item in await served.json("GET", "/alarms")}
        assert sorted(items) == ["happened", "lasts"], "what was seen and is watched by nobody any longer is over"
        assert items["lasts"]["state"] == "cleared_unacknowledged"
        _begin(served, "lasts")
        _begin(served, "new")
        new, _, again = await served.json("GET", "/alarms")
        assert (again["id"], again["times"], again["state"]) == (items["lasts"]["id"], 2, "active_unacknowledged")
        assert new["id"] > max(item["id"] for item in items.values())
        limits = (await served.json("GET", "/alarms/limits"))["limits"]
        assert limits[0]["high"] == 37.5
        history = (await served.json("GET", "/alarms/history"))["alarms"]
        assert [item["acknowledged_by"] for item in history if item["key"].startswith("seen")] == ["Ada", "Ada"]


class _Asker:
    """Asks a service in a process of its own."""

    def __init__(self, process: ServiceProcess) -> None:
        self._http = httpx.Client(base_url=process.url() + "/unit_api", timeout=10, trust_env=False)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def alarms(self) -> dict[str, dict[str, Any]]:
        return {item["key"]: item for item in self.ask("GET", "/alarms")}

    def until_alarm(self, key: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + _WITHIN_S
        while (item := self.alarms().get(key)) is None or item["state"] != state:
            assert time.monotonic() < deadline, self.alarms()
        return item

    def close(self) -> None:
        self._http.close()


def test_a_killed_service_loses_no_alarm_and_tells_of_its_death(start_service: Callable[..., ServiceProcess]) -> None:
    process = start_service("--simulate")
    first = _Asker(process)
    first.ask("POST", "/jobs/run/job_name/stirring", {})
    first.ask("POST", "/board/simulation", {"command": "sensor-missing"})
    raised = first.until_alarm("board:thermometer missing", "active_unacknowledged")
    first.ask("GET", "/jobs/running")
    process.end(signal.SIGKILL)
    first.close()
    after = _Asker(start_service("--simulate"))
    items = after.alarms()
    missing = items["board:thermometer missing"]
    assert (missing["id"], missing["raised_at"]) == (raised["id"], raised["raised_at"])
    assert missing["acknowledged_at"] is None
    assert "while jobs ran: stirring" in items["service"]["message"]
    after.ask("POST", "/alarms/acknowledge", {"ids": [missing["id"]]})
    after.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a file's size is limited from outside on Linux only")
def test_a_disk_that_is_full_is_an_alarm_and_nothing_is_lost(start_service: Callable[..., ServiceProcess]) -> None:
    process = start_service("--simulate")
    asker = _Asker(process)
    asker.ask("GET", "/logs")
    soft, hard = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (1000, hard))
    asker.ask("POST", "/experiments", {"experiment": "while the disk is full"})
    item = asker.until_alarm("records", "active_unacknowledged")
    assert (item["signal"], item["severity"]) == ("records", "alarm")
    assert "could not be written" in item["message"]
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
    asker.until_alarm("records", "cleared_unacknowledged")
    kept = asker.ask("GET", "/alarms/history")["alarms"]
    assert "records" in [item["key"] for item in kept], "it waited in memory with the rest, and was written then"
    asker.close()


def test_an_orderly_end_is_no_alarm(tmp_path: Path) -> None:
    async def told() -> None:
        async with bent_service(tmp_path) as (service, _):
            await started(service, "stirring")
            service.bus.publish(AlarmBegan("a", "test", "note", "One."))
        async with bent_service(tmp_path) as (service, _):
            assert [item["key"] for item in service.alarms.items()] == ["a"]

    bent(told())
