"""What the instrument writes into its own record: its board as a unit; self-tests, checks and calibrations as runs.

It listens and never gets in the way: what cannot be written is told in the log, and the test itself is none the worse.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from core.board_link import BoardLink
from core.bus import BoardChanged, Bus, CalibrationChanged, HardwareChecked, JobChanged, PartTested, SettingChanged
from core.calibrations.calibrations import Calibrations
from core.clock import Clock
from core.config import Config, ConfigError
from core.errors import ServiceError
from core.person import person
from core.reactor_models import ReactorModels
from core.traceability.book import Change
from core.traceability.own_runs import OwnRun, phase, write_run
from core.traceability.own_unit import OwnUnit, know_unit, serial_number_of
from core.traceability.record import UnitRecord
from core.traceability.self_test_run import SelfTestRun, hardware_check_run
from core.traceability.sub_units import sub_units_of

CALIBRATION = "Calibration of {}"
_SELF_TEST_JOB = "self_test"
_ALL_PASSED = "all_tests_passed"
_ENDS = ("disconnected", "lost")
_log = logging.getLogger(__name__)


class InstrumentRecord:
    """Keeps the record of the instrument itself, as long as it is not closed."""

    def __init__(
        self,
        record: UnitRecord,
        board_link: BoardLink,
        models: ReactorModels,
        config: Config,
        calibrations: Calibrations,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._record = record
        self._board_link = board_link
        self._models = models
        self._config = config
        self._calibrations = calibrations
        self._clock = clock
        self._serial_number: str | None = None
        # The serial number and firmware that the record knows of, or is about to.
        self._known: tuple[str, str] | None = None
        self._trouble_told = ""
        self._self_test: SelfTestRun | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._stops = [
            bus.listen(BoardChanged, self._on_board),
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(PartTested, self._on_part_tested),
            bus.listen(HardwareChecked, self._on_hardware_check),
            bus.listen(CalibrationChanged, self._on_calibration),
        ]

    async def close(self) -> None:
        """Listen no more, and finish writing."""
        for stop in self._stops:
            stop()
        await asyncio.gather(*self._writing)

    def _on_board(self, event: BoardChanged) -> None:
        board = self._board_link.current
        if event.board["link"] == "disconnected" or board is None or board.dictionary is None:
            return
        dictionary = board.dictionary
        known = (serial_number_of(dictionary.serial_number), dictionary.firmware_version)
        if known == self._known:
            return
        self._known, self._serial_number = known, known[0]
        try:
            model = self._models.current
        except ConfigError as error:
            _log.warning("The board is not in the unit's record yet: %s", error)
            return
        own = OwnUnit(
            *(known[0], model.model_name, model.model_version, model.display_name),
            *(known[1], dictionary.protocol_version, sub_units_of(dictionary, self._config), self._record.unit),
        )
        self._begin(self._know(own))

    async def _know(self, own: OwnUnit) -> None:
        try:
            await self._change(lambda change: know_unit(change, own))
        except BaseException:
            self._known = None  # it is tried again when the board is heard of next
            raise

    def _on_job(self, event: JobChanged) -> None:
        if event.row["job_name"] != _SELF_TEST_JOB:
            return
        now_s = self._clock.utc_s()
        if event.state == "ready":
            self._self_test = SelfTestRun(now_s, person())
        elif event.state in _ENDS and self._self_test is not None:
            test, self._self_test = self._self_test, None
            self._write(test.ended(now_s))

    def _on_setting(self, event: SettingChanged) -> None:
        is_verdict = event.job_name == _SELF_TEST_JOB and event.setting == _ALL_PASSED
        if self._self_test is not None and is_verdict and event.value is not None:
            self._self_test.passed = bool(event.value)

    def _on_part_tested(self, event: PartTested) -> None:
        if self._self_test is not None:
            self._self_test.add(event, self._clock.utc_s())

    def _on_hardware_check(self, event: HardwareChecked) -> None:
        self._write(hardware_check_run(event, person()))

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
        one = phase(made.calibration_type, "PASS", now_s, now_s, [name, points])
        self._write(OwnRun(CALIBRATION.format(event.device), "PASS", now_s, now_s, [one], person()))

    def _write(self, run: OwnRun | None) -> None:
        serial_number = self._serial_number
        if run is None or serial_number is None:
            return  # nothing was tested, or no board was there
        self._begin(self._change(lambda change: write_run(change, serial_number, run, self._record.unit)))

    def _begin(self, writing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._written(writing), name="instrument's record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _written(self, writing: Coroutine[Any, Any, None]) -> None:
        try:
            await writing
        except (ServiceError, ValueError) as error:
            if str(error) != self._trouble_told:
                _log.warning("This was not written into the unit's record: %s", error)
            self._trouble_told = str(error)

    async def _change(self, change: Callable[[Change], Any]) -> None:
        await self._record.change(await self._record.owner(), change)
