"""What the instrument writes into its own record: its board as a unit; self-tests, checks and calibrations as runs.

It listens and never gets in the way: what cannot be written waits, and the test itself is none the worse.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from core.board_link import BoardLink
from core.bus import (
    BoardChanged,
    Bus,
    CalibrationChanged,
    CalibrationGivenUp,
    HardwareChecked,
    JobChanged,
    PartTested,
    RecordWritten,
    SettingChanged,
)
from core.calibrations.catalogue import Catalogue
from core.calibrations.sessions.session import session_under_way
from core.clock import Clock
from core.config import Config, ConfigError
from core.errors import ServiceError
from core.person import person
from core.reactor_models import ReactorModels
from core.schemas.unit_record.fields import LONGEST_NAME
from core.traceability.book import Change
from core.traceability.calibration_run import Calibrated, calibration_run, given_up_run
from core.traceability.certificates.document import Document
from core.traceability.certificates.process import PdfFailedError, PdfProcesses
from core.traceability.own_runs import OwnFile, OwnRun, StoredFile, attach_to_run, write_run
from core.traceability.own_unit import OwnUnit, know_unit, number_of
from core.traceability.record import UnitRecord
from core.traceability.self_test_run import SelfTestRun, hardware_check_run, report_of
from core.traceability.sub_units import sub_units_of
from core.traceability.waiting_changes import WaitingChanges

_SELF_TEST_JOB = "self_test"
_ALL_PASSED = "all_tests_passed"
_ENDS = ("disconnected", "lost")
# How long the service's end waits for PDFs; one takes about a second.
_FINISH_WITHIN_S = 5.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class InstrumentRecord:
    """Keeps the record of the instrument itself, as long as it is not closed."""

    def __init__(
        self,
        record: UnitRecord,
        board_link: BoardLink,
        models: ReactorModels,
        config: Config,
        catalogues: Sequence[Catalogue[Any]],
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._record = record
        self._board_link = board_link
        self._models = models
        self._config = config
        self._catalogues = catalogues
        self._bus = bus
        self._clock = clock
        self._serial_number: str | None = None
        # The serial number and firmware that the record knows of, or is about to.
        self._known: tuple[str, str] | None = None
        self._trouble_told = ""
        self._self_test: SelfTestRun | None = None
        self._changes = WaitingChanges(record)
        self._pdfs = PdfProcesses()
        self._writing: set[asyncio.Task[None]] = set()
        self._stops = [
            bus.listen(BoardChanged, self._on_board),
            bus.listen(JobChanged, self._on_job),
            bus.listen(SettingChanged, self._on_setting),
            bus.listen(PartTested, self._on_part_tested),
            bus.listen(HardwareChecked, self._on_hardware_check),
            bus.listen(CalibrationChanged, self._on_calibration),
            bus.listen(CalibrationGivenUp, self._on_given_up),
        ]

    async def close(self) -> None:
        """Listen no more, and finish writing; PDFs that take long are not made, their runs are in the record."""
        for stop in self._stops:
            stop()
        self._changes.end()
        if self._writing:
            await asyncio.wait(self._writing, timeout=_FINISH_WITHIN_S)
        self._pdfs.end()
        await asyncio.gather(*self._writing)

    def _on_board(self, event: BoardChanged) -> None:
        board = self._board_link.current
        if event.board["link"] == "disconnected" or board is None or board.dictionary is None:
            return
        dictionary = board.dictionary
        known = (number_of(dictionary.serial_number), dictionary.firmware_version)
        if known == self._known:
            return
        self._serial_number = known[0]
        try:
            model = self._models.current
        except ConfigError as error:
            self._warn(error)  # the board is heard of again in a while
            return
        self._known = known
        own = OwnUnit(
            serial_number=known[0],
            part=number_of(model.model_name),
            revision=number_of(model.model_version),
            name=model.display_name.strip()[:LONGEST_NAME] or model.model_name[:LONGEST_NAME],
            firmware_version=known[1],
            protocol_version=dictionary.protocol_version,
            sub_units=sub_units_of(dictionary, self._config),
            unit=self._record.unit,
        )
        self._begin(f"The board {own.serial_number}", self._know(own))

    async def _know(self, own: OwnUnit) -> None:
        try:
            await self._changes.write(lambda change: know_unit(change, own))
        except BaseException:
            self._known = None  # it is tried again when the board is heard of next
            raise
        self._bus.publish(RecordWritten(own.serial_number, None))

    def _on_job(self, event: JobChanged) -> None:
        if event.row["job_name"] != _SELF_TEST_JOB:
            return
        now_s = self._clock.utc_s()
        if event.state == "ready":
            self._self_test = SelfTestRun(now_s, person())
        elif event.state in _ENDS and self._self_test is not None:
            test, self._self_test = self._self_test, None
            self._keep_test(test.ended(now_s))

    def _on_setting(self, event: SettingChanged) -> None:
        is_verdict = event.job_name == _SELF_TEST_JOB and event.setting == _ALL_PASSED
        if self._self_test is not None and is_verdict and event.value is not None:
            self._self_test.passed = bool(event.value)

    def _on_part_tested(self, event: PartTested) -> None:
        if self._self_test is not None:
            self._self_test.add(event, self._clock.utc_s())

    def _on_hardware_check(self, event: HardwareChecked) -> None:
        self._keep_test(hardware_check_run(event, person()))

    def _on_calibration(self, event: CalibrationChanged) -> None:
        serial_number = self._serial_number
        catalogue = {each.kind: each for each in self._catalogues}.get(event.kind)
        if event.action != "created" or catalogue is None or serial_number is None:
            return
        calibrated = Calibrated(
            catalogue.get(event.device, event.name), event.device, event.name, event.kind, self._clock.utc_s(),
            person(), session_under_way.get(), self._record.unit, serial_number,
        )  # fmt: skip
        self._begin(f"The calibration {calibrated.name}", self._keep_calibration(calibrated))

    async def _keep_calibration(self, calibrated: Calibrated) -> None:
        run, file, certificate = await asyncio.to_thread(calibration_run, calibrated)
        made = await self._keep(calibrated.serial_number, run, [file])
        if certificate is not None:
            await self._add_pdf(calibrated.serial_number, made, f"{calibrated.name}-certificate.pdf", certificate)

    def _on_given_up(self, event: CalibrationGivenUp) -> None:
        run = given_up_run(event, self._clock.utc_s(), person())
        if run is not None and self._serial_number is not None:
            self._begin(_run_of(run), self._keep(self._serial_number, run, []))

    def _keep_test(self, run: OwnRun | None) -> None:
        """Write a test's run, with its report, unless nothing was tested or no board was there."""
        if run is not None and self._serial_number is not None:
            self._begin(_run_of(run), self._keep_with_report(self._serial_number, run))

    async def _keep_with_report(self, serial_number: str, run: OwnRun) -> None:
        made = await self._keep(serial_number, run, [])
        await self._add_pdf(serial_number, made, *report_of(run, self._record.unit, serial_number))

    async def _keep(self, serial_number: str, run: OwnRun, files: Sequence[OwnFile]) -> str:
        """Write a run with its files; return its id."""
        unit = self._record.unit
        made = await self._change_with(files, lambda begun, stored: write_run(begun, serial_number, run, unit, stored))
        self._bus.publish(RecordWritten(serial_number, made))
        return made

    async def _add_pdf(self, serial_number: str, run: str, name: str, document: Document) -> None:
        """Add a document to a run, which is in the record already: whatever happens here takes nothing from it."""
        try:
            file = OwnFile(name, "application/pdf", await self._pdfs.pdf_of(document))
        except PdfFailedError as error:
            _log.warning("%s is missing in the unit's record: %s", name, error.cause)
            return
        await self._change_with([file], lambda change, stored: attach_to_run(change, run, stored))
        self._bus.publish(RecordWritten(serial_number, run))

    async def _change_with(self, files: Sequence[OwnFile], change: Callable[[Change, list[StoredFile]], _T]) -> _T:
        """Change the record for files: they are on the disk before it points at them."""
        stored = await self._stored(files)
        try:
            return await self._changes.write(lambda begun: change(begun, stored))
        except Exception:  # when it is cancelled instead, it may still be written
            await asyncio.to_thread(self._record.files.remove, [each.file for each in stored])
            raise

    async def _stored(self, files: Sequence[OwnFile]) -> list[StoredFile]:
        """Put files on the disk; a run whose files cannot be kept is better than none."""
        stored: list[StoredFile] = []
        for each in files:
            try:
                name, size = await self._record.files.receive(_parts(each.content), len(each.content))
            except OSError as error:
                _log.warning("%s could not be kept in the unit's record: %s.", each.name, error.strerror)
            else:
                stored.append(StoredFile(each.name, each.content_type, name, size))
        return stored

    def _begin(self, what: str, writing: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(_written(what, writing), name="instrument's record")
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _warn(self, error: ConfigError) -> None:
        """Tell the log why a board is not in the record; the same trouble once in a row."""
        if str(error) != self._trouble_told:
            _log.warning("The board is not in the unit's record yet: %s", error)
        self._trouble_told = str(error)


async def _written(what: str, writing: Coroutine[Any, Any, object]) -> None:
    try:
        await writing
    except ServiceError as error:
        _log.warning("%s was not written into the unit's record: %s %s", what, error.error, error.cause)
    except ValueError as error:
        _log.warning("%s was not written into the unit's record: %s", what, error)


def _run_of(run: OwnRun) -> str:
    ended = datetime.fromtimestamp(run.ended_s, UTC)
    return f"The run of {run.procedure} that ended at {ended:%H:%M:%S} UTC"


async def _parts(content: bytes) -> AsyncIterator[bytes]:
    yield content
