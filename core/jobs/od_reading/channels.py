"""Which photodiode looks where, and which LED is the infrared one, as the configuration says."""

from __future__ import annotations

from dataclasses import dataclass

from core.plugins.api import Config, ConfigError

ANGLES = ("45", "90", "135", "180")
REF = "REF"
_PHOTODIODES = "od_config.photodiode_channel"
_REMEDY = "Correct it in unit_config.ini and restart the service."


@dataclass(frozen=True)
class OpticalChannels:
    """The optics in use.

    Attributes:
        ir_led: LED channel of the infrared LED ("A").
        angles: photodiode channel to its angle in degrees, as text, for every signal channel.
        reference: photodiode channel that sees the LED directly, None when there is none.
    """

    ir_led: str
    angles: dict[str, str]
    reference: str | None

    @property
    def all(self) -> tuple[str, ...]:
        """Every photodiode in use, the reference too."""
        return (*self.angles, *([self.reference] if self.reference else []))


def read_channels(config: Config) -> OpticalChannels:
    """Read sections [leds] and [od_config.photodiode_channel].

    Raises:
        ConfigError: not exactly one IR LED, no signal photodiode, more than one REF, or an angle that is none.
    """
    ir_leds = [channel for channel, label in config.section("leds").items() if label == "IR"]
    if len(ir_leds) != 1:
        raise ConfigError(f"Section [leds] must label one channel IR, not {len(ir_leds)}.", remedy=_REMEDY)
    used = {channel: angle for channel, angle in config.section(_PHOTODIODES).items() if angle}
    for channel, angle in used.items():
        if angle not in (*ANGLES, REF):
            raise config.refuse(_PHOTODIODES, channel, f"one of {', '.join((*ANGLES, REF))}, or blank")
    references = [channel for channel, angle in used.items() if angle == REF]
    if len(references) > 1:
        raise ConfigError(f"Section [{_PHOTODIODES}] names {len(references)} photodiodes REF.", remedy=_REMEDY)
    angles = {channel: angle for channel, angle in used.items() if angle != REF}
    if not angles:
        raise ConfigError(f"Section [{_PHOTODIODES}] gives no photodiode an angle.", remedy=_REMEDY)
    return OpticalChannels(ir_leds[0], angles, references[0] if references else None)
