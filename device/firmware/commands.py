"""What each command does: its arguments are checked, it is obeyed or refused with a reason in words."""

from device.firmware import measurement, messages, pumps, safety, tachometer
from device.firmware.blink import Blinker
from device.firmware.dictionary import dictionary_json
from device.firmware.hardware import Hardware
from device.firmware.measurement import Measurement
from device.firmware.outputs import Outputs
from device.firmware.pumps import PumpRun, Pumps
from device.firmware.safety import Safety

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Fields = dict[str, int | float]
    Handler = Callable[[Fields, int], tuple[object, ...]]

_DICTIONARY_CHUNK = 400
_MIN_PWM_HZ = 8
_MAX_PWM_HZ = 20000
_MIN_TELEMETRY_MS = 100
_MAX_TELEMETRY_MS = 60000
_MAX_TACHOMETER_WINDOW_US = 5000000


class RefusalError(Exception):
    """A command that is not obeyed; `status` is one of the statuses of messages."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def check(value: float, low: float, high: float, what: str) -> None:
    """Refuse a value outside low..high (not-a-number too)."""
    if not low <= value <= high:
        raise RefusalError(messages.BAD_ARGUMENT, "%s must be %g to %g, not %g" % (what, low, high, value))


class Commands:
    """Executes commands on the parts of the board.

    Attributes:
        telemetry_period_ms: how often the host wants STATUS.
        ended_runs: pump runs ended by a command and not yet reported.
        reboot_asked: the host wants a restart, due once the reply is out.
    """

    def __init__(
        self,
        hardware: Hardware,
        outputs: Outputs,
        guard: Safety,
        pump_runs: Pumps,
        bursts: Measurement,
        blinker: Blinker,
    ) -> None:
        self._hardware = hardware
        self._outputs = outputs
        self._safety = guard
        self._pumps = pump_runs
        self._measurement = bursts
        self._blinker = blinker
        self._dictionary = dictionary_json(hardware)
        self.telemetry_period_ms = 1000
        self.ended_runs: "list[PumpRun]" = []
        self.reboot_asked = False
        self._handlers: "dict[int, Handler]" = {
            messages.PING: self._ping,
            messages.GET_DICTIONARY: self._get_dictionary,
            messages.IDENTIFY: self._identify,
            messages.BLINK_ERROR: self._blink_error,
            messages.REBOOT: self._reboot,
            messages.SET_TELEMETRY_PERIOD: self._set_telemetry_period,
            messages.SET_LED: self._set_led,
            messages.SET_PWM: self._set_pwm,
            messages.RUN_PUMP: self._run_pump,
            messages.GET_PUMP_RUN: self._get_pump_run,
            messages.ALL_OFF: self._all_off,
            messages.SET_HEATER_CUTOFF: self._set_heater_cutoff,
            messages.CLEAR_FAULTS: self._clear_faults,
            messages.SET_GAIN: self._set_gain,
            messages.MEASURE: self._measure,
            messages.GET_BURST: self._get_burst,
            messages.READ_TACHOMETER: self._read_tachometer,
            messages.READ_THERMOMETER: self._read_thermometer,
            messages.READ_SUPPLY: self._read_supply,
        }

    def execute(self, payload: bytes) -> bytes:
        """Execute one command and return the reply's payload."""
        identity = payload[0]
        handler = self._handlers.get(identity)
        if handler is None:
            return messages.refusal(identity, messages.UNKNOWN_MESSAGE, "unknown command 0x%02x" % identity)
        layout, names = messages.REQUESTS[identity]
        try:
            fields = messages.unpack(layout, names, payload[1:])
        except ValueError as error:
            return messages.refusal(identity, messages.BAD_ARGUMENT, str(error))
        try:
            values = handler(fields, self._hardware.now_us())
        except RefusalError as refusal:
            return messages.refusal(identity, refusal.status, refusal.text)
        except OSError:
            return messages.refusal(identity, messages.FAULT, "a part on the board does not answer")
        layout = messages.REPLIES[identity][0] if identity in messages.REPLIES else ""
        if identity == messages.GET_DICTIONARY:
            chunk = values[1]
            return messages.pack(identity, "B" + layout, messages.OK, values[0]) + chunk  # type: ignore[operator]
        return messages.pack(identity, "B" + layout, messages.OK, *values)

    def _ping(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        return (now_us,)

    def _get_dictionary(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        offset = int(fields["offset"])
        check(offset, 0, len(self._dictionary), "the offset")
        return len(self._dictionary), self._dictionary[offset : offset + _DICTIONARY_CHUNK]

    def _identify(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        self._blinker.identify(now_us)
        return ()

    def _blink_error(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["code"], 1, 20, "an error code")
        self._blinker.error(int(fields["code"]), now_us)
        return ()

    def _reboot(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        self._outputs.all_off()
        self.reboot_asked = True
        return ()

    def _set_telemetry_period(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["period_ms"], _MIN_TELEMETRY_MS, _MAX_TELEMETRY_MS, "the telemetry period in ms")
        self.telemetry_period_ms = int(fields["period_ms"])
        return ()

    def _set_led(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["channel"], 1, messages.LED_CHANNELS, "an LED channel")
        percent = fields["intensity_percent"]
        check(percent, 0, 100, "an LED intensity in percent")
        lease_ms = self._checked_lease_ms(fields, percent, safety.LEASE_LIMITS_MS["led"])
        return (self._outputs.set_led(int(fields["channel"]), percent, now_us + lease_ms * 1000),)

    def _set_pwm(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        channel = int(fields["channel"])
        percent = fields["duty_percent"]
        check(channel, 1, messages.PWM_CHANNELS, "a PWM channel")
        check(percent, 0, 100, "a duty in percent")
        if percent == 0:
            self.ended_runs.extend(self._pumps.stop(channel, messages.BECAUSE_TOLD, now_us))
            self._outputs.switch_off(True, channel)
            return (0.0,)
        check(fields["frequency_hz"], _MIN_PWM_HZ, _MAX_PWM_HZ, "a PWM frequency in Hz")
        role = self._hardware.pwm_roles[channel - 1]
        lease_ms = self._checked_lease_ms(fields, percent, safety.lease_limit_ms(role))
        if channel == self._safety.heater_channel:
            self._require_heater_allowed()
            self._safety.heater_set(now_us)
        if self._pumps.running_on(channel):
            raise RefusalError(messages.BUSY, "a pump run is under way on PWM channel %d" % channel)
        return (self._outputs.set_pwm(channel, percent, fields["frequency_hz"], now_us + lease_ms * 1000),)

    def _run_pump(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        channel = int(fields["channel"])
        run_id = int(fields["run_id"])
        check(channel, 1, messages.PWM_CHANNELS, "a PWM channel")
        if channel == self._safety.heater_channel:
            raise RefusalError(messages.BAD_ARGUMENT, "PWM channel %d drives the heater, not a pump" % channel)
        check(fields["duty_percent"], 0, 100, "a duty in percent")
        check(fields["frequency_hz"], _MIN_PWM_HZ, _MAX_PWM_HZ, "a PWM frequency in Hz")
        check(fields["duration_us"], 1, pumps.MAX_RUN_US, "a pump's run time in µs")
        if self._pumps.find(run_id) is not None:
            raise RefusalError(messages.BAD_ARGUMENT, "pump run %d has been started already" % run_id)
        if self._pumps.running_on(channel):
            raise RefusalError(messages.BUSY, "a pump run is under way on PWM channel %d" % channel)
        run = PumpRun(run_id, channel, now_us, int(fields["duration_us"]))
        self._pumps.start(run, fields["duty_percent"], fields["frequency_hz"])
        return (now_us,)

    def _get_pump_run(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        run = self._pumps.find(int(fields["run_id"]))
        if run is None:
            raise RefusalError(messages.BAD_ARGUMENT, "pump run %d is not known (any more)" % fields["run_id"])
        if run.running:
            raise RefusalError(messages.BUSY, "pump run %d is under way" % fields["run_id"])
        return run.fields()

    def _all_off(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        self.ended_runs.extend(self._pumps.stop(0, messages.BECAUSE_TOLD, now_us))
        self._measurement.cancel()
        self._outputs.all_off()
        return ()

    def _set_heater_cutoff(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        low, high = safety.HEATER_CUTOFF_MIN_CELSIUS, safety.HEATER_CUTOFF_MAX_CELSIUS
        check(fields["cutoff_celsius"], low, high, "the heater's cut-off in °C")
        return (self._safety.set_cutoff(fields["cutoff_celsius"]),)

    def _clear_faults(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        self._safety.clear()
        return ()

    def _set_gain(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["channel"], 1, messages.PHOTODIODE_CHANNELS, "a photodiode channel")
        check(fields["gain"], 0, len(self._hardware.full_scale_v) - 1, "a gain index")
        if self._measurement.busy():
            raise RefusalError(messages.BUSY, "a measurement is under way")
        self._hardware.set_gain(int(fields["channel"]), int(fields["gain"]))
        return ()

    def _measure(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["led_channel"], 0, messages.LED_CHANNELS, "an LED channel (0: dark)")
        check(fields["intensity_percent"], 0, 100, "an LED intensity in percent")
        check(fields["settle_us"], 0, measurement.MAX_SETTLE_US, "the settling time in µs")
        check(fields["window_us"], measurement.WINDOW_STEP_US, measurement.MAX_WINDOW_US, "the window in µs")
        if int(fields["window_us"]) % measurement.WINDOW_STEP_US:
            raise RefusalError(messages.BAD_ARGUMENT, "the window must be whole mains periods: a multiple of 100000 µs")
        if self._measurement.busy():
            raise RefusalError(messages.BUSY, "a measurement is under way")
        self._outputs.overlay_leds(int(fields["led_channel"]), fields["intensity_percent"], bool(fields["dark_others"]))
        self._measurement.start(int(fields["burst_id"]), int(fields["settle_us"]), int(fields["window_us"]), now_us)
        return ()

    def _get_burst(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        burst_id = int(fields["burst_id"])
        if self._measurement.under_way(burst_id):
            raise RefusalError(messages.BUSY, "burst %d is under way" % burst_id)
        latest = self._measurement.latest
        if latest is None or latest.burst_id != burst_id:
            raise RefusalError(messages.BAD_ARGUMENT, "burst %d is not known (any more)" % burst_id)
        return tuple(latest.fields())

    def _read_tachometer(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        check(fields["window_us"], 1, _MAX_TACHOMETER_WINDOW_US, "the window in µs")
        edges = self._hardware.hall_edge_times(max(0, now_us - int(fields["window_us"])))
        return tachometer.summarise(edges, now_us) + (now_us,)

    def _read_thermometer(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        celsius = self._hardware.read_celsius()
        if celsius is None:
            raise RefusalError(messages.FAULT, "the heater's thermometer does not answer")
        return celsius, now_us

    def _read_supply(self, fields: "Fields", now_us: int) -> "tuple[object, ...]":
        return (self._hardware.read_supply_v(),)

    def _checked_lease_ms(self, fields: "Fields", percent: float, limit_ms: int) -> int:
        lease_ms = int(fields["lease_ms"])
        if percent > 0:
            check(lease_ms, 1, limit_ms, "this output's lease in ms")
        return lease_ms

    def _require_heater_allowed(self) -> None:
        if not self._safety.heater_allowed():
            raise RefusalError(
                messages.FAULT, "the heater is locked by %s; clear faults once its cause is gone" % self._heater_lock()
            )

    def _heater_lock(self) -> str:
        if self._safety.faults & messages.FAULT_HEATER_CUTOFF:
            return "its cut-off"
        return "a missing thermometer"
