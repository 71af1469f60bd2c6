"""What a case of the contract needs beforehand, made in the order it is named."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from contract_unit import Unit
from multipart_body import multipart

_COMMON = "calibrated_on_pioreactor_unit: unit7, created_at: 2031-02-03T04:05:06Z"
_OD = "ir_led_intensity: 80.0, angle: '90', pd_channel: '2', recorded_data: {x: [0.0, 0.5, 1.0], y: [0.01, 0.11, 0.21]}"
_CUBICS = "knots: [0.0, 0.5, 1.0], coefficients: [[0.01, 0.2, 0.0, 0.0], [0.11, 0.2, 0.0, 0.0]]"
_PUMP = (
    "calibration_type: simple_peristaltic_pump, hz: 250.0, dc: 100.0, voltage: 4.95, x: Duration, y: Volume,"
    " curve_data_: {type: poly, coefficients: [0.0842, 0.0]}, recorded_data: {x: [6.0, 12.0], y: [0.51, 1.0]}"
)
_STIRRING = (
    "calibration_type: simple_stirring, pwm_hz: 200.0, voltage: 4.95, x: DC %, y: RPM, curve_data_: {type: spline,"
    " knots: [20.0, 30.0, 40.0], coefficients: [[300.0, 20.0, 0.0, 0.0], [500.0, 20.0, 0.0, 0.0]]},"
    " recorded_data: {x: [20.0, 30.0, 40.0], y: [301.0, 499.0, 700.5]}"
)
_CALIBRATIONS = {
    "media-a": _PUMP,
    "waste-a": _PUMP,
    "my cal": _PUMP,
    "stir-a": _STIRRING,
    "od-plain": f"calibration_type: od, curve_data_: {{type: poly, coefficients: [0.2, 0.01]}}, {_OD}",
    "od600-akima": f"calibration_type: od600, curve_data_: {{type: akima, {_CUBICS}}}, {_OD}",
    "od600-spline": f"calibration_type: od600, curve_data_: {{type: spline, {_CUBICS}}}, {_OD}",
}
_ESTIMATOR = f"""
{{estimator_type: od_fused_estimator, estimator_name: fused-est, {_COMMON}, ir_led_intensity: 80.0, angles: ['90'],
 min_logc: -1.0, max_logc: 0.0, sigma_floor: 0.04, y: log(Voltage), low_conc_scales: {{'90': 4.0}},
 mu_splines: {{'90': {{type: akima, knots: [-1.0, 0.0], coefficients: [[-3.9, 2.2, 0.0, 0.0]]}}}},
 sigma_splines_log: {{'90': {{type: akima, knots: [-1.0, 0.0], coefficients: [[-3.2, 0.0, 0.0, 0.0]]}}}},
 recorded_data: {{by_angle: {{'90': [[0.1, 0.02], [1.0, 0.18]]}}}}}}
"""
_PLUGIN = '__plugin_name__ = "{name}"\n__plugin_version__ = "0.2.0"\n__plugin_summary__ = "does nothing"\n'
_FILES = {"binary.bin": b"\x00\xff\x10", "probe.sqlite": b"SQLite format 3\x00"}
_LOCKS = {
    "power-lock": "/system/reboot",
    "web-restart-lock": "/system/web_server/restart",
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "add_media": {"duration": 20},
    "led_intensity": {"B": 20},
    "temperature_automation": {"automation_name": "thermostat", "target_temperature": 30},
    "dosing_automation": {"automation_name": "chemostat", "exchange_volume_ml": 0.5, "duration": 20},
}


def place_files(data_dir: Path, needs: list[str]) -> None:
    """Put what must be there before the unit starts into its data folder."""
    for need in needs:
        if found := re.fullmatch(r"plugin file (\S+) installed", need):
            _write(data_dir / "plugins" / found[1], _plugin(found[1]))


async def prepare(unit: Unit, needs: list[str]) -> None:
    """Bring a unit into the state a case begins with."""
    for need in needs:
        for pattern, make in _NEEDS:
            if found := re.fullmatch(pattern, need):
                await make(unit, *found.groups())
                break
        else:
            raise AssertionError(f"nothing makes {need!r}")


async def _run(unit: Unit, job_name: str, experiment: str | None = None) -> None:
    if await unit.settings(job_name):
        return
    if job_name == "dosing_automation":
        await _active_calibration(unit, "media_pump", "media-a")
        await _active_calibration(unit, "waste_pump", "waste-a")
    env = {"EXPERIMENT": experiment} if experiment else {}
    body = {"options": _OPTIONS.get(job_name, {}), "env": env}
    await unit.done("POST", f"/jobs/run/job_name/{job_name}", body)
    await asyncio.sleep(1.1)  # bent time: starting one again at once is refused


async def _just_started(unit: Unit, job_name: str) -> None:
    answer = await unit.ask("POST", f"/jobs/run/job_name/{job_name}", {})
    assert answer.status == 202, answer.body


async def _stop(unit: Unit, job_name: str) -> None:
    await unit.done("POST", "/jobs/stop", {"job_name": job_name})


async def _run_and_end(unit: Unit, job_name: str) -> None:
    await _run(unit, job_name)
    await _stop(unit, job_name)


async def _stop_all(unit: Unit) -> None:
    await unit.done("POST", "/jobs/stop/all")


async def _wait_for_ods(unit: Unit) -> None:
    if not await unit.settings("od_reading"):
        await _run(unit, "od_reading")
    async with asyncio.timeout(60):
        while "ods" not in await unit.settings("od_reading"):  # noqa: ASYNC110 - it is bent time that passes
            await asyncio.sleep(0.5)


async def _calibration(unit: Unit, device: str, name: str) -> None:
    data = f"{{calibration_name: {name}, {_COMMON}, {_CALIBRATIONS[name]}}}"
    _write(unit.data_dir / "storage" / "calibrations" / device / f"{name}.yaml", data.encode())


async def _active_calibration(unit: Unit, device: str, name: str) -> None:
    await _calibration(unit, device, name)
    answer = await unit.ask("PATCH", f"/active_calibrations/{device}/{quote(name)}")
    assert answer.status == 200, answer.body


async def _corrupt(unit: Unit, kind: str, device: str, name: str) -> None:
    _write(unit.data_dir / "storage" / f"{kind}s" / device / f"{name}.yaml", b"{this is: [not closed")


async def _estimator(unit: Unit, device: str, name: str) -> None:
    _write(unit.data_dir / "storage" / "estimators" / device / f"{name}.yaml", _ESTIMATOR.encode())


async def _active_estimator(unit: Unit, device: str, name: str) -> None:
    await _estimator(unit, device, name)
    answer = await unit.ask("PATCH", f"/active_estimators/{device}/{quote(name)}")
    assert answer.status == 200, answer.body


async def _file(unit: Unit, name: str) -> None:
    content = _plugin(name.rpartition("/")[2]) if name.endswith(".py") else _FILES.get(name, b"hello\n")
    _write(unit.data_dir / name, content)


async def _flag(unit: Unit, name: str) -> None:
    _write(unit.data_dir / name, b"")


async def _finished_task(unit: Unit) -> None:
    answer = await unit.ask("POST", "/jobs/stop", {"job_name": "stirring"})
    unit.known["task_id"] = answer.json()["task_id"]
    await unit.task(unit.known["task_id"])


async def _failed_task(unit: Unit) -> None:
    options = {"automation_name": "chemostat", "exchange_volume_ml": 0.5, "duration": 20}
    answer = await unit.ask("POST", "/jobs/run/job_name/dosing_automation", {"options": options})
    assert answer.status == 202, answer.body
    unit.known["task_id"] = answer.json()["task_id"]
    task = await unit.task(unit.known["task_id"])
    assert task["status"] == "failed", task


async def _lock(unit: Unit, lock: str) -> None:
    if lock == "clock-lock":
        answer = await unit.ask("POST", "/system/utc_clock", {"utc_clock_time": "2031-02-03T04:05:06Z"})
    elif lock == "import-dot-pioreactor-lock":
        body, kind = multipart("archive", "export.zip", zip_of({"config.ini": ""}))
        path = "/unit_api/import_zipped_dot_pioreactor"
        answer = await unit.client.ask("POST", path, body, {"Content-Type": kind})
    else:
        answer = await unit.ask("POST", _LOCKS[lock])
    assert answer.status == 202, answer.body
    assert answer.json()["status"] == "accepted", answer.body


async def _etag(unit: Unit, path: str) -> None:
    unit.known["etag"] = (await unit.client.ask("GET", path)).headers["etag"]


async def _board_shut_down(unit: Unit) -> None:
    await unit.done("POST", "/system/shutdown")


async def _experiment(unit: Unit, name: str) -> None:
    answer = await unit.ask("POST", "/experiments", {"experiment": name})
    assert answer.status == 201, answer.body


async def _an_experiment(unit: Unit) -> None:
    await _experiment(unit, "an experiment")
    unit.known["active_experiment"] = quote("an experiment")


async def _session(unit: Unit, device: str, protocol: str) -> None:
    body = {"target_device": device, "protocol_name": protocol}
    answer = await unit.ask("POST", "/calibrations/sessions", body)
    assert answer.status == 201, answer.body
    unit.known["session_id"] = answer.json()["session"]["session_id"]


async def _nothing(unit: Unit, *_: str) -> None:
    """A new unit is like that already."""


_NEEDS: tuple[tuple[str, Callable[..., Awaitable[None]]], ...] = (
    (r"(\w+) running in experiment (.+)", _run),
    (r"(\w+) running", _run),
    (r"monitor not running", lambda unit: _stop(unit, "monitor")),
    (r"\w+ not running|no active experiment|no calibration|no calibration for \w+", _nothing),
    (r"plugin file \S+ (?:installed|missing)|path of the data folder known", _nothing),
    (r"no job running", _stop_all),
    (r"(\w+) has run and ended", _run_and_end),
    (r"(\w+) started less than 1 s ago", _just_started),
    (r"od_reading has published ods", _wait_for_ods),
    (r"corrupt (calibration|estimator) (\w+)/(.+) on disk", _corrupt),
    (r"calibration (\w+)/(.+) exists", _calibration),
    (r"calibration (\w+)/(.+) is active", _active_calibration),
    (r"estimator (\w+)/(.+) exists", _estimator),
    (r"estimator (\w+)/(.+) is active", _active_estimator),
    (r"file (.+) exists", _file),
    (r"flag (\w+) set", _flag),
    (r"finished task known", _finished_task),
    (r"failed task known", _failed_task),
    (r"lock (\S+) held", _lock),
    (r"etag of (\S+) known", _etag),
    (r"board shut down", _board_shut_down),
    (r"experiment (.+) exists", _experiment),
    (r"an experiment is active", _an_experiment),
    (r"session (\w+)/(\w+) open", _session),
)


def zip_of(entries: Mapping[str, str | bytes], links: dict[str, str] | None = None) -> bytes:
    """Return an archive with files of these texts, and symbolic links to these targets."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
        for name, target in (links or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, target)
    return buffer.getvalue()


def _plugin(file_name: str) -> bytes:
    return _PLUGIN.format(name=file_name.removesuffix(".py").replace("_", "-")).encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
