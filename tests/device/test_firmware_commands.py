"""Commands of the firmware: what they do, and that what cannot be done is refused with a reason."""

from __future__ import annotations

import json
import struct

import pytest
from firmware_bench import Bench, missing

from device.dictionary import parse_dictionary
from device.firmware import frames, messages

NAN = float("nan")


def test_the_dictionary_comes_in_chunks_and_is_what_the_host_reads() -> None:
    bench = Bench()
    text = b""
    total = 1
    while len(text) < total:
        status, body = bench.ask(messages.GET_DICTIONARY, len(text))
        assert status == messages.OK
        assert len(body) > 2
        (total,) = struct.unpack("<H", body[:2])
        text += body[2:]
    assert json.loads(text)["serial_number"] == "SCRIPT-1"
    dictionary = parse_dictionary(text)
    assert dictionary.pwm_roles[5] == "heater"
    assert dictionary.lease_limits_s["heater"] == 3.0


def test_an_led_shows_what_its_driver_can() -> None:
    bench = Bench()
    applied = bench.do(messages.SET_LED, 2, 33.0, 1000)["intensity_percent"]
    assert bench.hardware.leds[2] == 84
    assert applied == pytest.approx(84 / 255 * 100, rel=1e-6)


def test_status_tells_what_the_outputs_really_are() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 1, 100.0, 5000)
    bench.do(messages.SET_PWM, 1, 30.0, 200.0, 5000)
    bench.hardware.celsius = None
    bench.wait(2)
    status = bench.telemetry(messages.STATUS)[-1]
    assert status["led_1_percent"] == 100.0
    assert status["pwm_1_percent"] == pytest.approx(30.0, abs=0.001)
    assert missing(status["celsius"])
    assert status["faults"] == messages.FAULT_THERMOMETER_MISSING
    assert status["supply_volts"] == 5.0


@pytest.mark.parametrize(
    ("identity", "values"),
    [
        (messages.SET_LED, (0, 50.0, 1000)),
        (messages.SET_LED, (5, 50.0, 1000)),
        (messages.SET_LED, (1, 100.1, 1000)),
        (messages.SET_LED, (1, -0.1, 1000)),
        (messages.SET_LED, (1, NAN, 1000)),
        (messages.SET_LED, (1, 50.0, 60_001)),
        (messages.SET_LED, (1, 50.0, 0)),
        (messages.SET_PWM, (0, 50.0, 200.0, 1000)),
        (messages.SET_PWM, (6, 50.0, 200.0, 1000)),
        (messages.SET_PWM, (1, NAN, 200.0, 1000)),
        (messages.SET_PWM, (1, 50.0, 1.0, 1000)),
        (messages.SET_PWM, (1, 50.0, NAN, 1000)),
        (messages.SET_PWM, (2, 50.0, 200.0, 5001)),
        (messages.SET_PWM, (5, 50.0, 16.0, 3001)),
        (messages.RUN_PUMP, (1, 5, 50.0, 200.0, 1000)),
        (messages.RUN_PUMP, (1, 2, 50.0, 200.0, 0)),
        (messages.RUN_PUMP, (1, 2, 50.0, 200.0, 300_000_001)),
        (messages.RUN_PUMP, (1, 2, 101.0, 200.0, 1000)),
        (messages.GET_PUMP_RUN, (9,)),
        (messages.SET_HEATER_CUTOFF, (85.5,)),
        (messages.SET_HEATER_CUTOFF, (NAN,)),
        (messages.SET_GAIN, (0, 1)),
        (messages.SET_GAIN, (1, 6)),
        (messages.MEASURE, (1, 5, 80.0, 1000, 400_000, 1)),
        (messages.MEASURE, (1, 1, 120.0, 1000, 400_000, 1)),
        (messages.MEASURE, (1, 1, 80.0, 6_000_000, 400_000, 1)),
        (messages.MEASURE, (1, 1, 80.0, 1000, 450_000, 1)),
        (messages.MEASURE, (1, 1, 80.0, 1000, 0, 1)),
        (messages.GET_BURST, (1,)),
        (messages.READ_TACHOMETER, (0,)),
        (messages.READ_TACHOMETER, (5_000_001,)),
        (messages.SET_TELEMETRY_PERIOD, (99,)),
        (messages.BLINK_ERROR, (0,)),
        (messages.GET_DICTIONARY, (60_000,)),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(identity: int, values: tuple[float, ...]) -> None:
    bench = Bench()
    status, text = bench.refuse(identity, *values)
    assert status == messages.BAD_ARGUMENT
    assert len(text) > 10
    assert bench.hardware.log == []


def test_unknown_and_misshapen_commands_are_refused() -> None:
    bench = Bench()
    unknown = frames.encode_frame(frames.COMMAND, bench.session, 1, b"\x7f")
    assert bench.replies(unknown)[0][1] == messages.UNKNOWN_MESSAGE
    short = frames.encode_frame(frames.COMMAND, bench.session, 2, bytes((messages.SET_LED, 1)))
    assert bench.replies(short)[0][1] == messages.BAD_ARGUMENT


def test_zero_is_always_obeyed_without_a_lease() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 1, 50.0, 1000)
    bench.do(messages.SET_LED, 1, 0.0, 0)
    bench.do(messages.SET_PWM, 5, 0.0, 0.0, 0)
    assert bench.hardware.leds[1] == 0


def test_a_burst_darkens_the_others_and_restores_them() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 3, 20.0, 10_000)
    bench.do(messages.MEASURE, 11, 1, 80.0, 125_000, 400_000, 1)
    assert bench.hardware.leds == {1: 204, 2: 0, 3: 0, 4: 0}
    assert bench.refuse(messages.MEASURE, 12, 1, 80.0, 0, 400_000, 1)[0] == messages.BUSY
    assert bench.refuse(messages.GET_BURST, 11)[0] == messages.BUSY
    assert bench.refuse(messages.SET_GAIN, 1, 3)[0] == messages.BUSY
    bench.do(messages.SET_LED, 4, 100.0, 10_000)
    assert bench.hardware.leds[4] == 0, "a setting made meanwhile waits for the end of the burst"
    bench.wait(0.53)
    assert bench.hardware.leds == {1: 0, 2: 0, 3: 51, 4: 255}
    (burst,) = bench.telemetry(messages.BURST)
    assert (burst["burst_id"], burst["start_us"], burst["end_us"], burst["samples"]) == (11, 125_000, 525_000, 344)
    assert burst["sum_1"] == 344 * (10 * 204 + 100)
    assert bench.do(messages.GET_BURST, 11) == burst


def test_a_dark_burst_leaves_the_others_when_told_so() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 3, 20.0, 10_000)
    bench.do(messages.MEASURE, 1, 0, 0.0, 0, 100_000, 0)
    assert bench.hardware.leds[3] == 51
    bench.wait(0.2)
    assert bench.hardware.leds[3] == 51
    assert len(bench.telemetry(messages.BURST)) == 1


def test_a_silent_converter_gives_no_reading_rather_than_a_wrong_one() -> None:
    bench = Bench()
    bench.hardware.converter_fails = True
    bench.do(messages.MEASURE, 5, 1, 80.0, 0, 100_000, 1)
    bench.wait(0.5)
    assert bench.refuse(messages.GET_BURST, 5)[0] == messages.BAD_ARGUMENT
    assert bench.hardware.leds[1] == 0
    bench.hardware.converter_fails = False
    bench.do(messages.MEASURE, 6, 1, 80.0, 0, 100_000, 1)
    bench.wait(0.2)
    assert bench.do(messages.GET_BURST, 6)["burst_id"] == 6


def test_an_overvoltage_is_a_fault_until_cleared() -> None:
    bench = Bench()
    bench.do(messages.MEASURE, 5, 1, 100.0, 0, 100_000, 1)
    bench.wait(0.2)
    (raised,) = bench.telemetry(messages.FAULT_RAISED)
    assert raised["faults"] == messages.FAULT_PHOTODIODE_SATURATED
    assert bench.telemetry(messages.BURST)[0]["saturated_mask"] == 15
    bench.do(messages.CLEAR_FAULTS)
    bench.wait(1)
    assert bench.telemetry(messages.STATUS)[-1]["faults"] == 0


def test_the_tachometer_counts_turns_within_the_window() -> None:
    bench = Bench()
    for _ in range(30):
        bench.wait(0.12)
        bench.hardware.edges.append(bench.hardware.time_us)
    bench.wait(0.05)
    turns = bench.do(messages.READ_TACHOMETER, 1_200_000)
    assert (turns["edges"], turns["span_us"], turns["since_last_edge_us"]) == (10, 9 * 120_000, 50_000)
    bench.wait(5)
    assert bench.do(messages.READ_TACHOMETER, 1_200_000)["edges"] == 0


def test_the_button_and_the_status_led() -> None:
    bench = Bench()
    bench.hardware.button = True
    bench.board.poke()
    assert bench.hardware.status_led
    bench.hardware.button = False
    bench.board.poke()
    assert [event["pressed"] for event in bench.telemetry(messages.BUTTON)] == [1, 0]
    assert not bench.hardware.status_led


def test_an_error_code_is_blinked_once_and_counted() -> None:
    bench = Bench()
    bench.do(messages.BLINK_ERROR, 3)
    bench.do(messages.BLINK_ERROR, 7)
    bench.wait(20)
    lit = [line for line in bench.hardware.log if line.endswith("status 1")]
    assert len(lit) == 1 + 3, "one long light, three flashes; the second request came too early"
    bench.do(messages.IDENTIFY)
    bench.wait(20)
    assert len([line for line in bench.hardware.log if line.endswith("status 1")]) == 4 + 8


def test_a_reboot_switches_everything_off_and_answers_first() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 1, 50.0, 10_000)
    bench.do(messages.REBOOT)
    assert bench.hardware.leds[1] == 0
    assert bench.hardware.resets == 1
