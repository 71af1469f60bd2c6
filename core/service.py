"""The service: its parts, put together when it starts and taken apart in order when it stops.

Start: configuration, records, log, experiments, tasks, board, jobs. Stop, the other way round: jobs end and switch
their outputs off, the board is made safe and let go, tasks are failed, everything is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from core.alarms.alarms import Alarms, load_alarms
from core.alarms.limits import AlarmLimits
from core.alarms.watches import Watches
from core.bioreactor.bioreactors import Bioreactors
from core.board_link import BoardLink
from core.bus import Bus
from core.calibrations.calibrations import Calibrations
from core.calibrations.protocols import CalibrationProtocols, built_in_protocols
from core.calibrations.sessions.engine import CalibrationSessions
from core.calibrations.sessions.protocol import SessionPlace
from core.clock import Clock
from core.config import Config, ConfigError
from core.descriptors.descriptors import Descriptors
from core.dry_run.dry_runs import DryRuns
from core.estimators.estimators import Estimators
from core.events import EventHub
from core.exclusive import ExclusiveOperations
from core.experiment_export.exports import Exports
from core.experiments.annotations import Annotations, load_annotations
from core.experiments.experiments import Experiments, load_experiments
from core.folders import DataFolder, tasks_file
from core.jobs.interrupted import InterruptedJobs, load_interrupted
from core.jobs.runner import JobRunner
from core.jobs.unit_parts import UnitParts
from core.logs import LEVELS, Logs, job_logger
from core.mqtt.mqtt import Mqtt
from core.plugins.environment import plugin_environment
from core.plugins.installer import PluginInstaller
from core.plugins.plugins import Plugins
from core.plugins.unit import Unit
from core.profiles.profiles import Profiles
from core.profiles.unit_place import UnitPlace
from core.reactor_models import ReactorModels, load_reactor_models
from core.records.records import Records, open_records
from core.security import Access
from core.system.shut_down import ShutDownState
from core.tasks import Tasks, open_tasks
from core.traceability.instrument import InstrumentRecord
from core.traceability.push.key_file import KeyFile
from core.traceability.push.push import Push, open_push
from core.traceability.record import FOLDER, UnitRecord, open_record
from core.unit_name import unit_name
from core.web_server import WebServer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceOptions:
    """How a service is started.

    Attributes:
        data_dir: the data folder; made when it is not there.
        board_url: the board to use, None for none yet.
        seed: makes a simulated board's randomness repeatable.
        speed: how much faster than the wall clock the loop's time runs.
        epoch_utc_s: UTC at the start when time is bent, the wall clock's when None.
        log_to_terminal: write log lines to stderr too.
        plugins: load plug-ins; False is safe mode.
        tasks_path: file of task results; the one that belongs to the data folder when None.
    """

    data_dir: Path
    board_url: str | None = None
    seed: int = 1
    speed: float = 1.0
    epoch_utc_s: float | None = None
    log_to_terminal: bool = False
    plugins: bool = True
    tasks_path: Path | None = None


@dataclass(frozen=True)
class Restart:
    """How one instance of the service follows another.

    Attributes:
        board_url: the board the next instance is to use.
        between: called in a thread while neither of the two uses the data folder; raises OSError when it fails, having
            left everything as it was.
    """

    board_url: str | None
    between: Callable[[], None] | None = None


@dataclass
class Service:
    """The parts of a running service; whoever answers a request finds here what it needs."""

    options: ServiceOptions
    unit: str
    clock: Clock
    bus: Bus
    config: Config
    records: Records
    experiments: Experiments
    annotations: Annotations
    tasks: Tasks
    board_link: BoardLink
    models: ReactorModels
    calibrations: Calibrations
    estimators: Estimators
    bioreactor: Bioreactors
    jobs: JobRunner
    interrupted: InterruptedJobs
    alarms: Alarms
    alarm_limits: AlarmLimits
    events: EventHub
    mqtt: Mqtt
    unit_record: UnitRecord
    push: Push
    started_loop_s: float
    # Where it listens, such as "127.0.0.1:4999"; empty while it does not.
    address: str = ""
    # Set when the service has been asked to end.
    stop_wanted: asyncio.Event = field(default_factory=asyncio.Event)
    # What the next instance is to do differently when this one ends to be followed by another; None when it just ends.
    restart: Restart | None = None
    # The listener it answers on; None as long as it does not.
    web: WebServer | None = None
    # Who may ask it.
    access: Access = field(default_factory=Access)
    calibration_protocols: CalibrationProtocols = field(init=False)
    calibration_sessions: CalibrationSessions = field(init=False)
    plugins: Plugins = field(init=False)
    plugin_installer: PluginInstaller = field(init=False)
    descriptors: Descriptors = field(init=False)
    datasets: Descriptors = field(init=False)
    exports: Exports = field(init=False)
    exclusive: ExclusiveOperations = field(init=False)
    shut_down: ShutDownState = field(init=False)
    profiles: Profiles = field(init=False)
    dry_runs: DryRuns = field(init=False)

    def __post_init__(self) -> None:
        self.calibration_protocols = CalibrationProtocols(built_in_protocols(self.config))
        place = SessionPlace(self.unit, self.clock, self.config, self.calibrations, self.estimators)
        self.calibration_sessions = CalibrationSessions(
            place, self.jobs, self.records, self.calibration_protocols, self.bus
        )
        self.descriptors = Descriptors(self.data_dir)
        self.datasets = Descriptors(self.data_dir, "exportable_datasets")
        self.exports = Exports(self.data_dir)
        self.exclusive = ExclusiveOperations(self.clock)
        self.shut_down = ShutDownState(self.jobs, self.board_link)
        environment = plugin_environment(self.data_dir)
        self.plugins = Plugins(
            self.data_dir, environment, self._for_plugins(), self.jobs.registry,
            self.calibration_sessions, self.options.plugins, self.bus,
        )  # fmt: skip
        self.plugin_installer = PluginInstaller(self.data_dir, environment, self.config, self.plugins)
        self.profiles = Profiles(self._for_profiles(), self.records)
        self.dry_runs = DryRuns(self.data_dir, self.bus, self.clock)

    def _for_plugins(self) -> Unit:
        """Return the unit as the routes of plug-ins see it."""
        settings_of, active = self.jobs.settings_of, self.experiments.active
        log = job_logger("plugins", source="plugins")
        return Unit(self.unit, self.clock, self.config, self.records.store, log, settings_of, active)

    def _for_profiles(self) -> UnitPlace:
        """Return the unit as experiment profiles see it."""
        parts = UnitParts(self.models, self.calibrations, self.estimators, self.bioreactor, self.data_dir)
        return UnitPlace(
            self.unit, self.data_dir, self.clock, self.bus, self.config, self.experiments, self.board_link,
            self.jobs, parts, self.records.store, self.plugins.loaded_versions,
        )  # fmt: skip

    def restart_with(self, restart: Restart) -> None:
        """End this instance and have another one follow on the same address."""
        self.restart = restart
        self.stop_wanted.set()

    @property
    def data_dir(self) -> Path:
        """The data folder."""
        return self.options.data_dir


@contextlib.asynccontextmanager
async def running_service(options: ServiceOptions) -> AsyncIterator[Service]:
    """Run a service as long as the block lasts.

    Raises:
        OSError, sqlite3.Error: the data folder cannot be written.
        ValueError: the board's address makes no sense.
    """
    async with AsyncExitStack() as stack:
        service = await _put_together(stack, options)
        stack.push_async_callback(service.profiles.close)
        service.mqtt.start(
            service.unit, service.bus, service.jobs, service.experiments, service.board_link, service.records
        )
        await service.board_link.open(options.board_url)
        stack.push_async_callback(service.plugins.close)
        await service.plugins.start()
        service.jobs.start_long_running()
        _log.info("Unit %s is ready; its data are in %s.", service.unit, options.data_dir)
        yield service
        _log.info("Unit %s stops.", service.unit)


async def _put_together(stack: AsyncExitStack, options: ServiceOptions) -> Service:
    """Make the parts in order; `stack` takes them apart in the opposite order."""
    folder = DataFolder(options.data_dir)
    folder.make()
    clock, bus, config = Clock(asyncio.get_running_loop(), options.epoch_utc_s), Bus(), Config.load(options.data_dir)
    unit = unit_name(config)
    records = await _open_records_and_log(stack, folder, options, (clock, bus, config), unit)
    experiments = await load_experiments(records, bus, clock)
    unit_record, push = await _open_unit_record(stack, options.data_dir, clock, unit)
    annotations = await load_annotations(records, bus, clock)
    tasks = await open_tasks(options.tasks_path or tasks_file(options.data_dir), bus, clock, unit)
    stack.push_async_callback(tasks.close)
    board_link = BoardLink(bus, clock)
    board_link.seed = options.seed
    stack.push_async_callback(board_link.close)
    models = load_reactor_models(options.data_dir, config)
    calibrations = Calibrations(options.data_dir, records.store, bus, unit)
    await calibrations.load()
    estimators = Estimators(options.data_dir, records.store, bus, unit)
    await estimators.load()
    own_record = InstrumentRecord(unit_record, board_link, models, config, (calibrations, estimators), bus, clock)
    stack.push_async_callback(own_record.close)
    bioreactor = Bioreactors(records.store, config, models, bus, clock, experiments.active)
    mqtt = Mqtt(config, clock)
    stack.push_async_callback(mqtt.close)
    parts = UnitParts(models, calibrations, estimators, bioreactor, options.data_dir)
    jobs = JobRunner(unit=unit, clock=clock, bus=bus, config=config, records=records,
                     experiments=experiments, board_link=board_link, parts=parts)  # fmt: skip
    stack.push_async_callback(jobs.close)
    interrupted = await load_interrupted(config, jobs, records, bus, clock, lambda: bioreactor.vial.doubt)
    stack.push_async_callback(interrupted.close)
    alarms = await load_alarms(records, bus, clock, experiments.active)
    alarm_limits = AlarmLimits(records.store, models)
    stack.callback(Watches(alarm_limits, bus, clock, board_link, jobs).close)
    events = EventHub(bus, clock, options.speed)
    stack.callback(events.close)
    return Service(
        options, unit, clock, bus, config, records, experiments, annotations, tasks, board_link, models, calibrations,
        estimators, bioreactor, jobs, interrupted, alarms, alarm_limits, events, mqtt, unit_record, push,
        clock.monotonic_s(),
    )  # fmt: skip


async def _open_records_and_log(
    stack: AsyncExitStack, folder: DataFolder, options: ServiceOptions, ground: tuple[Clock, Bus, Config], unit: str
) -> Records:
    """Open the records and begin to log; what was not as it should be is the first that the log says."""
    clock, bus, config = ground
    records = await open_records(folder.path_of(config.text("storage", "database")), bus, clock, unit)
    stack.push_async_callback(records.close)
    logs = Logs(bus, clock, unit, records.next_log_id)
    notes = [*records.notes, *_start_logs(logs, config, folder, options.log_to_terminal)]
    stack.callback(logs.stop)
    for note in (*notes, *(f"{problem.what} {problem.remedy}" for problem in config.problems)):
        _log.warning("%s", note)
    return records


async def _open_unit_record(stack: AsyncExitStack, data_dir: Path, clock: Clock, unit: str) -> tuple[UnitRecord, Push]:
    """Open the unit's record and its push to another server."""
    unit_record = await open_record(data_dir, data_dir / DataFolder.WORK, clock, unit)
    stack.push_async_callback(unit_record.close)
    push = await open_push(unit_record, clock, KeyFile(data_dir / FOLDER))
    stack.push_async_callback(push.close)
    return unit_record, push


def _start_logs(logs: Logs, config: Config, folder: DataFolder, to_terminal: bool) -> list[str]:
    """Begin to log as configured; return what the user must know when that is not possible."""
    notes = []
    try:
        levels = [config.choice("logging", key, LEVELS) for key in ("ui_log_level", "console_log_level")]
    except ConfigError as error:
        notes.append(f"{error.error} {error.remedy}")
        levels = ["INFO", "INFO"]
    try:
        logs.start(levels[0], levels[1], folder.path_of(config.text("logging", "log_file")), to_terminal)
    except OSError as error:
        notes.append(f"The log file cannot be written ({error}). Lines are shown and recorded, not written to it.")
        logs.start(levels[0], levels[1], None, to_terminal)
    return notes
