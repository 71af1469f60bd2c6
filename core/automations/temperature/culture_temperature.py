"""The culture's temperature, inferred from how the heater board cools down.

The only thermometer sits on the heater board. With the heater off the board falls toward the culture's temperature;
a linear model fitted to many vessels tells from that course, and from the duty before it, what the culture has. The
old 20 ml vessel (version 1.0) has another board: there the course is split into a fast and a slow exponential, and the
slow one is the culture's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SCALE = 35.0
_INTERCEPT = -6.171633633597331
_DUTY_WEIGHT = -13.7221255
# Weights of the samples 0 to 20, each divided by 35.
_WEIGHTS = np.array([
    150.807347, 15.280857, -71.7124615, -81.5352596, -58.2053398, -84.9915201, -36.97293,
    -0.0851994806, 11.263567, 33.7434235, 33.6348041, 42.5731033, 67.2551219, 83.7883314,
    62.9508694, 49.5735854, 18.6594862, 0.312848519, -38.2815596, -56.2834504, -92.7840943,
])  # fmt: skip
_FIRST_SQUARED_WEIGHT = -7.62113224
_DUTY_TIMES_LATE_WEIGHT = 8.18877406

ROOM_CELSIUS = 22.0
# What the two-exponential fit is drawn toward, and how strongly.
_PRIOR_A, _PENALTY_A = -0.0012, 100.0
_PRIOR_B, _PENALTY_B = -0.325, 50.0


class NoTemperatureError(Exception):
    """The course of cooling fits no culture's temperature."""


def by_linear_model(duty_percent: float, samples: Sequence[float]) -> float:
    """Return °C from 21 samples of the heater board in °C, 5.3 s apart since the heater is off, and its duty before."""
    if len(samples) != len(_WEIGHTS):
        raise ValueError(f"the model takes {len(_WEIGHTS)} samples, not {len(samples)}")
    courses = np.asarray(samples, dtype=np.float64) / _SCALE
    duty = duty_percent / _SCALE
    # The duty multiplies the last sample but one.
    squared = _FIRST_SQUARED_WEIGHT * courses[0] ** 2 + _DUTY_TIMES_LATE_WEIGHT * courses[-2] * duty
    return float(_INTERCEPT + _DUTY_WEIGHT * duty + _WEIGHTS @ courses + squared)


def by_two_exponentials(samples: Sequence[float]) -> float:
    """Return °C from samples at even times: room temperature plus the slow part of the course, at its end.

    Fitted by the method of integral equations (Jacquelin, Régressions et équations intégrales, 2014): a sum of two
    exponentials obeys a linear equation in its first and second integral. Raises NoTemperatureError when the course
    swings or does not fit.
    """
    y = np.asarray(samples, dtype=np.float64) - ROOM_CELSIUS
    x = np.arange(len(y), dtype=np.float64)
    once = _integral(y)
    columns = np.stack([_integral(once), once, x, np.ones_like(x)], axis=1)
    penalty = np.diag([_PENALTY_A, _PENALTY_B, 0.0, 0.0])
    wanted = columns.T @ y + penalty @ np.array([_PRIOR_A, _PRIOR_B, 0.0, 0.0])
    a, b = np.linalg.solve(columns.T @ columns + penalty, wanted)[:2]
    discriminant = b * b + 4.0 * a
    if discriminant < 0:
        raise NoTemperatureError("the heater board's temperature swings instead of falling")
    slow, fast = (b + discriminant**0.5) / 2.0, (b - discriminant**0.5) / 2.0
    parts = np.stack([np.exp(slow * x), np.exp(fast * x)], axis=1)
    share = np.linalg.lstsq(parts, y, rcond=None)[0][0]
    celsius = float(ROOM_CELSIUS + share * np.exp(slow * len(y)))
    if not np.isfinite(celsius):
        raise NoTemperatureError("the heater board's temperature does not fall like a warm culture's")
    return celsius


def _integral(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of `y` from its start, by trapezoids of width 1."""
    return np.concatenate([[0.0], np.cumsum((y[1:] + y[:-1]) / 2.0)])
