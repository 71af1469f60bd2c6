"""The unit's record with 10 000 units and 50 000 runs: reading one, listing with filters, storing, and its size."""

from __future__ import annotations

import http.client
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from core.folders import DataFolder
from core.schemas.unit_record.runs import NewRun
from core.traceability.book import Change, changed, connect_book, open_book
from core.traceability.callers import Caller
from core.traceability.keys import make_user_key
from core.traceability.owner import begin_record, first_user
from core.traceability.procedures_store import create_procedure
from core.traceability.record import book_path
from core.traceability.run_create import create_run
from tests.bench.figures import Figure, quantile
from tests.bench.running import service

UNITS = 10_000
RUNS = 50_000
REQUESTS = 400
PROCEDURES = 8
_DAY_0_S = 1_900_000_000
_LISTS = {
    "units by part, batch, newest first": "/v2/units?limit=50&part_numbers=PART-3&batch_numbers=LOT-7",
    "units with failed runs of a procedure": "/v2/units?limit=50&outcomes=FAIL&procedure_ids={procedure}",
    "units by text, by newest run": "/v2/units?limit=50&search_query=99&sort_by=last_run_at",
    "units of 5 runs, by part number": "/v2/units?limit=50&run_count_min=5&sort_by=part_number",
    "runs of a procedure that failed": "/v2/runs?limit=50&procedure_ids={procedure}&outcomes=FAIL",
    "runs by unit text and duration": "/v2/runs?limit=50&search_query=777&duration_min=PT30S",
    "runs of a part, by serial number": "/v2/runs?limit=50&part_numbers=PART-3&sort_by=serial_number",
    "runs of a month, page 100": "/v2/runs?limit=50&cursor=5000&started_after=2030-04-01T00:00:00Z",
    "measurements of one name": "/v2/measurements?limit=50&procedure_id={procedure}&measurement_name=dark_1_v",
}


def measure() -> list[Figure]:
    """Fill a record, then ask a service that has it."""
    with tempfile.TemporaryDirectory(prefix="vialdesk-bench-") as folder:
        DataFolder(Path(folder)).make()
        path = book_path(Path(folder))
        key, procedures = _fill(path)
        size_mb = path.stat().st_size / 1e6
        with service(data=folder) as (process, client):
            asker, used = _Asker(client.address, key), psutil.Process(process.pid)
            figures = _reading(asker)
            for name, url in _LISTS.items():
                figures += _listing(asker, used, name, url.format(procedure=procedures[1]))
            figures += _storing(asker, procedures[0])
        return [*figures, Figure("database", size_mb, "MB", 100)]


class _Asker:
    def __init__(self, address: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
        self._headers = {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, body: object = None) -> tuple[float, Any]:
        """Return milliseconds and answer; insist on 200."""
        data = None if body is None else json.dumps(body).encode()
        begin = time.perf_counter()
        self._connection.request(method, path, body=data, headers=self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        took_ms = (time.perf_counter() - begin) * 1e3
        assert answer.status == 200, raw
        return took_ms, json.loads(raw)


def _reading(asker: _Asker) -> list[Figure]:
    samples = [asker.ask("GET", f"/v2/units/SN-{random.randrange(UNITS):05d}")[0] for _ in range(REQUESTS)]
    return [
        Figure("get a unit, p50", quantile(samples, 0.5), "ms", 3),
        Figure("get a unit, p95", quantile(samples, 0.95), "ms"),
    ]


def _listing(asker: _Asker, used: psutil.Process, name: str, path: str) -> list[Figure]:
    """Return how long a list takes, and what the service computes for it: that depends less on what else runs here."""
    before_s, count = _computed_s(used), REQUESTS // 4
    found = [asker.ask("GET", path) for _ in range(count)]
    computed_ms = 1e3 * (_computed_s(used) - before_s) / count
    assert found[0][1]["data"], path
    return [
        Figure(f"list of 50 {name}, p95", quantile([took_ms for took_ms, _ in found], 0.95), "ms", 25),
        Figure("    computing, mean", computed_ms, "ms"),
    ]


def _computed_s(used: psutil.Process) -> float:
    times = used.cpu_times()
    return float(times.user + times.system)


def _storing(asker: _Asker, procedure: str) -> list[Figure]:
    bodies = [{**_run(procedure, number, number), "started_at": "2031-01-01T00:00:00Z"} for number in range(REQUESTS)]
    samples = [asker.ask("POST", "/v2/runs", {**body, "ended_at": "2031-01-01T00:01:00Z"})[0] for body in bodies]
    return [
        Figure("store a run, on the disk when answered, p50", quantile(samples, 0.5), "ms"),
        Figure("store a run, on the disk when answered, p95", quantile(samples, 0.95), "ms"),
    ]


def _fill(path: Path) -> tuple[str, list[str]]:
    """Make the record; return a key and the procedures."""
    open_book(path, "bench")
    connection = connect_book(path)

    def begin(change: Change) -> str:
        begin_record(change, "unit")
        return make_user_key(change, "bench", "unit")

    key, _ = changed(connection, Caller("", None), _DAY_0_S * 1_000_000, begin)
    owner = first_user(connection)
    make = lambda change: [create_procedure(change, f"Procedure {each}") for each in range(PROCEDURES)]  # noqa: E731
    procedures, _ = changed(connection, owner, _DAY_0_S * 1_000_000, make)
    for first in range(0, RUNS, 5000):

        def add(change: Change, first: int = first) -> None:
            for number in range(first, first + 5000):
                create_run(change, NewRun.model_validate(_run(procedures[number % PROCEDURES], number % UNITS, number)))

        changed(connection, owner, (_DAY_0_S + first) * 1_000_000, add)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return key, procedures


def _run(procedure: str, unit: int, number: int) -> dict[str, Any]:
    """Return a run of two phases with six measurements, each with limits, and two log lines."""
    started_s = _DAY_0_S + number * 37
    started, ended = _moment(started_s), _moment(started_s + 20 + number % 40)
    return {
        "outcome": "FAIL" if number % 11 == 0 else "PASS",
        "procedure_id": procedure,
        "procedure_version": f"1.{number % 5}",
        "started_at": started,
        "ended_at": ended,
        "serial_number": f"SN-{unit:05d}",
        "part_number": f"PART-{unit % 12}",
        "batch_number": f"LOT-{unit % 25}",
        "phases": [
            {
                "name": name,
                "outcome": "PASS",
                "started_at": started,
                "ended_at": ended,
                "measurements": [
                    {
                        "name": f"{name.lower()}_{each}_v",
                        "outcome": "PASS",
                        "measured_value": round(0.1 * each + number % 97 / 1000, 4),
                        "units": "V",
                        "validators": [
                            {"outcome": "PASS", "operator": ">=", "expected_value": 0.0},
                            {"outcome": "PASS", "operator": "<=", "expected_value": 0.5},
                        ],
                    }
                    for each in range(3)
                ],
            }
            for name in ("Dark", "Bright")
        ],
        "logs": [
            {"level": "INFO", "timestamp": started, "message": text, "source_file": "optics.py", "line_number": 12}
            for text in ("The lamp is dark.", "The lamp is bright.")
        ],
    }


def _moment(utc_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(utc_s))
