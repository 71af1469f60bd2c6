"""The culture: lag, logistic growth that depends on temperature and a drug, and what dilution does to it.

Lag after Baranyi and Roberts (1994), temperature after Rosso et al. (1993, cardinal temperatures with inflection),
drug after Toprak et al. (2012). At constant conditions each step is exact, so its length does not matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Strain:
    """What grows: rate per hour at the best temperature, lag in hours there, cardinal temperatures in °C.

    The default is a fast strain that tolerates cold, like some Pseudomonas: in an unheated vial it doubles within an
    hour.
    """

    growth_per_h: float = 1.0
    lag_h: float = 0.5
    capacity_od: float = 8.0
    coldest_celsius: float = 2.0
    best_celsius: float = 34.0
    hottest_celsius: float = 45.0
    half_inhibition: float = 1.0


def temperature_factor(strain: Strain, celsius: float) -> float:
    """Return growth relative to the best temperature, 0..1; 0 outside the cardinal temperatures."""
    low, best, high = strain.coldest_celsius, strain.best_celsius, strain.hottest_celsius
    if not low < celsius < high:
        return 0.0
    above = (best - low) * (celsius - best) - (best - high) * (best + low - 2.0 * celsius)
    return (celsius - high) * (celsius - low) ** 2 / ((best - low) * above)


class Culture:
    """Cells in suspension.

    Attributes:
        biomass_od: cells per volume in OD units.
        drug: concentration of the alternative medium, its bottle's being 1.
        suspended: fraction of the cells that is afloat; without stirring they settle.
    """

    def __init__(self, strain: Strain, inoculum_od: float) -> None:
        self._strain = strain
        self._readiness = 1.0 / math.expm1(strain.growth_per_h * strain.lag_h) if strain.lag_h > 0 else math.inf
        self.biomass_od = inoculum_od
        self.drug = 0.0
        self.suspended = 1.0

    def growth_per_h(self, celsius: float) -> float:
        """Return the rate at this temperature and drug, before lag and crowding."""
        inhibition = 1.0 + (self.drug / self._strain.half_inhibition) ** 2
        return self._strain.growth_per_h * temperature_factor(self._strain, celsius) / inhibition

    def grow(self, dt_s: float, celsius: float, stirred: bool) -> None:
        """Go on by `dt_s` at a constant temperature."""
        steps = self.growth_per_h(celsius) * dt_s / 3600.0
        if steps > 0.0 and self.biomass_od > 0.0:
            effective = self._past_lag(steps)
            crowding = self._strain.capacity_od / self.biomass_od - 1.0
            self.biomass_od = self._strain.capacity_od / (1.0 + crowding * math.exp(-effective))
        if stirred:
            self.suspended = 1.0 - (1.0 - self.suspended) * math.exp(-dt_s / 5.0)
        else:
            self.suspended *= math.exp(-0.005 * dt_s / 60.0)

    def add_liquid(self, volume_ml: float, added_ml: float, drug: float) -> None:
        """Mix `added_ml` of cell-free liquid into `volume_ml` (negative: water that evaporates)."""
        dilution = volume_ml / (volume_ml + added_ml)
        self.biomass_od *= dilution
        self.drug = self.drug * dilution + drug * (1.0 - dilution)

    def _past_lag(self, steps: float) -> float:
        """Return the part of `steps` (rate times time) that remains after lag, and let the cells get readier."""
        if self._readiness > 1e6:
            return steps
        before = self._readiness
        self._readiness = before * math.exp(steps)
        return math.log((1.0 + self._readiness) / (1.0 + before))
