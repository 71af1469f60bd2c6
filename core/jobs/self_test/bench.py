"""What the tests of the self-test work with: the photodiodes, the motor and the heater of this unit."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.jobs.od_reading.channels import OpticalChannels
from core.plugins.api import Board, BurstRequest, CommandRefusedError, Config, JobContext, Measured, pwm_channel

_AUTO_PERCENT = 85.0
_HEATER_HZ = 16.0
_KICK_PERCENT, _KICK_S = 100.0, 0.5
# The widest range that all converters have: nothing the front end gives is cut off.
_FULL_SCALE_V = 4.096

Volts = dict[str, float]


@dataclass(frozen=True)
class Verdict:
    """What a test found.

    Attributes:
        passed: whether the part does what it should.
        detail: figures, and what to do where it failed.
        found: more to publish, by setting name.
        measured: the numbers it rests on, with their limits.
    """

    passed: bool
    detail: str
    found: dict[str, object] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()


class LeftOutError(Exception):
    """A test does not apply to this unit; the text says why."""


class Bench:
    """The unit's parts under test.

    Args:
        channels: the photodiodes in use and the infrared LED.
        sleep: waits and keeps outputs on meanwhile.
    """

    def __init__(
        self,
        context: JobContext,
        config: Config,
        channels: OpticalChannels,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.channels = channels
        self.sleep = sleep
        self._context = context
        self._motor, self._heater = pwm_channel(config, "stirring"), pwm_channel(config, "heating")
        self._motor_hz = config.number("stirring.config", "pwm_hz")
        self.stirring_percent = config.number("stirring.config", "initial_duty_cycle")
        intensity = config.text("od_reading.config", "ir_led_intensity")
        is_auto = intensity == "auto"
        self.ir_percent = _AUTO_PERCENT if is_auto else config.number("od_reading.config", "ir_led_intensity")
        self._leds = tuple(config.section("leds"))

    @property
    def board(self) -> Board:
        """The board; raises UnavailableError while there is no link."""
        return self._context.board_link.board

    async def prepare(self) -> None:
        """Give every photodiode in use the widest range."""
        for channel in self.channels.all:
            await self._set_gain(channel)

    async def _set_gain(self, channel: str) -> None:
        try:
            await self.board.set_gain(channel, _FULL_SCALE_V)
        except CommandRefusedError:
            # A measurement that was given up may be under way.
            await self.sleep(1.0)
            await self.board.set_gain(channel, _FULL_SCALE_V)

    async def light(self, percent: float, *, settle_s: float = 0.125) -> Volts:
        """Return volts by photodiode channel with the infrared LED lit at `percent`, dark offset not taken off."""
        return await self._measure(BurstRequest(self.channels.ir_led, percent, settle_s))

    async def dark(self) -> Volts:
        """Return volts by photodiode channel with every LED off."""
        return await self._measure(BurstRequest(None, 0.0))

    async def stir(self, percent: float) -> None:
        """Turn the motor at a duty, kicked loose first where it is above 0."""
        if percent > 0:
            await self.drive_motor(_KICK_PERCENT)
            await self.sleep(_KICK_S)
        await self.drive_motor(percent)

    async def drive_motor(self, percent: float) -> None:
        """Drive the motor at a duty."""
        await self._context.outputs.set_pwm(self._motor, percent, self._motor_hz)

    async def heat(self, percent: float) -> None:
        """Drive the heater at a duty."""
        await self._context.outputs.set_pwm(self._heater, percent, _HEATER_HZ)

    async def switch_off(self) -> None:
        """Stop motor and heater."""
        await self.drive_motor(0.0)
        await self.heat(0.0)

    async def _measure(self, request: BurstRequest) -> Volts:
        with self._context.led_locks.locked(self._leds):
            burst = await self.board.measure(request)
        return {channel: burst.signals[channel].mean_v for channel in self.channels.all}


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return Pearson's correlation, 0 where one of the two does not change at all."""
    try:
        return statistics.correlation(xs, ys)
    except statistics.StatisticsError:
        return 0.0
