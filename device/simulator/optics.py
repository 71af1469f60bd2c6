"""Light: the infrared LED, scatter in the culture, photodiodes, mains hum and the converter.

Each photodiode sees ``gain * light * (clear + scatter * X * exp(-inner * X)) * (1 + error) + ambient + hum + dark``.
The exponential is the inner-filter effect, which makes a curve turn over at X = 1/inner. Light is 1 at 80 % of the LED.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLES_PER_S = 860
_CONVERTER_LIMIT = 32767
_INPUT_LIMIT_V = 3.3
HARMFUL_V = 3.2
_DARK_V = 0.002
_SAMPLE_NOISE_V = 0.00015
_READING_CV = 0.0056
_READING_AR = 0.02
_SHOCK_PROBABILITY = 0.0073
_BUBBLES_PER_H = 0.7
_DROOP, _DROOP_TAU_S = 0.008, 0.3  # what the LED loses as it warms up in a pulse
_STRAY_SHARE = 0.03  # of another LED's light, against the infrared LED's


@dataclass(frozen=True)
class Photodiode:
    """One position: volts at 80 % through a clear vial, volts per OD, inner filter per OD."""

    angle: str
    clear_v: float
    scatter_v: float
    inner_per_od: float


# In the order of channels 1 to 4; the first looks straight at the LED.
PHOTODIODES = (
    Photodiode("REF", 0.150, 0.0, 0.0),
    Photodiode("90", 0.010, 0.20, 0.06),
    Photodiode("135", 0.050, 0.60, 0.15),
    Photodiode("45", 0.012, 0.12, 0.03),
)


@dataclass
class Scene:
    """What there is to see: light of the infrared LED and of the others (1 = 80 %), biomass in suspension (OD)."""

    infrared: float
    stray: float
    suspended_od: float
    droop_from_s: float
    seconds_since_last: float
    stirred: bool


class Optics:
    """The four photodiodes and their converters.

    Attributes:
        saturated: channels 1..4 whose input is stuck at the front end's limit.
        ambient_v: light from the room at every photodiode but the first.
    """

    def __init__(self, rng: np.random.Generator, mains_hz: float) -> None:
        self._rng = rng
        self._mains_hz = mains_hz
        count = len(PHOTODIODES)
        self._gain = np.exp(0.07 * rng.standard_normal(count))
        self._hum_v = rng.uniform(0.0002, 0.0008, count)
        self._hum_phase = rng.uniform(0.0, 2.0 * math.pi)
        self._dark_v = _DARK_V + 0.0002 * rng.standard_normal(count)
        self._reading_cv = np.array([0.2 * _READING_CV] + [_READING_CV] * (count - 1))
        self._error = np.zeros(count)
        self._courses: dict[int, Floats] = {}
        self.ambient_v = float(rng.uniform(0.002, 0.005))
        self.saturated: set[int] = set()

    def clean_volts(self, scene: Scene) -> Floats:
        """Return what each photodiode would read without noise, hum, ambient light and dark offset, in volts."""
        light, stray = scene.infrared, _STRAY_SHARE * scene.stray
        x = scene.suspended_od
        seen = [pd.clear_v + pd.scatter_v * x * math.exp(-pd.inner_per_od * x) for pd in PHOTODIODES]
        volts = [light * seen[0], *[(light + stray) * value for value in seen[1:]]]
        seen_v: Floats = self._gain * np.array(volts)
        return seen_v

    def sample(self, scene: Scene, start_us: int, window_us: int, full_scale_v: list[float]) -> Floats:
        """Return raw counts as whole numbers, shape (photodiodes, samples), evenly spaced over the window."""
        if window_us not in self._courses:
            self._courses[window_us] = self._course(window_us)
        course = self._courses[window_us]
        self._draw_errors(scene)
        # One matrix product in counts: what each photodiode has of each course of time, times counts per volt.
        shares = self._shares(scene, start_us)
        per_volt = _CONVERTER_LIMIT / np.array(full_scale_v)
        shares *= per_volt[:, None]
        counts: Floats = self._rng.standard_normal((len(PHOTODIODES), course.shape[1]))
        counts *= (_SAMPLE_NOISE_V * per_volt)[:, None]
        counts += shares @ course
        limits = np.minimum(_INPUT_LIMIT_V * per_volt, _CONVERTER_LIMIT)
        for channel in self.saturated:
            counts[channel - 1] = limits[channel - 1]
        np.clip(counts, 0.0, limits[:, None], out=counts)
        np.rint(counts, out=counts)
        return counts

    def _shares(self, scene: Scene, start_us: int) -> Floats:
        """Return what each photodiode has of the rows of a course, in volts, shape (photodiodes, 6)."""
        light = self.clean_volts(scene) * (1.0 + self._error)
        shares = np.empty((len(PHOTODIODES), 6))
        steady = shares[:, 0]
        np.multiply(light, 1.0 - _DROOP, out=steady)
        steady += self._dark_v
        steady[1:] += self.ambient_v
        np.multiply(light, _DROOP * math.exp(-scene.droop_from_s / _DROOP_TAU_S), out=shares[:, 1])
        np.multiply.outer(self._hum_v, self._hum(start_us * 1e-6), out=shares[:, 2:])
        return shares

    def _course(self, window_us: int) -> Floats:
        """Return how light and hum go on within a window, shape (6, samples).

        Rows: steady, the fading of the LED as it warms up, and sine and cosine of mains and second harmonic.
        """
        count = max(1, window_us * SAMPLES_PER_S // 1_000_000)
        seconds: Floats = (np.arange(count, dtype=np.float64) + 0.5) * (window_us * 1e-6 / count)
        mains = 2.0 * math.pi * self._mains_hz * seconds
        rows = [np.ones(count), np.exp(-seconds / _DROOP_TAU_S)]
        return np.stack([*rows, np.sin(mains), np.cos(mains), np.sin(2.0 * mains), np.cos(2.0 * mains)])

    def _hum(self, start_s: float) -> list[float]:
        """Return the hum's shares of the last four rows of a course, for a window that starts at `start_s`.

        The second harmonic has a fifth of the amplitude, and the phase drifts slowly.
        """
        drift = 0.5 * math.sin(2.0 * math.pi * start_s / 600.0)
        phase = 2.0 * math.pi * self._mains_hz * start_s + self._hum_phase + drift
        second = 2.0 * phase
        return [math.cos(phase), math.sin(phase), 0.2 * math.cos(second), 0.2 * math.sin(second)]

    def _draw_errors(self, scene: Scene) -> None:
        """Draw this reading's errors; always the same number of draws, whatever happens."""
        count = len(PHOTODIODES)
        normal = self._rng.standard_normal(count)
        chance, shock, size, bubble = self._rng.random(4)
        if chance < _SHOCK_PROBABILITY:
            normal[1 + int(shock * (count - 1))] *= 2.0 + 3.0 * size
        self._error = _READING_AR * self._error + self._reading_cv * normal
        gap_s = min(scene.seconds_since_last, 60.0)
        if scene.stirred and bubble < _BUBBLES_PER_H * gap_s / 3600.0:
            self._error[1:] += 0.03 + 0.10 * size
