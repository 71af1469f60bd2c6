"""A unit's record after a year: some of its parts known by number, one replaced, and runs of a test station."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

# What a unit writes down of itself, and the numbers found on the parts.
_NAMED = {
    "media-pump": "MP-0412",
    "waste-pump": "WP-0398",
    "stirrer": "ST-1180",
    "optics": "OP-0227",
    "led-A": "IR-5521",
}
_MINUTE = timedelta(minutes=1)


def write_record(url: str, serial_number: str, runs: int = 24) -> None:
    """Write the record of a unit through the keyed API of the service at `url`."""
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        key = _ok(http.post("/unit_api/keys", json={"user": "Ada Keller"}))["key"]
        _ok(http.post("/unit_api/keys", json={"station": "Bench 2"}))
        http.headers["Authorization"] = f"Bearer {key}"
        _ok(http.post("/v2/parts", json={"number": "REACTOR", "name": "Bioreactor 20 ml"}))
        _ok(http.post("/v2/batches", json={"number": "2026-03"}))
        _ok(http.patch(f"/v2/units/{serial_number}", json={"batch_number": "2026-03"}))
        record = "/unit_api/record/units"
        for place, number in _NAMED.items():
            _ok(http.patch(f"{record}/{serial_number}-{place}", json={"new_serial_number": number}))
        swap = {"replaces": "MP-0412", "part_number": "peristaltic-pump"}
        _ok(http.put(f"{record}/{serial_number}/children/MP-0533", json=swap))
        for other in range(1, 6):
            _unit(http, f"UNIT-{other:03}", "REACTOR")
        _write_runs(http, serial_number, runs)


def _write_runs(http: httpx.Client, serial_number: str, runs: int) -> None:
    self_test = _ok(http.post("/v2/procedures", json={"name": "Self-test"}))["id"]
    pump_check = _ok(http.post("/v2/procedures", json={"name": "Pump check"}))["id"]
    now = datetime.now(UTC)
    for index in range(runs):
        started = now - timedelta(days=9 * (runs - index), minutes=37 * index)
        procedure = pump_check if index % 4 == 2 else self_test
        outcome = "FAIL" if index in (9, 18) else "ABORTED" if index == 14 else "PASS"
        body = {
            "outcome": outcome, "procedure_id": procedure, "procedure_version": "1.4", "serial_number": serial_number,
            "started_at": _when(started), "ended_at": _when(started + 3 * _MINUTE),
            "phases": _phases(started, index, failed=outcome == "FAIL"), "logs": _logs(started),
            "docstring": "After the media pump was replaced." if index == runs - 1 else None,
        }  # fmt: skip
        run = _ok(http.post("/v2/runs", json=body))["id"]
        if index >= runs - 2:
            for name, content in (("certificate.pdf", b"%PDF-1.4\n" + b"0" * 14_000), ("raw.csv", b"t,volt\n" * 900)):
                upload = _ok(http.post(f"/v2/runs/{run}/attachments", json={"name": name}))
                _ok(http.put(upload["upload_url"], content=content))


def _phases(started: datetime, index: int, *, failed: bool) -> list[dict[str, Any]]:
    drift = math.sin(index / 3)
    warming = 0.62 if failed else 2.1 + 0.35 * drift - 0.02 * index
    return [
        _phase("Heater", started, "FAIL" if failed else "PASS", [
            _measured("Warming in 60 s", warming, "°C", 1.0, 4.0),
            _measured("Thermometers apart", 0.21 + 0.05 * drift, "°C", None, 0.5),
        ]),
        _phase("Stirrer", started + _MINUTE, "PASS", [
            _measured("Speed at 30 %", 498 + 8 * drift, "rpm", 450, 550),
            _measured("Least duty to start", 14.5 + 0.1 * index, "%", None, 25),
        ]),
        _phase("Optics", started + 2 * _MINUTE, "PASS", [
            _measured("Dark offset 90°", 0.0021 + 0.0004 * drift, "V", None, 0.01),
            _measured("Reference photodiode", 0.41 - 0.001 * index, "V", 0.2, 0.8),
            {"name": "Ambient light", "outcome": "PASS", "measured_value": False},
            {"name": "LED ramp", "outcome": "UNSET", "x_axis": {"data": [0.0, 25.0, 50.0, 75.0], "units": "%"},
             "y_axis": [{"data": [0.0, 0.11, 0.22, 0.33], "units": "V"}]},
        ]),
    ]  # fmt: skip


def _phase(name: str, started: datetime, outcome: str, measurements: list[dict[str, Any]]) -> dict[str, Any]:
    ended = started + timedelta(seconds=52)
    return {
        "name": name, "outcome": outcome, "started_at": _when(started), "ended_at": _when(ended),
        "measurements": measurements,
    }  # fmt: skip


def _measured(name: str, value: float, units: str, low: float | None, high: float | None) -> dict[str, Any]:
    is_met = (low is None or value >= low) and (high is None or value <= high)
    limits = {key: limit for key, limit in (("lower_limit", low), ("upper_limit", high)) if limit is not None}
    return {
        "name": name, "outcome": "PASS" if is_met else "FAIL", "measured_value": round(value, 6), "units": units,
        **limits,
    }  # fmt: skip


def _logs(started: datetime) -> list[dict[str, Any]]:
    lines = ("Heater on at 60 %", "Stirrer speed is steady", "Photodiodes read")
    return [
        {"level": "INFO", "timestamp": _when(started + number * _MINUTE), "message": line, "source_file": "checks.py",
         "line_number": 40 + number}
        for number, line in enumerate(lines)
    ]  # fmt: skip


def _unit(http: httpx.Client, serial_number: str, part: str) -> None:
    body = {"serial_number": serial_number, "part_number": part, "revision_number": "A"}
    if http.get(f"/v2/units/{serial_number}").status_code == 404:
        _ok(http.post("/v2/units", json=body))


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    result: dict[str, Any] = answer.json()
    return result
