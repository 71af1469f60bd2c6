"""No pump outlives its host: the service hangs or is killed, and the simulated board in another process is watched."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from running_services import ServiceProcess

Start = Callable[..., ServiceProcess]
# The lease of a pump, and what it takes this computer to look.
_OFF_WITHIN_S = 5.0 + 1.0


class WatchedBoard:
    """A simulated board in a process of its own, and the truth about its outputs."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "core.cli", "simulate-board", "--tcp", "0"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        found = re.search(r"socket://\S+", self._line())
        assert found
        self.url = found[0]

    def pumps(self) -> dict[str, float]:
        """Return the duty of each pump that is on, in percent."""
        assert self._process.stdin
        self._process.stdin.write("state\n")
        self._process.stdin.flush()
        line = self._line()
        while not line.startswith("{"):
            line = self._line()
        truth = json.loads(line)
        return {name: duty for name, duty in truth.items() if name.endswith("pump_percent") and duty}

    def until_off_s(self) -> float:
        """Wait until no pump is on; return how long that took in seconds."""
        start_s = time.monotonic()
        while self.pumps():
            assert time.monotonic() - start_s < 20
        return time.monotonic() - start_s

    def until_on(self, number: int) -> None:
        """Wait until so many pumps are on."""
        start_s = time.monotonic()
        while len(self.pumps()) < number:
            assert time.monotonic() - start_s < 20

    def end(self) -> None:
        """Leave nothing behind."""
        with self._process as process:
            process.terminate()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


@pytest.fixture
def board() -> Iterator[WatchedBoard]:
    """A simulated board of its own."""
    watched = WatchedBoard()
    yield watched
    watched.end()


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "is killed"])
def test_pumps_stop_when_the_service(start_service: Start, board: WatchedBoard, number: int) -> None:
    service = start_service("--board", board.url)
    url = service.url()
    with httpx.Client(base_url=f"{url}/unit_api", timeout=10, trust_env=False) as http:
        while http.get("/health").json()["board"] == "disconnected":
            pass
        for name, options in (("remove_waste", {"continuously": True}), ("add_media", {"duration": 30})):
            answer = http.post(f"/jobs/run/job_name/{name}", json={"options": options})
            assert answer.status_code == 202, answer.text
    board.until_on(2)
    service.process.send_signal(number)
    try:
        assert board.until_off_s() < _OFF_WITHIN_S
    finally:
        if number == signal.SIGSTOP:
            service.process.send_signal(signal.SIGCONT)
