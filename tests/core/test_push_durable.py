"""Pushing through kill -9, restarts, and a day without a server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from bent_service import bent, bent_service
from faulty_server import Fault, FaultyServer, faulty_server, refusal
from pushing import ENDED, STARTED, until, waiting
from running_services import ServiceProcess, serving
from unit_record_requests import Asker, asker, make_key

from core.schemas.unit_record.runs import NewRun
from core.service import Service, ServiceOptions
from core.traceability.book import Change
from core.traceability.procedures_store import create_procedure
from core.traceability.push.key_file import ServerKey
from core.traceability.push.settings import PushSettings
from core.traceability.run_create import create_run


async def test_a_run_and_its_file_are_there_once_although_the_unit_is_killed_whenever_it_has_sent_something(
    tmp_path: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    async with serving(ServiceOptions(tmp_path / "server")) as server:
        reader, key = await asker(server, user="quality"), await make_key(server, user="line")
        with faulty_server(server.url) as way:
            way.forgets_refs = True
            for asked in (("POST", "/runs"), ("PUT", "/content"), ("PATCH", "")):
                process = await asyncio.to_thread(start_service)
                url = await asyncio.to_thread(process.url)
                way.faults = [Fault(*asked, happens=True, then=process.process.kill)]
                if asked == ("POST", "/runs"):
                    await _write(url, way, key)
                assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
            process = await asyncio.to_thread(start_service)
            await _all_sent(await asyncio.to_thread(process.url))
        [run] = (await reader.ok("GET", "/runs"))["data"]
        files = (await reader.ok("GET", f"/runs/{run['id']}"))["attachments"]
        assert [(file["name"], file["size"]) for file in files] == [("raw.csv", 4)]


async def _write(url: str, way: FaultyServer, key: str) -> None:
    """Switch pushing on and write a run with a file; the service may be killed as soon as it has answered."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=10) as http:
        made = (await http.post("/unit_api/keys", json={"user": "ada"})).json()["key"]
        who = Asker(http, made)
        procedure = (await who.ok("POST", "/procedures", {"name": "Self-test"}))["id"]
        run = await who.run(procedure)
        upload = await who.ok("POST", f"/runs/{run}/attachments", {"name": "raw.csv"})
        assert (await http.put(upload["upload_url"], content=b"1,2\n")).status_code == 200
        body = {"url": way.url, "api_key": key, "is_on": True}
        assert (await http.patch("/unit_api/record/push", json=body)).status_code == 200
        with contextlib.suppress(httpx.TransportError):
            await http.post("/unit_api/record/push/earlier")


async def _all_sent(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=10) as http:

        async def state() -> Any:
            return (await http.get("/unit_api/record/push")).json()

        told = await until(state, lambda state: not waiting(state))
        assert told["stopped_count"] == 0


def test_a_day_without_the_server_costs_a_few_tries_an_hour_and_loses_nothing(
    tmp_path: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    process = start_service(data=tmp_path / "server")
    url = process.url()
    key = httpx.post(f"{url}/unit_api/keys", json={"user": "line"}, trust_env=False).json()["key"]
    with faulty_server(url) as way:
        away = Fault("GET", "/whoami", 503, refusal("Down for maintenance."), times=10**9)
        way.faults = [away]
        bent(_a_day(tmp_path / "unit", way, key), within_s=2 * 86400.0)
    runs = httpx.get(f"{url}/v2/runs", headers={"Authorization": f"Bearer {key}"}, trust_env=False).json()["data"]
    assert len(runs) == 4


async def _a_day(folder: Path, way: FaultyServer, key: str) -> None:
    async with bent_service(folder, None) as (service, _):
        await service.push.choose(PushSettings(way.url, is_on=True), ServerKey(way.url, key))
        for _ in range(4):
            await _write_run(service)
            await asyncio.sleep(6 * 3600)
        state = await service.push.describe()
        assert (state["state"], state["waiting_runs"]) == ("waiting", 4)
        tries = len(way.asked)
        # From 5 s on twice as long each time, up to a quarter of an hour, of which at least half is waited.
        assert 96 <= tries <= 2 * 96 + 10
        way.faults.clear()
        await asyncio.sleep(900)
        state = await service.push.describe()
        assert (state["waiting_runs"], state["stopped_count"], state["last_error"]) == (0, 0, None)


def test_a_server_that_asks_to_be_left_alone_is_not_asked_before(
    tmp_path: Path, start_service: Callable[..., ServiceProcess]
) -> None:
    process = start_service(data=tmp_path / "server")
    url = process.url()
    key = httpx.post(f"{url}/unit_api/keys", json={"user": "line"}, trust_env=False).json()["key"]
    with faulty_server(url) as way:
        way.faults = [Fault("POST", "/runs", 429, refusal("Slow down."), {"Retry-After": "7200"})]
        bent(_left_alone(tmp_path / "unit", way, key), within_s=86400.0)


async def _left_alone(folder: Path, way: FaultyServer, key: str) -> None:
    async with bent_service(folder, None) as (service, _):
        await service.push.choose(PushSettings(way.url, is_on=True), ServerKey(way.url, key))
        await _write_run(service)
        await asyncio.sleep(7190)
        assert way.count("POST", "/runs") == 1
        await asyncio.sleep(20)
        assert way.count("POST", "/runs") == 2
        assert (await service.push.describe())["waiting_runs"] == 0


async def _write_run(service: Service) -> None:
    body = {"outcome": "PASS", "started_at": STARTED, "ended_at": ENDED, "serial_number": "S1", "part_number": "P1"}

    def write(change: Change) -> None:
        create_run(change, NewRun.model_validate({**body, "procedure_id": create_procedure(change, "Self-test")}))

    await service.unit_record.change(await service.unit_record.owner(), write)
