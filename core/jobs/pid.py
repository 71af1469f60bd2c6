"""A PID controller in positional form with a limited output.

The derivative acts on the error, the integral is a sum of error times time (Åström and Murray, Feedback Systems,
2nd ed., section 11.1).
"""

from __future__ import annotations


class Pid:
    """Turns an error into a correction.

    Args:
        kp, ki, kd: gains per unit of error, per unit of error and second, and per unit of error per second.
        limit: the correction is held within ± this.
    """

    def __init__(self, kp: float, ki: float, kd: float, limit: float) -> None:
        self._kp, self._ki, self._kd = kp, ki, kd
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._integral = 0.0
        self._last_error: float | None = None

    def update(self, error: float, elapsed_s: float) -> float:
        """Return the correction for `error`, `elapsed_s` after the last one."""
        self._integral += error * elapsed_s
        slope = 0.0
        if self._last_error is not None and elapsed_s > 0:
            slope = (error - self._last_error) / elapsed_s
        self._last_error = error
        correction = self._kp * error + self._ki * self._integral + self._kd * slope
        return min(max(correction, -self._limit), self._limit)
