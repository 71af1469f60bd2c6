"""A service in a process of its own on the simulated board, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any


class Client:
    """Speaks to one service over one kept-alive connection."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and parsed answer of `/unit_api` + `path`."""
        data = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, f"/unit_api{path}", body=data)
            answer = self._connection.getresponse()
        except ConnectionError:
            # Closed by the service, which keeps no idle connection for long: it took nothing of this request.
            self._connection.close()
            self._connection.request(method, f"/unit_api{path}", body=data)
            answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def wait_until(self, path: str, accept: Any, within_s: float = 30.0) -> Any:
        """Poll `path` until `accept(answer)` is true; return the answer."""
        deadline = time.monotonic() + within_s
        while True:
            status, answer = self.ask("GET", path)
            if status == 200 and accept(answer):
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} still answers {status} {answer}")
            time.sleep(0.01)


@contextmanager
def service(*arguments: str, data: str | None = None) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """Run `vialdesk serve --simulate` until the block ends, on a throw-away data folder or on `data`."""
    with nullcontext(data) if data else tempfile.TemporaryDirectory(prefix="vialdesk-bench-") as folder:
        command = [sys.executable, "-m", "gui.main", "serve", "--simulate", "--port", "0", "--data", folder, *arguments]
        with Path(folder, "stderr.txt").open("w") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            assert address, "the service did not say where it listens"
            client = Client(address.group())
            client.wait_until("/health", lambda health: health["board"] == "simulated")
            yield process, client
        finally:
            process.terminate()
            process.wait(timeout=30)


def resident_mib(process_id: int) -> float:
    """Return the resident memory of a process in MiB (Linux: /proc/PID/status)."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(process_id)


def processor_s(process_id: int) -> float:
    """Return the processor seconds a process has used (Linux: /proc/PID/stat, 100 ticks a second)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
