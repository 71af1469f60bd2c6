"""Profiles over HTTP: files are kept and checked, runs are begun, told of and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from profile_texts import STIRRING
from running_services import Served, serving

from core.bent_loop import BentLoop
from core.service import ServiceOptions

PROFILES = "/experiment_profiles"
SPEED = 60.0


def fast(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine sixty times as fast as the wall clock: requests still take their real time."""
    with asyncio.Runner(loop_factory=lambda: BentLoop(SPEED)) as runner:
        runner.run(coroutine)


async def begin(served: Served, text: str, **body: Any) -> dict[str, Any]:
    """Keep a text as `test.yaml` and begin a run of it."""
    await served.json("PUT", f"{PROFILES}/test.yaml", json={"text": text})
    run: dict[str, Any] = await served.json("POST", f"{PROFILES}/runs", 201, json={"profile": "test.yaml", **body})
    return run


async def over(served: Served, run_id: str) -> dict[str, Any]:
    """Wait for the end of a run and return it with its lines."""
    async with asyncio.timeout(600):
        while (run := await served.json("GET", f"{PROFILES}/runs/{run_id}"))["ended_at"] is None:  # noqa: ASYNC110
            await asyncio.sleep(1)  # of bent time
    found: dict[str, Any] = run
    return found


def test_a_profile_is_kept_run_and_told(tmp_path: Path) -> None:
    async def run_it() -> None:
        async with serving(ServiceOptions(tmp_path, "simulated:", speed=SPEED)) as served:
            run = await begin(served, STIRRING, experiment="first")
            assert (run["state"], run["actions_total"], run["experiment"]) == ("running", 4, "first")
            assert [item["run_id"] for item in await served.json("GET", f"{PROFILES}/running")] == [run["run_id"]]
            done = await over(served, run["run_id"])
            assert (done["state"], done["actions_done"], done["actions_failed"]) == ("complete", 4, 0)
            assert [line["action"] for line in done["lines"]] == ["start", "update", "log", "stop"]
            assert done["lines"][2]["message"].startswith("now 500 rpm at 1")
            assert done["text"] == STIRRING
            assert await served.json("GET", f"{PROFILES}/running") == []
            assert await served.json("GET", "/jobs/running/stirring") == []
            (job,) = [row for row in await served.json("GET", "/jobs") if row["job_name"] == "stirring"]
            assert job["job_source"] == f"experiment_profile/{run['run_id']}"
            (logged,) = [
                line for line in (await served.json("GET", "/logs"))["logs"] if line["message"].startswith("now 500")
            ]
            assert (logged["level"], logged["experiment"]) == ("NOTICE", "first")

    fast(run_it())
