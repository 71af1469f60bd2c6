"""Which x a calibration gives for a y: within its points, nearest to them, or none."""

from __future__ import annotations

import itertools
import math

import pytest
from calibration_data import od, pump
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calibrations.calibration import AboveDomainError, BelowDomainError, Calibration, read_calibration
from core.calibrations.curves import NoSolutionError
from core.calibrations.fits import fit_akima


def calibration(coefficients: list[float], recorded_x: list[float]) -> Calibration:
    curve = {"type": "poly", "coefficients": coefficients}
    return read_calibration(od(curve_data_=curve, recorded_data={"x": recorded_x, "y": [0.0] * len(recorded_x)}))


PARABOLA = [1.0, 0.0, 0.0]


def test_one_solution_within_the_points() -> None:
    line = calibration([2.0, 0.0], [0.0, 1.0])
    assert line.solve(1.0, within_domain=True) == line.solve(1.0, within_domain=False) == 0.5


def test_one_solution_outside_the_points() -> None:
    line = calibration([2.0, 0.0], [0.0, 1.0])
    assert line.solve(3.0, within_domain=False) == 1.5
    with pytest.raises(AboveDomainError):
        line.solve(3.0, within_domain=True)
    with pytest.raises(BelowDomainError):
        line.solve(-1.0, within_domain=True)


def test_a_hair_outside_is_the_end_itself() -> None:
    third = 1 / 3
    line = calibration([1.0, 0.0], [0.0, third])
    assert line.solve(third, within_domain=True) == pytest.approx(third, abs=1e-10)
    assert line.solve(0.0, within_domain=True) == 0.0


def test_of_several_the_lowest_within_the_points() -> None:
    assert calibration(PARABOLA, [-5.0, 5.0]).solve(4.0, within_domain=True) == -2.0
    assert calibration(PARABOLA, [0.0, 5.0]).solve(4.0, within_domain=True) == 2.0
    assert calibration(PARABOLA, [0.0, 5.0]).solve(4.0, within_domain=False) == 2.0


def test_of_several_outside_the_nearest_to_the_points() -> None:
    above = calibration(PARABOLA, [-0.5, 1.0])
    assert above.solve(4.0, within_domain=False) == 2.0
    with pytest.raises(AboveDomainError):
        above.solve(4.0, within_domain=True)
    below = calibration(PARABOLA, [-1.0, 0.5])
    assert below.solve(4.0, within_domain=False) == -2.0
    with pytest.raises(BelowDomainError):
        below.solve(4.0, within_domain=True)


def test_without_points_everything_is_within() -> None:
    assert calibration([1.0, 0.0], []).solve(1e6, within_domain=True) == 1e6


def test_what_never_comes_has_no_solution() -> None:
    with pytest.raises(NoSolutionError, match="never gives Voltage"):
        calibration([1.0, 0.0, 1.0], [0.0, 1.0]).solve(0.0, within_domain=False)


def test_the_run_time_of_a_pump() -> None:
    media = read_calibration(pump())
    assert media.solve(media.evaluate(11.0), within_domain=False) == pytest.approx(11.0)
    assert media.solve(0.842, within_domain=False) == 10.0


@settings(deadline=None, max_examples=60)
@given(st.floats(0.0, 5.0), st.lists(st.floats(0.2, 3.0), min_size=6, max_size=6))
def test_solving_undoes_evaluating_along_a_measured_curve(x: float, slopes: list[float]) -> None:
    knots = [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
    volts = [0.01]
    for low, high, slope in zip(knots, knots[1:], slopes, strict=False):
        volts.append(volts[-1] + slope * (high - low))
    data = od(curve_data_=fit_akima(knots, volts).model_dump(), recorded_data={"x": knots, "y": volts})
    made = read_calibration(data)
    y = made.evaluate(x)
    solved = made.solve(y, within_domain=True)
    assert math.isclose(made.evaluate(solved), y, abs_tol=1e-7)
    if all(c[1] > 0 for c in made.curve_data_.coefficients) and _rises(made, knots):
        assert solved == pytest.approx(x, abs=1e-6)


def _rises(made: Calibration, knots: list[float]) -> bool:
    values = [made.evaluate(knots[0] + (knots[-1] - knots[0]) * step / 500) for step in range(501)]
    return all(low < high for low, high in itertools.pairwise(values))
