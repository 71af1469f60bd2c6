"""The bus: what happens in the service, told at once to whoever listens.

Publishing never waits and never fails: a listener that raises is logged and the others still hear the event. Whoever
needs a queue (the event stream, the recorder) brings a bounded one of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.measured import Measured

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobChanged:
    """A job's row or `$state` changed.

    Attributes:
        row: the row as in jobs/running.
        state: the state word.
        needs_board: whether the job waits while the board cannot be reached.
    """

    row: dict[str, Any]
    state: str
    needs_board: bool = True


@dataclass(frozen=True)
class SettingChanged:
    """A job published a setting; None clears it.

    Attributes:
        value: in the native JSON form of the API.
        experiment: the job's.
    """

    job_id: int
    job_name: str
    setting: str
    value: Any
    experiment: str = field(default="", compare=False)


@dataclass(frozen=True)
class ReadingTaken:
    """One value of one time series (`od2`, `measured_rpm`, ...) of an experiment, in the series' unit."""

    utc_s: float
    experiment: str
    series: str
    value: float


@dataclass(frozen=True)
class LedChanged:
    """An LED's intensity in percent was set."""

    utc_s: float
    channel: str
    intensity: float
    source: str
    experiment: str | None = None


@dataclass(frozen=True)
class PidCorrected:
    """A PID loop of a job came to a correction.

    Attributes:
        target_name: what it holds: `temperature`, `growth_rate`, `rpm`.
        trace: its gains, limits, terms, target, measurement and correction, by the names programs know them by.
    """

    experiment: str
    job_name: str
    target_name: str
    trace: dict[str, float]


@dataclass(frozen=True)
class PwmChanged:
    """A PWM output's duty in percent changed."""

    utc_s: float
    channel: int
    duty_percent: float
    experiment: str | None = None


@dataclass(frozen=True)
class DosingEvent:
    """A pump is about to move liquid; positive for waste too, negative where less was moved than announced before.

    Attributes:
        in_vial: it is counted for the vial too; False where whoever moves it counts that apart, by what really moved.
    """

    utc_s: float
    experiment: str
    event: str  # add_media, add_alt_media, another add_..., remove_waste
    volume_change_ml: float
    source: str
    in_vial: bool = True


@dataclass(frozen=True)
class BioreactorChanged:
    """Bioreactor variables of an experiment changed; `values` holds those that did."""

    utc_s: float
    experiment: str
    values: dict[str, float]


@dataclass(frozen=True)
class ReferenceJumped:
    """The photodiode that watches the infrared LED jumped: densities of the experiment are doubtful just now."""

    utc_s: float
    experiment: str


@dataclass(frozen=True)
class BoardChanged:
    """The link to the board changed state, or what the board says of itself; `board` is the API's board object."""

    board: dict[str, Any]


@dataclass(frozen=True)
class ExperimentChanged:
    """An experiment was created, changed or ended; `experiment` is the API's item."""

    experiment: dict[str, Any]


@dataclass(frozen=True)
class TaskChanged:
    """A task's status changed ("pending", "running", "complete", "failed")."""

    task_id: str
    status: str
    error: str | None = None


@dataclass(frozen=True)
class HardwareChecked:
    """The board was checked against a reactor model; `result` is what the task of the check results in.

    Attributes:
        measured: what was measured, by the check's name; checks that measure nothing are left out.
    """

    started_s: float
    ended_s: float
    result: dict[str, Any]
    measured: dict[str, tuple[Measured, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PartTested:
    """One test of the running self-test is done.

    Attributes:
        test: its name.
        passed: None when it does not apply to this unit.
        detail: what was found, for people.
    """

    test: str
    passed: bool | None
    detail: str
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class LogWritten:
    """A log line for the user; `item` is the API's log item."""

    item: dict[str, Any]


@dataclass(frozen=True)
class CalibrationChanged:
    """A calibration or estimator (`kind`) of a device was "created", "deleted", "activated" or "deactivated"."""

    device: str
    name: str
    action: str
    kind: str = field(default="calibration", compare=False)


@dataclass(frozen=True)
class CalibrationGivenUp:
    """A guided calibration came to nothing; `session` as the API shows it, "failed" or "aborted".

    Attributes:
        has_acted: whether the hardware had been driven for it since the service was started.
    """

    session: dict[str, Any]
    has_acted: bool


@dataclass(frozen=True)
class CalibrationProgressed:
    """A guided calibration of a device measures by itself, and has done `percent` of it."""

    device: str
    percent: float


@dataclass(frozen=True)
class AlarmBegan:
    """Something began that a person must know of.

    Attributes:
        key: what it is, exactly; as long as an alarm of it is open, no second one is made.
        signal: what it is about, for people: "temperature", "link", "board", "job", ...
        severity: "note", "warning" or "alarm".
        message, remedy: what happened and why; what to do next.
        experiment: None for the active one.
        value, limit: what was measured, and what it should have kept to.
        lasts: whether it goes on until `AlarmEnded`; otherwise it has just happened, and is over.
    """

    key: str
    signal: str
    severity: str
    message: str
    remedy: str = ""
    experiment: str | None = None
    value: float | None = None
    limit: float | None = None
    lasts: bool = True


@dataclass(frozen=True)
class AlarmEnded:
    """What `AlarmBegan` told under this key is over; nothing is open under most keys."""

    key: str


@dataclass(frozen=True)
class AlarmChanged:
    """An alarm was raised, repeated, cleared or acknowledged; `alarm` is the API's item."""

    alarm: dict[str, Any]


@dataclass(frozen=True)
class AnnotationChanged:
    """A note on an experiment's time axis was "created", "changed" or "deleted"."""

    experiment: str
    id: int
    action: str
    text: str
    who: str


@dataclass(frozen=True)
class PluginChanged:
    """A plug-in was loaded or uninstalled, or could not be loaded; what the unit can do may be something else now.

    Attributes:
        state: as of installed plug-ins, or "uninstalled".
    """

    name: str
    state: str


@dataclass(frozen=True)
class RecordWritten:
    """The instrument wrote into its own record; `run` is the id of the run, None when it was the unit itself."""

    serial_number: str
    run: str | None


@dataclass(frozen=True)
class GapMarked:
    """Readings of an experiment stop here because `reason`; the curve must not be bridged."""

    utc_s: float
    experiment: str
    series: str
    reason: str


@dataclass(frozen=True)
class InterruptedChanged:
    """What is known of jobs a former service cut off changed; `interrupted` as the API shows it."""

    interrupted: dict[str, Any]


@dataclass(frozen=True)
class AllStopped:
    """Everything was stopped at once; whoever is about to start more does not."""


@dataclass(frozen=True)
class ProfileRunChanged:
    """A run of an experiment profile changed its state, or came a step further; `run` is the API's item."""

    run: dict[str, Any]


@dataclass(frozen=True)
class DryRunProgressed:
    """A dry run came a step further; `hours` of `of_hours` are done, `phase` says what it does just now."""

    task_id: str
    hours: float
    of_hours: float
    phase: str


_E = TypeVar("_E")


class Bus:
    """Delivers events to listeners by the event's class."""

    def __init__(self) -> None:
        self._listeners: dict[type[Any], list[Callable[[Any], None]]] = {}

    def listen(self, kind: type[_E], listener: Callable[[_E], None]) -> Callable[[], None]:
        """Call `listener` for each event of `kind` from now on; return what ends that."""
        listeners = self._listeners.setdefault(kind, [])
        listeners.append(listener)

        def stop() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return stop

    def publish(self, event: object) -> None:
        """Tell every listener of the event's class, in the order they came."""
        for listener in tuple(self._listeners.get(type(event), ())):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - one deaf listener must not silence the others
                _log.exception("A listener failed on %s", type(event).__name__)
