"""A line through the origin, fitted by least squares, and how sure its slope is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Proportion:
    """y = slope * x.

    Attributes:
        slope: sum(x y) / sum(x^2).
        std_slope: standard error of the slope, from the residuals with n - 1 degrees of freedom.
        correlation: of the points; 0 when x or y are all the same.
    """

    slope: float
    std_slope: float
    correlation: float


def fit_proportion(x: list[float], y: list[float]) -> Proportion:
    """Return the line through the origin that fits best; x must not be all 0, and have two points at least."""
    xs, ys = np.array(x, dtype=float), np.array(y, dtype=float)
    square = float(xs @ xs)
    slope = float(xs @ ys) / square
    residuals = ys - slope * xs
    std_slope = math.sqrt(float(residuals @ residuals) / (len(x) - 1) / square)
    spread = float(np.std(xs) * np.std(ys))
    correlation = float(np.mean((xs - xs.mean()) * (ys - ys.mean()))) / spread if spread > 0 else 0.0
    return Proportion(slope, std_slope, correlation)
