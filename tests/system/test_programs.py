"""Vialdesk as its users start it: whole programs, a real window system or none, and what is left when one is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import PATIENCE_S, Process, Service, SimulatedBoard, service_of

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start_one(*arguments: str, **environment: str) -> Process:
        started.append(Process(*arguments, environment=environment))
        return started[-1]

    yield start_one
    for process in reversed(started):
        process.end()


@pytest.fixture
def board() -> Iterator[SimulatedBoard]:
    process = SimulatedBoard()
    yield process
    process.end()


@pytest.fixture
def profile(tmp_path: Path) -> dict[str, str]:
    """The environment of a window that knows nothing of this computer's user."""
    return {"QT_QPA_PLATFORM": "offscreen", "VIALDESK_SETTINGS_DIR": str(tmp_path / "settings")}


def settings_that(profile: dict[str, str], **values: object) -> None:
    folder = Path(profile["VIALDESK_SETTINGS_DIR"])
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps({"version": 1, **values}))


def test_the_window_starts_its_service_measures_and_ends_without_a_word(
    start: Callable[..., Process], profile: dict[str, str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    window = start("--simulate", "--data", str(data), **profile)
    service = service_of(data)
    service.wait_until("/health", lambda health: health["board"] == "simulated")
    service.start("od_reading")
    assert 0 < service.wait_for_reading() < 5
    service.ask("POST", "/jobs/stop/all")
    service.wait_until("/jobs/running/od_reading", lambda rows: rows == [])
    window.popen.terminate()
    assert window.wait() == 0
    assert window.errors == []
    assert service.is_gone()


@pytest.mark.parametrize("choice", ["keep", "stop"])
def test_a_window_killed_while_measuring_leaves_the_culture_as_chosen(
    choice: str, start: Callable[..., Process], board: SimulatedBoard, profile: dict[str, str], tmp_path: Path
) -> None:
    settings_that(profile, source_kind="board", source_url=board.url, when_window_dies=choice)
    data = tmp_path / "data"
    window = start("--data", str(data), **profile)
    service = service_of(data)
    service.wait_until("/board", lambda found: found["state"] == "connected")
    service.start("stirring")
    board.wait_until(lambda truth: truth["stirrer_rpm"] > 100)
    window.popen.kill()
    window.wait()
    if choice == "keep":
        service.start("od_reading")
        service.wait_for_reading()
        assert board.truth()["stirrer_percent"] > 0
        os.kill(service.ask("GET", "/jobs/running")[1][0]["pid"], signal.SIGTERM)
    board.wait_until(lambda truth: truth["stirrer_percent"] == 0 and truth["led_a_percent"] == 0)


def test_a_service_killed_in_the_middle_leaves_its_outputs_off_and_its_readings_there(
    start: Callable[..., Process], board: SimulatedBoard, tmp_path: Path
) -> None:
    arguments = ("serve", "--board", board.url, "--port", "0", "--data", str(tmp_path))
    killed = start(*arguments)
    service = Service(killed.line(r"http://\S+").group())
    service.wait_until("/board", lambda found: found["state"] == "connected")
    service.start("stirring")
    service.start("od_reading", interval=1.5)
    service.wait_for_reading()
    experiment = service.ask("GET", "/jobs/running/stirring")[1][0]["experiment"].replace(" ", "%20")
    series = f"/experiments/{experiment}/time_series/od2"
    before = service.wait_until(series, lambda found: found["raw_count"] >= 3)["data"]
    killed.popen.kill()
    killed.wait()
    board.wait_until(lambda truth: all(truth[name] == 0 for name in truth if name.endswith("_percent")))

    service = Service(start(*arguments).line(r"http://\S+").group())
    running = [row["job_name"] for row in service.ask("GET", "/jobs/running")[1]]
    assert running in ([], ["monitor"])
    after = service.ask("GET", series)[1]["data"]
    assert list(zip(*after, strict=True))[: len(before[0])] == list(zip(*before, strict=True))
    with sqlite3.connect(next((tmp_path / "storage").glob("*.sqlite"))) as records:
        assert records.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_second_start_on_the_same_data_names_the_first(start: Callable[..., Process], tmp_path: Path) -> None:
    address = start("serve", "--simulate", "--port", "0", "--data", str(tmp_path)).line(r"http://\S+").group()
    second = start("serve", "--simulate", "--port", "0", "--data", str(tmp_path))
    assert second.wait() not in (0, 1)
    assert address in "".join(second.errors)


def test_a_window_attaches_to_the_service_that_runs_already(
    start: Callable[..., Process], profile: dict[str, str], tmp_path: Path
) -> None:
    address = start("serve", "--simulate", "--port", "0", "--data", str(tmp_path)).line(r"http://\S+").group()
    window = start("--simulate", "--data", str(tmp_path), **profile)
    Service(address).wait_until("/system/web_server/status", lambda found: "streams: 1" in found["raw_status"])
    window.popen.terminate()
    assert window.wait() == 0
    assert window.errors == []
    assert not Service(address).is_gone()


def test_without_a_display_the_run_script_serves_the_simulated_board_and_prints_readings(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [ROOT / "packaging" / "run.sh", sys.executable]
    run = subprocess.Popen(
        command, env={**bare, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    wanted = ["no display", "http://127.0.0.1:", "od2"]
    try:
        for line in run.stdout:
            wanted = [words for words in wanted if words not in line]
            if not wanted:
                break
    finally:
        run.terminate()
        run.communicate(timeout=PATIENCE_S)
    assert wanted == []
