"""Reboot, shutdown and web server restart, of running programs: what stops, what stays, what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import Event, Served, ServiceProcess, read_events, serving, write_config
from system_requests import done, over

from core.embedded import EmbeddedService
from core.service import ServiceOptions


def client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=25, trust_env=False, verify=False)


async def board_is(http: httpx.AsyncClient, word: str) -> None:
    async with asyncio.timeout(20):
        while (await http.get("/unit_api/health")).json()["board"] != word:
            continue


async def settings_of(http: httpx.AsyncClient, job: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while (await http.get(f"/unit_api/jobs/settings/job_name/{job}")).status_code != 200:
            continue
    found: dict[str, Any] = (await http.get(f"/unit_api/jobs/settings/job_name/{job}")).json()["settings"]
    return found


async def running(http: httpx.AsyncClient) -> set[str]:
    return {row["job_name"] for row in (await http.get("/unit_api/jobs/running")).json()}


async def test_a_reboot_stops_jobs_restarts_the_board_and_the_service_where_it_was(
    start_service: Callable[..., ServiceProcess],
) -> None:
    process = start_service("--simulate")
    url = process.url()
    async with client(url) as http:
        await board_is(http, "simulated")
        assert (await http.post("/unit_api/jobs/run/job_name/stirring", json={})).status_code == 202
        await settings_of(http, "stirring")
        accepted = await http.post("/unit_api/system/reboot", content=b"{this is not looked at")
        assert accepted.status_code == 202
        # One more request still gets an answer.
        assert (await http.get("/unit_api/health")).status_code == 200
        found = await over(http, accepted.json())
        assert found["result"] == {
            "action": "reboot",
            "board": "restarted",
            "service": "restarted",
            "host": "untouched",
        }
        status = (await http.get("/unit_api/system/web_server/status")).json()["raw_status"]
        assert status.startswith(f"listening on {url.removeprefix('http://')}, up ")
        log = (await http.get("/unit_api/logs?limit=100")).json()["logs"]
        assert any("was told to restart" in item["message"] for item in log)  # which it had confirmed
        assert "stirring" not in await running(http)
        rows = (await http.get("/unit_api/jobs")).json()
        assert next(row for row in rows if row["job_name"] == "stirring")["ended_at"] is not None
        await board_is(http, "simulated")
    assert process.process.poll() is None
    assert process.end() == 0


async def test_the_window_keeps_its_service_through_a_reboot(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    service = EmbeddedService(data_dir, ("--port", "0"))
    try:
        address = await service.start("simulated:", "stop")
        service.watch(lambda what: pytest.fail(what), lambda _: pytest.fail("it was started anew"))
        pid = service.pid
        async with client(address.url) as http:
            await board_is(http, "simulated")
            result = await done(http, "/system/reboot")
            assert result["service"] == "restarted"
            await board_is(http, "simulated")
        assert service.is_ours
        assert service.pid == pid
        await service.stop()  # its word still reaches the service
        async with client(address.url) as http:
            with pytest.raises(httpx.TransportError):
                await http.get("/unit_api/health")
    finally:
        await service.stop()


async def test_after_a_shutdown_the_service_answers_but_starts_nothing_until_a_board_is_chosen(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        http = served.http
        await board_is(http, "simulated")
        await http.post("/unit_api/jobs/run/job_name/stirring", json={})
        await settings_of(http, "stirring")
        result = await done(http, "/system/shutdown")
        assert {entry["job_name"] for entry in result.pop("stopped")} >= {"stirring", "monitor"}
        assert result == {
            "action": "shutdown",
            "still_running": [],
            "board": "safe",
            "link": "closed",
            "host": "untouched",
        }
        assert (await served.json("GET", "/health"))["board"] == "disconnected"
        assert await running(http) == set()
        for job in ("od_reading", "monitor"):
            answer = await http.post(f"/unit_api/jobs/run/job_name/{job}", json={})
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
        await served.json("POST", "/jobs/stop/all", 202)
        await served.json("PATCH", "/board", json={"url": "simulated:"})
        await board_is(http, "simulated")
        assert await running(http) == {"monitor"}
        await served.json("POST", "/jobs/run/job_name/od_reading", 202, json={})


async def test_a_reboot_after_a_shutdown_opens_the_link_again(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        await board_is(served.http, "simulated")
        for _ in range(2):  # a second time changes nothing
            await done(served.http, "/system/shutdown")
            await lock_is_free(served)
        result = await done(served.http, "/system/reboot")
        assert result["board"] == "not connected"
        await board_is(served.http, "simulated")
        assert await running(served.http) == {"monitor"}


async def test_a_web_server_restart_closes_every_connection_and_leaves_jobs_and_board_alone(data_dir: Path) -> None:
    async with serving(ServiceOptions(data_dir, "simulated:")) as served:
        http = served.http
        await board_is(http, "simulated")
        await http.post("/unit_api/jobs/run/job_name/stirring", json={})
        await settings_of(http, "stirring")
        before = served.service
        job_id = (await served.json("GET", "/jobs/running"))[-1]["job_id"]
        async with client(served.url) as other, other.stream("GET", "/unit_api/events") as stream:
            events = read_events(stream)
            first = await anext(events)
            accepted = await served.json("POST", "/system/web_server/restart", 202)
            last = first
            async with asyncio.timeout(10):
                async for event in events:  # ends politely: no error
                    last = event
        found = await over(http, accepted)
        assert found["result"] == {"action": "web_restart", "state": "ready"}
        assert served.service is before
        assert (await served.json("GET", "/jobs/running"))[-1]["job_id"] == job_id
        async with client(served.url) as other:
            again = await first_event(other, {"Last-Event-ID": last.id})
        assert again.name != "snapshot"  # what was missed, not everything anew


async def first_event(http: httpx.AsyncClient, headers: dict[str, str]) -> Event:
    async with http.stream("GET", "/unit_api/events", headers=headers) as stream:
        return await anext(read_events(stream))


async def test_a_dedicated_host_is_told_too(
    start_service: Callable[..., ServiceProcess], data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemctl", "date"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $@" >> {tmp_path / "told"}\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    write_config(data_dir, "[system]\ndedicated_host = 1\n")
    process = start_service()
    async with client(process.url()) as http:
        clock = await done(http, "/system/utc_clock", json={"utc_clock_time": "2031-02-03T04:05:06Z"})
        assert clock["host_clock_set"] is True
        assert (await done(http, "/system/reboot"))["host"] == "rebooting"
        assert (await done(http, "/system/shutdown"))["host"] == "shutting down"
    assert (tmp_path / "told").read_text().splitlines() == [
        "date -u -s 2031-02-03T04:05:06.000Z",
        "systemctl reboot",
        "systemctl poweroff",
    ]


async def lock_is_free(served: Served) -> None:
    """Wait until an exclusive operation is possible again."""
    async with asyncio.timeout(5):
        while served.service.exclusive.held:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
