"""The board's dictionary: fetched in chunks during the handshake, read strictly.

A board whose dictionary cannot be read is not one this program can drive safely, so every missing or odd entry is an
error that names it. Entries this program does not know are left alone: a newer board may say more.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from device.board import BoardDictionary
from device.firmware import messages
from device.link import Link

# A dictionary is about 1 kB; a board claiming more than this is not a board of ours.
MAX_DICTIONARY_BYTES = 16_384

LEASE_KINDS = ("led", "stirring", "pump", "heater")


class DictionaryError(ValueError):
    """The board's dictionary is not what the protocol says; the text names the entry."""


async def fetch_dictionary(link: Link) -> BoardDictionary:
    """Return what the board at the other end says of itself; raise DictionaryError, or as `Link.request`."""
    text = bytearray()
    size = struct.calcsize("<" + messages.REPLIES[messages.GET_DICTIONARY][0])
    while True:
        answer = await link.request(messages.GET_DICTIONARY, len(text))
        if len(answer) <= size:
            raise DictionaryError("the board sent an empty piece of its dictionary")
        fields = messages.unpack(*messages.REPLIES[messages.GET_DICTIONARY], answer[:size])
        total = int(fields["total_bytes"])
        text.extend(answer[size:])
        if total > MAX_DICTIONARY_BYTES or len(text) > total:
            raise DictionaryError(f"the board's dictionary has {max(total, len(text))} bytes")
        if len(text) == total:
            return parse_dictionary(bytes(text))


def parse_dictionary(text: bytes) -> BoardDictionary:
    """Read the JSON text of a dictionary; raise DictionaryError naming what is wrong with it."""
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise DictionaryError(f"the board's dictionary is not JSON: {error}") from error
    if not isinstance(entries, dict):
        raise DictionaryError("the board's dictionary is not a JSON object")
    read = _Entries(entries)
    dictionary = BoardDictionary(
        protocol_version=read.whole("protocol_version"),
        firmware_version=read.text("firmware_version"),
        serial_number=read.text("serial_number"),
        board_name=read.text("board_name"),
        led_channels=tuple(read.items("led_channels", str)),
        pwm_channels=tuple(read.items("pwm_channels", int)),
        pwm_roles=read.roles("pwm_roles"),
        photodiode_channels=tuple(read.items("photodiode_channels", str)),
        adc=read.text("adc"),
        full_scale_v=tuple(float(volts) for volts in read.items("full_scale_v", (int, float))),
        has_thermometer=read.flag("has_thermometer"),
        has_tachometer=read.flag("has_tachometer"),
        lease_limits_s=read.limits("lease_limits_s"),
        heater_cutoff_max_celsius=read.number("heater_cutoff_max_celsius"),
    )
    _check_channels(dictionary)
    return dictionary


def _check_channels(dictionary: BoardDictionary) -> None:
    """Refuse channels the wire has no numbers for."""
    if not set(dictionary.led_channels) <= set(led_names()):
        raise DictionaryError(f"the board has LED channels {dictionary.led_channels}, known are {led_names()}")
    if not set(dictionary.pwm_channels) <= set(range(1, messages.PWM_CHANNELS + 1)):
        raise DictionaryError(f"the board has PWM channels {dictionary.pwm_channels}")
    if not set(dictionary.photodiode_channels) <= set(photodiode_names()):
        raise DictionaryError(f"the board has photodiode channels {dictionary.photodiode_channels}")
    if not dictionary.full_scale_v or min(dictionary.full_scale_v) <= 0:
        raise DictionaryError(f"the board's photodiode full scales are {dictionary.full_scale_v}")


def led_names() -> tuple[str, ...]:
    """Return the names of the LED channels in the order of their numbers on the wire, from 1."""
    return tuple("ABCD"[: messages.LED_CHANNELS])


def photodiode_names() -> tuple[str, ...]:
    """Return the names of the photodiode channels in the order of their numbers on the wire, from 1."""
    return tuple(str(channel) for channel in range(1, messages.PHOTODIODE_CHANNELS + 1))


class _Entries:
    """Typed access to the entries; each method raises DictionaryError naming the key."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self._entries = entries

    def _get(self, key: str, kind: type | tuple[type, ...], kind_name: str) -> Any:
        if key not in self._entries:
            raise DictionaryError(f"the board's dictionary lacks {key!r}")
        value = self._entries[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise DictionaryError(f"the board's dictionary has {value!r} as {key!r}, which is not {kind_name}")
        return value

    def whole(self, key: str) -> int:
        return int(self._get(key, int, "a whole number"))

    def number(self, key: str) -> float:
        return float(self._get(key, (int, float), "a number"))

    def text(self, key: str) -> str:
        return str(self._get(key, str, "text"))

    def flag(self, key: str) -> bool:
        return bool(self._get(key, bool, "true or false"))

    def items(self, key: str, kind: type | tuple[type, ...]) -> list[Any]:
        values: list[Any] = self._get(key, list, "a list")
        if any(not isinstance(value, kind) or isinstance(value, bool) for value in values):
            raise DictionaryError(f"the board's dictionary has odd items in {key!r}: {values!r}")
        if len(set(values)) != len(values):
            raise DictionaryError(f"the board's dictionary repeats an item in {key!r}: {values!r}")
        return values

    def roles(self, key: str) -> dict[int, str]:
        roles = self._get(key, dict, "an object")
        try:
            return {int(channel): str(role) for channel, role in roles.items()}
        except ValueError as error:
            raise DictionaryError(f"the board's dictionary names no PWM channel in {key!r}: {roles!r}") from error

    def limits(self, key: str) -> dict[str, float]:
        limits = self._get(key, dict, "an object")
        for kind in LEASE_KINDS:
            value = limits.get(kind)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise DictionaryError(f"the board's dictionary gives no lease limit above 0 for {kind!r}")
        return {kind: float(limits[kind]) for kind in LEASE_KINDS}
