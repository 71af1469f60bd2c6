"""Curves of calibrations: evaluating y at x, and finding every x at which a curve has a given y.

Two forms: a polynomial, and piecewise cubics in u = x - knot (splines, natural or Akima's). Cubics at both ends go on
outside the knots. Results are rounded to 10 decimals, so that writing and reading them changes nothing.
"""

from __future__ import annotations

import bisect
import itertools
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, FiniteFloat, model_validator

from core.errors import ServiceError

DECIMALS = 10
# Bounds that keep solving within a millisecond.
_MOST_COEFFICIENTS = 64
_MOST_KNOTS = 1000
_REAL_WITHIN = 1e-10
_SAME_ROOT = 1e-7
_AT_KNOT = 1e-9

Cubic = Annotated[list[FiniteFloat], Field(min_length=4, max_length=4)]


class CurveError(ServiceError):
    """A curve gives no number here."""

    default_remedy = "Make a new calibration."


class NoSolutionError(CurveError):
    """The curve never has this value."""


class _Curve(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class PolynomialCurve(_Curve):
    """A polynomial; `coefficients` with the highest power first."""

    type: Literal["poly"]
    coefficients: list[FiniteFloat] = Field(min_length=1, max_length=_MOST_COEFFICIENTS)

    def evaluate(self, x: float) -> float:
        """Return y at `x`; raises CurveError when it is no finite number."""
        return _finite(_horner(self.coefficients, x), x)

    def solutions(self, y: float) -> list[float]:
        """Return every real x at which the curve is `y`, ascending; none for a constant."""
        roots = _real_roots([*self.coefficients[:-1], self.coefficients[-1] - y])
        return sorted(round(root, DECIMALS) for root in roots)

    @property
    def is_constant(self) -> bool:
        """Whether y is the same everywhere."""
        return not any(self.coefficients[:-1])


class PiecewiseCubic(_Curve):
    """Cubics a + b*u + c*u^2 + d*u^3 with u = x - knot, one [a, b, c, d] between each two of the ascending `knots`."""

    type: Literal["spline", "akima"]
    knots: list[FiniteFloat] = Field(min_length=2, max_length=_MOST_KNOTS)
    coefficients: list[Cubic] = Field(min_length=1, max_length=_MOST_KNOTS - 1)

    @model_validator(mode="after")
    def _check_shape(self) -> PiecewiseCubic:
        if len(self.coefficients) != len(self.knots) - 1:
            raise ValueError(f"{len(self.knots)} knots need {len(self.knots) - 1} cubics")
        if any(low >= high for low, high in itertools.pairwise(self.knots)):
            raise ValueError("the knots are not ascending")
        return self

    def evaluate(self, x: float) -> float:
        """Return y at `x`; raises CurveError when it is no finite number."""
        a, b, c, d = self.coefficients[self._piece(x)]
        u = x - self.knots[self._piece(x)]
        return _finite(a + u * (b + u * (c + u * d)), x)

    def solutions(self, y: float) -> list[float]:
        """Return every x at which the curve is `y`, ascending; those closer than 1e-7 to one another count once."""
        last = len(self.coefficients) - 1
        found = []
        for piece in self._pieces_near(y):
            a, b, c, d = self.coefficients[piece]
            start, width = self.knots[piece], self.knots[piece + 1] - self.knots[piece]
            margin = _AT_KNOT * max(width, 1.0)
            for u in _real_roots([d, c, b, a - y]):
                if (piece == 0 or u >= -margin) and (piece == last or u <= width + margin):
                    found.append(round(start + u, DECIMALS))
        return _merged(sorted(found))

    @property
    def is_constant(self) -> bool:
        """Whether y is the same everywhere."""
        return not any(any(cubic[1:]) for cubic in self.coefficients)

    def _piece(self, x: float) -> int:
        return min(max(bisect.bisect_right(self.knots, x) - 1, 0), len(self.coefficients) - 1)

    def _pieces_near(self, y: float) -> list[int]:
        """Return the pieces that may pass through `y`: a cubic stays within the hull of its Bézier points."""
        low, high = self._hull
        may = (low <= y) & (y <= high)
        may[0] = may[-1] = True  # they go on for ever
        return [int(piece) for piece in np.flatnonzero(may)]

    @cached_property
    def _hull(self) -> tuple[Any, Any]:
        a, b, c, d = np.array(self.coefficients).T
        h = np.diff(self.knots)
        points = np.stack([a, a + b * h / 3, a + 2 * b * h / 3 + c * h**2 / 3, a + b * h + c * h**2 + d * h**3])
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 1e-9 * (np.abs(low) + np.abs(high) + 1)
        return low - margin, high + margin


Curve = Annotated[PolynomialCurve | PiecewiseCubic, Discriminator("type")]


def _horner(coefficients: list[float], x: float) -> float:
    y = 0.0
    for coefficient in coefficients:
        y = y * x + coefficient
    return y


def _finite(y: float, x: float) -> float:
    if not abs(y) < np.inf:
        raise CurveError(f"The curve has no finite value at {x:g}.")
    return round(y, DECIMALS)


def _real_roots(coefficients: list[float]) -> list[float]:
    """Return the real roots of a polynomial, highest power first; none of a constant.

    Eigenvalues of the companion matrix, a root being real when its imaginary part is below 1e-10 of its size; two
    steps of Newton's method then bring it to the last digits.
    """
    if not any(coefficients[:-1]):
        return []
    with np.errstate(all="ignore"):
        try:
            roots = np.roots(coefficients)
        except np.linalg.LinAlgError:
            return []
    real = [float(root.real) for root in roots if abs(root.imag) <= _REAL_WITHIN * (abs(root.real) + 1)]
    return [_polished(coefficients, root) for root in real if abs(root) < np.inf]


def _polished(coefficients: list[float], root: float) -> float:
    degree = len(coefficients) - 1
    derivative = [coefficient * (degree - power) for power, coefficient in enumerate(coefficients[:-1])]
    for _ in range(2):
        value, slope = _horner(coefficients, root), _horner(derivative, root)
        if not slope or not abs(better := root - value / slope) < np.inf:
            break
        if abs(_horner(coefficients, better)) >= abs(value):
            break
        root = better
    return root


def _merged(ascending: list[float]) -> list[float]:
    merged: list[float] = []
    for x in ascending:
        if not merged or x - merged[-1] > _SAME_ROOT:
            merged.append(x)
    return merged
