"""The curve of a calibration: polynomial or piecewise cubic, evaluated for drawing and for residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def evaluate(curve: dict[str, Any], x: Values) -> Values:
    """Return the curve's values at `x`; NaN where it is not defined or cannot be read.

    Polynomials have their highest power first. A piecewise cubic (`spline`, `akima`) has knots k and coefficients
    [a, b, c, d] of a + b·u + c·u² + d·u³ with u = x − k for each piece; outside the knots the outer pieces go on.
    """
    if curve.get("type") == "poly":
        return np.polyval(np.asarray(curve.get("coefficients") or [np.nan], float), x)
    knots = np.asarray(curve.get("knots") or [], float)
    pieces = np.asarray(curve.get("coefficients") or [], float)
    if len(knots) < 2 or pieces.shape != (len(knots) - 1, 4):
        return np.full_like(x, np.nan)
    piece = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(pieces) - 1)
    u = x - knots[piece]
    a, b, c, d = pieces[piece].T
    return np.asarray(a + u * (b + u * (c + u * d)), float)


def domain(curve: dict[str, Any], points_x: list[float]) -> tuple[float, float]:
    """Return the range of x the curve is drawn over: its knots and what was measured; polynomials begin at 0."""
    known = [*points_x, *(curve.get("knots") or [])]
    if curve.get("type") == "poly":
        known.append(0.0)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1.0)


def formula(curve: dict[str, Any]) -> str:
    """Say the curve in a formula people know, or how it is made."""
    kind, coefficients = curve.get("type"), curve.get("coefficients") or []
    if kind != "poly":
        word = "Spline" if kind == "spline" else "Akima spline" if kind == "akima" else str(kind)
        return f"{word} through {len(curve.get('knots') or [])} knots"
    terms: list[str] = []
    for power, coefficient in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
        if coefficient or (not terms and power == 0):
            factor = "" if power == 0 else " · x" if power == 1 else f" · x{_raised(power)}"
            sign = "−" if coefficient < 0 else "+" if terms else ""
            terms.append(f"{sign}{' ' if terms else ''}{abs(coefficient):.4g}{factor}")
    return f"y = {' '.join(terms)}"


def _raised(power: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))
