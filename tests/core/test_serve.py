"""`vialdesk serve` as a process: start, refusals that say what to do, signals, kill -9, and the window's pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import ServiceProcess, write_config

from core.embedded import run_command

Start = Callable[..., ServiceProcess]


def ask(url: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    """Ask a service and return its JSON answer, whatever the status."""
    method = "GET" if body is None else "POST"
    request = httpx.request(method, f"{url}/unit_api{path}", json=body, headers=headers, timeout=10, trust_env=False)
    return request.json()


def read_some_events(url: str, name: str, count: int) -> list[dict[str, Any]]:
    """Return the data of the next `count` events of a name."""
    found: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{url}/unit_api/events?topics={name}", timeout=60, trust_env=False) as answer:
        event = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: ") and event == name:
                found.append(json.loads(line.removeprefix("data: ")))
                if len(found) == count:
                    return found
    raise AssertionError("the stream ended")


def test_it_prints_its_address_answers_and_ends_in_good_order(start_service: Start, data_dir: Path) -> None:
    service = start_service("--simulate", "--host", "localhost")
    url = service.url()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    assert ask(url, "/health")["status"] == "ok"
    owner = json.loads((data_dir / "service.json").read_text())
    assert (owner["url"], owner["pid"]) == (url, service.process.pid)
    assert service.end(signal.SIGHUP) == 0
    assert service.line() == ""
    assert "Traceback" not in service.said
    assert not (data_dir / "service.json").exists()
    for folder in ("storage/calibrations", "plugins", "models", "experiment_profiles"):
        assert (data_dir / folder).is_dir()


def test_a_port_that_is_taken_is_told(data_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run_command(["serve", "--port", str(port), "--data", str(data_dir)]) == 3
    said = capfd.readouterr().err
    assert f"Port {port} of 127.0.0.1 is taken" in said
    assert "--port" in said


def test_a_second_start_is_refused_and_told_where_the_first_is(
    start_service: Start, data_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = start_service()
    url = first.url()
    again = ["serve", "--port", "0", "--data", str(data_dir)]
    assert run_command(again) == 4
    said = capfd.readouterr().err
    assert url in said
    assert "--attach" in said
    assert ask(url, "/health")["status"] == "ok"
    first.process.send_signal(signal.SIGSTOP)
    assert run_command(again) == 4
    assert f"does not answer; end process {first.process.pid}" in capfd.readouterr().err
    first.process.send_signal(signal.SIGCONT)
    assert first.end(signal.SIGINT) == 0


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", tmp_path / ("x" * 300)):
        assert run_command(["serve", "--port", "0", "--data", str(folder)]) == 6
        assert "--data" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--speed", "60"), "--speed needs --simulate"),
        (("--simulate", "--speed", "0"), "not a speed"),
        (("--simulate", "--speed", "fast"), "fast is not a speed"),
        (("--simulate", "--speed", "nan"), "not a speed"),
        (("--port", "65536"), "not a port"),
        (("--port", "usb"), "usb is not a port"),
        (("--data", ""), "no folder"),
        (("--simulate", "--board", "/dev/ttyACM0"), "exclude each other"),
        (("--board", "ftp://x"), "ftp://x"),
        (("--host", "no.such.host.invalid"), "no address"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_bad_arguments_are_told(
    arguments: tuple[str, ...], told: str, data_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        code = run_command(["serve", "--port", "0", "--data", str(data_dir), *arguments])
    except SystemExit as ended:  # so does the standard library's parser
        code = int(str(ended.code))
    said = capfd.readouterr().err
    assert code == 2
    assert told in said
    assert "Traceback" not in said


def test_a_configured_port_that_is_none_is_told_with_file_section_and_key(
    data_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_config(data_dir, "[http]\nport = many\n")
    assert run_command(["serve", "--data", str(data_dir)]) == 2
    assert "config.ini, section [http], key port: 'many' is not a whole number" in capfd.readouterr().err


_AS_NOBODY = """
import encodings.idna, os, sys
import core.serve, device.serial_port, device.wired_board
from core.cli import run_command
from core.config import Config
Config.load(None)  # another user may not read where Python is
os.setgid(65534)
os.setuid(65534)
sys.exit(run_command(sys.argv[1:]))
"""


def test_a_serial_port_without_permission_is_told_with_what_gives_it() -> None:
    owner, port = pty.openpty()
    path = os.ttyname(port)
    os.chmod(path, 0)
    # Not below pytest's own folder, into which other users may not look.
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        arguments = ["serve", "--board", path, "--port", "0", "--data", f"{folder}/data"]
        program = _AS_NOBODY if os.getuid() == 0 else _AS_NOBODY.replace("os.set", "# os.set")
        command = [sys.executable, "-c", program, *arguments]
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)
    os.close(owner)
    os.close(port)
    assert ended.returncode == 5, ended.stderr
    assert f"no permission to use {path}" in ended.stderr
    assert "dialout" in ended.stderr
    assert "udev" in ended.stderr


def test_beyond_loopback_it_makes_a_token_shows_it_once_and_wants_it(start_service: Start) -> None:
    service = start_service("--host", "0.0.0.0")
    port = service.url().rpartition(":")[2]
    url = f"http://127.0.0.1:{port}"
    assert ask(url, "/health")["error_info"]["status"] == 401
    service.end()
    found = re.search(r"shown only once: (\S+)", service.said)
    assert found
    token = found[1]
    again = start_service("--host", "0.0.0.0")
    url = f"http://127.0.0.1:{again.url().rpartition(':')[2]}"
    assert ask(url, "/health", None, Authorization=f"Bearer {token}")["status"] == "ok"
    again.end()
    assert token not in again.said
    assert "--new-token" in again.said
    stored = [path for path in service.data_dir.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert stored == []


def test_live_readings_are_printed_when_asked(start_service: Start) -> None:
    service = start_service("--simulate", "--speed", "20", "--start", "stirring", "--start", "od_reading", "--readings")
    service.url()
    lines = [service.line() for _ in range(4)]
    for line in lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \w+ -?[\d.e+-]+( \S+)?", line), line
    assert service.end() == 0


def test_killed_while_writing_all_but_the_last_second_is_there_and_no_job_runs(
    start_service: Start, data_dir: Path
) -> None:
    service = start_service("--simulate", "--speed", "200", "--start", "stirring", "--start", "od_reading")
    url = service.url()
    told = read_some_events(url, "reading", 60)
    read_some_events(url, "reading", 60)
    assert len(ask(url, "/jobs/running")) >= 2
    service.process.kill()
    service.wait()
    after = start_service("--simulate")
    url = after.url()
    assert [row["job_name"] for row in ask(url, "/jobs/running")] == ["monitor"]
    rows = [row for row in ask(url, "/jobs") if row["job_name"] in ("stirring", "od_reading")]
    assert len(rows) == 2
    assert all(row["ended_at"] for row in rows)
    lines = [item["message"] for item in ask(url, "/logs?min_level=WARNING")["logs"]]
    assert any("od_reading" in line and "was lost" in line for line in lines)
    after.end()
    with closing(sqlite3.connect(data_dir / "storage" / "vialdesk.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        query = "SELECT series, value FROM readings JOIN series USING (series_id)"
        kept = set(database.execute(query).fetchall())
        gaps = database.execute("SELECT reason FROM gaps").fetchall()
    assert {(event["series"], event["value"]) for event in told} <= kept
    assert ("the service ended unexpectedly",) in gaps


def test_at_the_end_jobs_stop_first_and_who_listens_is_told(start_service: Start, data_dir: Path) -> None:
    service = start_service("--simulate", "--start", "stirring")
    url = service.url()
    read_some_events(url, "setting", 1)
    told = []
    with httpx.stream("GET", f"{url}/unit_api/events?topics=job,pwm", timeout=30, trust_env=False) as answer:
        for line in answer.iter_lines():
            if line == "event: snapshot":
                service.process.send_signal(signal.SIGTERM)
            elif line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
    assert service.wait() == 0
    stirring = [event["state"] for event in told if event.get("job_name") == "stirring"]
    assert stirring[-1] == "disconnected"
    assert [event["dc"] for event in told if event.get("channel") == "1"][-1] == 0.0
    with closing(sqlite3.connect(data_dir / "storage" / "vialdesk.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM jobs WHERE ended_at IS NULL").fetchone() == (0,)


@pytest.mark.parametrize("last_will", ["stop", "keep", None])
def test_when_the_window_dies_it_does_what_was_chosen(start_service: Start, last_will: str | None) -> None:
    service = start_service("--simulate", "--has-parent", pipe=True)
    url = service.url()
    ask(url, "/jobs/run/job_name/stirring", {})
    if last_will == "keep":
        service.say("when_window_dies stop")
    if last_will:
        service.say(f"when_window_dies {last_will}")
    service.hang_up()
    if last_will == "keep":
        lines = read_some_events_or_logs(url, "goes on")
        assert lines
        assert "stirring" in [row["job_name"] for row in ask(url, "/jobs/running")]
        assert service.end() == 0
    else:
        assert service.wait() == 0


def read_some_events_or_logs(url: str, part: str) -> list[str]:
    """Return the log lines that hold `part`, once there are some."""
    while True:
        messages = [item["message"] for item in ask(url, "/logs")["logs"]]
        if found := [message for message in messages if part in message]:
            return found


def test_the_window_can_have_it_stopped(start_service: Start) -> None:
    service = start_service("--has-parent", pipe=True)
    service.url()
    service.say("when_window_dies keep")
    service.say("stop")
    assert service.wait() == 0


def test_a_simulated_board_of_its_own_is_used_and_its_loss_and_return_are_told(start_service: Start) -> None:
    command = [sys.executable, "-m", "core.cli", "simulate-board", "--tcp", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as board:
        assert board.stdin
        assert board.stdout
        found = re.search(r"socket://\S+", board.stdout.readline())
        assert found
        url = start_service("--board", found[0]).url()
        with httpx.stream("GET", f"{url}/unit_api/events?topics=board", timeout=30, trust_env=False) as answer:
            links = board_links(answer)
            assert "connected" in links
            board.stdin.write("unplug 1\n")
            board.stdin.flush()
            assert "disconnected" in links
            assert "connected" in links
        board.terminate()
        assert board.wait(10) == 0


def board_links(answer: httpx.Response) -> Iterator[str]:
    """Yield the link's word in each event that tells of the board."""
    for line in answer.iter_lines():
        if line.startswith("data: "):
            data = json.loads(line.removeprefix("data: "))
            yield data.get("board", data)["link"]


def test_a_simulated_board_whose_port_is_taken_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run_command(["simulate-board", "--tcp", str(taken.getsockname()[1])]) == 3
    assert "cannot listen" in capfd.readouterr().err


def test_boards_lists_what_is_plugged_in() -> None:
    command = [sys.executable, "-m", "core.cli", "boards"]
    listed = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=30, check=True)
    assert isinstance(json.loads(listed.stdout), list)
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert told.stdout
