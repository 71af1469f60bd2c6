"""Simulated light and its measurement: drift, hum, noise, clipping."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from device.simulator.optics import PHOTODIODES, Optics, Scene
from device.simulator.reactor import HEATER, INFRARED, Reactor, Setup

FULL_SCALE_V = [4.096] * 4
REF, DEG_90, DEG_135, DEG_45 = range(4)


def scene(od: float = 1.0, infrared: float = 1.0) -> Scene:
    return Scene(infrared, 0.0, od, droop_from_s=0.125, seconds_since_last=5.0, stirred=False)


def volts(counts: NDArray[np.float64], full_scale_v: float = 4.096) -> NDArray[np.float64]:
    return counts * (full_scale_v / 32767)


def optics(seed: int = 1, mains_hz: float = 50.0) -> Optics:
    return Optics(np.random.default_rng(seed), mains_hz)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_gone_over_whole_periods_and_not_over_others(mains_hz: float) -> None:
    light = optics(mains_hz=mains_hz)
    whole, broken = [], []
    for start in range(100):
        dark = scene(infrared=0.0)
        start_us = start * 1_234_567
        whole.append(volts(light.sample(dark, start_us, 400_000, FULL_SCALE_V)).mean(axis=1))
        broken.append(volts(light.sample(dark, start_us, 30_000, FULL_SCALE_V)).mean(axis=1))
    assert np.std(whole, axis=0).max() < 1.3 * 0.00015 / math.sqrt(344), "white noise alone"
    assert np.std(broken, axis=0).max() > 2.0 * 0.00015 / math.sqrt(25), "much more than white noise"


def test_hum_is_there_in_the_single_samples() -> None:
    light = optics()
    sigma_v = volts(light.sample(scene(infrared=0.0), 0, 400_000, FULL_SCALE_V)).std(axis=1)
    assert all(sigma_v > 0.00018)


def test_signals_grow_with_the_culture_and_turn_over_at_one_over_b() -> None:
    light = optics()
    ods = np.arange(0.0, 40.0, 0.1)
    seen = np.array([light.clean_volts(scene(od)) for od in ods])
    assert np.ptp(seen[:, REF]) == 0.0, "the reference does not see the culture"
    for index, photodiode in enumerate(PHOTODIODES[1:], start=1):
        assert ods[seen[:, index].argmax()] == pytest.approx(1.0 / photodiode.inner_per_od, abs=0.2)
    slopes = seen[1] - seen[0]
    assert slopes[DEG_135] > slopes[DEG_90] > slopes[DEG_45]


def test_dividing_by_the_reference_removes_the_leds_drift() -> None:
    reactor = Reactor(Setup(inoculum_od=0.5, room_celsius=10.0))
    reactor.set_pwm(0, HEATER, 25.0)
    drift, ratios = [], []
    for minute in range(0, 240, 2):
        start_us = minute * 60_000_000
        reactor.set_led(start_us, INFRARED, 80.0)
        reactor.culture.biomass_od, reactor.culture.suspended = 0.5, 1.0
        signals = reactor.optics.clean_volts(reactor.scene(start_us + 125_000))
        reactor.set_led(start_us + 525_000, INFRARED, 0.0)
        drift.append(signals[DEG_90])
        ratios.append(signals[DEG_90] / signals[REF])
    assert np.ptp(drift) / np.mean(drift) > 0.02, "the LED warms and dims"
    assert np.ptp(ratios) / np.mean(ratios) < 1e-9


def test_dark_offset_and_ambient_light_remain_without_led() -> None:
    means = volts(optics().sample(scene(infrared=0.0), 0, 400_000, FULL_SCALE_V)).mean(axis=1)
    assert means[REF] == pytest.approx(0.002, abs=0.001)
    assert means[1:].min() > 0.003
    assert means[1:].max() < 0.008


def test_readings_scatter_by_half_a_percent_and_the_reference_less() -> None:
    light = optics()
    means = np.array(
        [volts(light.sample(scene(), i * 5_000_000, 400_000, FULL_SCALE_V)).mean(axis=1) for i in range(400)]
    )
    scatter = means.std(axis=0) / means.mean(axis=0)
    assert 0.004 < scatter[DEG_90] < 0.009
    assert scatter[REF] < 0.002


def test_a_fine_gain_saturates_and_the_input_clips() -> None:
    light = optics()
    counts = light.sample(scene(od=5.0), 0, 400_000, [0.256] * 4)
    assert counts[DEG_90].min() == 32767
    assert counts[REF].max() < 32767
    light.saturated.add(2)
    assert volts(light.sample(scene(), 0, 400_000, FULL_SCALE_V))[DEG_90].mean() == pytest.approx(3.3, abs=0.001)


def test_another_leds_light_reaches_the_culture_but_hardly_the_reading() -> None:
    light = optics()
    dark = light.clean_volts(scene(infrared=0.0))
    strayed = light.clean_volts(Scene(0.0, 1.0, 1.0, 0.1, 5.0, False))
    assert not dark.any()
    assert strayed[REF] == 0.0
    assert 0.0 < strayed[DEG_90] < 0.05 * light.clean_volts(scene())[DEG_90]


def test_units_differ_and_the_seed_repeats_them() -> None:
    first, again, other = (optics(seed).clean_volts(scene()) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (abs(first / other - 1.0) > 0.001).all()
    assert (abs(first / other - 1.0) < 0.5).all()
