"""What an estimator of fused optical density is, and how it estimates.

At each angle the mean of ln(volts) and its spread are Akima splines over log10(OD). Given volts, the estimate is the OD
that explains them best: the least sum over angles of sqrt(1 + r^2) - 1 + ln(s), the pseudo-Huber loss (Charbonnier and
others 1997, IEEE Trans. Image Process. 6:298): one odd angle does not pull the estimate away. With L = log10(OD):

    r = (ln(volts) - mean(L)) / s,    s = max(spread(L), floor) / max(|mean'(L)|, 0.05) * trust(L)

where trust goes from an angle's `low_conc_scales` at the thin end of the range to 1 at the dense end.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, FiniteFloat, PositiveFloat, model_validator

from core.calibrations.calibration import LONGEST_NAME, StoredThing, Text, as_mapping, validated
from core.calibrations.curves import PiecewiseCubic
from core.errors import BadRequestError, ServiceError
from core.names import check_safe_name

DEVICE = "od_fused"
_TYPE = "od_fused_estimator"
_LEAST_SLOPE = 0.05
_GRID_POINTS = 256
_BRACKETS = 4
_GOLDEN = (math.sqrt(5) - 1) / 2
_FINE_ENOUGH = 1e-6
_MOST_LOG_SPREAD, _LEAST_SPREAD = 50.0, 1e-300

Angle = Literal["45", "90", "135"]
Splines = dict[Angle, PiecewiseCubic]
Grid = np.ndarray[Any, np.dtype[np.float64]]


class EstimateError(ServiceError):
    """These readings give no estimate."""

    default_remedy = "Look at the photodiodes and at the estimator's angles; or deactivate the estimator."


class FusedOdEstimator(StoredThing):
    """An estimator of optical density from volts at several angles."""

    estimator_type: Literal["od_fused_estimator"]
    estimator_name: str
    ir_led_intensity: FiniteFloat
    angles: Annotated[list[Angle], Field(min_length=1)]
    mu_splines: Splines
    sigma_splines_log: Splines
    min_logc: FiniteFloat
    max_logc: FiniteFloat
    sigma_floor: PositiveFloat
    recorded_data: dict[str, Any]
    low_conc_scales: dict[Angle, PositiveFloat] = Field(default_factory=dict)
    y: Text = "log(Voltage)"

    @model_validator(mode="after")
    def _check_angles(self) -> FusedOdEstimator:
        if len(set(self.angles)) != len(self.angles):
            raise ValueError("an angle comes twice")
        for name in ("mu_splines", "sigma_splines_log"):
            missing = [angle for angle in self.angles if angle not in getattr(self, name)]
            if missing:
                raise ValueError(f"{name} has nothing for {', '.join(missing)} degrees")
        if not self.min_logc < self.max_logc:
            raise ValueError("min_logc must be below max_logc")
        return self

    @property
    def name(self) -> str:
        """The estimator's name."""
        return self.estimator_name

    def estimate(self, volts: Mapping[str, float]) -> float:
        """Return the optical density that explains `volts` by angle ("45", "90", "135") best.

        The cost is looked at on a grid, and around its four best minima followed to the last digits.

        Raises:
            EstimateError: an angle is missing, or sees no light; or the estimator's curves are no use there.
        """
        logs = {}
        for angle in self.angles:
            if not volts.get(angle, 0.0) > 0:
                raise EstimateError(f"Estimator {self.name} needs light at {angle} degrees; there is none.")
            logs[angle] = math.log(volts[angle])

        def cost(log_od: float) -> float:
            return sum(self._views[angle].cost(log_v, log_od) for angle, log_v in logs.items())

        costs = sum((self._grid_cost(angle, log_v) for angle, log_v in logs.items()), np.zeros(_GRID_POINTS))
        if not np.isfinite(costs).all():
            raise EstimateError(f"The curves of estimator {self.name} have no finite value at these readings.")
        around = [self._golden(cost, index) for index in _lowest_minima(costs)]
        return float(10.0 ** min(around, key=cost))

    def prepare(self) -> None:
        """Work out beforehand what is the same for every reading: it takes some milliseconds."""
        _ = self._on_grid

    def is_at_an_end(self, od: float, within: float = 0.001) -> bool:
        """Whether `od` is within a fraction of either end of the estimator's range, so that it may lie beyond."""
        ends = (10.0**self.min_logc, 10.0**self.max_logc)
        return any(abs(od - end) <= within * end for end in ends)

    @cached_property
    def _views(self) -> dict[Angle, _View]:
        return {angle: _View(self, angle) for angle in self.angles}

    @cached_property
    def _grid(self) -> list[float]:
        return [float(each) for each in np.linspace(self.min_logc, self.max_logc, _GRID_POINTS)]

    @cached_property
    def _on_grid(self) -> dict[Angle, tuple[Grid, Grid]]:
        """Mean and spread of each angle at the grid's points; the same for every reading."""
        looks = {angle: np.array([view.look(each) for each in self._grid]) for angle, view in self._views.items()}
        return {angle: (look[:, 0], look[:, 1]) for angle, look in looks.items()}

    def _grid_cost(self, angle: Angle, log_v: float) -> Grid:
        means, spreads = self._on_grid[angle]
        with np.errstate(all="ignore"):
            return np.sqrt(1.0 + ((log_v - means) / spreads) ** 2) - 1.0 + np.log(spreads)

    def _golden(self, cost: Callable[[float], float], index: int) -> float:
        """Return the minimum between the grid's neighbours of a point, by golden-section search (Kiefer 1953)."""
        low, high = self._grid[max(index - 1, 0)], self._grid[min(index + 1, _GRID_POINTS - 1)]
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        cost_left, cost_right = cost(left), cost(right)
        while high - low > _FINE_ENOUGH:
            if cost_left <= cost_right:
                high, right, cost_right = right, left, cost_left
                left = high - _GOLDEN * (high - low)
                cost_left = cost(left)
            else:
                low, left, cost_left = left, right, cost_right
                right = low + _GOLDEN * (high - low)
                cost_right = cost(right)
        return min((low, high, (low + high) / 2), key=cost)


class _View:
    """One angle of an estimator, in plain numbers: it is asked a hundred times for each reading."""

    def __init__(self, estimator: FusedOdEstimator, angle: Angle) -> None:
        mu, sigma = estimator.mu_splines[angle], estimator.sigma_splines_log[angle]
        self._mu = (mu.knots, mu.coefficients)
        self._sigma = (sigma.knots, sigma.coefficients)
        self._floor = estimator.sigma_floor
        low = estimator.low_conc_scales.get(angle, 1.0)
        self._trust_slope = (1.0 - low) / (estimator.max_logc - estimator.min_logc)
        self._trust_at_0 = low - self._trust_slope * estimator.min_logc

    def look(self, log_od: float) -> tuple[float, float]:
        """Return the mean of ln(volts), and its effective spread."""
        mean, slope = _value_and_slope(*self._mu, log_od)
        spread = max(math.exp(min(_value_and_slope(*self._sigma, log_od)[0], _MOST_LOG_SPREAD)), self._floor)
        trust = self._trust_at_0 + self._trust_slope * log_od
        return mean, max(spread / max(abs(slope), _LEAST_SLOPE) * trust, _LEAST_SPREAD)

    def cost(self, log_v: float, log_od: float) -> float:
        """Return this angle's share of the cost."""
        mean, spread = self.look(log_od)
        r = (log_v - mean) / spread
        return math.sqrt(1.0 + r * r) - 1.0 + math.log(spread)


def _value_and_slope(knots: list[float], coefficients: list[list[float]], x: float) -> tuple[float, float]:
    piece = min(max(bisect.bisect_right(knots, x) - 1, 0), len(coefficients) - 1)
    a, b, c, d = coefficients[piece]
    u = x - knots[piece]
    return a + u * (b + u * (c + u * d)), b + u * (2 * c + 3 * u * d)


def _lowest_minima(costs: Grid) -> list[int]:
    """Return where the grid's lowest local minima are, the lowest first."""
    padded = np.concatenate([[np.inf], costs, [np.inf]])
    minima = np.flatnonzero((costs <= padded[:-2]) & (costs <= padded[2:]))
    return [int(index) for index in minima[np.argsort(costs[minima], kind="stable")][:_BRACKETS]]


def read_estimator(data: Any, device: str) -> FusedOdEstimator:
    """Return the estimator of `device` that plain values describe; BadRequestError names the keys at fault."""
    mapping = as_mapping(data, "estimator")
    if device != DEVICE or mapping.get("estimator_type") != _TYPE:
        cause = f"Only {DEVICE} has estimators, and they are of type {_TYPE}."
        raise BadRequestError("This is no estimator that is known here.", cause, fields=["estimator_type"])
    estimator = validated(FusedOdEstimator, mapping, "estimator")
    check_safe_name(estimator.name, "estimator_name", LONGEST_NAME)
    estimator.prepare()
    return estimator
