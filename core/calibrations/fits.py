"""Fitting curves to points: polynomials, natural cubic regression splines, and Akima's interpolation.

Where the number of parameters is left open, it is the one of least AICc, Akaike's criterion corrected for few points
(Hurvich and Tsai 1989, Biometrika 76:297): n*ln(SSE/n) + 2p + 2p(p+1)/(n-p-1), infinite for n <= p+1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from core.calibrations.curves import PiecewiseCubic, PolynomialCurve
from core.errors import ServiceError

_MOST_KNOTS = 6
_HIGHEST_DEGREE = 5
# Errors below this part of the points' own size are rounding: a more complicated curve does not fit better.
_ROUNDING = 1e-12

Numbers = np.ndarray[Any, np.dtype[np.floating[Any]]]
_C = TypeVar("_C", PolynomialCurve, PiecewiseCubic)


class FitError(ServiceError):
    """The points determine no curve."""

    default_remedy = "Take at least two points with different x."


def fit_polynomial(x: Sequence[float], y: Sequence[float], degree: int | None = None) -> PolynomialCurve:
    """Return the polynomial of least squares; of the degree from 0 to 5 with the least AICc when none is given.

    Raises:
        FitError: no points, fewer different x than a given degree needs, or numbers that are not finite.
    """
    xs, ys = _points(x, y, 1)
    distinct = len(np.unique(xs))
    if degree is not None:
        if not 0 <= degree < distinct:
            raise FitError(f"{distinct} different x determine no polynomial of degree {degree}.")
        return _polynomial(xs, ys, degree)
    degrees = range(min(_HIGHEST_DEGREE, distinct - 1) + 1)
    # With too few points for the criterion a straight line is meant.
    return _best(xs, ys, [(d + 1, _polynomial(xs, ys, d)) for d in degrees], min(1, distinct - 1))


def fit_spline(x: Sequence[float], y: Sequence[float]) -> PiecewiseCubic:
    """Return the natural cubic regression spline of least squares, with the number of knots of least AICc.

    Two to six knots, at quantiles of the different x; two are a straight line.

    Raises:
        FitError: fewer than two different x, or numbers that are not finite.
    """
    xs, ys = _points(x, y, 2)
    counts = range(2, min(_MOST_KNOTS, len(np.unique(xs))) + 1)
    return _best(xs, ys, [(count, _regression_spline(xs, ys, count)) for count in counts], 0)


def fit_akima(x: Sequence[float], y: Sequence[float]) -> PiecewiseCubic:
    """Return Akima's curve through the points, those of one x averaged (Akima 1970, J. ACM 17:589).

    Raises:
        FitError: fewer than two different x, more than 1000, or numbers that are not finite.
    """
    xs, ys = _points(x, y, 2)
    knots, which = np.unique(xs, return_inverse=True)
    if len(knots) > 1000:
        raise FitError(f"{len(knots)} different x are too many.", remedy="Take at most 1000 points.")
    values = np.bincount(which, weights=ys) / np.bincount(which)
    h, m = np.diff(knots), np.diff(values) / np.diff(knots)
    before = (2 * m[0] - m[1], 3 * m[0] - 2 * m[1]) if len(m) > 1 else (m[0], m[0])
    after = (2 * m[-1] - m[-2], 3 * m[-1] - 2 * m[-2]) if len(m) > 1 else (m[0], m[0])
    slopes = np.array([before[1], before[0], *m, *after])
    change = np.abs(np.diff(slopes))
    weight_left, weight_right = change[2:], change[:-2]
    total = weight_left + weight_right
    is_flat = total <= _ROUNDING * (np.abs(slopes[1:-2]) + np.abs(slopes[2:-1]))
    mean = (slopes[1:-2] + slopes[2:-1]) / 2
    weighted = weight_left * slopes[1:-2] + weight_right * slopes[2:-1]
    t = np.where(is_flat, mean, weighted / np.where(is_flat, 1.0, total))
    return _cubics("akima", knots, values, h, m, t)


def _points(x: Iterable[float], y: Iterable[float], least_distinct: int) -> tuple[Numbers, Numbers]:
    xs, ys = np.array(list(x), float), np.array(list(y), float)
    if len(xs) != len(ys) or not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise FitError("The points are not as many finite x as y.")
    if len(np.unique(xs)) < least_distinct:
        raise FitError(f"There are points at {len(np.unique(xs))} different x only.")
    return xs, ys


def _best(xs: Numbers, ys: Numbers, candidates: list[tuple[int, _C]], fallback: int) -> _C:
    """Return the candidate (parameters, curve) of least AICc; the `fallback`-th when there are too few points."""
    scores = [_aicc(xs, ys, parameters, curve.evaluate) for parameters, curve in candidates]
    least = min(scores)
    return candidates[fallback if math.isinf(least) else scores.index(least)][1]


def _aicc(xs: Numbers, ys: Numbers, parameters: int, evaluate: Callable[[float], float]) -> float:
    n = len(xs)
    if n <= parameters + 1:
        return math.inf
    errors = ys - np.array([evaluate(float(x)) for x in xs])
    floor = n * (_ROUNDING * max(float(np.abs(ys).max()), 1e-300) + 1e-10) ** 2
    sse = max(float(errors @ errors), floor)
    return n * math.log(sse / n) + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1)


def _polynomial(xs: Numbers, ys: Numbers, degree: int) -> PolynomialCurve:
    # Fitted with x mapped to -1..1, which is well conditioned, then written in x itself.
    coefficients = np.polynomial.Polynomial.fit(xs, ys, degree).convert().coef
    padded = [*map(float, coefficients), *[0.0] * (degree + 1 - len(coefficients))]
    return PolynomialCurve(type="poly", coefficients=padded[::-1])


def _regression_spline(xs: Numbers, ys: Numbers, count: int) -> PiecewiseCubic:
    """A natural spline is linear in its values at the knots: least squares finds them."""
    knots = np.quantile(np.unique(xs), np.linspace(0, 1, count))
    slopes = _natural_slopes(knots)
    piece = np.clip(np.searchsorted(knots, xs, side="right") - 1, 0, count - 2)
    h = np.diff(knots)[piece]
    s = (xs - knots[piece]) / h
    rows = np.arange(len(xs))
    # Hermite's form: values and slopes at both ends of the piece, the slopes being linear in all values.
    design = np.zeros((len(xs), count))
    design[rows, piece] += 1 - 3 * s**2 + 2 * s**3
    design[rows, piece + 1] += 3 * s**2 - 2 * s**3
    design += (h * (s - 2 * s**2 + s**3))[:, None] * slopes[piece] + (h * (s**3 - s**2))[:, None] * slopes[piece + 1]
    values = np.linalg.lstsq(design, ys, rcond=None)[0]
    widths = np.diff(knots)
    return _cubics("spline", knots, values, widths, np.diff(values) / widths, slopes @ values)


def _natural_slopes(knots: Numbers) -> Numbers:
    """Return the matrix that turns values at the knots into slopes there, for a curvature of 0 at both ends."""
    n, h = len(knots), np.diff(knots)
    left, right = np.zeros((n, n)), np.zeros((n, n))
    left[0, :2], left[-1, -2:] = (2, 1), (1, 2)
    right[0, :2] = np.array([-3, 3]) / h[0]
    right[-1, -2:] = np.array([-3, 3]) / h[-1]
    for i in range(1, n - 1):
        before, after = 1 / h[i - 1], 1 / h[i]
        left[i, i - 1 : i + 2] = before, 2 * (before + after), after
        right[i, i - 1 : i + 2] = -3 * before**2, 3 * (before**2 - after**2), 3 * after**2
    return np.linalg.solve(left, right)


def _cubics(kind: str, knots: Numbers, values: Numbers, h: Numbers, m: Numbers, t: Numbers) -> PiecewiseCubic:
    """Return the cubics through `values` with slopes `t`; `h` widths and `m` mean slopes of the pieces."""
    c = (3 * m - 2 * t[:-1] - t[1:]) / h
    d = (t[:-1] + t[1:] - 2 * m) / h**2
    rows = zip(values[:-1], t[:-1], c, d, strict=True)
    return PiecewiseCubic.model_validate(
        {
            "type": kind,
            "knots": [float(knot) for knot in knots],
            "coefficients": [[float(each) for each in row] for row in rows],
        }
    )
