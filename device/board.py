"""What a board can do: the one thing the service knows of the device layer.

A `Board` outlives connections: it is created once, connects, loses and regains the link by itself, and always tells its
true state. Commands raise a `BoardError` that says what happened and what to do next. Times are given
twice: `board_us` by the board's own clock and `utc_s` (seconds since 1970) mapped by the host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class LinkState(StrEnum):
    """The states of the connection a user can see."""

    NO_BOARD = "no_board"
    FOUND = "found"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    WRONG_FIRMWARE = "wrong_firmware"
    LOST = "lost"
    REFUSED = "refused"


@dataclass(frozen=True)
class Connection:
    """State of the link at one moment.

    Attributes:
        state: what a user is told.
        since_utc_s: when this state began, seconds since 1970.
        url: where the board is (serial port or socket), None when there is none.
        detail: what happened, in words.
        remedy: what the user can do next; empty when nothing is needed.
    """

    state: LinkState
    since_utc_s: float
    url: str | None = None
    detail: str = ""
    remedy: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether commands can be sent now."""
        return self.state in (LinkState.CONNECTED, LinkState.DEGRADED)


@dataclass(frozen=True)
class LinkStatistics:
    """Counters of the link since the board was opened; round trip is an exponential mean, None before the first."""

    telemetry_lost: int = 0
    frames_skipped: int = 0
    commands_repeated: int = 0
    reconnects: int = 0
    round_trip_s: float | None = None


@dataclass(frozen=True)
class BoardDictionary:
    """What the board says of itself in the handshake.

    Attributes:
        pwm_roles: PWM channel to what the board's design connects there ("stirring", "media pump", ..., "heater").
        full_scale_v: full scale of each photodiode gain in volts, index = gain.
        lease_limits_s: longest lease the board grants, by output kind ("led", "stirring", "pump", "heater").
    """

    protocol_version: int
    firmware_version: str
    serial_number: str
    board_name: str
    led_channels: tuple[str, ...]
    pwm_channels: tuple[int, ...]
    pwm_roles: dict[int, str]
    photodiode_channels: tuple[str, ...]
    adc: str
    full_scale_v: tuple[float, ...]
    has_thermometer: bool
    has_tachometer: bool
    lease_limits_s: dict[str, float]
    heater_cutoff_max_celsius: float


@dataclass(frozen=True)
class BoardStatus:
    """The board's periodic report: what it measures, None where it cannot, and its outputs as they are (percent)."""

    utc_s: float
    board_us: int
    heater_celsius: float | None
    supply_v: float | None
    faults: tuple[str, ...]
    leases_expired: int
    hall_edges: int
    led_percent: dict[str, float]
    pwm_percent: dict[int, float]


@dataclass(frozen=True)
class PhotodiodeSignal:
    """One channel of a burst, in volts at the converter's input.

    Attributes:
        mean_v: mean with one smallest and one largest sample left out (no dark offset subtracted).
        sigma_v: standard deviation of the single samples.
        saturated: at least one sample was at the converter's limit.
    """

    mean_v: float
    sigma_v: float
    minimum_v: float
    maximum_v: float
    full_scale_v: float
    saturated: bool


@dataclass(frozen=True)
class PhotodiodeBurst:
    """All photodiodes sampled over one window of whole mains periods; utc_s is the middle of the window."""

    utc_s: float
    start_us: int
    end_us: int
    samples: int
    signals: dict[str, PhotodiodeSignal]


@dataclass(frozen=True)
class Tachometer:
    """Hall edges in the last window: `edges - 1` full turns took `span_s`; rpm is 0.0 when the bar stands still."""

    utc_s: float
    edges: int
    span_s: float
    rpm: float


@dataclass(frozen=True)
class PumpRun:
    """What the board did of a pump run: it times the run itself and reports it."""

    run_id: int
    channel: int
    utc_s: float
    ran_s: float
    reason: str


class BoardError(Exception):
    """A command did not happen. `remedy` says what the user can do next."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


class NotConnectedError(BoardError):
    """There is no usable link now, or it was lost before the board answered."""


class CommandRefusedError(BoardError):
    """The board answered no: a bad channel, a value out of range, a latched fault, or busy."""


class CommandTimeoutError(BoardError):
    """The board did not answer in time although the link is open."""


# What a listener of a board receives.
@dataclass(frozen=True)
class ConnectionChanged:
    """The link's state changed."""

    connection: Connection


@dataclass(frozen=True)
class StatusReported:
    """A periodic report arrived."""

    status: BoardStatus


@dataclass(frozen=True)
class OutputWentOff:
    """The board switched an output off by itself; reason: "lease expired", "cut-off", "sensor", ..."""

    utc_s: float
    output: str  # "LED A" or "PWM 5"
    reason: str


@dataclass(frozen=True)
class FaultRaised:
    """The board latched faults, by name ("heater cut-off", "thermometer missing", ...)."""

    utc_s: float
    faults: tuple[str, ...]


@dataclass(frozen=True)
class ButtonMoved:
    """The board's button was pressed or let go."""

    utc_s: float
    pressed: bool


BoardEvent = ConnectionChanged | StatusReported | OutputWentOff | FaultRaised | ButtonMoved
Listener = Callable[[BoardEvent], None]


class Simulation(Protocol):
    """The hand on a simulated board: make it misbehave, and read the truth behind the readings."""

    def misbehave(self, command: str) -> str:
        """Obey a line such as "unplug 5", "drop 0.1", "stall", "heal"; return what was done, raise ValueError."""

    def truth(self) -> dict[str, float]:
        """Return the model's present state by name with unit ("biomass_od", "vial_celsius", "stirrer_rpm", ...)."""


@dataclass(frozen=True)
class BurstRequest:
    """One photodiode measurement; the board lights the LED, waits, samples and restores the LEDs by itself.

    Attributes:
        led_channel: the LED to light, None for a dark reading.
        window_s: whole mains periods at 50 and 60 Hz, so a multiple of 0.1 s.
        dark_others: switch the other LEDs off meanwhile.
    """

    led_channel: str | None
    intensity_percent: float
    settle_s: float = 0.125
    window_s: float = 0.4
    dark_others: bool = True


@dataclass
class Subscription:
    """Keeps a listener attached until `cancel`."""

    cancel: Callable[[], None] = field(repr=False)


class Board(ABC):
    """A board, connected or not."""

    @property
    @abstractmethod
    def connection(self) -> Connection:
        """State of the link now."""

    @property
    @abstractmethod
    def statistics(self) -> LinkStatistics:
        """Counters of the link."""

    @property
    @abstractmethod
    def dictionary(self) -> BoardDictionary | None:
        """What the connected board says of itself; the last known while the link is lost; None before the first."""

    @property
    @abstractmethod
    def status(self) -> BoardStatus | None:
        """The latest periodic report; None when none came since the link was opened."""

    @property
    @abstractmethod
    def simulation(self) -> Simulation | None:
        """The hand on the simulated board behind this, None for a real board."""

    @abstractmethod
    def listen(self, listener: Listener) -> Subscription:
        """Call `listener` in the event loop for every event from now on; it must not block."""

    @abstractmethod
    async def open(self) -> None:
        """Start connecting and keep trying; returns at once."""

    @abstractmethod
    async def close(self) -> None:
        """Bring the board into its safe state if it can be reached, and let go of the port."""

    @abstractmethod
    async def wait_until_usable(self, timeout_s: float) -> None:
        """Return when commands can be sent; raise NotConnectedError with the reason after `timeout_s`."""

    @abstractmethod
    async def set_led(self, channel: str, intensity_percent: float, lease_s: float) -> float:
        """Light an LED until the lease ends; return the intensity the board applied."""

    @abstractmethod
    async def set_pwm(self, channel: int, duty_percent: float, frequency_hz: float, lease_s: float) -> float:
        """Drive a PWM output until the lease ends; return the duty the board applied."""

    @abstractmethod
    async def run_pump(self, channel: int, duty_percent: float, frequency_hz: float, duration_s: float) -> PumpRun:
        """Run a pump for a time the board keeps itself; return what it did. Cancelling stops the pump."""

    @abstractmethod
    async def stop_pump(self, channel: int) -> None:
        """End a pump's run before anything else that waits; `run_pump` then returns what the pump did until then.

        Without a link it is stopped at the next connection.
        """

    @abstractmethod
    async def all_off(self) -> None:
        """Switch every output off, before any other command that waits."""

    @abstractmethod
    async def set_gain(self, photodiode: str, full_scale_v: float) -> None:
        """Choose a photodiode's full scale, one of the dictionary's `full_scale_v`."""

    @abstractmethod
    async def measure(self, request: BurstRequest) -> PhotodiodeBurst:
        """Take one burst; a result lost on the wire is asked for again."""

    @abstractmethod
    async def read_tachometer(self, window_s: float) -> Tachometer:
        """Return the stir bar's turns during the last `window_s` (at most 5 s)."""

    @abstractmethod
    async def read_heater_celsius(self) -> float:
        """Return the heater board's temperature; raise CommandRefusedError when its sensor does not answer."""

    @abstractmethod
    async def read_supply_v(self) -> float:
        """Return the voltage of the rail that feeds the PWM outputs."""

    @abstractmethod
    async def set_heater_cutoff(self, cutoff_celsius: float) -> float:
        """Set the temperature above which the board itself switches the heater off; return what it took."""

    @abstractmethod
    async def clear_faults(self) -> None:
        """Let go of latched faults whose cause is gone."""

    @abstractmethod
    async def identify(self) -> None:
        """Blink the status LED so that a person can tell which board this is."""

    @abstractmethod
    async def blink_error(self, code: int) -> None:
        """Blink an error code (1 network ... 7 low supply, 8 web server) once on the status LED."""

    @abstractmethod
    async def reboot(self) -> None:
        """Restart the board; the link is lost and comes back by itself."""
