"""The checks of the connected board against a reactor model: what it says of itself, and short looks at its sensors.

Nothing moves and nothing is lit: photodiodes are sampled in whatever light there is, thermometer and supply are read.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.errors import UnavailableError
from core.hardware.needs import HardwareNeeds
from core.measured import Measured
from core.reactor_models import ReactorModel
from device.board import Board, BoardDictionary, BoardError, BurstRequest, PhotodiodeSignal

_WINDOW_S = 0.1
# The least and greatest temperature a heater board can have in a laboratory; outside, its sensor is broken.
_COLDEST_CELSIUS, _HOTTEST_CELSIUS = -10.0, 100.0
# The rail that feeds motors and pumps: below, USB gives too little; above, the barrel jack gives too much.
_LEAST_SUPPLY_V, _MOST_SUPPLY_V = 4.5, 18.0
# More than any photodiode gives within its range: the front end is at its limit.
_MOST_LIGHT_V = 3.2
_VERSION = re.compile(r"\d+(\.\d+)+")
NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Check:
    """One check: its name in the API, whether the board passes, why in words, and what was measured."""

    name: str
    ok: bool
    detail: str
    measured: tuple[Measured, ...] = ()


def result_of(model: ReactorModel, checks: list[Check]) -> dict[str, Any]:
    """Return what the task of a hardware check results in."""
    return {
        "model_name": model.model_name,
        "model_version": model.model_version,
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
        "ok": all(check.ok for check in checks),
    }


def without_board(why: str) -> list[Check]:
    """Return the checks when no board can be asked: only the link was tested."""
    return [Check("board_link", False, why), *(Check(name, False, NOT_TESTED) for name in _CHECKS)]


async def check_board(board: Board, model: ReactorModel, *, od_is_read: bool) -> list[Check]:
    """Return every check of a board that can be reached.

    While `od_is_read`, od_reading's own measurements show that the photodiodes work, and are not disturbed.
    """
    dictionary = board.dictionary
    if dictionary is None:
        return without_board("the board has not said what it is")
    seen = _Seen(board, dictionary, HardwareNeeds.of(model), od_is_read)
    link = f"{dictionary.board_name}, serial number {dictionary.serial_number}, firmware {dictionary.firmware_version}"
    return [Check("board_link", True, link), *[await _one(name, check, seen) for name, check in _CHECKS.items()]]


class Found(NamedTuple):
    """What a check found: whether the board passes, why in words, and what was measured."""

    ok: bool
    detail: str
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True)
class _Seen:
    board: Board
    dictionary: BoardDictionary
    needs: HardwareNeeds
    od_is_read: bool


async def _one(name: str, check: Callable[[_Seen], Awaitable[Found]], seen: _Seen) -> Check:
    try:
        found = await check(seen)
    except (BoardError, UnavailableError) as error:
        found = Found(False, f"{error}. {error.remedy}".rstrip())
    return Check(name, found.ok, found.detail, found.measured)


async def _firmware(seen: _Seen) -> Found:
    version, protocol = seen.dictionary.firmware_version, seen.dictionary.protocol_version
    if not _VERSION.fullmatch(version):
        return Found(
            False, f"the board calls its firmware {version!r}, which is no version; install the firmware again"
        )
    return Found(True, f"firmware {version} speaks protocol {protocol}, which this program knows")


async def _photodiodes(seen: _Seen) -> Found:
    there, needs = seen.dictionary.photodiode_channels, seen.needs
    if missing := [channel for channel in needs.photodiodes if channel not in there]:
        return Found(
            False, f"the board has no photodiode {', '.join(missing)}; this model needs {len(needs.photodiodes)}"
        )
    if needs.adc_per_photodiode and seen.dictionary.adc != needs.adc_per_photodiode:
        adc = seen.dictionary.adc
        return Found(False, f"this model needs an {needs.adc_per_photodiode} for each photodiode; the board has {adc}")
    channels = f"photodiodes {', '.join(there)} on {seen.dictionary.adc}"
    if seen.od_is_read:
        return Found(True, f"{channels}, in use by od_reading")
    return await _sampled(seen, channels)


async def _sampled(seen: _Seen, channels: str) -> Found:
    burst = await seen.board.measure(BurstRequest(None, 0.0, 0.0, _WINDOW_S, dark_others=False))
    volts = [f"{name}: {burst.signals[name].mean_v:.4f} V" for name in seen.needs.photodiodes if name in burst.signals]
    light = tuple(
        Measured(f"photodiode_{name}", burst.signals[name].mean_v, "V", at_most=_MOST_LIGHT_V)
        for name in seen.needs.photodiodes
        if name in burst.signals
    )
    if silent := [name for name in seen.needs.photodiodes if name not in burst.signals]:
        return Found(False, f"photodiode {', '.join(silent)} gave no samples; check its cable", light)
    if full := [name for name in seen.needs.photodiodes if _is_full(burst.signals[name])]:
        detail = f"photodiode {', '.join(full)} is at its limit; keep light away from the vial, check its cable"
        return Found(False, detail, light)
    return Found(True, f"{channels} answer ({', '.join(volts)})", light)


def _is_full(signal: PhotodiodeSignal) -> bool:
    return signal.saturated or signal.mean_v > _MOST_LIGHT_V


async def _pwm(seen: _Seen) -> Found:
    roles = seen.dictionary.pwm_roles
    if missing := [role for role in seen.needs.pwm_roles if role not in roles.values()]:
        return Found(False, f"the board has no PWM channel for {', '.join(missing)}")
    return Found(True, ", ".join(f"{channel}: {role}" for channel, role in sorted(roles.items())))


async def _leds(seen: _Seen) -> Found:
    there = seen.dictionary.led_channels
    if missing := [channel for channel in seen.needs.led_channels if channel not in there]:
        return Found(False, f"the board has no LED channel {', '.join(missing)}")
    return Found(True, f"channels {', '.join(there)}")


async def _heater_board(seen: _Seen) -> Found:
    if not seen.dictionary.has_thermometer:
        return Found(False, "the board was started without a heater board; connect it and restart the board")
    celsius = await seen.board.read_heater_celsius()
    measured = (Measured("thermometer", celsius, "°C", _COLDEST_CELSIUS, _HOTTEST_CELSIUS),)
    shown = f"its thermometer shows {celsius:.1f} °C"
    if not measured[0].is_fine:
        return Found(False, f"{shown}, which cannot be; check its cable", measured)
    most = seen.dictionary.heater_cutoff_max_celsius
    return Found(True, f"{shown}; the board itself cuts the heater off at {most:g} °C at most", measured)


async def _hall_sensor(seen: _Seen) -> Found:
    if not seen.dictionary.has_tachometer:
        return Found(False, "the board cannot measure the stirring speed")
    tachometer = await seen.board.read_tachometer(1.0)
    detail = f"the stir bar turns at {tachometer.rpm:.0f} rpm" if tachometer.rpm else "answers; the bar is at rest"
    return Found(True, detail, (Measured("speed", tachometer.rpm, "rpm"),))


async def _supply(seen: _Seen) -> Found:
    volts = await seen.board.read_supply_v()
    measured = (Measured("supply", volts, "V", _LEAST_SUPPLY_V, _MOST_SUPPLY_V),)
    if volts < _LEAST_SUPPLY_V:
        return Found(False, f"{volts:.2f} V is too little; use a stronger USB supply or a shorter cable", measured)
    if volts > _MOST_SUPPLY_V:
        detail = f"{volts:.2f} V is too much for motors and pumps; use a supply of at most {_MOST_SUPPLY_V:g} V"
        return Found(False, detail, measured)
    return Found(True, f"{volts:.2f} V", measured)


_CHECKS: dict[str, Callable[[_Seen], Awaitable[Found]]] = {
    "firmware_version": _firmware,
    "photodiode_adc": _photodiodes,
    "pwm_channels": _pwm,
    "led_channels": _leds,
    "heater_board": _heater_board,
    "hall_sensor": _hall_sensor,
    "supply": _supply,
}
