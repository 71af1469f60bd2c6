"""Exclusive operations: who excludes whom, for how long, and what comes before and after that check."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract_needs import zip_of
from running_services import Served, serving
from system_requests import over

from core.exclusive import Lock
from core.service import ServiceOptions

_CLOCK = {"json": {"utc_clock_time": "2031-02-03T04:05:06Z"}}
_IMPORT = {"files": {"archive": ("x.zip", zip_of({"config.ini": ""}), "application/zip")}}
_LOOK = {"json": {"options": {"dry_run": None}}}
_ROUTES: dict[Lock, tuple[str, dict[str, Any]]] = {
    Lock.UPDATE: ("/system/update", _LOOK),
    Lock.POWER: ("/system/shutdown", {}),
    Lock.CLOCK: ("/system/utc_clock", _CLOCK),
    Lock.WEB_RESTART: ("/system/web_server/restart", {}),
    Lock.IMPORT: ("/import_zipped_dot_pioreactor", _IMPORT),
    Lock.REPAIR: ("/system/repair", {}),
}


async def post(served: Served, lock: Lock) -> httpx.Response:
    path, request = _ROUTES[lock]
    return await served.http.post(f"/unit_api{path}", **request)


def assert_excluded(answer: httpx.Response, by: Lock) -> None:
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["status"] == "in_progress"
    assert body["lock"] == by.value
    assert body["retry_after_s"] >= 0
    assert answer.headers["retry-after"] == str(body["retry_after_s"])
    assert "task_id" not in body


@pytest.mark.parametrize("first", list(Lock))
async def test_an_operation_excludes_itself_and_the_others_but_not_the_clock(data_dir: Path, first: Lock) -> None:
    async with serving(ServiceOptions(data_dir)) as served:
        before = served.service
        accepted = await post(served, first)
        assert accepted.json()["status"] == "accepted", accepted.text
        tasks = len(before.tasks.all())
        # A second POST, as of a double click, does nothing; nor does any other operation.
        others = [lock for lock in Lock if Lock.CLOCK not in (lock, first) or lock is first]
        for other in others:
            assert_excluded(await post(served, other), first)
        assert len(before.tasks.all()) == tasks
        if first is not Lock.CLOCK:
            clock = await post(served, Lock.CLOCK)
            assert clock.json()["status"] == "accepted"
        await over(served.http, accepted.json())


async def test_a_lock_is_held_for_a_second_although_the_work_is_done_sooner(served: Served) -> None:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    accepted = (await post(served, Lock.CLOCK)).json()
    await over(served.http, accepted)
    assert_excluded(await post(served, Lock.CLOCK), Lock.CLOCK)
    async with asyncio.timeout(5):
        while served.service.exclusive.held:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.01)
    assert loop.time() - began_s >= 0.99
    assert (await post(served, Lock.CLOCK)).json()["status"] == "accepted"


async def test_both_methods_share_a_lock(served: Served) -> None:
    await served.json("PATCH", "/system/repair", 202)
    assert_excluded(await served.http.post("/unit_api/system/repair"), Lock.REPAIR)


async def test_the_check_comes_after_names_and_flags_and_before_the_body(served: Served) -> None:
    await post(served, Lock.POWER)
    http = served.http
    assert_excluded(await http.post("/unit_api/import_zipped_dot_pioreactor", content=b"rubbish"), Lock.POWER)
    assert_excluded(await http.post("/unit_api/system/update", content=b"{oops"), Lock.POWER)
    assert_excluded(await http.post("/unit_api/system/update/app", content=b"x" * 2_000_000), Lock.POWER)
    await served.json("POST", "/system/update/ui", 404, content=b"{oops")
    (served.service.data_dir / "DISALLOW_UI_FILE_SYSTEM").touch()
    await served.json("POST", "/import_zipped_dot_pioreactor", 403, content=b"rubbish")
    origin = await http.post("/unit_api/system/reboot", headers={"Origin": "http://pages.example"})
    assert origin.status_code == 403


async def test_a_request_that_is_refused_takes_no_lock(served: Served) -> None:
    await served.json("POST", "/system/utc_clock", 400, json={"utc_clock_time": "yesterday"})
    await served.json("POST", "/system/update", 404, json={"options": {"source": "nope.whl"}})
    await served.json("POST", "/import_zipped_dot_pioreactor", 400, content=b"rubbish")
    assert served.service.exclusive.held == []


async def test_stopping_is_never_in_the_way_of_anything(served: Served) -> None:
    await post(served, Lock.POWER)
    assert (await served.json("POST", "/jobs/stop/all", 202))["status"] == "accepted"
    assert (await served.json("POST", "/jobs/stop", 202, json={"job_name": "stirring"}))["status"] == "accepted"
