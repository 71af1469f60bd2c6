"""Dry runs: what a profile would do is told, in a process of its own, and nothing real moves."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from calibration_data import od
from profile_texts import HEAD, STIRRING, of_job
from pump_calibrations import calibrate
from running_services import Served, is_alive, serving, write_config

from core.dry_run.plan import DryRunPlan
from core.dry_run.unit_copy import copy_unit
from core.schemas.dry_run import DryRunResult
from core.service import ServiceOptions

PROFILES = "/experiment_profiles"
DOSING = (
    HEAD
    + """\
common:
  jobs:
    stirring:
      actions:
        - {type: start, t: 0}
        - {type: stop, t: 20m}
    add_media:
      actions:
        - {type: start, t: 2m, options: {ml: 0.5}}
        - {type: start, t: 5m, options: {ml: 0.5}}
        - {type: start, t: 8m, options: {ml: 30}}
    remove_waste:
      actions:
        - {type: start, t: 10m, options: {ml: 1}}
"""
)
# Goes on for as long as anyone lets it.
ENDLESS = of_job("stirring", "        - {type: start, t: 0}\n        - {type: start, t: 700, options: {}}\n")


async def over(served: Served, accepted: dict[str, Any]) -> dict[str, Any]:
    """Wait for the end of a task."""
    async with asyncio.timeout(50):
        while True:
            task: dict[str, Any] = (await served.http.get(accepted["result_url_path"])).json()
            if task["status"] not in ("pending", "running"):
                return task
            await asyncio.sleep(0.1)


async def rehearse(served: Served, text: str, **body: Any) -> dict[str, Any]:
    """Rehearse a text and return the result."""
    accepted = await served.json("POST", f"{PROFILES}/test.yaml/dry_run", 202, json={"text": text, **body})
    task = await over(served, accepted)
    assert task["status"] == "complete", task
    result: dict[str, Any] = task["result"]
    DryRunResult.model_validate(result)
    return result


async def test_tells_what_would_happen_and_moves_nothing(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, "simulated:")) as served:
        for device in ("media_pump", "waste_pump"):
            await calibrate(served.service, device, ml_per_s=0.04)
        before = served.service.board_link.simulation.truth()
        result = await rehearse(served, DOSING)
        assert result["valid"]
        assert result["is_complete"]
        assert 20 <= result["hours"] * 60 < 22
        bottles = {each["bottle"]: each for each in result["bottles"]}
        assert bottles["media"]["ml"] == pytest.approx(1.0, rel=0.15)
        assert bottles["media"]["doses"] == 2
        assert bottles["waste"]["doses"] == 1
        assert max(result["curves"]["volume_ml"]) == pytest.approx(16, abs=0.3)
        assert {len(curve) for curve in result["curves"].values()} == {len(result["curves"]["hours"])}
        (failed,) = [line for line in result["actions"] if line["outcome"] == "failed"]
        assert failed["line"] == 13
        assert "unsafe" in failed["message"]
        assert any(line["level"] == "ERROR" and "unsafe" in line["message"] for line in result["log"])
        assert {job["job_name"] for job in result["jobs"]} == {"stirring", "add_media", "remove_waste"}
        after = served.service.board_link.simulation.truth()
        for name in ("media_ml", "waste_ml", "stirrer_percent", "heater_percent", "media_pump_percent"):
            assert after[name] == before[name] == 0
        assert await served.json("GET", "/experiments") == []
        assert await served.json("GET", f"{PROFILES}/runs") == []
        jobs = [row["job_name"] for row in await served.json("GET", "/jobs")]
        assert "stirring" not in jobs
        assert list((tmp_path / ".work").iterdir()) == []


async def test_a_profile_with_errors_is_not_rehearsed(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, None)) as served:
        result = await rehearse(served, of_job("strring", "        - {type: start, t: 0}\n"))
        assert not result["valid"]
        assert "Did you mean stirring?" in result["problems"][0]["remedy"]
        assert result["jobs"] == []


async def test_cancelled_it_ends_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    async with serving(ServiceOptions(tmp_path, None)) as served:
        body = {"text": ENDLESS, "hours": 744}
        accepted = await served.json("POST", f"{PROFILES}/test.yaml/dry_run", 202, json=body)
        await served.json("POST", f"{PROFILES}/test.yaml/dry_run", 409, json=body)
        async with asyncio.timeout(30):
            while not (children := _children()):  # noqa: ASYNC110 - a process of its own tells nobody that it has begun
                await asyncio.sleep(0.1)
        await served.json("POST", f"/task_results/{accepted['task_id']}/cancel")
        task = await over(served, accepted)
        assert (task["status"], task["error"]) == ("failed", "This was cancelled.")
        assert not any(is_alive(pid) for pid in children)
        assert list((tmp_path / ".work").iterdir()) == []
        await served.json("POST", f"{PROFILES}/test.yaml/dry_run", 202, json={"text": STIRRING})


def _children() -> list[int]:
    """Return the processes of dry runs that this process has started."""
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return [int(line.split()[0]) for line in found.stdout.splitlines() if " rehearse " in line]


@pytest.mark.parametrize(
    "body", [{"hours": 0}, {"hours": 10000}, {"inoculum_od": -1}, {"experiment": "a/b"}, {"text": 5}]
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    async with serving(ServiceOptions(tmp_path, None)) as served:
        await served.json("POST", f"{PROFILES}/batch_growth.yaml/dry_run", 400, json=body)
        await served.json("POST", f"{PROFILES}/nowhere.yaml/dry_run", 404, json={})


def test_the_copy_of_a_unit_cannot_reach_out(tmp_path: Path) -> None:
    unit = tmp_path / "real"
    write_config(
        unit,
        "[mqtt]\nbroker_address=broker.example\n[storage]\ndatabase=/somewhere/else.sqlite\n"
        "[logging]\nlog_file=/var/log/x\n[stirring.config]\ninitial_target_rpm=321\n",
    )
    (unit / "plugins").mkdir()
    (unit / "plugins" / "danger.py").write_text("raise SystemExit", encoding="utf-8")
    calibrations = unit / "storage" / "calibrations" / "media_pump"
    calibrations.mkdir(parents=True)
    (calibrations / "a.yaml").write_text("x: 1", encoding="utf-8")
    (calibrations / "link.yaml").symlink_to("/etc/hostname")
    copied = copy_unit(unit, tmp_path / "copy", "bench-1", None)
    text = (copied.folder / "config.ini").read_text(encoding="utf-8")
    assert "broker.example" not in text
    assert "[mqtt]" not in text
    assert "/somewhere" not in text
    assert "/var/log" not in text
    assert "initial_target_rpm = 321" in text
    assert "name = bench-1" in text
    assert not (copied.folder / "plugins").exists()
    assert [path.name for path in (copied.folder / "storage/calibrations/media_pump").iterdir()] == ["a.yaml"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core.cli", "dry-run", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    profile = tmp_path / "mine.yaml"
    profile.write_text(STIRRING, encoding="utf-8")
    data = tmp_path / "data"
    ended = command(str(profile), "--data", str(data))
    assert ended.returncode == 0, ended.stderr
    assert "Dry run of mine.yaml" in ended.stdout
    assert "the profile came to its end. Nothing real has moved." in ended.stdout
    assert "OD600" in ended.stdout
    assert "now 500 rpm at 1 min" in ended.stdout
    assert not data.exists()


def test_the_command_prints_json_and_tells_errors(tmp_path: Path) -> None:
    profile = tmp_path / "wrong.yaml"
    profile.write_text(HEAD + "common: 5\n", encoding="utf-8")
    ended = command(str(profile), "--json", "--data", str(tmp_path / "data"))
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["problems"][0]["line"] == 3
    missing = command("nowhere.yaml", "--data", str(tmp_path / "data"))
    assert missing.returncode == 2
    assert "batch_growth.yaml" in missing.stderr


async def test_a_calibrated_density_is_true_in_a_rehearsal(tmp_path: Path) -> None:
    """The unit's photodiode sees three times the light of the model's: its own curve would be far off."""
    text = (
        HEAD
        + """\
common:
  jobs:
    od_reading:
      actions:
        - {type: start, t: 0}
        - {type: log, t: 2m, options: {message: "it reads ${{ ::od_reading:od2.od }}"}}
        - {type: stop, t: 3m}
"""
    )
    async with serving(ServiceOptions(tmp_path, None)) as served:
        curve = {"type": "poly", "coefficients": [0.6, 0.02]}
        recorded = {"x": [0.0, 1.0, 10.0], "y": [0.02, 0.62, 6.02]}
        data = od(name="mine", curve_data_=curve, recorded_data=recorded)
        await served.service.calibrations.save("od90", data, set_active=True)
        result = await rehearse(served, text, inoculum_od=1.5)
        (said,) = [line["message"] for line in result["actions"] if line["action"] == "log"]
        assert float(said.removeprefix("it reads ")) == pytest.approx(1.5, rel=0.05)


def test_its_process_ends_with_whoever_started_it(tmp_path: Path) -> None:
    plan = DryRunPlan("x.yaml", ENDLESS, str(tmp_path / "data"), str(tmp_path), hours=744)
    program = [sys.executable, "-m", "core.cli", "rehearse", str(plan.write())]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert "setting up" in process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) == 1
