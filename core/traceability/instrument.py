"""What the instrument writes into its own record: its board as a unit; self-tests, checks and calibrations as runs.

It listens and never gets in the way: what cannot be written is told in the log, and the test itself is none the worse.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.bus import BoardChanged, Bus, CalibrationChanged, HardwareChecked, JobChanged, SettingChanged
from core.calibrations.calibrations import Calibrations
from core.clock import Clock, timestamp
from core.config import ConfigError
from core.errors import ServiceError
from core.reactor_models import ReactorModels
from core.schemas.unit_record.parts import NewPart, NewRevision
from core.schemas.unit_record.runs import NewRun
from core.schemas.unit_record.units import NewUnit
from core.traceability.book import Change
from core.traceability.parts_store import create_part, create_revision
from core.traceability.procedures_store import create_procedure
from core.traceability.record import UnitRecord
from core.traceability.run_create import create_run
from core.traceability.units_store import create_unit

SELF_TEST, HARDWARE_CHECK, CALIBRATION = "Self-test", "Hardware check", "Calibration of {}"
_SELF_TEST_JOB = "self_test"
_ALL_PASSED = "all_tests_passed"
_TEST_PREFIX = "test_"
_ENDS = ("disconnected", "lost")
_LONGEST = 60
_REVISION = (
    "SELECT 1 FROM revisions JOIN parts ON parts.id = revisions.part WHERE parts.number = ? AND revisions.number = ?"
)
_log = logging.getLogger(__name__)


@dataclass
class _SelfTest:
    """A self-test under way: when it began, and what it has told so far."""

    started_s: float
    phase_started_s: float
    phases: list[dict[str, Any]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)
    passed: bool | None = None


class InstrumentRecord:
    """Keeps the record of the instrument itself, as long as it is not closed."""

    def __init__(
        self, record: UnitRecord, models: ReactorModels, calibrations: Calibrations, bus: Bus, clock: Clock
    ) -> None:
        self._record = record
        self._models = models
        self._calibrations = calibrations
        self._clock = clock
        self._serial_number: str | None = None
        self._self_test: _SelfTest | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._stops = [
            bus.listen(BoardChanged, self._on_board),
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(HardwareChecked, self._on_hardware_check),
            bus.listen(CalibrationChanged, self._on_calibration),
        ]

    async def close(self) -> None:
        """Listen no more, and finish writing."""
        for stop in self._stops:
            stop()
        await asyncio.gather(*self._writing)

    def _on_board(self, event: BoardChanged) -> None:
        told = event.board.get("serial_number")
        if event.board["link"] == "disconnected" or not told or serial_number_of(told) == self._serial_number:
            return
        serial_number = self._serial_number = serial_number_of(told)
        try:
            model = self._models.current
        except ConfigError as error:
            _log.warning("The board is not in the unit's record yet: %s", error)
            return
        part, revision, name = model.model_name, model.model_version, model.display_name
        self._write(lambda change: know_unit(change, serial_number, part, revision, name))

    def _on_job(self, event: JobChanged) -> None:
        if event.row["job_name"] != _SELF_TEST_JOB:
            return
        now_s = self._clock.utc_s()
        if event.state == "ready":
            self._self_test = _SelfTest(now_s, now_s)
        elif event.state in _ENDS and self._self_test is not None:
            test, self._self_test = self._self_test, None
            outcome = "ABORTED" if test.passed is None else "PASS" if test.passed else "FAIL"
            if test.phases or test.passed is None:
                self._write_run(SELF_TEST, test.started_s, outcome, test.phases)

    def _on_setting(self, event: SettingChanged) -> None:
        test = self._self_test
        if test is None or event.job_name != _SELF_TEST_JOB or event.value is None:
            return
        if event.setting == _ALL_PASSED:
            test.passed = bool(event.value)
        elif event.setting.startswith(_TEST_PREFIX) and isinstance(event.value, int):
            outcome, now_s = "PASS" if event.value else "FAIL", self._clock.utc_s()
            measurements = [
                {"name": name, "outcome": "UNSET", "measured_value": value} for name, value in test.found.items()
            ]
            measurements.append({"name": "passed", "outcome": outcome, "measured_value": bool(event.value)})
            test.phases.append(_phase(event.setting, outcome, test.phase_started_s, now_s, measurements))
            test.phase_started_s, test.found = now_s, {}
        elif not event.setting.startswith("$"):
            test.found[event.setting] = event.value

    def _on_hardware_check(self, event: HardwareChecked) -> None:
        phases = []
        for check in event.result["checks"]:
            outcome = "PASS" if check["ok"] else "FAIL"
            measurement = {"name": "found", "outcome": outcome, "measured_value": check["detail"]}
            phases.append(_phase(check["name"], outcome, event.started_s, event.ended_s, [measurement]))
        outcome = "PASS" if event.result["ok"] else "FAIL"
        self._write_run(HARDWARE_CHECK, event.started_s, outcome, phases)

    def _on_calibration(self, event: CalibrationChanged) -> None:
        if event.action != "created" or not self._calibrations.has(event.device, event.name):  # an estimator's
            return
        made = self._calibrations.get(event.device, event.name)
        now_s = self._clock.utc_s()
        points = {
            "name": "recorded points",
            "outcome": "PASS",
            "docstring": f"{made.y} against {made.x}",
            "x_axis": {"data": list(made.recorded_data.x), "name": made.x},
            "y_axis": [{"data": list(made.recorded_data.y), "name": made.y}],
        }
        name = {"name": "calibration_name", "outcome": "PASS", "measured_value": made.name}
        phase = _phase(made.calibration_type, "PASS", now_s, now_s, [name, points])
        self._write_run(CALIBRATION.format(event.device), now_s, "PASS", [phase])

    def _write_run(self, procedure: str, started_s: float, outcome: str, phases: list[dict[str, Any]]) -> None:
        if self._serial_number is None:
            return  # no board was there: nothing was tested
        body = {
            "outcome": outcome,
            "started_at": timestamp(started_s),
            "ended_at": timestamp(max(started_s, self._clock.utc_s())),
            "serial_number": self._serial_number,
            "phases": phases,
        }

        def write(change: Change) -> None:
            create_run(change, NewRun.model_validate({**body, "procedure_id": _procedure(change, procedure)}))

        self._write(write)

    def _write(self, change: Callable[[Change], None]) -> None:
        task = asyncio.get_running_loop().create_task(self._change(change), name="instrument's record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _change(self, change: Callable[[Change], None]) -> None:
        try:
            await self._record.change(await self._record.owner(), change)
        except (ServiceError, ValueError) as error:
            _log.warning("This was not written into the unit's record: %s", error)


def serial_number_of(told: str) -> str:
    """Return a board's serial number in the characters the record takes."""
    return re.sub(r"[^A-Za-z0-9_.:+-]", "-", told)[:_LONGEST]


def know_unit(change: Change, serial_number: str, part: str, revision: str, name: str) -> None:
    """Have the record know a board; one that is there already stays as it is."""
    connection = change.connection
    if connection.execute("SELECT 1 FROM units WHERE serial_number = ?", (serial_number,)).fetchone():
        return
    if connection.execute("SELECT 1 FROM parts WHERE number = ?", (part,)).fetchone() is None:
        create_part(change, NewPart(number=part, name=name, revision_number=revision))
    if connection.execute(_REVISION, (part, revision)).fetchone() is None:
        create_revision(change, part, NewRevision(number=revision))
    create_unit(change, NewUnit(serial_number=serial_number, part_number=part, revision_number=revision))


def _procedure(change: Change, name: str) -> str:
    row = change.connection.execute(
        "SELECT uuid FROM procedures WHERE name = ? ORDER BY id LIMIT 1", (name,)
    ).fetchone()
    return create_procedure(change, name) if row is None else str(row["uuid"])


def _phase(
    name: str, outcome: str, started_s: float, ended_s: float, measurements: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome,
        "started_at": timestamp(started_s),
        "ended_at": timestamp(max(started_s, ended_s)),
        "measurements": measurements,
    }
