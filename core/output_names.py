"""The names of outputs, and which PWM channel the configuration gives to whom."""

from __future__ import annotations

from core.config import Config, ConfigError

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
