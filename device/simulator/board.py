"""The simulated board: firmware, physics and wire, driven by events on the running loop: bent time bends it too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import numpy as np

from device.firmware.firmware import Firmware
from device.simulator.hardware import SimulatedHardware
from device.simulator.misbehave import Misbehaviour
from device.simulator.reactor import ALT_MEDIA, HEATER, MEDIA, STIRRER, WASTE, Reactor, Setup
from device.simulator.wire import FaultyWire

WATCHDOG_S = 2.0
RESTART_S = 0.5


class HostLink(Protocol):
    """The host at the other end of the wire."""

    def write(self, data: bytes) -> None:
        """Take bytes for the host."""

    def close(self, reason: str) -> None:
        """End the connection as a pulled plug would."""


class Socket(Protocol):
    """Where a host can plug in: a TCP port, a pseudo terminal."""

    def unplug(self) -> None:
        """Vanish."""

    def replug(self) -> None:
        """Be there again."""


class SimulatedBoard:
    """A board that exists in this process only. Create it inside a running event loop.

    It keeps running, with leases and all, whether a host is connected or not.

    Attributes:
        reactor: the physics.
        plugged: False while the plug is pulled.
        to_host, to_board: the two directions of the wire.
    """

    def __init__(self, setup: Setup | None = None) -> None:
        self._setup = setup or Setup()
        self._loop = asyncio.get_running_loop()
        self._loop_s = self._loop.time
        self._epoch_s = self._loop.time()
        self._rng = np.random.default_rng([self._setup.seed, 5])
        self.reactor = Reactor(self._setup)
        self.to_host = FaultyWire(np.random.default_rng([self._setup.seed, 7]), self._write)
        self.to_board = FaultyWire(np.random.default_rng([self._setup.seed, 8]), self._take)
        self.plugged = True
        self._host: HostLink | None = None
        self._sockets: list[Socket] = []
        self._hung: list[bytes] | None = None
        self._starting = False
        self._step_timer: asyncio.TimerHandle | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._replug_timer: asyncio.TimerHandle | None = None
        self._misbehaviour = Misbehaviour(self)
        self.hardware: SimulatedHardware
        self._start()

    @property
    def serial_number(self) -> str:
        """The board's serial number, which follows from its seed."""
        return f"SIM-{self._setup.seed:06d}"

    @property
    def host(self) -> HostLink | None:
        """The connected host."""
        return self._host

    def now_us(self) -> int:
        """Return microseconds since the simulation began."""
        return round((self._loop_s() - self._epoch_s) * 1e6)

    def attach(self, host: HostLink) -> None:
        """Connect a host; there is one at a time."""
        self._host = host

    def detach(self, host: HostLink) -> None:
        """Forget a host that has gone; the board goes on by itself."""
        if self._host is host:
            self._host = None

    def offer(self, socket: Socket) -> None:
        """Have a socket vanish and return with the plug."""
        self._sockets.append(socket)

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        if self.plugged:
            self.to_board.push(data)

    def close(self) -> None:
        """End the simulation: no timers remain, hosts are disconnected."""
        self._drop_host("the simulated board has ended")
        for timer in list(self._timers):
            timer.cancel()
        self._timers.clear()
        if self._step_timer is not None:
            self._step_timer.cancel()
        self.to_host.clear()
        self.to_board.clear()

    def unplug(self, seconds: float | None = None) -> None:
        """Pull the USB plug, for some seconds or until `replug`; the board has its own supply and runs on."""
        self._forget_replug()
        if seconds is not None:
            self._replug_timer = self.later(seconds, self.replug)
        if not self.plugged:
            return
        self.plugged = False
        self.to_host.clear()
        self.to_board.clear()
        self._drop_host("the board was unplugged")
        for socket in self._sockets:
            socket.unplug()

    def replug(self) -> None:
        """Put the plug back in."""
        self._forget_replug()
        if self.plugged:
            return
        self.plugged = True
        for socket in self._sockets:
            socket.replug()

    def reboot(self) -> None:
        """Restart: outputs go off at once, the USB connection is lost and comes back."""
        self._outputs_off()
        self._starting = True
        if self.plugged:
            self.unplug(RESTART_S)
        self.later(RESTART_S, self._start)

    def hang(self, seconds: float) -> None:
        """Stop the firmware; after WATCHDOG_S its watchdog restarts it. The connection stays."""
        if self._hung is None:
            self._hung = []
            self.later(min(seconds, WATCHDOG_S), self._watchdog if seconds >= WATCHDOG_S else self._resume)

    def press_button(self, seconds: float) -> None:
        """Hold the button down for a while."""
        self.hardware.button = True
        self._run()
        self.later(seconds, self._release_button)

    def later(self, delay_s: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `action` after `delay_s` unless the simulation has ended or the handle is cancelled."""

        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = self._loop.call_later(delay_s, run)
        self._timers.add(timer)
        return timer

    def misbehave(self, command: str) -> str:
        """Obey a line such as "unplug 5"; return what was done, raise ValueError with what is wrong with it."""
        done = self._misbehaviour.obey(command)
        self._firmware.resume_checks()
        self._run()
        return done

    def truth(self) -> dict[str, float]:
        """Return the model's present state and what the outputs really are, by name with unit."""
        reactor = self.reactor
        reactor.advance(self.now_us())
        state = {
            "time_s": self.now_us() * 1e-6,
            "biomass_od": reactor.culture.biomass_od,
            "growth_per_h": reactor.culture.growth_per_h(reactor.heat.vial),
            "drug": reactor.culture.drug,
            "vial_celsius": reactor.heat.vial,
            "heater_celsius": reactor.heat.board,
            "led_celsius": reactor.heat.led,
            "room_celsius": reactor.heat.room,
            "volume_ml": reactor.vial.volume_ml,
            "media_ml": reactor.vial.media_ml,
            "alt_media_ml": reactor.vial.alt_media_ml,
            "waste_ml": reactor.vial.waste_ml,
            "stirrer_rpm": reactor.stirrer.rpm(self.now_us()),
            "plugged": float(self.plugged),
            "heater_percent": reactor.pwm_percent(HEATER),
            "stirrer_percent": reactor.pwm_percent(STIRRER),
            "media_pump_percent": reactor.pwm_percent(MEDIA),
            "alt_media_pump_percent": reactor.pwm_percent(ALT_MEDIA),
            "waste_pump_percent": reactor.pwm_percent(WASTE),
        }
        for index, letter in enumerate("abcd"):
            state[f"led_{letter}_percent"] = reactor.led_percent(index + 1)
        return state

    def _start(self) -> None:
        """Power up: a new firmware with everything off."""
        boot_id = int(self._rng.integers(1 << 32))
        self.hardware = SimulatedHardware(self.reactor, self.now_us, self.serial_number, boot_id, self._reset_asked)
        self._started_us = self.now_us()
        self._starting = False
        self._firmware = Firmware(self.hardware, self.to_host.push)
        self._run()

    def _release_button(self) -> None:
        self.hardware.button = False
        self._run()

    def _forget_replug(self) -> None:
        if self._replug_timer is not None:
            self._replug_timer.cancel()
            self._timers.discard(self._replug_timer)
            self._replug_timer = None

    def _reset_asked(self) -> None:
        # Not at once: the firmware is in the middle of its step, and its last reply still has to leave.
        self._starting = True
        self._outputs_off()
        self.later(0.01, self.reboot)

    def _watchdog(self) -> None:
        self._hung = None
        self._start()

    def _resume(self) -> None:
        held, self._hung = self._hung or [], None
        for data in held:
            self._take(data)
        self._run()

    def _outputs_off(self) -> None:
        """Do what a reset does to the pins."""
        for channel in range(1, 5):
            self.reactor.set_led(self.now_us(), channel, 0.0)
        for channel in range(1, 6):
            self.reactor.set_pwm(self.now_us(), channel, 0.0)

    def _take(self, data: bytes) -> None:
        if self._hung is not None:
            self._hung.append(data)
        elif not self._starting:
            self._firmware.receive(data)
            self._run()

    def _run(self) -> None:
        """Step the firmware and come back when it is due."""
        if self._step_timer is not None:
            self._step_timer.cancel()
            self._step_timer = None
        if self._hung is not None or self._starting:
            return
        due_us = self._firmware.step() + self._started_us
        if not self._starting:
            due_us = max(due_us, self.now_us())
            self._step_timer = self._loop.call_at(self._epoch_s + due_us * 1e-6, self._run)

    def _write(self, data: bytes) -> None:
        if self._host is not None and self.plugged:
            self._host.write(data)

    def _drop_host(self, reason: str) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close(reason)
