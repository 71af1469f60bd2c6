"""Readings of a culture that does not exist: to try what listens to OD readings without a board.

The culture grows logistically from OD 0.05 to 5, 0.5 per hour at first. Each photodiode sees light through a clear vial
plus scatter that its neighbours dim (inner filter), with 0.5 % of noise; the reference sees the LED alone.
"""

from __future__ import annotations

import math
import random

from core.jobs.od_reading.channels import REF, OpticalChannels
from core.jobs.od_reading.photometer import LightReading

_FIRST_OD, _LAST_OD, _PER_H = 0.05, 5.0, 0.5
_NOISE = 0.005
_AT_PERCENT = 80.0
# Angle to volts at 80 % of the LED: through a clear vial, per OD; and inner filter per OD.
_SEEN = {REF: (0.15, 0.0, 0.0), "45": (0.012, 0.12, 0.03), "90": (0.01, 0.2, 0.06), "135": (0.05, 0.6, 0.15)}
_THROUGH_V, _DIMMED_PER_OD = 0.5, 0.4


class MadeUpCulture:
    """Gives readings as a photometer does, the same ones again for the same `seed` at the same times."""

    def __init__(self, channels: OpticalChannels, seed: str) -> None:
        self._angles = {**channels.angles, **({channels.reference: REF} if channels.reference else {})}
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._began_s: float | None = None

    def read(self, utc_s: float, intensity_percent: float) -> LightReading:
        """Return what is seen at `utc_s`; the culture is inoculated at the first reading."""
        if self._began_s is None:
            self._began_s = utc_s
        grown = math.exp(min(_PER_H * (utc_s - self._began_s) / 3600, 50.0))
        od = _LAST_OD / (1 + (_LAST_OD / _FIRST_OD - 1) / grown)
        light = intensity_percent / _AT_PERCENT
        volts = {channel: light * _volts(angle, od) * self._noise(angle) for channel, angle in self._angles.items()}
        return LightReading(utc_s, volts, volts)

    def _noise(self, angle: str) -> float:
        return 1.0 if angle == REF else 1.0 + self._random.gauss(0.0, _NOISE)


def _volts(angle: str, od: float) -> float:
    if angle == "180":
        return _THROUGH_V * math.exp(-_DIMMED_PER_OD * od)
    clear, scatter, inner = _SEEN[angle]
    return clear + scatter * od * math.exp(-inner * od)
