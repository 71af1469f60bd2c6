"""The Kalman filter that turns densities into a growth rate: state [ln density, rate per hour, drift of the rate].

It is `CultureGrowthEKF` of grpredict. The package brings NumPy, which costs 12 MiB and 0.1 s: it is imported in a
thread when the first growth rate is wanted.
"""

from __future__ import annotations

import asyncio
import importlib
import math
from types import ModuleType
from typing import TYPE_CHECKING

from core.jobs.growth_rate.warm_up import FirstGuess

if TYPE_CHECKING:
    from grpredict import CultureGrowthEKF

_START_RATE_SIGMA, _START_DRIFT_SIGMA = 0.03, 0.05
# Process noise of one step at the usual rhythm.
_LOG_DENSITY_Q, _RATE_Q, _DRIFT_Q = 1e-8, 5e-8, 5e-6
_USUAL_INTERVAL_S = 5.0
_LEAST_SCALE = 0.25


class GrowthFilter:
    """Follows one culture.

    Args:
        guess: where to begin.
        interval_s: time expected between readings.
        outlier_sigmas: from how many standard deviations on a reading is believed less.
    """

    def __init__(self, library: ModuleType, guess: FirstGuess, interval_s: float, outlier_sigmas: float) -> None:
        self._ekf: CultureGrowthEKF = library.CultureGrowthEKF(
            initial_state=[guess.log_density, 0.0, 0.0],
            initial_covariance=_diagonal([guess.sigma**2, _START_RATE_SIGMA**2, _START_DRIFT_SIGMA**2]),
            process_noise_covariance=_process_noise(interval_s),
            observation_noise_covariance=_diagonal(guess.noise_variances),
            outlier_std_threshold=outlier_sigmas,
        )

    def update(self, densities: list[float], hours: float, *, is_diluted: bool) -> tuple[float, float]:
        """Take one reading in; return the relative density and the growth rate per hour.

        Args:
            densities: relative density of each channel, all above 0.
            hours: time since the reading before.
            is_diluted: liquid was moved just before: density may have jumped.
        """
        state, _ = self._ekf.update(densities, hours, recent_dilution=is_diluted)
        return math.exp(float(state[0])), float(state[1])


async def load_library() -> ModuleType:
    """Import the filter's package without holding anybody up."""

    def load() -> ModuleType:
        importlib.import_module("numpy.linalg")
        return importlib.import_module("grpredict")

    return await asyncio.to_thread(load)


def _process_noise(interval_s: float) -> list[list[float]]:
    scale = max(interval_s / _USUAL_INTERVAL_S, _LEAST_SCALE)
    return _diagonal([_LOG_DENSITY_Q * scale, _RATE_Q * scale, _DRIFT_Q * scale])


def _diagonal(values: list[float]) -> list[list[float]]:
    return [[value if row == column else 0.0 for column in range(len(values))] for row, value in enumerate(values)]
