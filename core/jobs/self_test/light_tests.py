"""Tests of the infrared LED and the photodiodes."""

from __future__ import annotations

import json
import statistics

from core.jobs.self_test.bench import Bench, LeftOutError, Verdict, Volts, correlation
from core.plugins.api import Measured

# Far apart from one to the next, so that a drift in time does not look like a correlation.
_LED_STEPS = (35.0, 85.0, 75.0, 55.0, 45.0, 65.0, 80.0, 50.0)
_READS_PER_STEP = 3
_LEAST_CORRELATION = 0.90
_MOST_AMBIENT_V = 0.080
_BEFORE_DARK_PERCENT, _BEFORE_DARK_SETTLE_S = 35.0, 0.35  # with the measurement itself: lit for 0.75 s
_DARK_READS, _MOST_DARK_V, _MOST_DARK_VARIANCE = 8, 0.010, 5e-5
_REF_READS, _LEAST_REF_V, _MOST_REF_V, _MOST_REF_VARIANCE = 6, 0.01, 1.0, 1e-2
_WARM_UP_READS, _CYCLES, _KEPT_READS, _CYCLE_DUTY_PERCENT = 5, 8, 2, 90.0
_LEAST_SIGNAL_EFFECT, _MOST_REF_EFFECT, _MOST_REF_SHARE = 0.001, 0.015, 0.75
_BLANK_READS, _BLANK_EVERY_S = 6, 1.15
_MOST_BLANK_V = {"45": 0.035, "90": 0.035, "135": 0.15}


async def correlations_between_leds_and_photodiodes(bench: Bench) -> Verdict:
    """Every photodiode in use sees more light when the LED gives more."""
    await bench.stir(bench.stirring_percent)
    seen: dict[str, list[float]] = {channel: [] for channel in bench.channels.all}
    for percent in _LED_STEPS:
        reads = [await bench.light(percent) for _ in range(_READS_PER_STEP)]
        for channel, volts in seen.items():
            volts.append(statistics.fmean(read[channel] for read in reads))
        await bench.sleep(percent / 100)
    found = {channel: round(correlation(_LED_STEPS, volts), 2) for channel, volts in seen.items()}
    blind = [channel for channel, value in found.items() if value < _LEAST_CORRELATION]
    pairs = [[bench.channels.ir_led, channel] for channel in found if channel not in blind]
    detail = ", ".join(f"photodiode {channel}: {value:.2f}" for channel, value in found.items())
    if blind:
        detail += f". Look at the infrared LED and at photodiode {', '.join(blind)}: cables, pockets, configuration"
    measured = (
        Measured(f"correlation_{channel}", value, at_least=_LEAST_CORRELATION) for channel, value in found.items()
    )
    return Verdict(not blind, detail, {"correlations_between_pds_and_leds": json.dumps(pairs)}, tuple(measured))


async def ambient_light(bench: Bench) -> Verdict:
    """With all LEDs off there is hardly any light."""
    volts = await bench.dark()
    bright = [channel for channel, value in volts.items() if value >= _MOST_AMBIENT_V]
    detail = f"{_listed(volts)}; at most {_MOST_AMBIENT_V:g} V is fine"
    measured = (Measured(f"dark_{channel}", value, "V", at_most=_MOST_AMBIENT_V) for channel, value in volts.items())
    advice = ". Keep light away from the vial" if bright else ""
    return Verdict(not bright, detail + advice, measured=tuple(measured))


async def dark_offset(bench: Bench) -> Verdict:
    """What is taken off as the dark offset is still right after the LED was lit."""
    offset = await bench.dark()
    await bench.light(_BEFORE_DARK_PERCENT, settle_s=_BEFORE_DARK_SETTLE_S)
    reads = [await bench.dark() for _ in range(_DARK_READS)]
    failed, details = [], []
    measured: list[Measured] = []
    for channel in bench.channels.all:
        left_v = [max(0.0, read[channel] - offset[channel]) for read in reads]
        mean_v, variance = statistics.fmean(left_v), statistics.pvariance(left_v)
        details.append(f"photodiode {channel}: {1000 * mean_v:.2f} mV left")
        measured += [
            Measured(f"dark_{channel}", offset[channel], "V", at_most=_MOST_AMBIENT_V),
            Measured(f"left_{channel}", 1e3 * mean_v, "mV", at_most=1e3 * _MOST_DARK_V),
            Measured(f"variance_{channel}", 1e6 * variance, "mV²", at_most=1e6 * _MOST_DARK_VARIANCE),
        ]
        if offset[channel] >= _MOST_AMBIENT_V or mean_v > _MOST_DARK_V or variance > _MOST_DARK_VARIANCE:
            failed.append(channel)
    advice = f". Look for light that flickers near photodiode {', '.join(failed)}" if failed else ""
    return Verdict(not failed, ", ".join(details) + advice, measured=tuple(measured))


async def reference_level(bench: Bench) -> Verdict:
    """The reference photodiode sees the LED, and no more of it than it can measure finely."""
    reference = _reference(bench)
    volts = [(await bench.light(bench.ir_percent))[reference] for _ in range(_REF_READS)]
    mean_v, variance = statistics.fmean(volts), statistics.variance(volts)
    passed = _LEAST_REF_V <= mean_v <= _MOST_REF_V and variance < _MOST_REF_VARIANCE
    detail = f"REF reads {mean_v:.4f} V; {_LEAST_REF_V:g} to {_MOST_REF_V:g} V is fine"
    measured = (
        Measured("reference", mean_v, "V", _LEAST_REF_V, _MOST_REF_V),
        Measured("variance", 1e6 * variance, "mV²", at_most=1e6 * _MOST_REF_VARIANCE),
    )
    advice = "" if passed else ". Look at the infrared LED and its photodiode"
    return Verdict(passed, detail + advice, measured=measured)


async def reference_position(bench: Bench) -> Verdict:
    """Stirring changes what goes through the vial, and hardly what the reference photodiode sees."""
    reference = _reference(bench)
    for _ in range(_WARM_UP_READS):
        await bench.light(bench.ir_percent)
    effects: dict[str, list[float]] = {channel: [] for channel in bench.channels.all}
    for _ in range(_CYCLES):
        still = await _medians(bench, 0.0)
        stirred = await _medians(bench, _CYCLE_DUTY_PERCENT)
        for channel, effect in effects.items():
            mean_v = (still[channel] + stirred[channel]) / 2
            effect.append(abs(stirred[channel] - still[channel]) / mean_v if mean_v > 0 else 0.0)
    found = {channel: statistics.median(effect) for channel, effect in effects.items()}
    strongest = max(found[channel] for channel in bench.channels.angles)
    passed = (
        strongest >= _LEAST_SIGNAL_EFFECT
        and found[reference] <= _MOST_REF_EFFECT
        and found[reference] <= _MOST_REF_SHARE * strongest
    )
    detail = f"stirring changes REF by {100 * found[reference]:.2f} %, the signal by {100 * strongest:.2f} %"
    measured = (
        Measured("reference_effect", 100 * found[reference], "%", at_most=100 * _MOST_REF_EFFECT),
        Measured("signal_effect", 100 * strongest, "%", at_least=100 * _LEAST_SIGNAL_EFFECT),
        Measured("reference_share", found[reference] / strongest if strongest else 0.0, at_most=_MOST_REF_SHARE),
    )
    advice = "" if passed else ". Is REF in the pocket of the infrared LED, as configured?"
    return Verdict(passed, detail + advice, measured=measured)


async def blank_level(bench: Bench) -> Verdict:
    """A vial with water scatters hardly any light."""
    offset = await bench.dark()
    reads: list[Volts] = []
    for _ in range(_BLANK_READS):
        reads.append(await bench.light(bench.ir_percent))
        await bench.sleep(_BLANK_EVERY_S)
    failed, details = [], []
    measured: list[Measured] = []
    for channel, angle in bench.channels.angles.items():
        mean_v = statistics.fmean(max(0.0, read[channel] - offset[channel]) for read in reads)
        details.append(f"photodiode {channel} ({angle}°): {mean_v:.4f} V")
        measured.append(Measured(f"blank_{channel}", mean_v, "V", at_most=_MOST_BLANK_V.get(angle)))
        if offset[channel] >= _MOST_AMBIENT_V or angle not in _MOST_BLANK_V or mean_v > _MOST_BLANK_V[angle]:
            failed.append(channel)
    advice = f". Is there only water in the vial? Look at photodiode {', '.join(failed)}" if failed else ""
    return Verdict(not failed, ", ".join(details) + advice, measured=tuple(measured))


def _reference(bench: Bench) -> str:
    if bench.channels.reference is None:
        raise LeftOutError("no photodiode is configured as REF")
    return bench.channels.reference


async def _medians(bench: Bench, duty_percent: float) -> Volts:
    """Return the median of the reads kept at one duty of the motor; the first one is not."""
    await bench.drive_motor(duty_percent)
    await bench.sleep(1.0)
    await bench.light(bench.ir_percent)
    kept = [await bench.light(bench.ir_percent) for _ in range(_KEPT_READS)]
    return {channel: statistics.median(read[channel] for read in kept) for channel in bench.channels.all}


def _listed(volts: Volts) -> str:
    return ", ".join(f"photodiode {channel}: {value:.4f} V" for channel, value in volts.items())
