"""The board at the other end of a wire: every command of `device.board.Board`, over the link."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable

from device.arguments import channel_number, microseconds, milliseconds, percent, switches_on
from device.board import (
    Board,
    BoardDictionary,
    BoardError,
    BoardEvent,
    BoardStatus,
    BurstRequest,
    CommandRefusedError,
    Connection,
    ConnectionChanged,
    LinkStatistics,
    Listener,
    NotConnectedError,
    PhotodiodeBurst,
    PumpRun,
    Simulation,
    StatusReported,
    Subscription,
    Tachometer,
)
from device.bursts import Fields, read_burst
from device.dictionary import led_names, photodiode_names
from device.firmware import messages
from device.link import Link
from device.pump_runs import PumpRuns
from device.reconnect import Reconnector
from device.reports import read_event, read_pump_run
from device.results import LATE_S, Results
from device.transport import Connector

_log = logging.getLogger(__name__)

# Closing waits this long for the outputs to be off; after that the leases do it.
CLOSE_S = 2.0


class WiredBoard(Board):
    """A board reached by a connector.

    Args:
        url: where it is, for the user.
        utc_s: UTC now in seconds since 1970.
        simulation: the hand on the simulated board behind the wire, if it is one.
        when_closed: awaited last when the board is closed.
    """

    def __init__(
        self,
        url: str,
        connector: Connector,
        *,
        utc_s: Callable[[], float],
        simulation: Simulation | None = None,
        when_closed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._keeper = Reconnector(url, connector, utc_s, self._telemetry_arrived, self._changed, self._prepare)
        self._simulation = simulation
        self._when_closed = when_closed
        self._listeners: list[Listener] = []
        self._status: BoardStatus | None = None
        self._usable = asyncio.Event()
        self._results = Results()
        self._measuring = asyncio.Lock()
        self._board_measures_until_s = 0.0
        # Nothing in this program has asked for an output yet, so what runs on the board belongs to nobody.
        self._all_off_due = True
        self._pumps = PumpRuns(self._results, self._link, self._open_link, self.wait_until_usable)
        self._serial_number: str | None = None
        # What a board that restarted has forgotten: (command, channel) to the command's arguments.
        self._settings: dict[tuple[int, int], tuple[float, ...]] = {}

    # State

    @property
    def connection(self) -> Connection:
        """State of the link now."""
        return self._keeper.connection

    @property
    def statistics(self) -> LinkStatistics:
        """Counters of the link."""
        counters = self._keeper.counters
        return LinkStatistics(
            telemetry_lost=counters.telemetry_lost,
            frames_skipped=counters.frames_skipped,
            commands_repeated=counters.commands_repeated,
            reconnects=self._keeper.reconnects,
            round_trip_s=self._keeper.timing.round_trip_s,
        )

    @property
    def dictionary(self) -> BoardDictionary | None:
        """What the board says of itself, the last known while the link is lost."""
        return self._keeper.dictionary

    @property
    def status(self) -> BoardStatus | None:
        """The latest periodic report of this connection."""
        return self._status

    @property
    def simulation(self) -> Simulation | None:
        """The hand on the simulated board behind this."""
        return self._simulation

    def listen(self, listener: Listener) -> Subscription:
        """Call `listener` for every event from now on."""
        self._listeners.append(listener)

        def cancel() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return Subscription(cancel)

    async def open(self) -> None:
        """Start connecting and keep trying."""
        self._keeper.start()

    async def close(self) -> None:
        """Switch everything off if the board can be reached, and let go of it."""
        if self._keeper.link is not None:
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self.all_off()
            except (BoardError, TimeoutError) as error:
                _log.warning("The board could not be told to switch off (%s); its leases will", error)
        await self._keeper.stop()
        when_closed, self._when_closed = self._when_closed, None
        if when_closed is not None:
            await when_closed()

    async def wait_until_usable(self, timeout_s: float) -> None:
        """Return when commands can be sent; raise NotConnectedError with the reason after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._usable.wait()
        except TimeoutError:
            self._link()  # says why

    # Outputs

    async def set_led(self, channel: str, intensity_percent: float, lease_s: float) -> float:
        """Light an LED until the lease ends; return the intensity the board applied."""
        number = channel_number(channel, led_names(), "LED")
        return await self._value(messages.SET_LED, number, percent(intensity_percent), milliseconds(lease_s))

    async def set_pwm(self, channel: int, duty_percent: float, frequency_hz: float, lease_s: float) -> float:
        """Drive a PWM output until the lease ends; return the duty the board applied."""
        lease_ms = milliseconds(lease_s)
        return await self._value(messages.SET_PWM, channel, percent(duty_percent), frequency_hz, lease_ms)

    async def run_pump(self, channel: int, duty_percent: float, frequency_hz: float, duration_s: float) -> PumpRun:
        """Run a pump for a time the board keeps; a link lost meanwhile is waited for. Cancelling stops the pump."""
        fields = await self._pumps.run(channel, duty_percent, frequency_hz, duration_s)
        return read_pump_run(fields, self._keeper.clock)

    async def stop_pump(self, channel: int) -> None:
        """End a pump's run before anything else that waits, also one whose command waits to be sent."""
        await self._pumps.stop(channel)

    async def all_off(self) -> None:
        """Switch everything off before any other command that waits; at the next connection if there is none now.

        A caller that is cancelled meanwhile does not take the command back.
        """
        self._all_off_due = True
        link = self._keeper.link
        if link is None or not link.is_open:
            link = self._link()  # says why there is none
        link.withdraw(switches_on, "everything was switched off before this command was sent")
        await asyncio.shield(self._send_all_off(link))

    def _send_all_off(self, link: Link) -> asyncio.Future[bytes]:
        self._all_off_due = True
        obeyed = link.post(messages.ALL_OFF, urgent=True)
        obeyed.add_done_callback(self._everything_is_off)
        return obeyed

    def _everything_is_off(self, answer: asyncio.Future[bytes]) -> None:
        if not answer.cancelled() and answer.exception() is None:
            self._all_off_due = False
            self._results.given_up(messages.BURST, "everything was switched off during the measurement")

    async def set_heater_cutoff(self, cutoff_celsius: float) -> float:
        """Set the temperature above which the board switches the heater off; return what it took."""
        taken = await self._value(messages.SET_HEATER_CUTOFF, cutoff_celsius)
        self._settings[messages.SET_HEATER_CUTOFF, 0] = (cutoff_celsius,)
        return taken

    async def clear_faults(self) -> None:
        """Let go of latched faults whose cause is gone."""
        await self._link().request(messages.CLEAR_FAULTS)

    # Sensors

    async def set_gain(self, photodiode: str, full_scale_v: float) -> None:
        """Choose a photodiode's full scale, one of the dictionary's."""
        link, scales = self._link(), self._known().full_scale_v
        channel = channel_number(photodiode, photodiode_names(), "photodiode")
        for gain, volts in enumerate(scales):
            if math.isclose(volts, full_scale_v, rel_tol=1e-6):
                await link.request(messages.SET_GAIN, channel, gain)
                self._settings[messages.SET_GAIN, channel] = (channel, gain)
                return
        raise CommandRefusedError(f"the board has no full scale of {full_scale_v} V", f"Choose one of {scales}.")

    async def measure(self, request: BurstRequest) -> PhotodiodeBurst:
        """Take one burst; a result lost on the wire is asked for again. Bursts wait for one another."""
        led = 0 if request.led_channel is None else channel_number(request.led_channel, led_names(), "LED")
        times_us = (microseconds(request.settle_s), microseconds(request.window_s))
        arguments = (led, percent(request.intensity_percent), *times_us, int(request.dark_others))
        loop = asyncio.get_running_loop()
        takes_s = request.settle_s + request.window_s
        async with self._measuring:
            # A burst whose caller gave up is still under way on the board.
            if self._board_measures_until_s > loop.time():
                await asyncio.sleep(self._board_measures_until_s - loop.time())
            link, burst_id = self._link(), self._results.next_number()
            self._results.expect(messages.BURST, burst_id)
            self._board_measures_until_s = loop.time() + takes_s + LATE_S
            try:
                await link.request(messages.MEASURE, burst_id, *arguments)
                fields = await self._results.collect(link, messages.BURST, burst_id, takes_s)
                self._board_measures_until_s = 0.0
            except CommandRefusedError:
                self._board_measures_until_s = 0.0  # the board does not measure: it refused, or was told to stop
                raise
            finally:
                self._results.forget(messages.BURST, burst_id)
        return read_burst(fields, self._known(), self._keeper.clock)

    async def read_tachometer(self, window_s: float) -> Tachometer:
        """Return the stir bar's turns during the last `window_s`."""
        window_us = microseconds(window_s)
        fields = await self._fields(messages.READ_TACHOMETER, window_us)
        edges, span_us = int(fields["edges"]), int(fields["span_us"])
        turning = edges > 1 and span_us > 0 and int(fields["since_last_edge_us"]) <= window_us
        return Tachometer(
            utc_s=self._keeper.clock.utc_s(int(fields["board_us"])),
            edges=edges,
            span_s=span_us * 1e-6,
            rpm=60e6 * (edges - 1) / span_us if turning else 0.0,
        )

    async def read_heater_celsius(self) -> float:
        """Return the heater board's temperature."""
        celsius = float((await self._fields(messages.READ_THERMOMETER))["celsius"])
        if math.isnan(celsius):
            raise CommandRefusedError(
                "the heater's thermometer does not answer", "Check the cable of the heater board."
            )
        return celsius

    async def read_supply_v(self) -> float:
        """Return the voltage of the rail that feeds the PWM outputs."""
        return await self._value(messages.READ_SUPPLY)

    # The board itself

    async def identify(self) -> None:
        """Blink the status LED."""
        await self._link().request(messages.IDENTIFY)

    async def blink_error(self, code: int) -> None:
        """Blink an error code once on the status LED."""
        await self._link().request(messages.BLINK_ERROR, code)

    async def reboot(self) -> None:
        """Restart the board; the link is lost and comes back by itself."""
        link = self._link()
        await link.request(messages.REBOOT)
        link.fail("the board was told to restart")

    # Within

    def _link(self) -> Link:
        """Return the open link, or raise NotConnectedError saying why there is none."""
        link, connection = self._keeper.link, self.connection
        if link is None or not connection.is_usable:
            raise NotConnectedError(connection.detail or "no board is connected", connection.remedy)
        return link

    def _open_link(self) -> Link | None:
        """Return the link while it is open, also before the board may be used."""
        link = self._keeper.link
        return link if link is not None and link.is_open else None

    def _known(self) -> BoardDictionary:
        if self.dictionary is None:
            raise NotConnectedError("no board has been connected yet")
        return self.dictionary

    async def _fields(self, identity: int, *values: object) -> Fields:
        return await self._link().ask(identity, *values)

    async def _value(self, identity: int, *values: object) -> float:
        """Return the only, or first, field of a command's answer."""
        return float(next(iter((await self._fields(identity, *values)).values())))

    async def _prepare(self, link: Link) -> None:
        """Bring a board just connected into the state this program knows."""
        if self._all_off_due:
            await self._send_all_off(link)
        await self._pumps.send_stops(link)
        for (identity, _), values in self._settings.items():
            try:
                await link.request(identity, *values)
            except CommandRefusedError as refusal:
                _log.warning("The board does not take back a setting it had before: %s", refusal)

    def _look_who_it_is(self) -> None:
        """Make a board safe that was plugged in instead of the former one: what runs on it belongs to nobody."""
        former, self._serial_number = self._serial_number, self._known().serial_number
        if former not in (None, self._serial_number):
            what = "This is another board (%s) than before (%s): its outputs go off, and what runs goes on with it."
            _log.warning(what, self._serial_number, former)
            self._send_all_off(self._link())

    def _changed(self, connection: Connection) -> None:
        if connection.is_usable:
            self._look_who_it_is()
            self._usable.set()
        else:
            self._usable.clear()
            self._status = None
            self._results.fail(connection.detail, connection.remedy)
        self._tell(ConnectionChanged(connection))

    def _telemetry_arrived(self, identity: int, body: bytes) -> None:
        if identity not in messages.TELEMETRY or self.dictionary is None or not self._keeper.clock.is_set:
            return
        try:
            fields = messages.unpack(*messages.TELEMETRY[identity], body)
            event = read_event(identity, fields, self.dictionary, self._keeper.clock)
        except (ValueError, IndexError) as error:
            _log.warning("A report of the board makes no sense (%s)", error)
            return
        self._results.arrived(identity, fields)
        if isinstance(event, StatusReported):
            self._status = event.status
        self._keeper.telemetry_arrived()
        if event is not None:
            self._tell(event)

    def _tell(self, event: BoardEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - one deaf listener must not silence the others
                _log.exception("A listener failed on %s", type(event).__name__)
