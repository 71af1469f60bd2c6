"""What the board protects by itself: leases, the heater's cut-off, pump times. The host says nothing in these tests."""

from __future__ import annotations

import pytest
from firmware_bench import Bench

from device.firmware import messages

HEATER = 5


@pytest.mark.parametrize(("channel", "lease_ms"), [(1, 20_000), (2, 5_000), (HEATER, 3_000)])
def test_a_silent_host_loses_its_pwm_output_at_the_lease(channel: int, lease_ms: int) -> None:
    bench = Bench()
    bench.do(messages.SET_PWM, channel, 50.0, 200.0, lease_ms)
    bench.wait(lease_ms / 1000 - 0.001)
    assert bench.hardware.pwms[channel] == 32768
    bench.wait(0.001)
    assert bench.hardware.pwms[channel] == 0
    (off,) = bench.telemetry(messages.OUTPUT_OFF)
    assert (off["is_pwm"], off["channel"], off["reason"]) == (1, channel, messages.BECAUSE_LEASE_EXPIRED)
    assert off["board_us"] == lease_ms * 1000
    bench.wait(2)
    assert bench.telemetry(messages.STATUS)[-1]["leases_expired"] == 1


def test_a_renewed_lease_keeps_the_heater_on_and_the_last_one_counts() -> None:
    bench = Bench()
    for _ in range(10):
        bench.do(messages.SET_PWM, HEATER, 40.0, 16.0, 3_000)
        bench.wait(1)
    assert bench.hardware.pwms[HEATER] > 0
    bench.wait(1.999)
    assert bench.hardware.pwms[HEATER] > 0
    bench.wait(0.001)
    assert bench.hardware.pwms[HEATER] == 0


def test_an_led_goes_off_with_its_lease_even_after_a_burst() -> None:
    bench = Bench()
    bench.do(messages.SET_LED, 3, 20.0, 300)
    bench.do(messages.MEASURE, 1, 1, 80.0, 125_000, 400_000, 1)
    bench.wait(1)
    assert bench.hardware.leds == {1: 0, 2: 0, 3: 0, 4: 0}
    (off,) = bench.telemetry(messages.OUTPUT_OFF)
    assert (off["is_pwm"], off["channel"]) == (0, 3)


def test_the_cut_off_latches_and_only_clearing_a_cool_heater_unlocks_it() -> None:
    bench = Bench()
    bench.do(messages.SET_HEATER_CUTOFF, 60.0)
    bench.do(messages.SET_PWM, HEATER, 100.0, 16.0, 3_000)
    bench.hardware.celsius = 60.5
    bench.wait(0.25)
    assert bench.hardware.pwms[HEATER] == 0
    (off,) = bench.telemetry(messages.OUTPUT_OFF)
    assert (off["channel"], off["reason"]) == (HEATER, messages.BECAUSE_CUTOFF)
    assert bench.telemetry(messages.FAULT_RAISED)[-1]["faults"] == messages.FAULT_HEATER_CUTOFF
    bench.do(messages.CLEAR_FAULTS)
    status, text = bench.refuse(messages.SET_PWM, HEATER, 10.0, 16.0, 3_000)
    assert status == messages.FAULT
    assert "cut-off" in text
    bench.hardware.celsius = 40.0
    bench.wait(5)
    assert bench.refuse(messages.SET_PWM, HEATER, 10.0, 16.0, 3_000)[0] == messages.FAULT, "cooling down is not enough"
    bench.do(messages.CLEAR_FAULTS)
    bench.do(messages.SET_PWM, HEATER, 10.0, 16.0, 3_000)


@pytest.mark.parametrize("celsius", [None, float("nan")])
def test_without_a_thermometer_there_is_no_heating(celsius: float | None) -> None:
    bench = Bench()
    bench.do(messages.SET_PWM, HEATER, 50.0, 16.0, 3_000)
    bench.hardware.celsius = celsius
    bench.wait(0.25)
    assert bench.hardware.pwms[HEATER] == 0
    assert bench.refuse(messages.SET_PWM, HEATER, 10.0, 16.0, 3_000)[0] == messages.FAULT
    bench.do(messages.SET_PWM, HEATER, 0.0, 16.0, 0)


def test_a_board_without_a_heater_board_has_no_fault_and_no_heating() -> None:
    bench = Bench()
    bench.hardware.has_thermometer = False
    bench.hardware.celsius = None
    bench.wait(3)
    assert bench.telemetry(messages.STATUS)[-1]["faults"] == 0
    assert bench.refuse(messages.SET_PWM, HEATER, 10.0, 16.0, 3_000)[0] == messages.FAULT


def test_a_low_supply_is_reported_and_stops_nothing() -> None:
    bench = Bench()
    bench.do(messages.SET_PWM, 1, 30.0, 200.0, 60_000)
    bench.hardware.supply_v = 4.2
    bench.wait(2)
    assert bench.telemetry(messages.FAULT_RAISED)[-1]["faults"] == messages.FAULT_LOW_SUPPLY
    assert bench.hardware.pwms[1] > 0


def test_the_board_times_a_pump_run_to_the_microsecond() -> None:
    bench = Bench()
    start_us = bench.do(messages.RUN_PUMP, 500, 3, 75.0, 250.0, 1_234_567)["start_us"]
    assert bench.refuse(messages.GET_PUMP_RUN, 500)[0] == messages.BUSY
    bench.wait(2)
    (done,) = bench.telemetry(messages.PUMP_DONE)
    assert done == {"run_id": 500, "channel": 3, "start_us": start_us, "ran_us": 1_234_567, "reason": 0}
    assert bench.do(messages.GET_PUMP_RUN, 500) == done
    assert bench.hardware.log == ["0 pwm 3 49151 250", "1234567 pwm 3 0 250"]
    assert bench.telemetry(messages.OUTPUT_OFF) == []


def test_a_pump_run_is_never_run_twice() -> None:
    bench = Bench()
    bench.do(messages.RUN_PUMP, 1, 2, 50.0, 200.0, 100_000)
    bench.wait(1)
    bench.hello(nonce=9)
    status, text = bench.refuse(messages.RUN_PUMP, 1, 2, 50.0, 200.0, 100_000)
    assert status == messages.BAD_ARGUMENT
    assert "already" in text
    bench.wait(1)
    assert len(bench.hardware.log) == 2


@pytest.mark.parametrize("how", ["zero", "all off"])
def test_a_pump_run_can_be_ended_early_and_says_how_long_it_was(how: str) -> None:
    bench = Bench()
    bench.do(messages.RUN_PUMP, 2, 4, 50.0, 200.0, 10_000_000)
    bench.wait(1.5)
    assert bench.refuse(messages.SET_PWM, 4, 60.0, 200.0, 1000)[0] == messages.BUSY
    assert bench.refuse(messages.RUN_PUMP, 3, 4, 50.0, 200.0, 1000)[0] == messages.BUSY
    if how == "zero":
        bench.do(messages.SET_PWM, 4, 0.0, 200.0, 0)
    else:
        bench.do(messages.ALL_OFF)
    assert bench.hardware.pwms[4] == 0
    (done,) = bench.telemetry(messages.PUMP_DONE)
    assert (done["ran_us"], done["reason"]) == (1_500_000, messages.BECAUSE_TOLD)


def test_all_off_is_all_off_in_the_middle_of_a_burst_too() -> None:
    bench = Bench()
    for channel in range(1, 6):
        bench.do(messages.SET_PWM, channel, 50.0, 200.0, 3_000)
    for channel in range(1, 5):
        bench.do(messages.SET_LED, channel, 50.0, 3_000)
    bench.do(messages.MEASURE, 1, 1, 80.0, 0, 400_000, 0)
    bench.wait(0.1)
    bench.do(messages.ALL_OFF)
    assert set(bench.hardware.pwms.values()) | set(bench.hardware.leds.values()) == {0}
    bench.wait(1)
    assert set(bench.hardware.leds.values()) == {0}
    assert bench.refuse(messages.GET_BURST, 1)[0] == messages.BAD_ARGUMENT


def test_many_runs_are_forgotten_oldest_first_but_none_under_way() -> None:
    bench = Bench()
    bench.do(messages.RUN_PUMP, 1000, 2, 50.0, 200.0, 100_000_000)
    for run in range(20):
        bench.do(messages.RUN_PUMP, run, 3, 50.0, 200.0, 1_000)
        bench.wait(0.01)
    assert bench.refuse(messages.GET_PUMP_RUN, 1000)[0] == messages.BUSY
    assert bench.do(messages.GET_PUMP_RUN, 19)["ran_us"] == 1_000
    assert bench.refuse(messages.GET_PUMP_RUN, 0)[0] == messages.BAD_ARGUMENT
