"""OD reading: lights the culture, measures what scatters, and publishes optical density at a fixed rhythm."""

from __future__ import annotations

import json
import logging
from typing import Any

from core.jobs.od_reading.blank import BLANK_STORE, blank_of, refuse_blank_and_curve
from core.jobs.od_reading.channels import OpticalChannels, read_channels
from core.jobs.od_reading.curves import NotCalibratedError, OdCurves, SeldomLog
from core.jobs.od_reading.made_up import MadeUpCulture
from core.jobs.od_reading.photometer import LightReading, Photometer, TooMuchLightError
from core.jobs.od_reading.reference import MODES, NoLightError, Reference
from core.plugins.api import (
    LIVE_ONLY_PREFIX,
    OPTICS,
    BadRequestError,
    Config,
    EstimateError,
    Group,
    IntervalTimer,
    Job,
    JobDeclaration,
    LedChanged,
    NoSolutionError,
    Option,
    ReferenceJumped,
    ServiceError,
    Setting,
    StartPlace,
    timestamp,
)

_SECTION = "od_reading.config"
_REF0_STORE = "ir_led_reference_normalization"
_AUTO = "auto"
_AUTO_START_PERCENT, _AUTO_LEAST_PERCENT = 85.0, 50.0
_AUTO_REF_V = 0.250
_AUTO_SIGNAL_V = 3.0 / 50
_LED_LIFE_PERCENT = 90.0
_FAST_INTERVAL_S = 1.0
# Weight of smoothing: `smoothing_penalizer` per second of interval, against this many samples in a reading.
_PENALTY_SAMPLES, _READING_SAMPLES = 40, 38
_RELATIVE_EVERY = 5
# The computer's clock was set when it goes this far apart from the time readings are timed by.
_CLOCK_WAS_SET_S = 0.1

_TOO_BRIGHT_REMEDY = "Lower ir_led_intensity, or keep stray light away from the vial."

_OD_NAMES = tuple(f"od{channel}" for channel in range(1, 5))
_RAW_NAMES = tuple(f"raw_od{channel}" for channel in range(1, 5))
_CALIBRATED_NAMES = tuple(f"calibrated_od{channel}" for channel in range(1, 5))
_FUSED = "od_fused"


class OdReading(Job):
    """The od_reading job."""

    declaration = JobDeclaration(
        job_name="od_reading",
        label="Optical density",
        help="Measure optical density.",
        group=Group.MEASURE,
        options=(
            Option("interval", "float", help="time between readings", minimum=0.1, unit="s", first=True),
            Option("ir_led_intensity", "float", help="intensity of the infrared LED", minimum=0, maximum=100, unit="%",
                   label="IR LED intensity", first=True),
            Option("fake_data", "boolean", help="make readings up, without a board: to try things", default=False,
                   label="Made-up readings"),
            Option("snapshot", "boolean", help="take one reading and end", default=False, label="One reading only"),
        ),
        settings={
            "first_od_obs_time": Setting("float", unit="s", label="First reading at"),
            "ir_led_intensity": Setting("float", settable=True, unit="%", minimum=0, maximum=100,
                                        label="IR LED intensity"),
            "interval": Setting("float", settable=True, unit="s", minimum=0.1, label="Interval"),
            "relative_intensity_of_ir_led": Setting("json", label="Relative intensity of the IR LED"),
            "ods": Setting("ODReadings", label="All ODs"),
            **{name: Setting("ODReading", label=name.upper()) for name in _OD_NAMES},
            **{name: Setting("RawODReading", label=f"Raw OD{name[-1]}") for name in _RAW_NAMES},
            **{name: Setting("CalibratedODReading", label=f"Calibrated OD{name[-1]}") for name in _CALIBRATED_NAMES},
            _FUSED: Setting("ODFused", label="Fused OD"),
        },
    )  # fmt: skip

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        super().__init__(config, options)
        self._channels: OpticalChannels = read_channels(config)
        self._other_leds = [channel for channel in config.section("leds") if channel != self._channels.ir_led]
        self._is_made_up = bool(self.options["fake_data"])
        self.needs_board = self.timers_need_board = not self._is_made_up
        self._is_snapshot = bool(self.options["snapshot"])
        self._interval_s = self.options["interval"] or _configured_interval_s(config)
        intensity = self.options["ir_led_intensity"]
        configured = config.text(_SECTION, "ir_led_intensity")
        self._is_auto = intensity is None and configured == _AUTO
        self._intensity = intensity if intensity is not None else _configured_intensity(config, configured)
        self._penalizer = config.number(_SECTION, "smoothing_penalizer")
        self._photometer = Photometer(
            self._channels,
            self._warn,
            settle_s=config.number(_SECTION, "duration_between_led_off_and_od_reading"),
            dark_others=config.boolean(_SECTION, "turn_off_leds_during_reading"),
            uses_dark_offset=config.boolean(_SECTION, "use_dark_offsets"),
        )
        self._reference = self._make_reference(config) if self._channels.reference else None
        self._timer: IntervalTimer | None = None
        self._is_prepared = False
        self._readings = 0
        self._clock_offset_s = 0.0
        self._blank: dict[str, float] = {}

    def check_start(self, place: StartPlace) -> None:
        """Refuse to take a blank off readings that a calibration has counted it in."""
        refuse_blank_and_curve(place, self._channels.angles.values())

    @classmethod
    def outputs_needed(cls, config: Config) -> tuple[str, ...]:
        """The optics: nobody else measures light meanwhile."""
        return (OPTICS,)

    async def set_up(self) -> None:
        """Measure the dark, tune the gains, choose the intensity when it is `auto`, and start the rhythm."""
        if self._is_made_up:
            self._culture = MadeUpCulture(self._channels, self.context.experiment)
            self.log.warning("These OD readings are made up: no light is lit, and no culture measured.")
        else:
            self._refuse_missing_photodiodes()
        self._warn_of_settings()
        if self._reference:
            self._reference.first_v = self.context.store.get(_REF0_STORE, self.context.experiment)
        self._seldom = SeldomLog(self.log, self.clock)
        self._curves = OdCurves(self.context.parts, self._channels.angles, self._seldom)
        self._blank = blank_of(self.context.store.get(BLANK_STORE, self.context.experiment))
        self.publish("interval", None if self._is_snapshot else self._interval_s)
        try:
            await self._prepare()
        except TooMuchLightError as error:
            await self._darken()
            raise ServiceError(f"There is too much light: {error}.", remedy=_TOO_BRIGHT_REMEDY) from error
        self.publish("ir_led_intensity", self._intensity)
        if not self._is_snapshot:
            self._start_timer()

    async def work(self) -> None:
        """Take one reading if that is all that was asked for; live on the timer otherwise."""
        if not self._is_snapshot:
            await super().work()
        await self._read()
        self.log.info("Snapshot: %s", json.dumps(self.settings.get("ods")))

    async def set_interval(self, interval_s: float) -> None:
        """Read every `interval_s` from now on; the next reading comes at once."""
        if self._is_snapshot:
            raise BadRequestError("A single reading has no interval.", fields=["interval"])
        self._interval_s = interval_s
        if self._reference:
            self._reference.interval_s = interval_s
        self.publish("interval", interval_s)
        self._start_timer()

    async def set_ir_led_intensity(self, percent: float) -> None:
        """Light the LED with `percent` from the next reading on; gains are tuned again before it."""
        self._intensity = percent
        self._is_prepared = False
        self.publish("ir_led_intensity", percent)
        if self._reference:
            self._reference.begin_again()

    async def on_link_lost(self) -> None:
        """Show no readings while none are taken."""
        if self._is_made_up:
            return
        self._clear("ods", _FUSED, *_OD_NAMES, *_RAW_NAMES, *_CALIBRATED_NAMES)

    async def on_link_back(self) -> None:
        """Prepare again before the next reading: the board may have been restarted or exchanged."""
        self._is_prepared = False

    def _make_reference(self, config: Config) -> Reference:
        mode = config.text(_SECTION, "ref_normalization")
        if mode not in MODES:
            raise config.refuse(_SECTION, "ref_normalization", "unity or classic")
        interval_s = None if self._is_snapshot else self._interval_s
        return Reference(mode, config.number(_SECTION, "pd_reference_ema"), interval_s)

    def _warn(self, what: str) -> None:
        self.log.warning("%s", what)

    def _refuse_missing_photodiodes(self) -> None:
        dictionary = self.board.dictionary
        missing = [] if dictionary is None else sorted(set(self._channels.all) - set(dictionary.photodiode_channels))
        if missing:
            raise ServiceError(
                f"The board has no photodiode {', '.join(missing)}.",
                remedy="Correct section [od_config.photodiode_channel] in unit_config.ini and restart the service.",
            )

    def _warn_of_settings(self) -> None:
        if self._interval_s <= _FAST_INTERVAL_S and not self._is_snapshot:
            self.log.warning("A reading every %g s leaves the culture little time in the dark.", self._interval_s)
        if self._intensity > _LED_LIFE_PERCENT:
            self.log.warning("Above %g %% the infrared LED wears out soon.", _LED_LIFE_PERCENT)

    def _start_timer(self) -> None:
        if self._timer is not None:
            self.cancel(self._timer)
        self._readings = 0
        self._timer = self.every(self._interval_s, self._read)

    async def _prepare(self) -> None:
        if self._is_made_up:
            self._is_prepared = True
            return
        with self.context.led_locks.locked(self._other_leds):
            light = await self._photometer.prepare(self.board, self._intensity)
            if self._is_auto:
                self._is_auto = False
                self._intensity = self._auto_intensity(light)
                self.log.info("The infrared LED is set to %g %%.", self._intensity)
                await self._photometer.prepare(self.board, self._intensity)
        self._is_prepared = True

    def _auto_intensity(self, light: LightReading) -> float:
        """Return the intensity that keeps REF below the finest range and the signal's growth within the coarsest."""
        reference = self._channels.reference
        if reference is None or len(self._channels.angles) != 1:
            return _AUTO_START_PERCENT
        (signal,) = self._channels.angles
        reference_v, signal_v = light.volts[reference], light.volts[signal]
        best = _AUTO_START_PERCENT
        if reference_v > 0:
            best = min(best, _AUTO_START_PERCENT / reference_v * _AUTO_REF_V)
        if signal_v > 0:
            best = min(best, _AUTO_START_PERCENT / signal_v * _AUTO_SIGNAL_V)
        return round(max(best, _AUTO_LEAST_PERCENT), 2)

    async def _read(self) -> None:
        self._tell_rhythm()
        try:
            if not self._is_prepared:
                await self._prepare()
            light = await self._light()
        except TooMuchLightError as error:
            self.log.error("OD reading ends, all LEDs go off: %s. %s", error, _TOO_BRIGHT_REMEDY)
            try:
                await self._darken()
            finally:
                self.end()  # last: the end cuts off whatever this job still does
            return
        self._readings += 1
        if self._compare(light):
            await self._publish_ods(light)

    async def _light(self) -> LightReading:
        if self._is_made_up:
            return self._culture.read(self.clock.utc_s(), self._intensity)
        with self.context.led_locks.locked(self._other_leds):
            return await self._photometer.read(self.board, self._intensity, self._smoothing())

    def _tell_rhythm(self) -> None:
        """Publish when the first reading began, again when the computer's clock was set: others rest by it."""
        before_s, self._clock_offset_s = self._clock_offset_s, self.clock.utc_s() - self.clock.monotonic_s()
        if self._readings == 0:
            self.publish("first_od_obs_time", self.clock.utc_s())
        elif abs(self._clock_offset_s - before_s) > _CLOCK_WAS_SET_S:
            first_utc_s = self.settings["first_od_obs_time"] + self._clock_offset_s - before_s
            self.publish("first_od_obs_time", first_utc_s)

    def _smoothing(self) -> float:
        """Return the weight of the previous reading."""
        if self._is_snapshot:
            return 0.0
        penalty = self._penalizer / self._interval_s * _PENALTY_SAMPLES
        return penalty / (_READING_SAMPLES + penalty)

    def _compare(self, light: LightReading) -> bool:
        """Take the reference in; return whether the reading can be used."""
        reference, channel = self._reference, self._channels.reference
        if reference is None or channel is None:
            return True
        is_first = reference.first_v is None
        try:
            believed = reference.update(light.volts[channel], light.fresh_v[channel])
        except NoLightError as error:
            self._photometer.forget()
            reference.begin_again()
            self.log.error("No OD: %s. Look whether the infrared LED and its photodiode are in their pockets.", error)
            return False
        if is_first and not self.context.experiment.startswith(LIVE_ONLY_PREFIX):
            self.context.store.set(_REF0_STORE, self.context.experiment, reference.first_v)
        if not believed:
            self.log.warning("The reference photodiode jumped; its last steady value is used.")
            self.context.bus.publish(ReferenceJumped(light.utc_s, self.context.experiment))
        elif (self._readings - 1) % _RELATIVE_EVERY == 0:
            self._publish_relative(reference.divisor, light.utc_s)
        return True

    def _publish_relative(self, relative: float, utc_s: float) -> None:
        name = "relative_intensity_of_ir_led"
        self.publish(name, {name: relative, "timestamp": timestamp(utc_s)})
        self.record(name, relative, utc_s)

    async def _publish_ods(self, light: LightReading) -> None:
        divisor, utc_s = self._reference.divisor if self._reference else 1.0, light.utc_s
        raw = {
            channel: light.volts[channel] / divisor - self._blank.get(channel, 0.0) for channel in self._channels.angles
        }
        calibrated = self._calibrated(raw)
        ods = {channel: self._reading(channel, od, utc_s) for channel, od in raw.items()}
        for channel in self._curves.channels:
            self.publish(f"raw_od{channel}", ods[channel])
            self.record(f"raw_od{channel}", raw[channel], utc_s)
        if calibrated is None:
            self._clear("ods", *_OD_NAMES, *_CALIBRATED_NAMES)
        else:
            ods |= {channel: self._reading(channel, od, utc_s, calibrated=1) for channel, od in calibrated.items()}
            for channel in calibrated:
                self.publish(f"calibrated_od{channel}", ods[channel])
            for channel, reading in ods.items():
                self.publish(f"od{channel}", reading)
                self.record(f"od{channel}", reading["od"], utc_s)
            self.publish("ods", {"timestamp": timestamp(utc_s), "ods": ods})
        await self._publish_fused(raw, utc_s)

    def _reading(self, channel: str, od: float, utc_s: float, calibrated: int = 0) -> dict[str, Any]:
        return {
            "calibrated": calibrated,
            "timestamp": timestamp(utc_s),
            "angle": self._channels.angles[channel],
            "od": od,
            "channel": channel,
            "ir_led_intensity": self._intensity,
            **({"calibration_name": self._curves.name(channel)} if calibrated else {}),
        }

    def _calibrated(self, raw: dict[str, float]) -> dict[str, float] | None:
        """Return the OD of each photodiode that has a calibration; None when one of them cannot be had."""
        try:
            return {each: self._curves.density(each, raw[each], self._intensity) for each in self._curves.channels}
        except (NotCalibratedError, NoSolutionError) as error:
            self._seldom.tell(logging.ERROR, "no calibrated OD", f"No OD: {error.error} {error.remedy}")
            return None

    async def _publish_fused(self, raw: dict[str, float], utc_s: float) -> None:
        if self._curves.estimator is None:
            return
        by_angle = {angle: raw[channel] for channel, angle in self._channels.angles.items()}
        try:
            od = await self._curves.fused(by_angle, self._intensity)
        except (NotCalibratedError, EstimateError) as error:
            self._seldom.tell(logging.ERROR, "no fused OD", f"No fused OD: {error.error} {error.remedy}")
            self._clear(_FUSED)
            return
        self.publish(_FUSED, {_FUSED: od, "timestamp": timestamp(utc_s)})
        self.record(_FUSED, od, utc_s)

    def _clear(self, *names: str) -> None:
        for name in names:
            self.publish(name, None)

    async def _darken(self) -> None:
        """Switch every LED off: more light would harm the converter."""
        self.context.led_locks.clear()
        for channel in self.config.section("leds"):
            await self.board.set_led(channel, 0.0, 0.0)
            self.context.bus.publish(LedChanged(self.clock.utc_s(), channel, 0.0, self.declaration.job_name))


def _configured_interval_s(config: Config) -> float:
    rate = config.number(_SECTION, "samples_per_second")
    if not rate > 0:
        raise config.refuse(_SECTION, "samples_per_second", "above 0")
    return 1 / rate


def _configured_intensity(config: Config, text: str) -> float:
    if text == _AUTO:
        return _AUTO_START_PERCENT
    percent = config.number(_SECTION, "ir_led_intensity")
    if not 0 < percent <= 100:
        raise config.refuse(_SECTION, "ir_led_intensity", "auto, or above 0 and at most 100")
    return percent
