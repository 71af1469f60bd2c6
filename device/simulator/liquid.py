"""Pumps and the vial's volume."""

from __future__ import annotations

import math

import numpy as np

_ML_PER_S = 0.0911  # at full duty
_SPIN_UP_S = 0.1
_DOSE_CV = 0.02
_EVAPORATION_ML_PER_H = 0.03


class Pump:
    """A peristaltic pump: proportional to duty above a dead zone, each dose a little different.

    Attributes:
        blocked: it turns but moves nothing.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._full_ml_per_s = _ML_PER_S * math.exp(0.05 * rng.standard_normal())
        self._dead_zone_percent = rng.uniform(25.0, 30.0)
        self._target_ml_per_s = 0.0
        self._ml_per_s = 0.0
        self._running = False
        self.blocked = False

    @property
    def moving(self) -> bool:
        """Whether liquid flows, or soon will."""
        return self._target_ml_per_s > 0.0 or self._ml_per_s > 1e-9

    def set_duty(self, percent: float, supply_v: float) -> None:
        """Set the duty in percent; a start draws this dose's error."""
        starts = percent > 0.0 and not self._running
        self._running = percent > 0.0
        if starts:
            self._dose_factor = 1.0 + _DOSE_CV * self._rng.standard_normal()
        share = max(0.0, percent - self._dead_zone_percent) / (100.0 - self._dead_zone_percent)
        self._target_ml_per_s = self._full_ml_per_s * share * supply_v / 5.0 * self._dose_factor if share else 0.0

    def move(self, dt_s: float) -> float:
        """Return the millilitres moved in `dt_s`."""
        excess = self._ml_per_s - self._target_ml_per_s
        gone = -math.expm1(-dt_s / _SPIN_UP_S)
        moved = self._target_ml_per_s * dt_s + excess * _SPIN_UP_S * gone
        self._ml_per_s -= excess * gone
        return 0.0 if self.blocked else moved

    _dose_factor = 1.0


class Vial:
    """Volumes in millilitres.

    Attributes:
        volume_ml: liquid in the vial, and what has passed so far: `media_ml`, `alt_media_ml`, `waste_ml`.
        efflux_ml: the volume at which the waste tube's tip just touches the surface.
        overflowed: the vial has been fuller than it can be.
    """

    def __init__(self, volume_ml: float, efflux_ml: float, capacity_ml: float) -> None:
        self.volume_ml = volume_ml
        self.efflux_ml = efflux_ml
        self._capacity_ml = capacity_ml
        self.media_ml = self.alt_media_ml = self.waste_ml = 0.0
        self.overflowed = False

    def add(self, media_ml: float, alt_media_ml: float) -> None:
        """Take in fresh liquid; what does not fit runs over."""
        self.media_ml += media_ml
        self.alt_media_ml += alt_media_ml
        self.volume_ml += media_ml + alt_media_ml
        if self.volume_ml > self._capacity_ml:
            self.overflowed = True
            self.volume_ml = self._capacity_ml

    def remove(self, waste_ml: float) -> None:
        """Suck off liquid down to the waste tube's tip, then air."""
        taken = min(waste_ml, max(0.0, self.volume_ml - self.efflux_ml))
        self.volume_ml -= taken
        self.waste_ml += taken

    def evaporate(self, dt_s: float) -> float:
        """Lose water; return the millilitres lost."""
        lost = min(_EVAPORATION_ML_PER_H * dt_s / 3600.0, self.volume_ml - 0.1)
        self.volume_ml -= lost
        return lost
