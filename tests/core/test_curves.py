"""Curves of calibrations: what they give, where they have a value, and how they are fitted to points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calibrations.curves import CurveError, PiecewiseCubic, PolynomialCurve
from core.calibrations.fits import FitError, fit_akima, fit_polynomial, fit_spline


def poly(*coefficients: float) -> PolynomialCurve:
    return PolynomialCurve(type="poly", coefficients=list(coefficients))


def spline(knots: list[float], coefficients: list[list[float]]) -> PiecewiseCubic:
    return PiecewiseCubic(type="spline", knots=knots, coefficients=coefficients)


TENT = spline([0.0, 1.0, 2.0], [[0.0, 1.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0]])


def test_a_polynomial_has_its_highest_power_first() -> None:
    assert poly(2.0, 0.0, 1.0).evaluate(3.0) == 19.0
    assert poly(5.0).evaluate(-7.0) == 5.0


def test_every_solution_of_a_polynomial_ascends_and_complex_ones_are_none() -> None:
    assert poly(1.0, 0.0, -1.0, 0.0).solutions(0.0) == [-1.0, 0.0, 1.0]
    assert poly(1.0, 0.0, 1.0).solutions(0.0) == []
    assert poly(1.0, 0.0, 0.0).solutions(4.0) == [-2.0, 2.0]


def test_a_constant_has_no_solution() -> None:
    assert poly(3.0).solutions(3.0) == []
    assert poly(0.0, 0.0, 3.0).solutions(1.0) == []
    assert poly(0.0, 3.0).is_constant
    assert not poly(1.0, 3.0).is_constant


def test_a_spline_goes_on_with_its_end_cubics() -> None:
    curve = spline([1.0, 2.0, 3.0], [[0.0, 1.0, 1.0, 1.0], [3.0, 6.0, 0.0, 0.0]])
    assert curve.evaluate(0.0) == 0.0 - 1.0 + 1.0 - 1.0
    assert curve.evaluate(2.0) == 3.0
    assert curve.evaluate(5.0) == 21.0
    assert curve.solutions(21.0) == [5.0]


def test_a_solution_at_a_knot_counts_once() -> None:
    assert TENT.solutions(1.0) == [1.0]
    assert TENT.solutions(0.25) == [0.25, 1.75]
    assert TENT.solutions(-3.0) == [-3.0, 5.0]
    assert TENT.solutions(2.0) == []


def test_solutions_are_found_in_the_middle_of_many_pieces() -> None:
    x = np.linspace(0, 10, 401)
    curve = fit_akima(list(x), list(np.sin(x)))
    assert curve.solutions(0.5) == pytest.approx([math.pi / 6 + k for k in (0, 2 * math.pi / 3, 2 * math.pi, 8 * math.pi / 3)], abs=1e-5)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    "data",
    [
        {"type": "poly", "coefficients": []},
        {"type": "poly", "coefficients": [math.inf]},
        {"type": "poly", "coefficients": [True]},
        {"type": "poly", "coefficients": ["1"]},
        {"type": "spline", "knots": [0.0], "coefficients": []},
        {"type": "spline", "knots": [0.0, 0.0], "coefficients": [[0.0, 1.0, 0.0, 0.0]]},
        {"type": "akima", "knots": [1.0, 0.0], "coefficients": [[0.0, 1.0, 0.0, 0.0]]},
        {"type": "akima", "knots": [0.0, 1.0], "coefficients": [[0.0, 1.0, 0.0]]},
        {"type": "akima", "knots": [0.0, 1.0, 2.0], "coefficients": [[0.0, 1.0, 0.0, 0.0]]},
    ],
)
def test_what_is_no_curve_is_refused(data: dict[str, Any]) -> None:
    kind = PolynomialCurve if data["type"] == "poly" else PiecewiseCubic
    with pytest.raises(ValueError, match="validation error"):
        kind.model_validate(data)


def test_a_value_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(CurveError, match="no finite value"):
        poly(1e300, 0.0, 0.0).evaluate(1e200)


def _tilted(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Make points of steps: both coordinates rise by at least a little."""
    x = np.cumsum([step for step, _ in points])
    y = np.cumsum([rise for _, rise in points])
    return [float(each) for each in x], [float(each) for each in y]


steps = st.floats(0.05, 2.0)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(steps, steps), min_size=2, max_size=8), st.floats(0, 1))
def test_solving_undoes_evaluating_on_rising_lines_between_knots(
    points: list[tuple[float, float]], where: float
) -> None:
    knots, values = _tilted(points)
    rises = zip(values, values[1:], knots, knots[1:], strict=False)
    lines = [[low, (high - low) / (end - start), 0.0, 0.0] for low, high, start, end in rises]
    curve = spline(knots, lines)
    x = knots[0] + where * (knots[-1] - knots[0])
    assert curve.solutions(curve.evaluate(x)) == [pytest.approx(x, abs=1e-7)]


@settings(deadline=None, max_examples=60)
@given(st.lists(steps, min_size=1, max_size=5), st.floats(0.0, 3.0))
def test_solving_undoes_evaluating_on_rising_polynomials(coefficients: list[float], x: float) -> None:
    curve = poly(*coefficients, 0.3)  # all coefficients positive: it rises for x >= 0
    assert any(abs(found - x) < 1e-6 for found in curve.solutions(curve.evaluate(x)))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(steps, st.floats(-2, 2)), min_size=2, max_size=12))
def test_akima_goes_through_its_points(points: list[tuple[float, float]]) -> None:
    x, y = _tilted(points)
    curve = fit_akima(x, y)
    assert [curve.evaluate(each) for each in x] == pytest.approx(y, abs=1e-8)


def test_akima_averages_points_of_one_x_and_keeps_a_line_straight() -> None:
    curve = fit_akima([0.0, 1.0, 1.0, 2.0], [0.0, 0.5, 1.5, 2.0])
    assert curve.knots == [0.0, 1.0, 2.0]
    assert [curve.evaluate(x) for x in (0.25, 1.0, 1.7)] == pytest.approx([0.25, 1.0, 1.7])
    assert fit_akima([1.0, 3.0], [1.0, 5.0]).evaluate(2.0) == pytest.approx(3.0)


def test_akima_of_a_step_does_not_overshoot_far() -> None:
    # Akima's slopes at points of a step, worked out by hand from his formula: they are 0 beside it.
    curve = fit_akima([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    assert curve.coefficients[2] == pytest.approx([0.0, 0.0, 3.0, -2.0])
    assert curve.coefficients[1] == pytest.approx([0.0, 0.0, 0.0, 0.0])


def test_a_spline_of_points_on_a_line_is_that_line() -> None:
    curve = fit_spline([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 5.0, 7.0, 9.0, 11.0])
    assert len(curve.knots) == 2
    assert curve.coefficients[0] == pytest.approx([1.0, 2.0, 0.0, 0.0], abs=1e-9)


def test_a_spline_takes_the_knots_a_bend_needs_and_is_natural() -> None:
    x = [float(each) for each in np.linspace(0, 4, 40)]
    noise = np.random.default_rng(1).normal(0, 0.001, 40)
    curve = fit_spline(x, [math.exp(-each) + error for each, error in zip(x, noise, strict=True)])
    assert 4 <= len(curve.knots) <= 6
    assert max(abs(curve.evaluate(each) - math.exp(-each)) for each in x) < 0.03  # bent ends are made straight
    first, last = curve.coefficients[0], curve.coefficients[-1]
    width = curve.knots[-1] - curve.knots[-2]
    assert first[2] == pytest.approx(0.0, abs=1e-9)
    assert 2 * last[2] + 6 * last[3] * width == pytest.approx(0.0, abs=1e-9)


def test_pieces_of_a_spline_meet_in_value_slope_and_curvature() -> None:
    x = [float(each) for each in np.linspace(0, 6, 30)]
    curve = fit_spline(x, [math.sin(each) for each in x])
    pieces = zip(curve.coefficients, curve.coefficients[1:], np.diff(curve.knots), strict=False)
    for (a, b, c, d), (a2, b2, c2, _), h in pieces:
        ends = [a + b * h + c * h**2 + d * h**3, b + 2 * c * h + 3 * d * h**2, c + 3 * d * h]
        assert ends == pytest.approx([a2, b2, c2], abs=1e-9)


def test_few_points_give_the_simplest_spline() -> None:
    assert len(fit_spline([0.0, 1.0, 2.0], [0.0, 1.0, 5.0]).knots) == 2


def test_a_polynomial_takes_the_degree_of_the_points() -> None:
    x = [float(each) for each in range(12)]
    assert fit_polynomial(x, [3.0] * 12).coefficients == pytest.approx([3.0])
    assert fit_polynomial(x, [2 * each + 1 for each in x]).coefficients == pytest.approx([2.0, 1.0])
    found = fit_polynomial(x, [each**3 - 4 * each for each in x]).coefficients
    assert found == pytest.approx([1.0, 0.0, -4.0, 0.0], abs=1e-7)


def test_a_polynomial_of_noisy_points_is_not_of_the_highest_degree() -> None:
    x = [float(each) for each in np.linspace(0, 10, 25)]
    noise = np.random.default_rng(3).normal(0, 0.2, 25)
    assert len(fit_polynomial(x, [each + error for each, error in zip(x, noise, strict=True)]).coefficients) <= 3


def test_eight_noisy_points_bear_few_parameters() -> None:
    # Without the correction for few points, the criterion takes a higher degree for more than half of these lines.
    x = [float(each) for each in range(8)]
    degrees = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 0.3, 8)
        curve = fit_polynomial(x, [each + error for each, error in zip(x, noise, strict=True)])
        degrees.append(len(curve.coefficients) - 1)
    assert max(degrees) <= 2
    assert degrees.count(1) >= 16


def test_a_given_degree_is_kept() -> None:
    assert len(fit_polynomial([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 4.0, 9.0], 1).coefficients) == 2
    with pytest.raises(FitError, match="no polynomial of degree 2"):
        fit_polynomial([0.0, 1.0, 1.0], [0.0, 1.0, 2.0], 2)


@pytest.mark.parametrize("fit", [fit_spline, fit_akima])
def test_points_at_one_x_determine_no_curve(fit: Any) -> None:
    with pytest.raises(FitError, match="1 different x"):
        fit([2.0, 2.0], [1.0, 3.0])
    with pytest.raises(FitError, match="finite"):
        fit([2.0, math.nan], [1.0, 3.0])
