"""The firmware alone under anything a host can send: it never falls over, and nothing stays on beyond its time."""

from __future__ import annotations

import math
import random
import struct

import pytest
from firmware_bench import Bench
from scripted_board import ScriptedBoard, ScriptedHardware

from device.firmware import frames, messages

_FLOATS = (0.0, -0.0, 1e-9, 0.0005, 8.0, 50.0, 99.999, 100.0, 100.001, 250.0, 20_000.0, -1.0, 1e38, math.inf, math.nan)
_WHOLE = (0, 1, 2, 3, 4, 5, 6, 8, 100, 1_000, 3_000, 3_001, 60_000, 100_000, 400_000, 300_000_000, 2**32 - 1)


def sensible(chance: random.Random) -> tuple[int, bytes]:
    """A command that will mostly be obeyed."""
    identity, *values = chance.choice(
        [
            (messages.SET_PWM, chance.randrange(1, 6), 60.0, 200.0, chance.randrange(1, 3_000)),
            (messages.SET_LED, chance.randrange(1, 5), 60.0, chance.randrange(1, 60_000)),
            (messages.RUN_PUMP, chance.getrandbits(16), chance.randrange(2, 5), 50.0, 200.0, 300_000_000),
            (messages.CLEAR_FAULTS,),
        ]
    )
    return identity, messages.pack(identity, messages.REQUESTS[identity][0], *values)


def anything(chance: random.Random) -> tuple[int, bytes]:
    """A command with every kind of argument, now and then of the wrong length or unknown."""
    if chance.random() < 0.3:
        return sensible(chance)
    identity = chance.choice([*messages.REQUESTS, 0x7F])
    layout = messages.REQUESTS.get(identity, ("", ()))[0]
    fields = b""
    for kind in layout:
        if kind == "f":
            fields += struct.pack("<f", chance.choice(_FLOATS))
        else:
            largest = (1 << 8 * struct.calcsize("<" + kind)) - 1
            fields += struct.pack("<" + kind, min(largest, chance.choice(_WHOLE)))
    if chance.random() < 0.05:
        fields = fields[: chance.randrange(len(fields) + 1)] + b"\x03" * chance.randrange(3)
    return identity, bytes((identity,)) + fields


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_host_sends_everything_is_off_in_time_after_it_went(seed: int) -> None:
    chance = random.Random(seed)
    bench = Bench()
    board, hardware = bench.board, bench.hardware
    was_on: set[str] = set()
    for _ in range(1500):
        identity, payload = anything(chance)
        bench.sequence = (bench.sequence + 1) & 0xFFFF
        frame = frames.encode_frame(frames.COMMAND, bench.session, bench.sequence, payload)
        (reply,) = bench.replies(frame)
        assert reply[0] == identity
        hardware.celsius = chance.choice([25.0, 25.0, 25.0, 25.0, 70.0, None])
        was_on.update(f"pwm {channel}" for channel, level in hardware.pwms.items() if level)
        was_on.update(f"led {channel}" for channel, level in hardware.leds.items() if level)
        assert all(0 <= level <= 65535 for level in hardware.pwms.values())
        assert all(0 <= level <= 255 for level in hardware.leds.values())
        board.wait(chance.choice([0, 1_000, 200_000, 3_000_000]))
    assert len(was_on) == 9, "every output was tried"
    hardware.celsius = 25.0
    board.wait(3_000_000)
    assert hardware.pwms[5] == 0
    board.wait(57_000_000)
    assert not any(hardware.leds.values())
    board.wait(240_100_000)
    assert not any(hardware.pwms.values())


class HeaterFirst(ScriptedHardware):
    """A board of another design."""

    pwm_roles = ("heater", "stirring", "media pump", "alt-media pump", "waste pump")


class NoHeater(ScriptedHardware):
    """A board without a heater: five motors."""

    pwm_roles = ("stirring", "media pump", "alt-media pump", "waste pump", "media pump")


def bench_of(hardware: ScriptedHardware, monkeypatch: pytest.MonkeyPatch) -> Bench:
    import scripted_board

    monkeypatch.setattr(scripted_board, "ScriptedHardware", lambda: hardware)
    bench = Bench()
    assert isinstance(bench.board, ScriptedBoard)
    return bench


def test_the_cut_off_guards_the_heater_wherever_a_board_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of(HeaterFirst(), monkeypatch)
    bench.do(messages.SET_PWM, 1, 100.0, 16.0, 3_000)
    bench.hardware.celsius = 90.0
    bench.wait(0.3)
    assert bench.hardware.pwms[1] == 0
    assert bench.refuse(messages.SET_PWM, 1, 100.0, 16.0, 3_000)[0] == messages.FAULT
    assert bench.refuse(messages.RUN_PUMP, 1, 1, 100.0, 16.0, 3_000_000)[0] == messages.BAD_ARGUMENT
    bench.do(messages.RUN_PUMP, 2, 5, 100.0, 16.0, 3_000_000)
    assert bench.hardware.pwms[5] > 0
    (off,) = bench.telemetry(messages.OUTPUT_OFF)
    assert (off["is_pwm"], off["channel"]) == (1, 1)


def test_a_board_without_a_heater_runs_its_fifth_pump_however_hot_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of(NoHeater(), monkeypatch)
    bench.hardware.celsius = 90.0
    bench.do(messages.RUN_PUMP, 1, 5, 100.0, 16.0, 3_000_000)
    bench.wait(1)
    assert bench.hardware.pwms[5] > 0
