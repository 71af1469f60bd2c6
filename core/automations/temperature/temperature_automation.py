"""What both temperature rules share: the heater, its safety, and the culture's temperature every few minutes.

The board reports its heater's temperature once a second. Every 200 s the heater rests for some 110 s, and from how the
heater board cools the culture's temperature is inferred (`culture_temperature`). The heater's lease is 3 s: it stays on
only as long as this job waits and renews.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from core.automations.automation import AUTOMATION_SETTINGS, Automation, AutomationEvent, EventName
from core.automations.temperature.culture_temperature import NoTemperatureError, by_linear_model, by_two_exponentials
from core.automations.temperature.heater_watch import HeaterWatch
from core.automations.temperature.thermometer import NEAR_S, SAMPLE_EVERY_S, VALID_S, Thermometer
from core.plugins.api import (
    BoardError,
    BoardEvent,
    CommandRefusedError,
    Config,
    ConfigError,
    ConnectionChanged,
    JobState,
    OutputWentOff,
    Setting,
    StatusReported,
    UnavailableError,
    pwm_channel,
    pwm_output,
    timestamp,
)

TEMPERATURE_SETTINGS = {
    **AUTOMATION_SETTINGS,
    "temperature": Setting("Temperature", unit="℃", label="Temperature"),
    "heater_duty_cycle": Setting("float", unit="%", label="Heater duty"),
}
HEATER_HZ = 16.0
_HEATER_ROLE = "heater"
_SAMPLES, _PERIOD_S = 21, 200.0
# The 20 ml vessel of version 1.0 has another heater board.
_FIRST_VESSEL = ("pioreactor_20ml", "1.0")
_FIRST_VESSEL_SAMPLES, _FIRST_VESSEL_PERIOD_S = 29, 225.0
_KNOWN_MODELS = "pioreactor_"
# A board that nobody heated for this long shows the culture's temperature, unless it still cools.
_REST_S = 10.0
_STILL_COOLING_CELSIUS = 0.5
# What is inferred from is a board that had come to its temperature; it does so with a time constant of 24 s.
_WARMED_UP_S = 60.0
_LOOK_EVERY_S = 1.0
_REDUCE_EVERY_S = 10.0
_REDUCED_TO = 0.9
_BLINK_TOO_HOT = 6
# The fault a board latches when its thermometer does not answer.
_SAME_BY_BOARD = "thermometer missing"
# Alarms of this job.
_HEATER, _THERMOMETER = "heater", "thermometer"
_OFF_BY_BOARD = {
    "cut-off": "the board itself switched the heater off: it was too hot",
    "sensor": "the board itself switched the heater off: its thermometer does not answer",
}


class TemperatureAutomation(Automation):
    """Base of the temperature rules; a rule overrides `control`."""

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channel = pwm_channel(config, "heating")
        self._thermometer = Thermometer()
        self._watch = HeaterWatch()
        self._percent = 0.0
        self._applied_percent = 0.0
        self._on_since_s = -math.inf
        self._is_inferring = False
        self._is_resting = False
        self._reduced_s = -math.inf
        self._valid_until_s = math.inf
        self._is_blind = False

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The heater's PWM channel."""
        return (pwm_output(pwm_channel(config, "heating")),)

    async def control(self, celsius: float) -> AutomationEvent | None:
        """Act on a new temperature of the culture; return what was done."""
        return None

    @property
    def duty_percent(self) -> float:
        """The heater's duty, which is also kept while it rests for a measurement."""
        return self._percent

    async def set_up(self) -> None:
        """Look whether heater and thermometer are fit to be used, tell the board its cut-off, and begin to measure."""
        await super().set_up()
        self._refuse_unfit_board()
        await self._refuse_missing_thermometer()
        self._model = self.context.parts.models.current
        self._is_first_vessel = (self._model.model_name, self._model.model_version) == _FIRST_VESSEL
        if not self._model.model_name.startswith(_KNOWN_MODELS):
            self.log.warning("The culture's temperature is inferred as in a Pioreactor 20 ml; it may be off here.")
        await self._tell_cutoff()
        self.publish("heater_duty_cycle", 0.0)
        self.on_end(self.context.board_link.listen(self._hear))
        count = _FIRST_VESSEL_SAMPLES if self._is_first_vessel else _SAMPLES
        period_s = _FIRST_VESSEL_PERIOD_S if self._is_first_vessel else _PERIOD_S
        self._valid_until_s = self.clock.monotonic_s() + VALID_S
        self.spawn(self._take_first())
        self.every(_LOOK_EVERY_S, self._look, first_after_s=_LOOK_EVERY_S)
        self.every(period_s, self._infer, first_after_s=period_s - 5.0 * count)

    async def drive(self, percent: float) -> None:
        """Heat at `percent` from now on, or after the measurement under way; held within 0 and 100."""
        self._percent = 0.0 if self._is_resting else round(min(max(percent, 0.0), 100.0), 2)
        self.publish("heater_duty_cycle", self._percent)
        self.record("heater_duty_cycle", self._percent, self.clock.utc_s())
        if not self._is_inferring:
            await self._apply(self._percent)

    async def on_ready_to_sleeping(self) -> None:
        """Switch the heater off; it stays off until the rule acts again."""
        self._is_resting, self._is_inferring = True, False  # first of all: a measurement may be about to end
        self._watch.forget()
        await self.drive(0.0)

    async def on_sleeping_to_ready(self) -> None:
        """Let the rule act again."""
        self._is_resting = False
        self.alarms.end(_HEATER)

    async def on_disconnected(self) -> None:
        """Switch the heater off."""
        await self.drive(0.0)

    async def on_link_lost(self) -> None:
        """Show no temperature while none is measured; the heater's lease ends within 3 s."""
        self.publish("temperature", None)

    async def on_link_back(self) -> None:
        """Heat again as before, with a board that may have been restarted; while it cooled nothing was inferred."""
        self._watch.forget()
        self._applied_percent = 0.0
        await self._tell_cutoff()
        if self.state is JobState.READY and not self._is_inferring:
            await self._apply(self._percent)

    def _refuse_unfit_board(self) -> None:
        dictionary = self.board.dictionary
        if dictionary is None:
            return
        role = dictionary.pwm_roles.get(self._channel, "nothing")
        if role != _HEATER_ROLE:
            raise ConfigError(
                f"PWM channel {self._channel} of this board drives {role}, not the heater.",
                remedy="Give `heating` the heater's channel in section [PWM] of unit_config.ini.",
            )

    async def _refuse_missing_thermometer(self) -> None:
        try:
            await self.board.read_heater_celsius()
        except BoardError as error:
            raise UnavailableError(
                "No heater board is there: its thermometer does not answer.",
                cause=str(error),
                remedy="Check the cable of the heater board, then start again.",
            ) from error

    async def _tell_cutoff(self) -> None:
        """Tell the board the temperature above which it switches the heater off, whatever the host does."""
        dictionary = self.board.dictionary
        most = dictionary.heater_cutoff_max_celsius if dictionary else math.inf
        await self.board.set_heater_cutoff(min(self._model.max_temp_to_shutdown, most))

    def _hear(self, event: BoardEvent) -> None:
        if isinstance(event, ConnectionChanged):
            self._valid_until_s = self.clock.monotonic_s() + VALID_S
        elif isinstance(event, StatusReported):
            age_s = self.clock.utc_s() - event.status.utc_s
            if event.status.heater_celsius is not None and age_s <= VALID_S:
                self._thermometer.take(self.clock.monotonic_s(), event.status.heater_celsius)
                self._valid_until_s = self.clock.monotonic_s() + VALID_S
        elif isinstance(event, OutputWentOff) and event.output == pwm_output(self._channel):
            why = _OFF_BY_BOARD.get(event.reason)
            if why is not None:
                self.spawn(self._switch_off_for(why))

    async def _apply(self, percent: float) -> None:
        """Give the heater this duty now; none while nobody knows how hot it is."""
        percent = 0.0 if self._is_blind else percent
        now_s = self.clock.monotonic_s()
        try:
            await self.context.outputs.set_pwm(self._channel, percent, HEATER_HZ)
        except CommandRefusedError as error:
            # A task of its own: whoever called may be what a change of state has to wait for.
            self.spawn(self._switch_off_for(f"the board refuses to heat: {error}"))
        else:
            self._watch.set(now_s, percent, self._thermometer.latest(now_s))
            if percent > 0 and self._applied_percent == 0:
                self._on_since_s = now_s
            self._applied_percent = percent

    async def _look(self) -> None:
        """Check heater and thermometer, every second."""
        now_s = self.clock.monotonic_s()
        await self._look_for_readings(now_s > self._valid_until_s)
        celsius = self._thermometer.latest(now_s)
        if celsius is None:
            return
        await self._keep_cool(celsius, now_s)
        fault = self._watch.fault(now_s, celsius)
        if fault is not None:
            await self._switch_off_for(fault)

    async def _look_for_readings(self, is_blind: bool) -> None:
        """Switch the heater off while there are no valid readings, and on again afterwards."""
        if is_blind == self._is_blind:
            return
        self._is_blind = is_blind
        if is_blind:
            self._tell_blind()
            self.publish("temperature", None)
            self.mark_gap("the heater board's thermometer gave no readings")
            self.log.warning("No valid reading of the heater board for %g s: the heater is off meanwhile.", VALID_S)
            await self._apply(0.0)
            return
        self.alarms.end(_THERMOMETER)
        if not self._is_inferring:
            self._watch.forget()
            await self._apply(self._percent)

    def _tell_blind(self) -> None:
        """Raise an alarm, unless the board has latched a fault that says the same."""
        board = self.context.board_link.current
        if board is None or board.status is None or _SAME_BY_BOARD not in board.status.faults:
            what = f"The heater board's thermometer gave no reading for {VALID_S:g} s, so the heater is off."
            remedy = "Look at the cable of the heater board. The heater comes on again by itself with the readings."
            self.alarms.begin(_THERMOMETER, what, remedy, signal="heater")

    async def _keep_cool(self, celsius: float, now_s: float) -> None:
        """Hold the heater board within the limits of the reactor model."""
        if celsius > self._model.max_temp_to_shutdown:
            await self._end_overheated(celsius)
        elif celsius > self._model.max_temp_to_disable_heating and self._percent > 0:
            self.log.warning("The heater board has %.1f °C, which is too hot: the heater is off.", celsius)
            await self.drive(0.0)
            await self.board.blink_error(_BLINK_TOO_HOT)
        elif celsius > self._model.max_temp_to_reduce_heating and now_s - self._reduced_s >= _REDUCE_EVERY_S:
            self._reduced_s = now_s
            await self.drive(self._percent * _REDUCED_TO)

    async def _switch_off_for(self, why: str) -> None:
        """Switch the heater off and sleep, because something is wrong that a person has to look at."""
        if self.state is not JobState.READY:
            return
        what = f"Heater fault: {why}. The heater is off."
        remedy = "Look at the heater board and its cable, clear the board's faults, then wake this job."
        self.alarms.begin(_HEATER, what, remedy, signal="heater")
        self.tell(AutomationEvent(EventName.ERROR, f"{what} {remedy}", {"fault": why}))
        await self.change({"$state": JobState.SLEEPING.value})

    async def _end_overheated(self, celsius: float) -> None:
        what = f"The heater board has {celsius:.1f} °C: everything was switched off."
        self.fail(UnavailableError(what, remedy="Let it cool down and look for the cause before you heat again."))
        await self.board.all_off()
        await self.board.blink_error(_BLINK_TOO_HOT)

    async def _take_first(self) -> None:
        """Take the heater board's temperature for the culture's, after the heater has rested."""
        began_s = self.clock.monotonic_s()
        await self.sleep(_REST_S)
        celsius = self._thermometer.latest(self.clock.monotonic_s())
        if celsius is None or self._thermometer.fall_since(began_s) > _STILL_COOLING_CELSIUS:
            return
        if self.state is JobState.READY and self._percent == 0:
            await self._act_on(celsius)

    async def _infer(self) -> None:
        """Let the heater rest, and infer the culture's temperature from how its board cools."""
        percent, count = self._applied_percent, _FIRST_VESSEL_SAMPLES if self._is_first_vessel else _SAMPLES
        if percent > 0 and self.clock.monotonic_s() - self._on_since_s < _WARMED_UP_S:
            self.log.info("No temperature this time: the heater has only just come on.")
            return
        self._is_inferring = True
        try:
            await self._apply(0.0)
            start_s = self.clock.monotonic_s()
            await self.sleep((count - 1) * SAMPLE_EVERY_S + NEAR_S)
        finally:
            self._is_inferring = False
        if self.state is not JobState.READY:
            return
        await self._apply(self._percent)
        samples = self._thermometer.samples(start_s, count)
        if samples is None:
            self.log.warning("No temperature this time: the board's reports are not complete.")
            return
        try:
            celsius = await self._culture_celsius(percent, samples)
        except NoTemperatureError as error:
            self.log.warning("No temperature this time: %s.", error)
            return
        await self._act_on(celsius)

    async def _culture_celsius(self, percent: float, samples: list[float]) -> float:
        if percent == 0:
            return samples[-1]
        if self._is_first_vessel:
            return await asyncio.to_thread(by_two_exponentials, samples)
        return by_linear_model(percent, samples)

    async def _act_on(self, celsius: float) -> None:
        utc_s = self.clock.utc_s()
        celsius = round(celsius, 2)
        self.publish("temperature", {"temperature": celsius, "timestamp": timestamp(utc_s)})
        self.record("temperature", celsius, utc_s)
        self.tell(await self.control(celsius))
