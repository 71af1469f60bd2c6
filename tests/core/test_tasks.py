"""Tasks: states, results, deadlines, and what a restart leaves of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from running_services import Served, serving

from core.bent_loop import BentLoop
from core.bus import Bus
from core.clock import Clock
from core.errors import ConflictError
from core.service import ServiceOptions
from core.tasks import open_tasks


async def until_over(served: Served, task_id: str) -> dict[str, Any]:
    """Poll a task until it is over; every poll before must be 202."""
    async with asyncio.timeout(5):
        while True:
            answer = await served.http.get(f"/unit_api/task_results/{task_id}")
            body: dict[str, Any] = answer.json()
            assert (body["task_id"], body["result_url_path"]) == (task_id, f"/unit_api/task_results/{task_id}")
            if answer.status_code == 200:
                return body
            assert answer.status_code == 202
            assert body["status"] in ("pending", "running")


async def test_a_task_runs_and_its_result_can_be_read_again_and_again(served: Served) -> None:
    go_on = asyncio.Event()

    async def work() -> dict[str, Any]:
        await go_on.wait()
        return {"answer": 42}

    task_id = served.service.tasks.spawn("test", work)
    accepted = served.service.tasks.accepted(task_id)
    assert accepted["result_url_path"] == f"/unit_api/task_results/{task_id}"
    assert (await served.json("GET", f"/task_results/{task_id}", 202))["status"] == "running"
    go_on.set()
    for _ in range(2):
        body = await until_over(served, task_id)
        assert (body["status"], body["result"]) == ("complete", {"answer": 42})


async def test_what_a_task_refuses_is_told_as_a_direct_answer_would_be(served: Served) -> None:
    async def refused() -> dict[str, Any]:
        raise ConflictError("The pump is held.", "add_media holds it.", "Stop add_media first.")

    async def broken() -> dict[str, Any]:
        raise ZeroDivisionError

    body = await until_over(served, served.service.tasks.spawn("test", refused))
    assert (body["status"], body["error"]) == ("failed", "The pump is held.")
    info = {"cause": "add_media holds it.", "remediation": "Stop add_media first.", "status": 409}
    assert body["error_info"] == info
    body = await until_over(served, served.service.tasks.spawn("test", broken))
    assert (body["status"], body["error_info"]["status"]) == ("failed", 500)


async def test_unknown_tasks_are_404(served: Served) -> None:
    await served.json("GET", "/task_results/5f0c3c52-8d3e-4c60-9d7b-0d6f0a4f7a11", 404)
    await served.json("GET", "/task_results/untilstatusiscompleteorfailed.", 404)


async def test_results_outlive_a_restart_and_what_was_cut_off_is_failed(data_dir: Path) -> None:
    async def work() -> dict[str, Any]:
        return {"n": 1}

    async def endless() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()

    async with serving(ServiceOptions(data_dir)) as served:
        done, cut_off = served.service.tasks.spawn("test", work), served.service.tasks.spawn("test", endless)
        await until_over(served, done)
    async with serving(ServiceOptions(data_dir)) as served:
        assert (await until_over(served, done))["result"] == {"n": 1}
        body = await until_over(served, cut_off)
        assert (body["status"], body["error_info"]["status"]) == ("failed", 503)


async def test_a_task_cut_off_by_a_crash_is_failed(tmp_path: Path) -> None:
    async def endless() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()

    path, clock = tmp_path / "tasks.sqlite", Clock(asyncio.get_running_loop())
    crashed = await open_tasks(path, Bus(), clock, "unit")
    task_id = crashed.spawn("test", endless)
    after = None
    async with asyncio.timeout(10):
        while after is None or not after.all():
            if after is not None:
                await after.close()
            after = await open_tasks(path, Bus(), clock, "unit")
    task = after.get(task_id)
    assert (task.status, task.answer["error_info"]["status"]) == ("failed", 503)
    await after.close()
    await crashed.close()


async def test_a_file_of_tasks_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "tasks.sqlite"
    path.write_bytes(b"not a database" * 100)
    tasks = await open_tasks(path, Bus(), Clock(asyncio.get_running_loop()), "unit")
    assert tasks.all() == []
    await tasks.close()


def test_deadline_and_expiry_follow_bent_time(tmp_path: Path) -> None:
    async def endless() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()

    async def run() -> None:
        clock = Clock(asyncio.get_running_loop(), 0.0)
        tasks = await open_tasks(tmp_path / "tasks.sqlite", Bus(), clock, "unit")
        task_id = tasks.spawn("test", endless, deadline_s=1800)
        await asyncio.sleep(1799)
        assert tasks.get(task_id).status == "running"
        await asyncio.sleep(2)
        assert tasks.get(task_id).status == "failed"
        await asyncio.sleep(24 * 3600 - 10)
        assert len(tasks.all()) == 1
        await asyncio.sleep(20)
        tasks.spawn("test", endless)
        assert task_id not in [task.task_id for task in tasks.all()]
        await tasks.close()

    with asyncio.Runner(loop_factory=lambda: BentLoop(float("inf"))) as runner:
        runner.run(run())


async def test_no_more_results_are_kept_than_can_be(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.tasks._MOST_KEPT", 3)

    async def work() -> dict[str, Any]:
        return {}

    made = []
    for _ in range(6):
        made.append(served.service.tasks.spawn("test", work))
        await until_over(served, made[-1])
    await served.json("GET", f"/task_results/{made[0]}", 404)
    for task_id in made[-3:]:
        await until_over(served, task_id)
