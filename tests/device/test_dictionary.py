"""The board's dictionary: what is accepted, what is refused, and with which words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from device.dictionary import DictionaryError, parse_dictionary

GOOD: dict[str, Any] = {
    "protocol_version": 1,
    "firmware_version": "0.1.0",
    "serial_number": "E66138",
    "board_name": "board",
    "led_channels": ["A", "B"],
    "pwm_channels": [1, 5],
    "pwm_roles": {"1": "stirring", "5": "heater"},
    "photodiode_channels": ["1", "2"],
    "adc": "ADS1115",
    "full_scale_v": [4.096, 2],
    "has_thermometer": True,
    "has_tachometer": False,
    "lease_limits_s": {"led": 60, "stirring": 60, "pump": 5, "heater": 3.0},
    "heater_cutoff_max_celsius": 85,
}


def changed(**entries: Any) -> bytes:
    return json.dumps({**GOOD, **entries}).encode()


def test_a_good_dictionary_is_read_and_unknown_entries_are_left_alone() -> None:
    dictionary = parse_dictionary(changed(colour="green"))
    assert dictionary.pwm_roles == {1: "stirring", 5: "heater"}
    assert dictionary.full_scale_v == (4.096, 2.0)
    assert dictionary.lease_limits_s["heater"] == 3.0
    assert not dictionary.has_tachometer


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_entry_is_named(key: str) -> None:
    with pytest.raises(DictionaryError, match=key):
        parse_dictionary(json.dumps({k: v for k, v in GOOD.items() if k != key}).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("protocol_version", True),
        ("protocol_version", 1.5),
        ("firmware_version", 1),
        ("led_channels", "AB"),
        ("led_channels", ["A", 1]),
        ("led_channels", ["A", "A"]),
        ("led_channels", ["E"]),
        ("pwm_channels", [6]),
        ("pwm_channels", [True]),
        ("pwm_roles", {"one": "stirring"}),
        ("pwm_roles", [1]),
        ("photodiode_channels", ["9"]),
        ("full_scale_v", []),
        ("full_scale_v", [0]),
        ("has_thermometer", 1),
        ("lease_limits_s", {"led": 60, "stirring": 60, "pump": 5}),
        ("lease_limits_s", {"led": 60, "stirring": 60, "pump": 5, "heater": 0}),
        ("heater_cutoff_max_celsius", "85"),
    ],
)
def test_an_odd_entry_is_refused(key: str, value: Any) -> None:
    with pytest.raises(DictionaryError, match="the board"):
        parse_dictionary(changed(**{key: value}))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'"board"'])
def test_what_is_no_dictionary_is_refused(text: bytes) -> None:
    with pytest.raises(DictionaryError):
        parse_dictionary(text)
