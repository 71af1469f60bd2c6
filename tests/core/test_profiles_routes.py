"""Profiles over HTTP: files are kept and checked, runs are begun, told of and stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from profile_texts import HEAD, STIRRING, of_job
from running_services import Served, ServiceProcess, read_events, serving

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


async def test_profiles_are_listed_written_read_and_deleted(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, None)) as served:
        listed = await served.json("GET", PROFILES)
        assert all(item["is_example"] for item in listed)
        assert "batch_growth.yaml" in [item["name"] for item in listed]
        written = await served.json("PUT", f"{PROFILES}/a b.yaml", json={"text": STIRRING, "expected_version": ""})
        assert (written["errors"], written["experiment_profile_name"], written["text"]) == (0, "test", STIRRING)
        assert (tmp_path / "experiment_profiles" / "a b.yaml").read_text(encoding="utf-8") == STIRRING
        assert (await served.json("GET", PROFILES))[0]["name"] == "a b.yaml"
        taken = {"text": STIRRING, "expected_version": ""}
        refused = await served.json("PUT", f"{PROFILES}/a b.yaml", 409, json=taken)
        assert refused["error_info"]["version"] == written["version"]
        changed = {"text": STIRRING + "\n", "expected_version": written["version"]}
        assert (await served.json("PUT", f"{PROFILES}/a b.yaml", json=changed))["version"] != written["version"]
        await served.json("DELETE", f"{PROFILES}/a b.yaml")
        await served.json("DELETE", f"{PROFILES}/a b.yaml", 404)
        await served.json("DELETE", f"{PROFILES}/batch_growth.yaml", 409)
        assert list((tmp_path / "experiment_profiles").iterdir()) == []


async def test_a_text_with_errors_is_kept_only_when_that_is_wanted(tmp_path: Path) -> None:
    text = of_job("strring", "        - {type: start, t: 0}\n")
    async with serving(ServiceOptions(tmp_path, None)) as served:
        refused = await served.json("PUT", f"{PROFILES}/x.yaml", 400, json={"text": text})
        assert refused["error_info"]["problems"][0]["line"] == 5
        await served.json("GET", f"{PROFILES}/x.yaml", 404)
        await served.json("PUT", f"{PROFILES}/x.yaml", json={"text": text, "even_with_errors": True})
        refused = await served.json("POST", f"{PROFILES}/runs", 400, json={"profile": "x.yaml"})
        assert "There is no job 'strring'" in refused["error_info"]["cause"]
        assert await served.json("GET", f"{PROFILES}/runs") == []


async def test_names_lead_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("secret: 1", encoding="utf-8")
    async with serving(ServiceOptions(tmp_path, None)) as served:
        (tmp_path / "experiment_profiles" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
        for name in ("..%2Foutside.yaml", "outside", ".hidden.yaml", "con.yaml", "x.yaml.", "a%00.yaml"):
            for method in ("GET", "PUT", "DELETE"):
                answer = await served.http.request(method, f"/unit_api{PROFILES}/{name}", json={"text": STIRRING})
                assert answer.status_code in (400, 404), (method, name, answer.text)
        await served.json("GET", f"{PROFILES}/link.yaml", 404)
        assert "link.yaml" not in [item["name"] for item in await served.json("GET", PROFILES)]


async def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, "simulated:")) as served:
        await served.json("POST", f"{PROFILES}/runs", 404, json={"profile": "nowhere.yaml"})
        await served.json("POST", f"{PROFILES}/runs", 400, json={})
        await served.json("POST", f"{PROFILES}/runs", 400, json={"profile": "batch_growth.yaml", "experiment": "a/b"})
        wrong = {"profile": "batch_growth.yaml", "inputs": {"heat": 5}}
        refused = await served.json("POST", f"{PROFILES}/runs", 400, json=wrong)
        assert refused["error_info"]["known"] == ["temperature"]
        too_hot = {"profile": "batch_growth.yaml", "inputs": {"temperature": 500}}
        await served.json("POST", f"{PROFILES}/runs", 400, json=too_hot)
        for verb in ("pause", "resume", "stop"):
            await served.json("POST", f"{PROFILES}/runs/nothing/{verb}", 404)
        assert await served.json("GET", "/experiments") == []
        run = await served.json("POST", f"{PROFILES}/runs", 201, json={"profile": "batch_growth.yaml"})
        await served.json("POST", f"{PROFILES}/runs", 409, json={"profile": "algae_light_dark.yaml"})
        assert (await served.json("POST", f"{PROFILES}/runs/{run['run_id']}/pause"))["state"] == "paused"
        accepted = await served.json("POST", f"{PROFILES}/runs/{run['run_id']}/stop", 202)
        async with asyncio.timeout(20):
            while (await served.http.get(accepted["result_url_path"])).status_code == 202:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await served.json("POST", f"{PROFILES}/runs/{run['run_id']}/resume", 409)
        assert (await served.json("GET", f"{PROFILES}/runs"))[0]["state"] == "stopped"
        assert await served.json("GET", f"{PROFILES}/runs?experiment=other") == []


async def test_runs_are_told_in_the_event_stream(tmp_path: Path) -> None:
    text = of_job("stirring", "        - {type: log, t: 0, options: {message: hello}}\n")
    async with (
        serving(ServiceOptions(tmp_path, None)) as served,
        served.http.stream("GET", "/unit_api/events?topics=profile") as stream,
    ):
        events = read_events(stream)
        assert (await anext(events)).name == "snapshot"
        run = await begin(served, text)
        states = []
        async with asyncio.timeout(10):
            while "complete" not in states:
                event = await anext(events)
                assert event.data["run_id"] == run["run_id"]
                states.append(event.data["state"])
        assert states[0] == "running"


@pytest.mark.parametrize("text", ["", "\x00", "a: [", "- 1", HEAD, STIRRING * 3, "é" * 3000, "&a [*a]", "? x : y"])
async def test_any_text_can_be_checked(tmp_path: Path, text: str) -> None:
    async with serving(ServiceOptions(tmp_path, None)) as served:
        checked = await served.json("POST", f"{PROFILES}/validate", json={"text": text})
        assert all(problem["line"] >= 1 for problem in checked["problems"])
        assert checked["valid"] == (text == HEAD)


def test_a_service_that_is_killed_leaves_an_interrupted_run(tmp_path: Path) -> None:
    text = of_job("stirring", "        - {type: start, t: 0}\n        - {type: stop, t: 1h}\n")
    first = ServiceProcess(tmp_path, "--simulate", "--port", "0")
    second = None
    try:
        with httpx.Client(base_url=f"{first.url()}/unit_api{PROFILES}", trust_env=False) as http:
            http.put("/x.yaml", json={"text": text}).raise_for_status()
            run_id = http.post("/runs", json={"profile": "x.yaml"}).raise_for_status().json()["run_id"]
            while http.get("/running").json()[0]["actions_done"] == 0:
                continue
            http.get(f"/runs/{run_id}").raise_for_status()  # reads what was written
        first.end(signal.SIGKILL)
        second = ServiceProcess(tmp_path, "--simulate", "--port", "0")
        with httpx.Client(base_url=f"{second.url()}/unit_api", trust_env=False) as http:
            run = http.get(f"{PROFILES}/runs/{run_id}").json()
            assert (run["state"], run["text"]) == ("interrupted", text)
            assert run["ended_at"] is not None
            assert http.get(f"{PROFILES}/running").json() == []
            assert http.get("/jobs/running/stirring").json() == []
    finally:
        first.clean_up()
        if second is not None:
            second.clean_up()
