"""Who drives which output, and keeping it on: exclusive holds on PWM channels and LEDs, leases, LED locks.

The board switches an output off when its lease ends. A lease is renewed only from the waiting of the very job that
holds the output (`HeldOutputs.renew_due`), so a job that hangs or is gone loses its outputs without anyone's help.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from core.board_link import BoardLink
from core.bus import Bus, LedChanged, PwmChanged
from core.clock import Clock
from core.config import Config, ConfigError
from core.errors import ConflictError, UnavailableError
from device.board import Board, BoardError, CommandRefusedError, PumpRun

_log = logging.getLogger(__name__)

# Seconds an output stays on without renewal, unless the board grants less; renewed after a third of it.
LEASE_S = 15.0
_RENEWALS_PER_LEASE = 3
# How long a pump may run unheard where the board does not say.
PUMP_LEASE_S = 5.0
# How long an ending job waits for the board's word that its outputs are off.
_RELEASE_TIMEOUT_S = 3.0

# Wired to the heater in every board and to nothing else; whatever else drove it would heat the culture.
_HEATER_ROLE, _HEATER_CHANNEL = "heating", 5

# Held, as an output is, by whoever measures light: gains and LEDs cannot serve two at a time.
OPTICS = "optics"


def pwm_output(channel: int) -> str:
    """Return the name of a PWM output, as the board reports it: `PWM 1`."""
    return f"PWM {channel}"


def led_output(channel: str) -> str:
    """Return the name of an LED, as the board reports it: `LED A`."""
    return f"LED {channel}"


def pwm_channel(config: Config, role: str) -> int:
    """Return the PWM channel that section [PWM] gives to `role` ("stirring"); raise ConfigError when none has it."""
    channels = [channel for channel, name in config.section("PWM").items() if name == role and channel.isdigit()]
    if len(channels) != 1:
        raise ConfigError(
            f"The configuration must give {role} one channel in section [PWM], not {len(channels)}.",
            remedy=f"Write a line such as `1 = {role}` into [PWM] of unit_config.ini and restart the service.",
        )
    channel = int(channels[0])
    if channel == _HEATER_CHANNEL and role != _HEATER_ROLE:
        raise ConfigError(
            f"PWM channel {channel} drives the heater and nothing else, not {role}.",
            remedy=f"Give {role} one of the channels 1 to 4 in section [PWM] of unit_config.ini.",
        )
    return channel


class OutputHolds:
    """Which job holds which output.

    Attributes:
        left_on: outputs that are to be off though the board has not said so; told again when the link is back.
    """

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self.left_on: set[str] = set()

    def claim(self, outputs: Iterable[str], holder: str) -> None:
        """Give all `outputs` to `holder`; raise ConflictError naming the holder when one of them is taken."""
        outputs = tuple(outputs)
        for output in outputs:
            if output in self._holders:
                other = self._holders[output]
                raise ConflictError(
                    f"{output} is held by {other}.",
                    cause="An output can be driven by one job at a time.",
                    remedy=f"Stop {other} first, then try again.",
                    holder=other,
                    output=output,
                )
        self._holders.update(dict.fromkeys(outputs, holder))

    def free(self, outputs: Iterable[str]) -> None:
        """Let go of `outputs`."""
        for output in outputs:
            self._holders.pop(output, None)

    def holder_of(self, output: str) -> str | None:
        """Return who holds an output, None when it is free."""
        return self._holders.get(output)


class LedLocks:
    """Short locks on LEDs while light is being measured: nobody else may write to a locked LED meanwhile.

    Attributes:
        darkenings: how often everything had to go dark; what was lit before is not renewed.
    """

    def __init__(self) -> None:
        self._owners: dict[str, object] = {}
        self.darkenings = 0

    @contextlib.contextmanager
    def locked(self, channels: Iterable[str]) -> Iterator[None]:
        """Lock those of `channels` that are not locked already, until the end of the block."""
        owner = object()
        taken = [channel for channel in channels if self._owners.setdefault(channel, owner) is owner]
        try:
            yield
        finally:
            for channel in taken:
                if self._owners.get(channel) is owner:
                    del self._owners[channel]

    def clear(self) -> None:
        """Take every lock away, because everything must go dark now."""
        self._owners.clear()
        self.darkenings += 1

    def is_locked(self, channel: str) -> bool:
        """Whether someone is measuring light with this LED dark, or lit by the measurement."""
        return channel in self._owners


@dataclass
class _Driven:
    """An output that is to be on: how to send its value again, and when that is due on the loop's clock."""

    send: Callable[[Board, float], Awaitable[float]]
    tell: Callable[[float], None]
    percent: float
    lease_s: float
    due_s: float
    darkenings: int
    sent_s: float = -math.inf
    is_shown_on: bool = False

    def confirmed(self, loop_s: float) -> None:
        """Note that the board has done it, and tell it where it was off."""
        self.sent_s = loop_s
        if not self.is_shown_on:
            self.is_shown_on = True
            self.tell(self.percent)


class HeldOutputs:
    """The outputs one job holds. Their values are percent; 0 is off and needs no lease."""

    def __init__(
        self,
        holds: OutputHolds,
        led_locks: LedLocks,
        outputs: tuple[str, ...],
        board_link: BoardLink,
        bus: Bus,
        clock: Clock,
        *,
        holder: str = "",
        experiment: str | None = None,
    ) -> None:
        self._holder = holder
        self._experiment = experiment
        self._holds = holds
        self._led_locks = led_locks
        self._outputs = outputs
        self._board_link = board_link
        self._bus = bus
        self._clock = clock
        self._driven: dict[str, _Driven] = {}
        self._switched_on = asyncio.Event()
        self._is_closed = False

    @property
    def any_held(self) -> bool:
        """Whether the job holds any output."""
        return bool(self._outputs)

    def __contains__(self, output: str) -> bool:
        return output in self._outputs

    async def set_pwm(self, channel: int, duty_percent: float, frequency_hz: float) -> None:
        """Drive a PWM channel this job holds, and keep it on from now on; raises as the board's commands do."""
        duty_percent = round(duty_percent, 5)

        async def send(board: Board, lease_s: float) -> float:
            return await board.set_pwm(channel, duty_percent, frequency_hz, lease_s)

        def tell(percent: float) -> None:
            self._tell_pwm(channel, percent)

        await self._drive(pwm_output(channel), duty_percent, send, tell)

    async def set_led(self, channel: str, intensity_percent: float, source: str, experiment: str | None) -> None:
        """Light an LED this job holds, and keep it on from now on; raises as the board's commands do.

        Raises ConflictError while light is being measured: try again a little later. Off is possible at any time.
        """
        if intensity_percent > 0 and self._led_locks.is_locked(channel):
            raise ConflictError(f"LED {channel} is locked while light is measured.", remedy="Try again in a second.")

        async def send(board: Board, lease_s: float) -> float:
            return await board.set_led(channel, intensity_percent, lease_s)

        def tell(percent: float) -> None:
            self._bus.publish(LedChanged(self._clock.utc_s(), channel, percent, source, experiment))

        await self._drive(led_output(channel), intensity_percent, send, tell)

    @contextlib.contextmanager
    def borrowed(self, outputs: Iterable[str]) -> Iterator[None]:
        """Hold more outputs for the length of the block; raise ConflictError when another job has one of them."""
        more = tuple(output for output in outputs if output not in self._outputs)
        self._holds.claim(more, self._holder)
        self._outputs += more
        try:
            yield
        finally:
            self._holds.free(output for output in more if output in self._outputs)
            self._outputs = tuple(output for output in self._outputs if output not in more)

    def take_over(self, former: HeldOutputs) -> None:
        """Hold what another job of this name held, and keep it as it is; one that was stopped switches the rest off."""
        if former._is_closed:
            former._outputs = tuple(output for output in former._outputs if output not in self._outputs)
            for output in self._outputs:
                former._driven.pop(output, None)
            return
        self._outputs = tuple(dict.fromkeys((*former._outputs, *self._outputs)))
        self._driven |= former._driven
        former._outputs, former._driven = (), {}

    @contextlib.contextmanager
    def pumping(self, channel: int, duty_percent: float) -> Iterator[None]:
        """Tell that a pump is on for the length of the block, in which `run_pump` runs it piece by piece."""
        self._tell_pwm(channel, round(duty_percent, 5))
        try:
            yield
        finally:
            self._tell_pwm(channel, 0.0)

    async def run_pump(self, channel: int, duty_percent: float, frequency_hz: float, duration_s: float) -> PumpRun:
        """Run a pump this job holds for a time the board keeps, at most `longest_pump_run_s`; tell what it did.

        Raises as the board's commands do. A run that is not known to have ended is stopped with the job.
        """
        output = pwm_output(channel)
        if output not in self._outputs or self._is_closed:
            raise ConflictError(f"{output} is not held by this job, or the job ends.", remedy="Start the job again.")
        if duration_s > self.longest_pump_run_s:
            raise ValueError(f"a pump run of {duration_s:g} s would outlive a host that hangs")
        board = self._board_link.board
        self._holds.left_on.add(output)
        try:
            run = await board.run_pump(channel, duty_percent, frequency_hz, duration_s)
        except CommandRefusedError:
            self._holds.left_on.discard(output)
            raise
        self._holds.left_on.discard(output)
        return run

    @property
    def longest_pump_run_s(self) -> float:
        """How long the board may run a pump without hearing of its host: the lease of a pump."""
        board = self._board_link.current
        limits = board.dictionary.lease_limits_s if board is not None and board.dictionary is not None else {}
        return min(LEASE_S, limits.get("pump", PUMP_LEASE_S))

    def close(self) -> None:
        """Let nothing be switched on any more, because the job ends."""
        self._is_closed = True

    def next_renewal_s(self) -> float:
        """Return the loop time of the next renewal, infinity when there is nothing to renew."""
        if self._is_closed:
            return math.inf
        return min((driven.due_s for driven in self._driven.values()), default=math.inf)

    async def sleep_until(self, loop_s: float) -> None:
        """Wait until `loop_s`, or until an output is switched on whose renewal is due before that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(loop_s):
                await self._switched_on.wait()

    async def renew_due(self) -> None:
        """Renew every lease that is due. Without a link nothing is sent; the board switches off by itself."""
        self._forget_darkened()
        for output, driven in tuple(self._driven.items()):
            if self._is_closed or self._driven.get(output) is not driven:
                continue  # while another output was renewed, the job ended or gave this one another value
            if driven.due_s <= self._clock.monotonic_s():
                driven.due_s = self._clock.monotonic_s() + driven.lease_s / _RENEWALS_PER_LEASE
                if self._board_link.is_usable:
                    with contextlib.suppress(BoardError):
                        await driven.send(self._board_link.board, driven.lease_s)
                        driven.confirmed(self._clock.monotonic_s())

    def _forget_darkened(self) -> None:
        """Let LEDs stay dark that went off because there was too much light, until their job lights them again."""
        for output, driven in tuple(self._driven.items()):
            if output.startswith("LED") and driven.darkenings != self._led_locks.darkenings:
                del self._driven[output]

    def board_switched_off(self, output: str) -> None:
        """Tell that an output is off by the board's own doing, until a renewal brings it back."""
        driven = self._driven.get(output)
        if driven is not None and driven.is_shown_on:
            driven.is_shown_on = False
            driven.tell(0.0)

    def drives(self, output: str) -> bool:
        """Whether the job wants this output to be on."""
        return output in self._driven

    def overdue_s(self, output: str) -> float:
        """Return by how many seconds the renewal of an output that is on is late; negative when it is not due yet."""
        return self._clock.monotonic_s() - self._driven[output].due_s

    def renewed_since(self, output: str, loop_s: float) -> bool:
        """Whether the board has confirmed an output that is on after `loop_s`."""
        driven = self._driven.get(output)
        return driven is not None and driven.sent_s > loop_s

    async def release(self) -> None:
        """Switch every output of the job off, and let go of them, whatever the board says."""
        left_on = self._holds.left_on
        left_on.update(self._driven)
        self._driven.clear()
        outputs = sorted(left_on.intersection(self._outputs))
        try:
            async with asyncio.timeout(_RELEASE_TIMEOUT_S):
                # One that fails keeps none of the others on; what waits its turn on a slow link is sent all the same.
                await asyncio.shield(asyncio.gather(*map(self._confirm_off, outputs)))
        except (BoardError, UnavailableError, TimeoutError) as error:
            names, why = ", ".join(outputs), str(error).rstrip(".") or "it did not answer"
            _log.warning("The board did not confirm that %s is off (%s); it will be in %g s.", names, why, LEASE_S)
        self._holds.free(self._outputs)
        self._outputs = ()
        for output in outputs:
            self._tell_off(output)

    async def _confirm_off(self, output: str) -> None:
        await switch_off(self._board_link.board, (output,))
        self._holds.left_on.discard(output)

    async def _drive(
        self,
        output: str,
        percent: float,
        send: Callable[[Board, float], Awaitable[float]],
        tell: Callable[[float], None],
    ) -> None:
        if output not in self._outputs:
            raise ConflictError(f"{output} is not held by this job.")
        if percent == 0:
            self._driven.pop(output, None)
            self._holds.left_on.add(output)
            try:
                # Whoever stops waiting does not take it back.
                await asyncio.shield(asyncio.ensure_future(self._confirm_off(output)))
            finally:
                tell(0.0)
        elif self._is_closed:
            raise ConflictError(f"{output} stays off, because its job ends.", remedy="Start the job again.")
        else:
            board = self._board_link.board
            lease_s = min(LEASE_S, _lease_limit_s(board, output))
            due_s = self._clock.monotonic_s() + lease_s / _RENEWALS_PER_LEASE
            driven = _Driven(send, tell, percent, lease_s, due_s, self._led_locks.darkenings)
            await self._switch_on(board, output, driven)

    async def _switch_on(self, board: Board, output: str, driven: _Driven) -> None:
        former = self._driven.get(output)
        self._driven[output] = driven
        self._holds.left_on.discard(output)
        self._switched_on.set()
        self._switched_on = asyncio.Event()
        try:
            await driven.send(board, driven.lease_s)
        except CommandRefusedError:
            # What the board refused must not be asked for again at each renewal, and come on later by itself.
            if self._driven.get(output) is driven:
                del self._driven[output]
                if former is not None:
                    self._driven[output] = former
            raise
        driven.confirmed(self._clock.monotonic_s())

    def _tell_off(self, name: str) -> None:
        kind, channel = name.split()
        if kind == "PWM":
            self._tell_pwm(int(channel), 0.0)
        else:
            self._bus.publish(LedChanged(self._clock.utc_s(), channel, 0.0, "job ended", self._experiment))

    def _tell_pwm(self, channel: int, percent: float) -> None:
        self._bus.publish(PwmChanged(self._clock.utc_s(), channel, percent, self._experiment))


async def switch_off(board: Board, outputs: Iterable[str]) -> None:
    """Switch outputs off by name; raises as the board's commands do."""
    for output in outputs:
        kind, channel = output.split()
        if kind == "PWM":
            await board.set_pwm(int(channel), 0.0, 0.0, 0.0)
        else:
            await board.set_led(channel, 0.0, 0.0)


def _lease_limit_s(board: Board, output: str) -> float:
    if board.dictionary is None:
        return LEASE_S
    kind, channel = output.split()
    role = "led" if kind == "LED" else board.dictionary.pwm_roles.get(int(channel), "stirring")
    role = "pump" if role.endswith("pump") else role
    return board.dictionary.lease_limits_s.get(role, LEASE_S)
