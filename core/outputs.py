"""The outputs that a job holds: PWM channels and LEDs are driven through here, kept on, and switched off at its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator

from core.board_link import BoardLink
from core.bus import Bus, LedChanged, PwmChanged
from core.clock import Clock
from core.errors import ConflictError, UnavailableError
from core.leases import Driven, Leases
from core.output_holds import LedLocks, OutputHolds
from core.output_names import led_output, pwm_output
from device.board import Board, BoardError, CommandRefusedError, PumpRun

_log = logging.getLogger(__name__)

# Seconds an output stays on without renewal, unless the board grants less; renewed after a third of it (`core.leases`).
LEASE_S = 15.0
# How long a pump may run unheard where the board does not say.
PUMP_LEASE_S = 5.0
# How long an ending job waits for the board's word that its outputs are off.
_RELEASE_TIMEOUT_S = 3.0


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
        self._leases = Leases(board_link, clock, led_locks)
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
                former._leases.driven.pop(output, None)
            return
        self._outputs = tuple(dict.fromkeys((*former._outputs, *self._outputs)))
        self._leases.driven |= former._leases.driven
        former._outputs, former._leases.driven = (), {}

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
        self._leases.close()

    def next_renewal_s(self) -> float:
        """Return the loop time of the next renewal, infinity when there is nothing to renew."""
        return self._leases.next_renewal_s()

    async def sleep_until(self, loop_s: float) -> None:
        """Wait until `loop_s`, and meanwhile renew the leases that are due."""
        await self._leases.sleep_until(loop_s)

    def board_switched_off(self, output: str) -> None:
        """Tell that an output is off by the board's own doing, until a renewal brings it back."""
        driven = self._leases.driven.get(output)
        if driven is not None and driven.is_shown_on:
            driven.is_shown_on = False
            driven.tell(0.0)

    def drives(self, output: str) -> bool:
        """Whether the job wants this output to be on."""
        return output in self._leases.driven

    def overdue_s(self, output: str) -> float:
        """Return by how many seconds the renewal of an output that is on is late; negative when it is not due yet."""
        return self._clock.monotonic_s() - self._leases.driven[output].due_s

    def renewed_since(self, output: str, loop_s: float) -> bool:
        """Whether the board has confirmed an output that is on after `loop_s`."""
        driven = self._leases.driven.get(output)
        return driven is not None and driven.sent_s > loop_s

    async def release(self) -> None:
        """Switch every output of the job off, and let go of them, whatever the board says."""
        left_on = self._holds.left_on
        left_on.update(self._leases.driven)
        self._leases.driven.clear()
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
            self._leases.driven.pop(output, None)
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
            due_s = self._leases.due_s(lease_s)
            driven = Driven(send, tell, percent, lease_s, due_s, self._led_locks.darkenings)
            await self._switch_on(board, output, driven)

    async def _switch_on(self, board: Board, output: str, driven: Driven) -> None:
        former = self._leases.driven.get(output)
        self._leases.driven[output] = driven
        self._holds.left_on.discard(output)
        self._leases.set_alarm()
        try:
            await driven.send(board, driven.lease_s)
        except CommandRefusedError:
            # What the board refused must not be asked for again at each renewal, and come on later by itself.
            if self._leases.driven.get(output) is driven:
                del self._leases.driven[output]
                if former is not None:
                    self._leases.driven[output] = former
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
