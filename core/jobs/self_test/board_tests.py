"""Tests of the board, its supply, the heater board and the motor."""

from __future__ import annotations

import statistics

from core.jobs.self_test.bench import Bench, Verdict, correlation
from core.plugins.api import Measured

_LEAST_CORRELATION = 0.9
_HEATER_DUTIES = tuple(range(0, 28, 3))
_HEATER_STEP_S, _CELSIUS_READS = 1.5, 4
_MOTOR_STEPS, _FASTEST, _SLOWEST = 8, 1.2, 0.8
_MOTOR_SETTLE_S, _MOTOR_WINDOW_S = 0.75, 3.0
_MOST_SUPPLY_V = 18.0


async def board_answers(bench: Bench) -> Verdict:
    """The board answers a question."""
    volts = await bench.board.read_supply_v()
    dictionary = bench.board.dictionary
    detail = "the board answers" if dictionary is None else f"firmware {dictionary.firmware_version}"
    return Verdict(True, detail, measured=(Measured("supply", volts, "V"),))


async def heater_board_answers(bench: Bench) -> Verdict:
    """The thermometer of the heater board answers."""
    celsius = await bench.board.read_heater_celsius()
    return Verdict(
        True, f"the heater board is at {celsius:.2f} °C", measured=(Measured("heater_board", celsius, "°C"),)
    )


async def heat_follows_duty(bench: Bench) -> Verdict:
    """The heater board gets warmer the more the heater is driven."""
    celsius = []
    try:
        for duty in _HEATER_DUTIES:
            await bench.heat(float(duty))
            await bench.sleep(_HEATER_STEP_S)
            celsius.append(statistics.fmean([await bench.board.read_heater_celsius() for _ in range(_CELSIUS_READS)]))
    finally:
        await bench.heat(0.0)
    found = correlation(_HEATER_DUTIES, celsius)
    detail = f"correlation {found:.2f}, from {celsius[0]:.2f} to {celsius[-1]:.2f} °C"
    passed = found > _LEAST_CORRELATION
    measured = (
        Measured("correlation", found, at_least=_LEAST_CORRELATION),
        Measured("coldest", celsius[0], "°C"),
        Measured("warmest", celsius[-1], "°C"),
    )
    return Verdict(passed, detail + ("" if passed else ". Check the cable of the heater board"), measured=measured)


async def speed_follows_duty(bench: Bench) -> Verdict:
    """The stir bar turns slower the less the motor is driven."""
    step = (_FASTEST - _SLOWEST) / _MOTOR_STEPS
    duties = [bench.stirring_percent * (_FASTEST - step * number) for number in range(_MOTOR_STEPS)]
    await bench.stir(duties[0])
    speeds = []
    for duty in duties:
        await bench.drive_motor(duty)
        await bench.sleep(_MOTOR_SETTLE_S + _MOTOR_WINDOW_S)
        speeds.append((await bench.board.read_tachometer(_MOTOR_WINDOW_S)).rpm)
    await bench.drive_motor(0.0)
    found = correlation(duties, speeds)
    detail = f"correlation {found:.2f}, from {speeds[0]:.0f} to {speeds[-1]:.0f} rpm"
    passed = found > _LEAST_CORRELATION
    measured = (
        Measured("correlation", found, at_least=_LEAST_CORRELATION),
        Measured("fastest", speeds[0], "rpm"),
        Measured("slowest", speeds[-1], "rpm"),
    )
    advice = "" if passed else ". Is the stir bar in the vial, and the vial in its place?"
    return Verdict(passed, detail + advice, measured=measured)


async def supply_is_not_too_high(bench: Bench) -> Verdict:
    """The rail of motors and pumps has no more volts than they can bear."""
    volts = await bench.board.read_supply_v()
    passed = volts <= _MOST_SUPPLY_V
    detail = f"{volts:.2f} V; at most {_MOST_SUPPLY_V:g} V is fine"
    measured = (Measured("supply", volts, "V", at_most=_MOST_SUPPLY_V),)
    return Verdict(passed, detail + ("" if passed else ". Use another supply, at once"), measured=measured)
