"""Sessions of the firmware: commands exactly once and in order."""

from __future__ import annotations

import struct

from firmware_bench import Bench
from scripted_board import ScriptedBoard

from device.firmware import frames, messages
from device.firmware.session import Session


def test_a_repeated_command_is_answered_again_but_executed_once() -> None:
    bench = Bench()
    run = bench.command_bytes(messages.RUN_PUMP, 7, 2, 50.0, 200.0, 1_000_000)
    first = bench.replies(run)
    bench.wait(0.5)
    assert bench.replies(run) == first
    bench.wait(0.6)
    assert bench.replies(run) == first
    assert [line.split()[1:4] for line in bench.hardware.log] == [["pwm", "2", "32768"], ["pwm", "2", "0"]]


def test_a_command_out_of_order_is_refused_and_not_executed() -> None:
    bench = Bench()
    (reply,) = bench.replies(bench.command_bytes(messages.SET_LED, 1, 50.0, 1000, sequence=2))
    assert reply[:2] == bytes((messages.SET_LED, messages.OUT_OF_ORDER))
    assert bench.hardware.leds[1] == 0
    bench.do(messages.SET_LED, 1, 50.0, 1000)
    assert bench.hardware.leds[1] == 128


def test_commands_of_another_session_are_refused() -> None:
    bench = Bench()
    (reply,) = bench.replies(
        bench.command_bytes(messages.SET_LED, 1, 50.0, 1000, session=bench.session + 1, sequence=1)
    )
    assert reply[:2] == bytes((messages.SET_LED, messages.NO_SESSION))
    assert bench.hardware.leds[1] == 0


def test_no_session_no_telemetry_and_no_obedience() -> None:
    board = ScriptedBoard()
    board.wait(5_000_000)
    assert board.sent == []
    board.receive(frames.encode_frame(frames.COMMAND, 0, 1, messages.pack(messages.PING, "Q", 0)))
    ((kind, session, sequence, payload),) = frames.FrameReader().feed(board.sent[0])
    assert (kind, session, sequence) == (frames.REPLY, 0, 1)
    assert payload[1] == messages.NO_SESSION


def test_the_same_hello_again_changes_nothing_a_new_one_starts_anew() -> None:
    bench = Bench()
    bench.do(messages.SET_PWM, 1, 30.0, 200.0, 10_000)
    session, sequence = bench.session, bench.sequence
    bench.hello(nonce=1)
    assert bench.session == session
    bench.sequence = sequence
    bench.do(messages.PING, 0)
    bench.hello(nonce=2)
    assert bench.session != session
    bench.do(messages.PING, 0)
    assert bench.hardware.pwms[1] != 0, "outputs outlive a new session, their leases decide"


def test_another_protocol_version_is_told_so_and_gets_no_session() -> None:
    bench = Bench()
    session = bench.session
    assert bench.hello(nonce=5, version=99) == (messages.PROTOCOL_VERSION, 5, 0x12345678, messages.PROTOCOL_MISMATCH)
    assert bench.session == session
    bench.do(messages.PING, 0)


def test_sequence_numbers_wrap() -> None:
    executed: list[bytes] = []
    sent: list[bytes] = []

    def execute(payload: bytes) -> bytes:
        executed.append(payload)
        return payload

    session = Session(0, execute, sent.append)
    session.take(frames.HELLO, 0, 0, struct.pack(messages.HELLO_FORMAT, messages.PROTOCOL_VERSION, 1))
    for number in range(1, 65_536 + 3):
        session.take(frames.COMMAND, 1, number & 0xFFFF, b"x")
    session.take(frames.COMMAND, 1, 2, b"x")
    assert len(executed) == 65_536 + 2
    assert sent[-1] == sent[-2], "the last one was a repeat"


def test_noise_between_frames_is_skipped_and_counted() -> None:
    bench = Bench()
    bench.board.receive(b"\x00noise\x00\x01\x02\x00" + bytes(range(1, 256)) * 9)
    bench.do(messages.PING, 0)
    bench.wait(2)
    assert bench.telemetry(messages.STATUS)[-1]["frames_skipped"] >= 3


def test_telemetry_is_numbered_from_zero_in_each_session() -> None:
    bench = Bench()
    bench.wait(3)
    numbers = [frame[2] for frame in bench.frames() if frame[0] == frames.TELEMETRY]
    assert numbers == [0, 1, 2]
    bench.hello(nonce=3)
    bench.wait(2)
    assert [frame[2] for frame in bench.frames() if frame[0] == frames.TELEMETRY] == [0, 1]
