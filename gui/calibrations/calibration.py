"""A calibration or an estimator as the service tells it, and what a person calls its parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication

from gui.moments import duration
from gui.words import device_title

# Axis names of the files, with the unit a person reads them in.
_AXES = {
    "Duration": "Duration (s)",
    "Volume": "Volume (mL)",
    "DC %": "Duty cycle (%)",
    "RPM": "Speed (RPM)",
    "OD": "Optical density (OD)",
    "OD600": "Optical density (OD600)",
    "Voltage": "Photodiode signal (V)",
}
_DEFAULT_AXES = {
    "simple_peristaltic_pump": ("Duration", "Volume"),
    "simple_stirring": ("DC %", "RPM"),
    "od": ("OD", "Voltage"),
    "od600": ("OD600", "Voltage"),
}
# The order a person meets the devices in; devices of plug-ins come after.
DEVICES = ("media_pump", "alt_media_pump", "waste_pump", "stirring", "od90", "od135", "od45", "od_fused")


def _tr(text: str) -> str:
    return QCoreApplication.translate("calibrations", text)


@dataclass(frozen=True)
class Calibration:
    """One calibration, or one estimator.

    Attributes:
        device: what it is of, such as "media_pump".
        name: its name.
        is_estimator: whether it is an estimator, which joins several angles into one optical density.
        is_active: whether it is in use.
        created_utc_s: when it was made, None when the file does not say.
        data: everything the service told of it.
    """

    device: str
    name: str
    is_estimator: bool
    is_active: bool
    created_utc_s: float | None
    data: dict[str, Any] = field(compare=False)

    @property
    def key(self) -> tuple[str, str, bool]:
        """What tells it from every other."""
        return self.device, self.name, self.is_estimator

    @property
    def file_path(self) -> str:
        """Where its file is, relative to the data folder."""
        folder = "estimators" if self.is_estimator else "calibrations"
        return f"storage/{folder}/{self.device}/{self.name}.yaml"

    @property
    def route(self) -> str:
        """Where the service has it."""
        return f"/unit_api/{'estimators' if self.is_estimator else 'calibrations'}/{self.device}/{self.name}"

    @property
    def active_route(self) -> str:
        """Where the service is told which one of the device is in use."""
        return f"/unit_api/active_{'estimators' if self.is_estimator else 'calibrations'}/{self.device}"

    @property
    def axes(self) -> tuple[str, str]:
        """What the curve relates, with units: x and y."""
        usual = _DEFAULT_AXES.get(str(self.data.get("calibration_type")), ("x", "y"))
        names = str(self.data.get("x") or usual[0]), str(self.data.get("y") or usual[1])
        return _tr(_AXES.get(names[0], names[0])), _tr(_AXES.get(names[1], names[1]))

    @property
    def points(self) -> tuple[list[float], list[float]]:
        """What was measured: x and y, of equal length."""
        recorded = self.data.get("recorded_data") or {}
        x, y = recorded.get("x") or [], recorded.get("y") or []
        return ([float(value) for value in x], [float(value) for value in y]) if len(x) == len(y) else ([], [])

    def age(self, now_utc_s: float) -> str:
        """Say how old it is: "Calibrated 41 days ago"."""
        if self.created_utc_s is None:
            return _tr("Date not known")
        age_s = now_utc_s - self.created_utc_s
        if age_s < -60:
            return _tr("Dated in the future: check the clock")
        return _tr("Calibrated just now") if age_s < 60 else _tr("Calibrated {} ago").format(duration(age_s))


@dataclass(frozen=True)
class Device:
    """Something that can be calibrated, with what there is of it, the newest first."""

    name: str
    calibrations: tuple[Calibration, ...]

    @property
    def title(self) -> str:
        """What a person calls it."""
        return device_title(self.name)

    @property
    def active(self) -> Calibration | None:
        """The calibration (or estimator) in use."""
        return next((one for one in self.calibrations if one.is_active), None)


def read_devices(calibrations: dict[str, Any], estimators: dict[str, Any], known: Iterable[str]) -> tuple[Device, ...]:
    """Read the answers of the service; `known` are devices that can be calibrated, with or without calibrations."""
    found: dict[str, list[Calibration]] = {name: [] for name in known}
    for answer, is_estimator in ((calibrations, False), (estimators, True)):
        for device, items in answer.items():
            found.setdefault(device, []).extend(_read(item, device, is_estimator) for item in items)
    names = sorted(found, key=lambda name: (DEVICES.index(name) if name in DEVICES else len(DEVICES), name))
    return tuple(Device(name, tuple(sorted(found[name], key=_newest_first))) for name in names)


def _read(item: dict[str, Any], device: str, is_estimator: bool) -> Calibration:
    name = str(item["estimator_name" if is_estimator else "calibration_name"])
    try:
        created_utc_s: float | None = datetime.fromisoformat(str(item.get("created_at"))).timestamp()
    except ValueError:
        created_utc_s = None
    return Calibration(device, name, is_estimator, bool(item.get("is_active")), created_utc_s, item)


def _newest_first(calibration: Calibration) -> tuple[float, str]:
    return -(calibration.created_utc_s or 0.0), calibration.name
