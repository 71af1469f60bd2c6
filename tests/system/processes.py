"""Vialdesk's programs as processes of their own: the window, the service, and a simulated board beside them."""

from __future__ import annotations

import http.client
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "gui.main")
PATIENCE_S = 30.0


class Process:
    """A running program whose output lines can be waited for."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self.popen = subprocess.Popen(
            [*PROGRAM, *arguments],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for an output line that holds `pattern`."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = re.search(pattern, self.lines.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no line with {pattern!r}; errors: {self.errors[-20:]}") from None
            if found:
                return found

    def tell(self, line: str) -> None:
        """Write a line to the program's standard input."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def wait(self) -> int:
        """Return the exit code."""
        code = self.popen.wait(timeout=PATIENCE_S)
        for reader in self._readers:
            reader.join(timeout=PATIENCE_S)
        return code

    def end(self) -> None:
        """Make sure that nothing is left behind."""
        if self.popen.poll() is None:
            self.popen.kill()
        self.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            assert stream is not None
            stream.close()

    def _read_output(self) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.put(line)

    def _read_errors(self) -> None:
        assert self.popen.stderr is not None
        self.errors.extend(self.popen.stderr)


class SimulatedBoard(Process):
    """A simulated board behind a socket, with the truth about its outputs."""

    def __init__(self) -> None:
        super().__init__("simulate-board", "--tcp", "0")
        self.url = self.line(r"socket://\S+").group()

    def truth(self) -> dict[str, float]:
        """Return what the model's outputs and culture really are now."""
        self.tell("state")
        return dict(json.loads(self.line(r"^\{.*\}$").group()))

    def wait_until(self, accept: Any) -> dict[str, float]:
        """Return the truth once `accept(truth)` holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            truth = self.truth()
            if accept(truth):
                return truth
            assert time.monotonic() < deadline, truth
            _pause()


class Service:
    """Asks a running service, wherever it runs."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and parsed answer of `/unit_api` + `path`."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=PATIENCE_S)
        try:
            connection.request(method, f"/unit_api{path}", None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def wait_until(self, path: str, accept: Any) -> Any:
        """Return the answer to GET `path` once it is 200 and `accept(answer)` holds."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            status, answer = self.ask("GET", path)
            if status == 200 and accept(answer):
                return answer
            assert time.monotonic() < deadline, (status, answer)
            _pause()

    def start(self, job: str, **options: object) -> None:
        """Start a job and wait until it is ready."""
        status, answer = self.ask("POST", f"/jobs/run/job_name/{job}", {"options": options})
        assert status == 202, answer
        self.wait_until(f"/jobs/settings/job_name/{job}", lambda found: found["settings"]["$state"] == "ready")

    def wait_for_reading(self) -> float:
        """Return the first optical density the service publishes."""
        found = self.wait_until("/jobs/settings/job_name/od_reading", lambda got: "od2" in got["settings"])
        return float(found["settings"]["od2"]["od"])

    def is_gone(self) -> bool:
        """Whether nothing answers at the address any more."""
        try:
            self.ask("GET", "/health")
        except OSError:
            return True
        return False


def service_of(data: Path) -> Service:
    """Wait for the service that owns a data folder and return it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        owner = data / "service.json"
        if owner.exists() and (url := json.loads(owner.read_text())["url"]):
            return Service(url)
        assert time.monotonic() < deadline, "no service owns the data folder"
        _pause()


def _pause() -> None:
    """Let another process get on; there is no event of another process to wait for."""
    threading.Event().wait(0.05)
