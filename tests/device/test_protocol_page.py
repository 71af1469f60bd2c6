"""The protocol's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import device
from device.dictionary import parse_dictionary
from device.firmware import frames, messages

PAGE = (Path(device.__file__).parent / "README.md").read_text(encoding="utf-8")
TYPES = {"B": "u8", "H": "u16", "I": "u32", "Q": "u64", "i": "i32", "f": "f32"}


def rows(identity: int) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith(f"| 0x{identity:02X} |")]


def in_words(layout: str, names: tuple[str, ...]) -> str:
    words = [f"`{re.sub('_[0-9]', '_N', name)}` {TYPES[kind]}" for kind, name in zip(layout, names, strict=True)]
    return ", ".join(dict.fromkeys(words)) or "–"


@pytest.mark.parametrize("identity", messages.REQUESTS)
def test_every_command_is_described(identity: int) -> None:
    command = next(row for row in rows(identity) if len(row) == 5)
    assert getattr(messages, command[1]) == identity
    assert command[2] == in_words(*messages.REQUESTS[identity])
    assert command[3] == in_words(*messages.REPLIES.get(identity, ("", ())))


@pytest.mark.parametrize("identity", messages.TELEMETRY)
def test_every_report_is_described(identity: int) -> None:
    report = next(row for row in rows(identity) if len(row) == 4 and row[1].isupper() and row[2].startswith("`"))
    assert getattr(messages, report[1]) == identity
    assert report[2] == in_words(*messages.TELEMETRY[identity])


def test_the_example_decodes_to_what_it_says() -> None:
    lines = re.findall(r"^    (host|board)  ? ?((?:[0-9a-f]{2} )+) +(\w+)", PAGE, re.MULTILINE)
    decoded = [frames.FrameReader().feed(bytes.fromhex(data)) for _, data, _ in lines]
    assert [(frame[0], word) for (frame,), (_, _, word) in zip(decoded, lines, strict=True)] == [
        (frames.HELLO, "HELLO"),
        (frames.WELCOME, "WELCOME"),
        (frames.COMMAND, "COMMAND"),
        (frames.REPLY, "REPLY"),
    ]
    layout, names = messages.REQUESTS[messages.SET_LED]
    assert messages.unpack(layout, names, decoded[2][0][3][1:]) == {
        "channel": 1,
        "intensity_percent": 80.0,
        "lease_ms": 30_000,
    }


def test_the_dictionarys_keys_are_all_named() -> None:
    for key in parse_dictionary.__globals__["BoardDictionary"].__dataclass_fields__:
        assert f"`{key}`" in PAGE
