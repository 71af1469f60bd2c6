"""The firmware as a whole: bytes in, bytes out, and a step to be called when something is due."""

from device.firmware import messages
from device.firmware.blink import Blinker
from device.firmware.commands import Commands
from device.firmware.frames import FrameReader
from device.firmware.hardware import Hardware
from device.firmware.measurement import Measurement
from device.firmware.outputs import Outputs
from device.firmware.pumps import PumpRun, Pumps
from device.firmware.safety import Safety
from device.firmware.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Firmware:
    """One running board.

    Args:
        hardware: what to drive; all its outputs are switched off first.
        send: takes bytes for the host; must not block, may drop them.
    """

    def __init__(self, hardware: Hardware, send: "Callable[[bytes], None]") -> None:
        self._hardware = hardware
        self._reader = FrameReader()
        self._outputs = Outputs(hardware)
        self._safety = Safety(hardware, self._outputs)
        self._pumps = Pumps(self._outputs)
        self._measurement = Measurement(hardware, self._outputs)
        self._blinker = Blinker()
        self._timed_parts = (self._pumps, self._outputs, self._measurement, self._blinker)
        self._commands = Commands(hardware, self._outputs, self._safety, self._pumps, self._measurement, self._blinker)
        self._session = Session(hardware.new_boot_id(), self._commands.execute, send)
        self._reported_faults = 0
        self._next_status_us = 0
        self._button_pressed = False

    def receive(self, data: bytes) -> None:
        """Take bytes from the host, cut anywhere; follow with `step`."""
        for kind, session, sequence, payload in self._reader.feed(data):
            self._session.take(kind, session, sequence, payload)

    def step(self) -> int:
        """Do what is due; return the board time in microseconds at which the next call is needed."""
        now_us = self._hardware.now_us()
        self._guard(now_us)
        if self._commands.ended_runs or self._pumps.running:
            self._end_pump_runs(now_us)
        self._end_leases(now_us)
        if self._measurement.busy():
            self._measure(now_us)
        self._watch_button(now_us)
        self._report_status(now_us)
        if self._commands.reboot_asked:
            self._hardware.reset()
        return self._next_due_us(now_us)

    def _guard(self, now_us: int) -> None:
        reason = self._safety.step(now_us)
        if reason is not None:
            self._session.report(messages.OUTPUT_OFF, now_us, 1, self._safety.heater_channel, reason)
        self._report_faults(now_us)

    def _report_faults(self, now_us: int) -> None:
        faults = self._safety.faults
        if faults & ~self._reported_faults:
            self._session.report(messages.FAULT_RAISED, now_us, faults)
        self._reported_faults = faults

    def _end_pump_runs(self, now_us: int) -> None:
        ended = self._commands.ended_runs
        self._commands.ended_runs = []
        for run in ended + self._pumps.step(now_us):
            self._report_run(run)

    def _report_run(self, run: PumpRun) -> None:
        self._session.report(messages.PUMP_DONE, *run.fields())

    def _end_leases(self, now_us: int) -> None:
        for is_pwm, channel in self._outputs.expire(now_us):
            self._session.report(messages.OUTPUT_OFF, now_us, int(is_pwm), channel, messages.BECAUSE_LEASE_EXPIRED)

    def _measure(self, now_us: int) -> None:
        burst = self._measurement.step(now_us)
        if burst is None:
            return
        self._session.report(messages.BURST, *burst.fields())
        if any(each.overvoltage for each in burst.sums):
            self._safety.raise_fault(messages.FAULT_PHOTODIODE_SATURATED)
            self._report_faults(now_us)

    def _watch_button(self, now_us: int) -> None:
        pressed = self._hardware.button_pressed()
        if pressed != self._button_pressed:
            self._button_pressed = pressed
            self._session.report(messages.BUTTON, now_us, int(pressed))
        self._hardware.set_status_led(self._blinker.step(now_us) or pressed)

    def _report_status(self, now_us: int) -> None:
        if now_us < self._next_status_us:
            return
        self._next_status_us = now_us + self._commands.telemetry_period_ms * 1000
        if not self._session.is_open():
            return
        celsius = self._safety.celsius
        self._session.report(
            messages.STATUS,
            now_us,
            float("nan") if celsius is None else celsius,
            self._safety.supply_v,
            self._safety.faults,
            self._outputs.leases_expired & 0xFFFF,
            self._reader.skipped & 0xFFFF,
            self._hardware.hall_edges() & 0xFFFFFFFF,
            *self._outputs.percents(),
        )

    def resume_checks(self) -> None:
        """Check heater and supply in the full rhythm, because something has happened to them; follow with `step`."""
        self._safety.resume_checks(self._hardware.now_us())

    def _next_due_us(self, now_us: int) -> int:
        due_us = self._next_status_us
        for part in self._timed_parts:
            part_due_us = part.next_due_us()
            if part_due_us is not None and part_due_us < due_us:
                due_us = part_due_us
        # What a check finds is seen in the next STATUS, so it is early enough then as long as all is calm.
        self._safety.skip_checks(now_us, self._next_status_us)
        return max(min(due_us, self._safety.next_due_us()), now_us)
