"""The pumps a unit has, and what they move in which time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.bioreactor.accounting import ADD_ALT_MEDIA, ADD_MEDIA, REMOVE_WASTE
from core.calibrations.calibration import Calibration, PumpCalibration
from core.errors import BadRequestError

_DEFAULT_HZ = 250.0
_DEFAULT_DUTY_PERCENT = 100.0
_DEFAULT_ML_PER_S = 0.0911


@dataclass(frozen=True)
class Pump:
    """A pump.

    Attributes:
        role: what section [PWM] of the configuration calls it.
        device: what its calibrations are for.
        event: the dosing event of what it moves.
        words: what it moves, for people.
    """

    role: str
    device: str
    event: str
    words: str

    @property
    def is_inflow(self) -> bool:
        """Whether it fills the vial."""
        return self.event != REMOVE_WASTE


MEDIA = Pump("media", "media_pump", ADD_MEDIA, "media")
ALT_MEDIA = Pump("alt_media", "alt_media_pump", ADD_ALT_MEDIA, "alt-media")
WASTE = Pump("waste", "waste_pump", REMOVE_WASTE, "waste")


@dataclass(frozen=True)
class PumpCurve:
    """Volume of a pump against its run time, and how it has to be driven for that.

    Attributes:
        is_default: it is a guess for a pump that was never calibrated: 0.0911 ml/s at full duty.
    """

    name: str
    hz: float
    duty_percent: float
    is_default: bool
    volume_at: Callable[[float], float]
    duration_for: Callable[[float], float]

    def volume_ml(self, duration_s: float) -> float:
        """Return what the pump moves in `duration_s`, 0 at least."""
        return max(0.0, self.volume_at(duration_s)) if duration_s > 0 else 0.0

    def duration_s(self, volume_ml: float) -> float:
        """Return how long the pump must run for `volume_ml`; raises CurveError when it never moves that much."""
        return max(0.0, self.duration_for(volume_ml)) if volume_ml > 0 else 0.0

    @property
    def ml_per_s(self) -> float:
        """Return the rate around the first second of a run."""
        return self.volume_at(1.5) - self.volume_at(0.5)


DEFAULT_CURVE = PumpCurve(
    name="__default_pump_calibration",
    hz=_DEFAULT_HZ,
    duty_percent=_DEFAULT_DUTY_PERCENT,
    is_default=True,
    volume_at=lambda duration_s: _DEFAULT_ML_PER_S * duration_s,
    duration_for=lambda volume_ml: volume_ml / _DEFAULT_ML_PER_S,
)


def curve_of(calibration: Calibration | None) -> PumpCurve | None:
    """Return the curve of a pump's active calibration, None when it has none."""
    if not isinstance(calibration, PumpCalibration):
        return None
    return PumpCurve(
        name=calibration.name,
        hz=calibration.hz,
        duty_percent=calibration.dc,
        is_default=False,
        volume_at=calibration.evaluate,
        duration_for=lambda volume_ml: calibration.solve(volume_ml, within_domain=False),
    )


def not_calibrated(*pumps: Pump) -> BadRequestError:
    """Return the error for pumps that must be calibrated for what is asked of them."""
    devices = ", ".join(pump.device for pump in pumps)
    return BadRequestError(
        f"There is no active calibration for {devices}.",
        cause=f"no active calibration for {devices}",
        remedy="Calibrate the pump, or make one of its calibrations the active one; a run by `duration` needs none.",
    )
