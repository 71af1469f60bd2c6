"""The public surface a job is written against: everything a built-in job uses, and all a plugin may use.

A job is a subclass of `Job` with a `declaration`. It is handed options that have been checked against the declaration,
and a context (clock, configuration, board, outputs, log). In short:

- `set_up` brings it from `init` to `ready`; `work` is for jobs that end by themselves; `every` starts a timer with a
  fixed phase; `spawn` starts another task of the job. An error in any of them ends this job alone.
- `publish` shows a setting, `record` keeps one reading of a time series, `mark_gap` says that a curve breaks off;
  `trace_pid` tells how a control loop came to what it does.
- A settable setting is stored, or handed to `set_<name>` where there is one; `check_settings` may refuse it before.
- `on_<old>_to_<new>` and `on_<new>` are called when the state changes, `on_link_lost` and `on_link_back` when the board
  cannot be reached, and when it can again.
- Outputs named by `outputs_needed` are the job's alone. `context.outputs` drives them; waiting by `sleep` (and timers)
  keeps them on, so a job that hangs loses them, and they are switched off when the job ends, however it ends.
- `alarms.begin` tells of what a person must know of, under a key of the job's own, and `alarms.end` that it is over.
  The alarm is shown on every page until somebody acknowledges it, whatever becomes of the job.
- `listen` hears what others publish (`SettingChanged`, `DosingEvent`); `context.start_job` starts another job.
- Wait only with `sleep`; take the time only from `clock`; never block.

A plug-in's module holds one `plugin = Plugin(...)` with the jobs and whatever else it adds (guided calibrations,
routes, charts, defaults for the configuration). Its routes ask for the unit by a parameter `unit: UnitHere`.
"""

from __future__ import annotations

from core.bioreactor.accounting import after_dose
from core.bioreactor.variables import VARIABLES as BIOREACTOR_VARIABLES
from core.board_link import BoardLink
from core.bus import BioreactorChanged, DosingEvent, LedChanged, PartTested, ReferenceJumped, SettingChanged
from core.calibrations.calibration import OdCalibration
from core.calibrations.curves import CurveError, NoSolutionError
from core.calibrations.protocols import CalibrationProtocol
from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.protocol import ActionFailedError, SessionFailedError, SessionProtocol
from core.calibrations.sessions.steps import Step, StepChoice, StepField
from core.clock import Clock, timestamp
from core.config import Config, ConfigError
from core.dosing.pump_run import Dosed, PumpRun
from core.dosing.pumps import ALT_MEDIA, DEFAULT_CURVE, MEDIA, WASTE, Pump, PumpCurve, curve_of, not_calibrated
from core.dosing.timed_run import TimedRun
from core.errors import BadRequestError, ConflictError, NotFoundError, ServiceError, TooSoonError, UnavailableError
from core.estimators.estimator import EstimateError, FusedOdEstimator
from core.jobs.alarms import JobAlarms
from core.jobs.context import JobContext
from core.jobs.declaration import Argument, Group, JobDeclaration, Option, Setting, StopOrder
from core.jobs.dodging import DODGING_OPTION, DODGING_SETTINGS, DodgingJob, OdRhythm
from core.jobs.job import Job
from core.jobs.pid import Pid
from core.jobs.state import JobState
from core.jobs.timer import IntervalTimer
from core.jobs.unit_parts import StartPlace, UnitParts
from core.measured import Measured
from core.output_names import OPTICS, led_output, pwm_channel, pwm_output
from core.plugins.plugin import Chart, Plugin
from core.plugins.unit import Unit, UnitHere
from core.reactor_models import ReactorModel
from core.records.records import LIVE_ONLY_PREFIX
from core.system.host_facts import disk_space, ipv4_addresses
from core.times import utc_seconds
from core.version import VERSION
from device.board import (
    Board,
    BoardError,
    BoardEvent,
    BoardStatus,
    BurstRequest,
    ButtonMoved,
    CommandRefusedError,
    ConnectionChanged,
    OutputWentOff,
    PhotodiodeBurst,
    StatusReported,
)

__all__ = [
    "ALT_MEDIA",
    "BIOREACTOR_VARIABLES",
    "DEFAULT_CURVE",
    "DODGING_OPTION",
    "DODGING_SETTINGS",
    "LIVE_ONLY_PREFIX",
    "MEDIA",
    "OPTICS",
    "VERSION",
    "WASTE",
    "ActionFailedError",
    "Argument",
    "BadRequestError",
    "BioreactorChanged",
    "Board",
    "BoardError",
    "BoardEvent",
    "BoardLink",
    "BoardStatus",
    "BurstRequest",
    "ButtonMoved",
    "CalibrationAction",
    "CalibrationProtocol",
    "Chart",
    "Clock",
    "CommandRefusedError",
    "Config",
    "ConfigError",
    "ConflictError",
    "ConnectionChanged",
    "CurveError",
    "DodgingJob",
    "Dosed",
    "DosingEvent",
    "EstimateError",
    "FusedOdEstimator",
    "Group",
    "IntervalTimer",
    "Job",
    "JobAlarms",
    "JobContext",
    "JobDeclaration",
    "JobState",
    "LedChanged",
    "Measured",
    "NoSolutionError",
    "NotFoundError",
    "OdCalibration",
    "OdRhythm",
    "Option",
    "OutputWentOff",
    "PartTested",
    "PhotodiodeBurst",
    "Pid",
    "Plugin",
    "Pump",
    "PumpCurve",
    "PumpRun",
    "ReactorModel",
    "ReferenceJumped",
    "ServiceError",
    "SessionFailedError",
    "SessionProtocol",
    "Setting",
    "SettingChanged",
    "StartPlace",
    "StatusReported",
    "Step",
    "StepChoice",
    "StepField",
    "StopOrder",
    "TimedRun",
    "TooSoonError",
    "UnavailableError",
    "Unit",
    "UnitHere",
    "UnitParts",
    "after_dose",
    "curve_of",
    "disk_space",
    "ipv4_addresses",
    "led_output",
    "not_calibrated",
    "pwm_channel",
    "pwm_output",
    "timestamp",
    "utc_seconds",
]
