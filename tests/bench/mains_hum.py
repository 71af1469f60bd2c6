"""Two ways to keep mains hum out of a reading, on the simulated optics: `python -m tests.bench.mains_hum`.

A: 40 samples with golden-ratio spacing over 0.45 s and a least-squares fit of constant + sine, as done by instruments
whose converter is read sample by sample. It needs to know the frequency of the mains.
B: the plain mean of 0.4 s sampled evenly, 20 periods of 50 Hz and 24 of 60 Hz, as the board does it.
C: the plain mean of A's 40 samples.

Each row gives the error of a 10 mV signal over 4000 readings with random phase: bias and standard deviation in
microvolts. One smallest and one largest sample are left out in all three.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from device.simulator.optics import SAMPLES_PER_S, Optics

SIGNAL_V = 0.010
SAMPLE_NOISE_V = 0.00015
READINGS = 4000
WINDOW_S = 0.4
JITTERED_SAMPLES = 40

Floats = NDArray[np.float64]


def golden_times() -> Floats:
    """Times of A's samples in seconds: gaps of 0.85/39 s times the fractional part of k golden ratios."""
    k = np.arange(JITTERED_SAMPLES - 1)
    gaps = 0.85 / 39 * np.modf(k * 0.618034)[0]
    return np.concatenate(([0.0], np.cumsum(gaps)))


def even_times() -> Floats:
    """Times of B's samples in seconds."""
    count = int(WINDOW_S * SAMPLES_PER_S)
    return (np.arange(count) + 0.5) * WINDOW_S / count


def trimmed(times: Floats, volts: Floats) -> tuple[Floats, Floats]:
    """Leave out one smallest and one largest sample."""
    kept = np.ones(len(volts), dtype=bool)
    kept[[volts.argmin(), volts.argmax()]] = False
    return times[kept], volts[kept]


def mean(times: Floats, volts: Floats) -> float:
    """Return the plain trimmed mean."""
    return float(trimmed(times, volts)[1].mean())


def sine_fit(assumed_hz: float) -> Callable[[Floats, Floats], float]:
    """Return what fits constant + sine of `assumed_hz` and gives the constant."""

    def fit(times: Floats, volts: Floats) -> float:
        times, volts = trimmed(times, volts)
        phase = 2 * math.pi * assumed_hz * times
        columns = np.column_stack((np.ones_like(times), np.sin(phase), np.cos(phase)))
        return float(np.linalg.lstsq(columns, volts, rcond=None)[0][0])

    return fit


def errors_uv(
    times: Floats, estimate: Callable[[Floats, Floats], float], mains_hz: float, hum_v: float
) -> tuple[float, float]:
    """Return bias and standard deviation of an estimate in microvolts."""
    rng = np.random.default_rng(7)
    optics = Optics(rng, mains_hz)
    found = np.empty(READINGS)
    for reading in range(READINGS):
        moment = times + rng.uniform(0, 600)
        volts = SIGNAL_V + hum_v * optics._hum(moment) + SAMPLE_NOISE_V * rng.standard_normal(len(times))
        found[reading] = estimate(times, volts)
    return 1e6 * (found.mean() - SIGNAL_V), 1e6 * found.std()


def main() -> None:
    """Print the table."""
    jittered, even = golden_times(), even_times()
    print("mains Hz   hum mV     A: fit, right Hz    A: fit, other Hz    C: mean of 40      B: mean of 0.4 s")
    for nominal_hz, mains_hz in ((50, 50.0), (60, 60.0), (50, 50.2), (60, 59.8)):
        for hum_v in (0.0002, 0.002, 0.02):
            columns = (
                errors_uv(jittered, sine_fit(nominal_hz), mains_hz, hum_v),
                errors_uv(jittered, sine_fit(110 - nominal_hz), mains_hz, hum_v),
                errors_uv(jittered, mean, mains_hz, hum_v),
                errors_uv(even, mean, mains_hz, hum_v),
            )
            cells = "".join(f"{bias:>9.1f} ± {spread:<8.1f}" for bias, spread in columns)
            print(f"{mains_hz:>8.1f} {1000 * hum_v:>8.1f} {cells}", flush=True)


if __name__ == "__main__":
    main()
