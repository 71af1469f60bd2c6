"""Optical density by calibration and by estimator: from what the photodiodes read to the user's units."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from core.plugins.api import Clock, FusedOdEstimator, NoSolutionError, OdCalibration, ServiceError, UnitParts

FUSED_DEVICE = "od_fused"
_VOLTAGE = "Voltage"
_SELDOM_S = 300.0


class NotCalibratedError(ServiceError):
    """A calibration or estimator cannot be used for this reading."""

    default_remedy = "Deactivate it, or measure as it was made."


class SeldomLog:
    """Tells each thing at most once in 300 s."""

    def __init__(self, log: logging.LoggerAdapter[Any], clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._told_s: dict[str, float] = {}

    def tell(self, level: int, what: str, message: str) -> None:
        """Log `message` unless something was told of `what` within 300 s."""
        now_s = self._clock.monotonic_s()
        if now_s - self._told_s.get(what, -_SELDOM_S) >= _SELDOM_S:
            self._told_s[what] = now_s
            self._log.log(level, "%s", message)


class OdCurves:
    """The calibrations and the estimator that are in use while od_reading runs.

    Args:
        parts: where they are kept; what is active now is used until the job ends.
        angles: photodiode channel to angle.
        log: where warnings go.

    Attributes:
        channels: photodiodes that have a calibration.
        estimator: None when no estimator is active.
    """

    def __init__(self, parts: UnitParts, angles: Mapping[str, str], log: SeldomLog) -> None:
        self._log = log
        self._calibrations = self._find(parts, angles)
        self.estimator: FusedOdEstimator | None = parts.estimators.active(FUSED_DEVICE)

    @property
    def channels(self) -> Iterable[str]:
        """Photodiodes that have a calibration."""
        return self._calibrations.keys()

    def name(self, channel: str) -> str:
        """Return the name of a photodiode's calibration."""
        return self._calibrations[channel].calibration_name

    def density(self, channel: str, raw_od: float, intensity_percent: float) -> float:
        """Return the calibrated optical density of a photodiode; outside the recorded points, that of the nearest.

        Raises:
            NotCalibratedError: the calibration is of another intensity or no calibration of volts.
            NoSolutionError: it has no points, and its curve never comes to this value.
        """
        calibration = self._calibrations[channel]
        if calibration.y != _VOLTAGE:
            raise NotCalibratedError(f"Calibration {calibration.name} relates to {calibration.y}, not to {_VOLTAGE}.")
        _refuse_intensity(calibration.name, calibration.ir_led_intensity, intensity_percent)
        try:
            return calibration.solve(raw_od, within_domain=True)
        except NoSolutionError:
            if not calibration.recorded_data.x:
                raise
        od, low_v, high_v = _nearest(calibration, raw_od)
        self._log.tell(
            logging.WARNING,
            f"outside {channel}",
            f"Photodiode {channel} reads {raw_od:.4g}, where calibration {calibration.name} has no answer: its points "
            f"go from {low_v:.4g} to {high_v:.4g}. OD {od:.4g} is shown. Calibrate over a wider range.",
        )
        return od

    async def fused(self, by_angle: Mapping[str, float], intensity_percent: float) -> float:
        """Return the optical density fused from all angles.

        Raises:
            NotCalibratedError: the estimator is of another intensity.
            EstimateError: an angle is missing or sees no light.
        """
        assert self.estimator is not None  # noqa: S101 - asked for only where there is one
        _refuse_intensity(self.estimator.name, self.estimator.ir_led_intensity, intensity_percent)
        # It takes some milliseconds: others run meanwhile.
        od = await asyncio.to_thread(self.estimator.estimate, by_angle)
        if self.estimator.is_at_an_end(od):
            low, high = 10.0**self.estimator.min_logc, 10.0**self.estimator.max_logc
            self._log.tell(
                logging.WARNING,
                "end of the estimator",
                f"The fused OD is at the end of what estimator {self.estimator.name} knows, {low:.4g} to {high:.4g}; "
                "the true one may lie beyond.",
            )
        return od

    def _find(self, parts: UnitParts, angles: Mapping[str, str]) -> dict[str, OdCalibration]:
        found: dict[str, OdCalibration] = {}
        for angle in sorted(set(angles.values())):
            calibration = parts.calibrations.active(f"od{angle}")
            if not isinstance(calibration, OdCalibration):
                continue
            if angles.get(calibration.pd_channel) != angle:
                self._log.tell(
                    logging.WARNING,
                    calibration.name,
                    f"Calibration {calibration.name} is for photodiode {calibration.pd_channel} at {angle} degrees, "
                    "which this unit does not have there. It is not used; calibrate again.",
                )
                continue
            if calibration.curve_data_.is_constant:
                self._log.tell(
                    logging.WARNING,
                    calibration.name,
                    f"Calibration {calibration.name} gives the same voltage for every OD. Calibrate again.",
                )
            found[calibration.pd_channel] = calibration
        return found


def _refuse_intensity(name: str, made_at_percent: float, now_percent: float) -> None:
    if made_at_percent != now_percent:
        raise NotCalibratedError(
            f"{name} was made with the infrared LED at {made_at_percent:g} %, and it is at {now_percent:g} % now.",
            remedy=f"Set ir_led_intensity to {made_at_percent:g}, calibrate again, or deactivate {name}.",
        )


def _nearest(calibration: OdCalibration, volts: float) -> tuple[float, float, float]:
    """Return the recorded OD whose volts are at the end nearest to `volts`, and the volts at both ends."""
    points = sorted(zip(calibration.recorded_data.y, calibration.recorded_data.x, strict=True))
    (low_v, low_od), (high_v, high_od) = points[0], points[-1]
    return low_od if volts - low_v <= high_v - volts else high_od, low_v, high_v
