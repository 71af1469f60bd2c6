"""Removing the LED's drift: dividing by what the reference photodiode sees.

`unity`: OD = signal / average of (REF / REF0), which stays near the signal's volts; REF0 is the experiment's first.
`classic`: OD = signal / average of REF. A reference that suddenly jumps is not believed: a noise gate keeps it out.
"""

from __future__ import annotations

import math

from core.jobs.od_reading.averages import MovingAverage

MODES = ("unity", "classic")
# Below this the reference photodiode sees no light at all: the LED is dead, or not in its pocket.
NO_LIGHT_V = 0.001
_BASELINE_WEIGHT = 0.8
_POWER_WEIGHT = 0.95
_FIRST_SIGMA = 0.001
_GATE_SIGMA = 0.025
_GATE_INTERVAL_S = 5.0


class NoLightError(ValueError):
    """The reference photodiode sees no light."""


class Reference:
    """The reference's average and its noise gate.

    Args:
        mode: `unity` or `classic`.
        past_weight: weight of the past in the average (`pd_reference_ema`).
        interval_s: time between readings, None for a single one.

    Attributes:
        first_v: REF0, the experiment's first reference reading in volts; None when there was none yet.
    """

    def __init__(self, mode: str, past_weight: float, interval_s: float | None) -> None:
        self.interval_s = interval_s
        self.first_v: float | None = None
        self._mode = mode
        self._past_weight = past_weight
        self.begin_again()

    def begin_again(self) -> None:
        """Believe the next value whatever it is: the LED was set anew, or time has passed."""
        self._average = MovingAverage(self._past_weight)
        self._reset_gate()

    def update(self, reference_v: float, fresh_v: float) -> bool:
        """Take one reference reading in; return False when the gate kept it out.

        Args:
            reference_v: the reading in volts, smoothed.
            fresh_v: the reading in volts as it was measured.

        Raises:
            NoLightError: there is no light to compare with.
        """
        if fresh_v < NO_LIGHT_V:
            raise NoLightError(f"the reference photodiode reads {1000 * fresh_v:.2f} mV")
        if self.first_v is None:
            self.first_v = reference_v
        relative = reference_v / self.first_v
        baseline = self._baseline.value
        self._baseline.update(relative)
        sigma = math.sqrt(self._power.update((relative - baseline) ** 2 if baseline is not None else 0.0))
        if sigma > self.limit:
            self._reset_gate()
            if self._average.value is not None:
                return False
        self._average.update(relative if self._mode == "unity" else reference_v)
        return True

    @property
    def limit(self) -> float:
        """The largest scatter of the relative reference that is believed."""
        return _GATE_SIGMA * math.sqrt((self.interval_s or _GATE_INTERVAL_S) / _GATE_INTERVAL_S)

    @property
    def divisor(self) -> float:
        """What signals are divided by."""
        return self._average.value or 1.0

    def _reset_gate(self) -> None:
        self._baseline = MovingAverage(_BASELINE_WEIGHT)
        self._power = MovingAverage(_POWER_WEIGHT)
        self._power.update(_FIRST_SIGMA**2)
