"""The blank: what medium without cells reads, per photodiode, kept for an experiment and taken off its readings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.plugins.api import ConflictError, StartPlace

BLANK_STORE = "od_blank"
FUSED_DEVICE = "od_fused"


def blank_of(kept: Any) -> dict[str, float]:
    """Return OD by photodiode channel from a kept blank, {} where there is none; what is no number is left out."""
    if not isinstance(kept, dict):
        return {}
    return {channel: float(od) for channel, od in kept.items() if isinstance(od, int | float)}


def active_curves(place: StartPlace, angles: Iterable[str]) -> list[str]:
    """Return the devices, such as `od90`, whose calibration or estimator is in use for photodiodes at `angles`."""
    devices = [f"od{angle}" for angle in sorted(set(angles))]
    curves = [device for device in devices if place.parts.calibrations.active(device)]
    fused = [FUSED_DEVICE] if place.parts.estimators.active(FUSED_DEVICE) else []
    return curves + fused


def refuse_blank_and_curve(place: StartPlace, angles: Iterable[str]) -> None:
    """Raise ConflictError when a blank is kept for the experiment and a calibration or estimator is in use too.

    A curve is made of volts with the medium's share in them: taking the blank off first would make it wrong.
    """
    if place.experiment is None or not blank_of(place.store.get(BLANK_STORE, place.experiment)):
        return
    if curves := active_curves(place, angles):
        raise ConflictError(
            f"A blank is kept for this experiment, and a calibration is in use for {', '.join(curves)}.",
            cause="A calibration counts the medium already; the blank would be taken off twice.",
            remedy="Forget the blank (od_blank delete), or deactivate the calibration.",
        )
