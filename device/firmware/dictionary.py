"""What the board says of itself in the handshake, as JSON.

Written key by key because dictionaries have no fixed order in MicroPython, and the text has to be the same everywhere.
"""

import json

from device.firmware import messages, safety
from device.firmware.hardware import Hardware

FIRMWARE_VERSION = "0.1.0"


def dictionary_json(hardware: Hardware) -> bytes:
    """Return the board's dictionary in UTF-8."""
    pwm_roles = [(str(index + 1), role) for index, role in enumerate(hardware.pwm_roles)]
    leases_s = [(kind, safety.LEASE_LIMITS_MS[kind] / 1000) for kind in ("led", "stirring", "pump", "heater")]
    entries = [
        ("protocol_version", json.dumps(messages.PROTOCOL_VERSION)),
        ("firmware_version", json.dumps(FIRMWARE_VERSION)),
        ("serial_number", json.dumps(hardware.serial_number())),
        ("board_name", json.dumps(hardware.board_name)),
        ("led_channels", json.dumps(["ABCD"[index] for index in range(messages.LED_CHANNELS)])),
        ("pwm_channels", json.dumps([index + 1 for index in range(messages.PWM_CHANNELS)])),
        ("pwm_roles", _object([(key, json.dumps(role)) for key, role in pwm_roles])),
        ("photodiode_channels", json.dumps([str(channel) for channel in hardware.photodiode_channels])),
        ("adc", json.dumps(hardware.adc)),
        ("full_scale_v", json.dumps(list(hardware.full_scale_v))),
        ("has_thermometer", json.dumps(hardware.has_thermometer)),
        ("has_tachometer", json.dumps(True)),
        ("lease_limits_s", _object([(kind, json.dumps(limit)) for kind, limit in leases_s])),
        ("heater_cutoff_max_celsius", json.dumps(safety.HEATER_CUTOFF_MAX_CELSIUS)),
    ]
    return _object(entries).encode()


def _object(entries: "list[tuple[str, str]]") -> str:
    return "{" + ", ".join(['"%s": %s' % entry for entry in entries]) + "}"
