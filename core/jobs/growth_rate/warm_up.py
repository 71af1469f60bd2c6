"""The first readings of a growth rate: what density is relative to, how noisy it is, and where the filter begins.

Densities are handled per photodiode channel, channels in descending order of their names; times are in hours.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

_LEAST_DENSITY = 1e-9
_LATEST = 5
_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_LEAST_NOISE_SIGMA = 5e-3
_UNKNOWN_NOISE_VARIANCE = 1e-3
_LEAST_START_SIGMA = 0.05


@dataclass(frozen=True)
class Density:
    """One reading of optical density: when (UTC seconds), and OD by channel, channels descending."""

    utc_s: float
    ods: dict[str, float]

    def relative_to(self, reference: dict[str, float]) -> list[float]:
        """Return OD over reference for each channel of the reading."""
        return [od / reference[channel] for channel, od in self.ods.items()]


@dataclass(frozen=True)
class FirstGuess:
    """Where the filter begins.

    Attributes:
        log_density: natural logarithm of the relative density.
        sigma: standard deviation of `log_density`.
        noise_variances: variance of the relative density of each channel.
    """

    log_density: float
    sigma: float
    noise_variances: list[float]


class WarmUp:
    """Collects `wanted` readings; whatever dilutes the culture meanwhile begins it anew."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._readings: list[Density] = []

    def take(self, reading: Density) -> None:
        """Take one reading in."""
        self._readings.append(reading)

    def begin_again(self) -> None:
        """Forget what was collected."""
        self._readings.clear()

    @property
    def is_complete(self) -> bool:
        """Whether there are enough readings."""
        return len(self._readings) >= self._wanted

    def reference(self) -> dict[str, float]:
        """Return the median OD of each channel."""
        channels = self._readings[0].ods
        return {channel: statistics.median(each.ods[channel] for each in self._readings) for channel in channels}

    def first_guess(self, reference: dict[str, float]) -> FirstGuess:
        """Return where the filter begins, given what density is relative to."""
        relative = [reading.relative_to(reference) for reading in self._readings]
        means = [statistics.fmean(each) for each in relative]
        times_h = [(reading.utc_s - self._readings[0].utc_s) / 3600 for reading in self._readings]
        noise = [_noise_variance(times_h, list(channel)) for channel in zip(*relative, strict=True)]
        spread = _robust_sigma([math.log(mean) for mean in means])
        return FirstGuess(
            log_density=math.log(max(statistics.median(means[-_LATEST:]), _LEAST_DENSITY)),
            sigma=max(_LEAST_START_SIGMA, 2 * spread, math.sqrt(statistics.fmean(noise))),
            noise_variances=noise,
        )


def _noise_variance(times_h: list[float], densities: list[float]) -> float:
    """Return the variance of what a straight line through the logarithms leaves."""
    if len(densities) < 2:
        return _UNKNOWN_NOISE_VARIANCE
    logs = [math.log(density) for density in densities]
    slope, intercept = _line(times_h, logs)
    residuals = [log - intercept - slope * time_h for time_h, log in zip(times_h, logs, strict=True)]
    return max(_robust_sigma(residuals), _LEAST_NOISE_SIGMA) ** 2


def _line(times_h: list[float], values: list[float]) -> tuple[float, float]:
    if min(times_h) == max(times_h):
        return 0.0, statistics.fmean(values)
    slope, intercept = statistics.linear_regression(times_h, values)
    return slope, intercept


def _robust_sigma(values: list[float]) -> float:
    """Return the standard deviation as the median absolute deviation tells it: a few wild values do not matter."""
    middle = statistics.median(values)
    return _MAD_TO_SIGMA * statistics.median(abs(value - middle) for value in values)
