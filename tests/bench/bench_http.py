"""Answers of the service over one kept-alive connection, quiet and while curves are panned in another process."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.bench.figures import Figure, quantile
from tests.bench.running import Client, service

STARTS = 15
REQUESTS = 1000


def measure() -> list[Figure]:
    """Return start-to-listed and stop-to-unlisted, and the latency of health and jobs/running."""
    with service() as (_, client):
        figures = _starting_and_stopping(client)
        figures += _latency(client, "back to back", {"p50": 1.0})
        figures += _latency(client, "every few ms", {}, pause_s=0.002)
        panning = subprocess.Popen([sys.executable, "-m", "tests.bench.panning"], stdout=subprocess.PIPE, text=True)
        try:
            assert panning.stdout is not None
            panning.stdout.readline()
            figures += _latency(client, "4 x 100k panned", {"p99": 10.0}, pause_s=0.002)
        finally:
            panning.terminate()
            panning.wait()
    return figures


def _starting_and_stopping(client: Client) -> list[Figure]:
    listed, unlisted = [], []
    for _ in range(STARTS):
        begin = time.perf_counter()
        status, answer = client.ask("POST", "/jobs/run/job_name/stirring", {"options": {"target_rpm": 400}})
        assert status == 202, answer
        while not client.ask("GET", "/jobs/running/stirring")[1]:
            pass
        listed.append((time.perf_counter() - begin) * 1e3)
        client.wait_until("/jobs/settings/job_name/stirring", lambda found: found["settings"]["$state"] == "ready")
        begin = time.perf_counter()
        client.ask("POST", "/jobs/stop", {"job_name": "stirring"})
        while client.ask("GET", "/jobs/running/stirring")[1]:
            pass
        unlisted.append((time.perf_counter() - begin) * 1e3)
        time.sleep(1.05)  # the same job starts at most once a second
    return [
        Figure("POST run to the job listed, median", quantile(listed, 0.5), "ms", 15),
        Figure("stop to the job unlisted, median", quantile(unlisted, 0.5), "ms", 15),
    ]


def _latency(client: Client, when: str, bars: dict[str, float], pause_s: float = 0.0) -> list[Figure]:
    figures = []
    for path in ("/health", "/jobs/running"):
        samples = []
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            client.ask("GET", path)
            samples.append((time.perf_counter() - begin) * 1e3)
            time.sleep(pause_s)
        for name, fraction in (("p50", 0.5), ("p99", 0.99)):
            figures.append(Figure(f"GET {path} {name}, {when}", quantile(samples, fraction), "ms", bars.get(name)))
    return figures
