"""Optical density for calibrations: stirred, raw, as `od_reading` gives it without calibration and without blank."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from core.calibrations.sessions.action import CalibrationAction
from core.calibrations.sessions.protocol import ActionFailedError
from core.config import Config, ConfigError
from core.errors import BadRequestError
from core.jobs.od_reading.channels import OpticalChannels, read_channels
from core.jobs.od_reading.photometer import LightReading, Photometer, TooMuchLightError
from core.jobs.od_reading.reference import MODES, NO_LIGHT_V
from core.jobs.stirring import Stirring

_SECTION = "od_reading.config"
_LOOK_AT_LIGHT = "Look at the infrared LED, the photodiodes and stray light, then continue again."
# Angles whose optical density can be calibrated; at 180 degrees light falls with density.
DEVICE_ANGLES = ("45", "90", "135")
FASTEST_RPM = 1500.0


@dataclass(frozen=True)
class OdOptics:
    """The optics as configured, fit for a calibration.

    Attributes:
        intensity_percent: of the infrared LED; a calibration holds for this one alone.
        reference: photodiode that sees the LED directly.
    """

    channels: OpticalChannels
    intensity_percent: float
    reference: str

    @property
    def angles(self) -> dict[str, str]:
        """Photodiode channel to angle, of those that can be calibrated."""
        return {channel: angle for channel, angle in self.channels.angles.items() if angle in DEVICE_ANGLES}


def od_optics(config: Config) -> OdOptics:
    """Return the optics.

    Raises:
        ConfigError: the configuration of LEDs and photodiodes makes no sense.
        BadRequestError: the intensity is `auto`, or there is no reference photodiode.
    """
    channels = read_channels(config)
    if config.text(_SECTION, "ir_led_intensity") == "auto":
        raise BadRequestError(
            "The intensity of the infrared LED is set to auto.",
            cause="A calibration holds for one intensity.",
            remedy="Set ir_led_intensity in section [od_reading.config] to a number and restart the service.",
        )
    intensity_percent = config.number(_SECTION, "ir_led_intensity")
    if not 0 < intensity_percent <= 100:
        raise config.refuse(_SECTION, "ir_led_intensity", "above 0 and at most 100")
    if channels.reference is None:
        raise ConfigError(
            "No photodiode is configured as REF.",
            cause="Without a reference the LED's drift would be taken for density.",
            remedy="Name it in section [od_config.photodiode_channel] of unit_config.ini and restart the service.",
        )
    return OdOptics(channels, intensity_percent, channels.reference)


class OdMeter:
    """Reads raw optical density in a calibration's action.

    Args:
        first_reference_v: what the reference photodiode read first in this session, None when it was not read yet.

    Attributes:
        first_reference_v: the same, known after the first reading.
    """

    def __init__(self, action: CalibrationAction, config: Config, first_reference_v: float | None) -> None:
        self.first_reference_v = first_reference_v
        self._action = action
        self._optics = od_optics(config)
        self._is_unity = config.choice(_SECTION, "ref_normalization", MODES) == "unity"
        self._other_leds = [led for led in config.section("leds") if led != self._optics.channels.ir_led]
        self._photometer = Photometer(
            self._optics.channels,
            self._warn,
            settle_s=config.number(_SECTION, "duration_between_led_off_and_od_reading"),
            dark_others=config.boolean(_SECTION, "turn_off_leds_during_reading"),
            uses_dark_offset=config.boolean(_SECTION, "use_dark_offsets"),
        )

    async def prepare(self) -> None:
        """Measure the dark and tune the gains.

        Raises:
            ActionFailedError: there is too much light, or the board lacks a photodiode that is configured.
        """
        dictionary = self._action.board.dictionary
        missing = set(self._optics.channels.all) - set(dictionary.photodiode_channels if dictionary else ())
        if missing:
            raise ActionFailedError(
                f"The board has no photodiode {', '.join(sorted(missing))}.",
                remedy="Correct section [od_config.photodiode_channel] and restart the service, or use another board.",
            )
        with self._measuring():
            await self._photometer.prepare(self._action.board, self._optics.intensity_percent)

    async def read(self) -> dict[str, float]:
        """Return raw optical density by photodiode channel, in volts at the session's first light.

        Raises:
            ActionFailedError: there is too much light, or the reference photodiode sees none.
        """
        with self._measuring():
            light = await self._photometer.read(self._action.board, self._optics.intensity_percent, 0.0)
        divisor = self._divisor(light)
        return {channel: light.fresh_v[channel] / divisor for channel in self._optics.angles}

    def _divisor(self, light: LightReading) -> float:
        reference_v = light.fresh_v[self._optics.reference]
        if reference_v < NO_LIGHT_V:
            what = f"The reference photodiode reads {1000 * reference_v:.2f} mV: it sees no light."
            raise ActionFailedError(what, remedy=_LOOK_AT_LIGHT)
        if self.first_reference_v is None:
            self.first_reference_v = reference_v
        return reference_v / self.first_reference_v if self._is_unity else reference_v

    @contextlib.contextmanager
    def _measuring(self) -> Iterator[None]:
        try:
            with self._action.context.led_locks.locked(self._other_leds):
                yield
        except TooMuchLightError as error:
            raise ActionFailedError(f"There is too much light: {error}.", remedy=_LOOK_AT_LIGHT) from error

    def _warn(self, what: str) -> None:
        self._action.log.warning("%s", what)


@contextlib.asynccontextmanager
async def stirred(action: CalibrationAction, rpm: float, tolerance_rpm: float) -> AsyncIterator[Stirring | None]:
    """Stir for the length of the block, which begins when the speed is reached; 0 rpm leaves the liquid at rest.

    Raises:
        ActionFailedError: the speed is not reached within a minute.
        ConflictError: somebody else stirs, or stopped it.
    """
    if rpm == 0:
        yield None
        return
    async with action.job_beside("stirring", target_rpm=rpm, use_rpm=True) as job:
        assert isinstance(job, Stirring)  # noqa: S101 - tells the type checker what goes by that name
        await reach_speed(job, rpm, tolerance_rpm)
        yield job


async def reach_speed(stirring: Stirring, rpm: float, tolerance_rpm: float) -> None:
    """Wait until the speed is near `rpm`; raise ActionFailedError when that takes longer than a minute."""
    if not await stirring.wait_until_rpm_is_close(tolerance_rpm):
        raise ActionFailedError(
            f"The stir bar did not come to {rpm:g} rpm.",
            cause=f"It was not within {tolerance_rpm:g} rpm of it for a minute.",
            remedy="Look whether the bar is in the vial and centred, then continue again; or begin again with another "
            "speed.",
        )


def refuse_rpm(rpm: float, field: str = "rpm") -> None:
    """Raise BadRequestError for a speed the stirrer cannot hold."""
    if rpm > FASTEST_RPM:
        raise BadRequestError(
            f"The stirrer cannot hold {rpm:g} rpm.",
            cause=f"Above {FASTEST_RPM:g} rpm the bar comes loose.",
            remedy="Choose a lower speed; 150 to 600 rpm are usual.",
            fields=[field],
        )
