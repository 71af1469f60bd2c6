"""What watches the unit itself, stopped by somebody: it is told, and it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving
from system_requests import done, over

from core.errors import ServiceError
from core.service import ServiceOptions

_SETTINGS = "/jobs/settings/job_name/monitor"


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - it is the service that does it
            await asyncio.sleep(0.02)


def _runs(served: Served) -> bool:
    monitor = served.service.jobs.newest("monitor")
    return monitor is not None and monitor.state == "ready"


async def _told(served: Served) -> list[dict[str, Any]]:
    return [each for each in await served.json("GET", "/alarms") if each["key"] == "at rest:monitor"]


async def test_a_monitor_that_is_stopped_is_told_and_started_with_the_service(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        await _until(lambda: _runs(served))
        assert await _told(served) == []
        await done(served.http, "/jobs/stop", json={"job_name": "monitor"})
        (alarm,) = await _told(served)
        assert (alarm["state"], alarm["severity"]) == ("active_unacknowledged", "warning")
        assert "stopped" in alarm["message"]
        assert "Restart" in alarm["remedy"]
    async with serving(ServiceOptions(data_dir)) as served:
        await _until(lambda: _runs(served))
        (alarm,) = await _told(served)
        assert alarm["state"] == "cleared_unacknowledged", "nobody has seen it yet"


async def test_a_monitor_that_is_put_to_sleep_or_started_again_is_told(served: Served) -> None:
    await _until(lambda: _runs(served))
    for state in ("sleeping", "ready"):
        await served.json("PATCH", _SETTINGS, json={"settings": {"$state": state}})
        (alarm,) = await _told(served)
        assert alarm["state"].startswith("active" if state == "sleeping" else "cleared")
    await served.json("PATCH", _SETTINGS, json={"settings": {"$state": "disconnected"}})
    assert "stopped" in (await _told(served))[0]["message"]
    await done(served.http, "/jobs/run/job_name/monitor", json={})
    assert (await _told(served))[0]["state"].startswith("cleared")


async def test_what_ends_everything_in_good_order_is_no_alarm(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        current = served.service.board_link.current
        assert current is not None
        await current.wait_until_usable(10)
        await _until(lambda: _runs(served))
        await done(served.http, "/system/shutdown")
        assert await _told(served) == []
        await served.json("PATCH", "/board", json={"url": "simulated:"})
        await _until(lambda: _runs(served))
        async with asyncio.timeout(20):
            while "task_id" not in (accepted := await served.json("POST", "/system/reboot", 202)):  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # the one before holds its lock for a moment
        assert (await over(served.http, accepted))["status"] == "complete"
        await _until(lambda: _runs(served))
        assert await _told(served) == []
    async with serving(ServiceOptions(data_dir)) as served:
        assert await _told(served) == []


async def test_a_restart_that_fails_leaves_the_monitor_running(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: Any) -> str:
        raise ServiceError("The computer does not want to.")

    monkeypatch.setattr("core.system.power.change_host_power", refused)
    await _until(lambda: _runs(served))
    accepted = await served.json("POST", "/system/reboot", 202)
    assert (await over(served.http, accepted))["status"] == "failed"
    await _until(lambda: _runs(served))
    assert [row["job_name"] for row in await served.json("GET", "/jobs/running")] == ["monitor"]
