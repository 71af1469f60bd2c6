"""The duty believed to hold the stir bar's target speed: by its calibration, and by what was measured since."""

from __future__ import annotations

from collections.abc import Callable

# The calibration is believed by nine tenths when the target changes, and a little is added for a motor under load.
_CALIBRATION_WEIGHT, _CALIBRATION_GAIN = 0.9, 1.05
_STALL_STEP = 1.01
_STALL_MAX_DUTY = 60.0


class DutyEstimate:
    """The duty in percent that should hold the speed wanted.

    Args:
        first_percent: the duty to begin with.
        calibrated_percent: returns the duty that gives a speed in rpm by the active calibration; None where nothing
            is known of it.

    Attributes:
        percent: the duty, 0 to 100.
    """

    def __init__(self, first_percent: float, calibrated_percent: Callable[[float], float | None]) -> None:
        self.percent = first_percent
        self._calibrated_percent = calibrated_percent
        self._rpm: float | None = None

    def begin_at(self, rpm: float) -> None:
        """Take the calibration's word for the first target, where there is one."""
        duty = self._calibrated_percent(rpm)
        if duty is not None:
            self.percent = _within(_CALIBRATION_GAIN * duty)
        self._rpm = rpm

    def aim_at(self, rpm: float) -> None:
        """Follow a new target at once, mostly by the calibration; corrections go on from there.

        A target that comes back after a rest keeps the duty that held it.
        """
        if rpm in (0.0, self._rpm):
            return
        self._rpm = rpm
        duty = self._calibrated_percent(rpm)
        if duty is not None:
            blended = self.percent - _CALIBRATION_WEIGHT * (self.percent - duty)
            self.percent = _within(_CALIBRATION_GAIN * blended)

    def correct(self, by_percent: float) -> None:
        """Add what the measured speed asks for."""
        self.percent = _within(self.percent + by_percent)

    def after_stall(self) -> None:
        """Add a little for a bar that stood still, but never so much that it is thrown off the magnet."""
        self.percent = min(_STALL_STEP * self.percent, _STALL_MAX_DUTY)


def _within(percent: float) -> float:
    return min(max(percent, 0.0), 100.0)
