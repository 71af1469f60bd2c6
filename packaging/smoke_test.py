"""Starts the frozen program on the simulated board, sees a reading, quits it, and fails on any unexpected output.

Usage: `smoke_test.py PROGRAM` on a display. The program gets a throw-away profile: its settings, data and home
are in a temporary folder.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

START_WITHIN_S = 60.0
READING_WITHIN_S = 60.0
QUIT_WITHIN_S = 30.0


def main(program: str) -> int:
    """Return 0 when the program starts, measures and quits without a word too many."""
    with tempfile.TemporaryDirectory(prefix="vialdesk-smoke-") as folder:
        home = Path(folder)
        process = _launch(program, home)
        try:
            address = _wait_for_service(home / "data", process)
            _start_measuring(address)
            optical_density = _wait_for_reading(address)
            print(f"Reading: {optical_density:.4f}")
            _look_at_what_ships(address)
        finally:
            process.terminate()
            output, _ = process.communicate(timeout=QUIT_WITHIN_S)
        return _judge(process.returncode, output)


def _launch(program: str, home: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_RUNTIME_DIR": str(home),
        "VIALDESK_SETTINGS_DIR": str(home / "settings"),
    }
    return subprocess.Popen(
        [program, "--simulate", "--data", str(home / "data")],
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _wait_for_service(data: Path, process: subprocess.Popen[str]) -> str:
    """Return the address the embedded service wrote beside its data, once it answers."""
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"The program ended by itself with {process.returncode}")
        for lock in data.glob("service.json"):
            address = re.search(r"http://[0-9.:]+", lock.read_text())
            if address:
                try:
                    _get(f"{address.group()}/unit_api/health")
                except OSError:
                    continue
                return address.group()
        time.sleep(0.1)
    raise SystemExit("No service within a minute of the start")


def _get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return dict(json.load(answer))


def _look_at_what_ships(address: str) -> None:
    """See that files and libraries which only some requests need are in the package."""
    for path in ("openapi.json", "docs/swagger-ui-bundle.js", "jobs/descriptors", "calibration_protocols"):
        with urllib.request.urlopen(f"{address}/unit_api/{path}", timeout=30) as answer:
            if len(answer.read()) < 100:
                raise SystemExit(f"{path} has next to nothing")
    _start(address, "growth_rate_calculating")
    _wait_for_setting(address, "growth_rate_calculating", "%24state", "ready")
    _make_certificate(address)
    print("Descriptions, descriptors, the growth rate and what makes certificates are there.")


def _make_certificate(address: str) -> None:
    """Add a calibration and fetch its certificate, which another process makes with fonts of its own."""
    calibration = {
        "calibration_type": "simple_peristaltic_pump", "calibration_name": "smoke",
        "calibrated_on_pioreactor_unit": "unit", "created_at": "2026-01-02T03:04:05.000Z",
        "curve_data_": {"type": "poly", "coefficients": [0.08, 0.0]}, "hz": 250.0, "dc": 100.0, "voltage": 5.0,
        "recorded_data": {"x": [1.0, 2.0], "y": [0.08, 0.16]},
    }  # fmt: skip
    body = json.dumps({"calibration_data": json.dumps(calibration)}).encode()
    request = urllib.request.Request(f"{address}/unit_api/calibrations/media_pump", data=body, method="POST")
    urllib.request.urlopen(request, timeout=5).close()
    deadline = time.monotonic() + READING_WITHIN_S
    while time.monotonic() < deadline:
        for file in _files_of_runs(address):
            if file["name"] == "smoke-certificate.pdf":
                _look_at_certificate(f"{address}/unit_api/record/attachments/{file['id']}")
                return
        time.sleep(0.2)
    raise SystemExit("No certificate within a minute")


def _files_of_runs(address: str) -> list[dict[str, str]]:
    runs: list[dict[str, str]] = _get(f"{address}/unit_api/record/runs")["data"]  # type: ignore[assignment]
    read = [_get(f"{address}/unit_api/record/runs/{run['id']}") for run in runs]
    return [file for run in read for file in run["attachments"]]  # type: ignore[attr-defined]


def _look_at_certificate(url: str) -> None:
    with urllib.request.urlopen(url, timeout=5) as answer:
        content = answer.read()
    if not content.startswith(b"%PDF") or b"DejaVuSansCondensed" not in content:
        raise SystemExit("The certificate is no PDF with its fonts")


def _start_measuring(address: str) -> None:
    _start(address, "od_reading")


def _start(address: str, job_name: str) -> None:
    request = urllib.request.Request(f"{address}/unit_api/jobs/run/job_name/{job_name}", data=b"{}", method="POST")
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                raise SystemExit(f"Measuring could not be started: {error.read().decode()}") from error
            time.sleep(0.2)


def _wait_for_setting(address: str, job_name: str, setting: str, value: str) -> None:
    deadline = time.monotonic() + READING_WITHIN_S
    while time.monotonic() < deadline:
        try:
            answer = _get(f"{address}/unit_api/jobs/settings/job_name/{job_name}/setting/{setting}")
        except urllib.error.HTTPError:
            answer = {}
        if value in answer.values():
            return
        time.sleep(0.2)
    raise SystemExit(f"{job_name} does not become {value}")


def _wait_for_reading(address: str) -> float:
    deadline = time.monotonic() + READING_WITHIN_S
    while time.monotonic() < deadline:
        try:
            answer = _get(f"{address}/unit_api/jobs/settings/job_name/od_reading/setting/od2")
        except urllib.error.HTTPError:
            time.sleep(0.2)
            continue
        return float(answer["od2"]["od"])  # type: ignore[index]
    raise SystemExit("No reading within a minute")


def _judge(code: int, output: str) -> int:
    unexpected = [line for line in output.splitlines() if line.strip()]
    if unexpected:
        print("Unexpected output of the program:", *unexpected, sep="\n  ")
    if code not in (0, -15):
        print(f"The program ended with {code}")
    return int(bool(unexpected) or code not in (0, -15))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
