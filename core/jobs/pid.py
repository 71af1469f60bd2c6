"""A PID controller in positional form with a limited output.

The derivative acts on what is measured, so that a new target gives no kick; the integral is a sum of error times time,
held within the limits of the output so that it cannot wind up (Åström and Murray, Feedback Systems, 2nd ed., sections
11.1 and 11.4).
"""

from __future__ import annotations


class Pid:
    """Turns a measurement into a correction.

    Args:
        kp, ki, kd: gains per unit of error, per unit of error and time, and per unit of error per time.
        low, high: the correction, and the integral, are held within these.
    """

    def __init__(self, kp: float, ki: float, kd: float, low: float, high: float) -> None:
        self._kp, self._ki, self._kd = kp, ki, kd
        self._low, self._high = low, high
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._integral = 0.0
        self._last: float | None = None
        self._trace: dict[str, float] = {}

    @property
    def trace(self) -> dict[str, float]:
        """How the latest correction came about: each term as it went into the sum; empty before the first."""
        return dict(self._trace)

    def update(self, target: float, measured: float, elapsed: float) -> float:
        """Return the correction for `measured`, taken `elapsed` after the last one, in the time unit of the gains."""
        error = target - measured
        self._integral = self._limited(self._integral + error * elapsed)
        slope = (measured - self._last) / elapsed if self._last is not None and elapsed > 0 else 0.0
        self._last = measured
        proportional, integral, derivative = self._kp * error, self._ki * self._integral, -self._kd * slope
        correction = self._limited(proportional + integral + derivative)
        self._trace = {
            "setpoint": target,
            "output_limits_lb": self._low,
            "output_limits_ub": self._high,
            "Kd": self._kd,
            "Ki": self._ki,
            "Kp": self._kp,
            "integral": integral,
            "proportional": proportional,
            "derivative": derivative,
            "latest_input": measured,
            "latest_output": correction,
        }
        return correction

    def _limited(self, value: float) -> float:
        return min(max(value, self._low), self._high)
