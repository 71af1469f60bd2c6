"""What the loss or the change of a calibration means for the culture, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.calibrations.calibration import Calibration
from gui.words import device_title

_PUMP = "doses in mL are refused, and dosing automations do not start"
_OD = "this angle is shown uncalibrated, in AU"
_WITHOUT = {
    "media_pump": _PUMP,
    "alt_media_pump": _PUMP,
    "waste_pump": _PUMP,
    "stirring": "stirring starts with the configured duty cycle and takes longer to reach its speed",
    "od45": _OD,
    "od90": _OD,
    "od135": _OD,
    "od_fused": "no fused optical density is estimated",
}
_PUMP_PURPOSE = "It tells how many mL this pump moves in a second. Without it, doses in mL are refused."
_OD_PURPOSE = "It tells optical density from the photodiode's signal. Without it, this angle is shown in AU."
_PURPOSE = {
    "media_pump": _PUMP_PURPOSE,
    "alt_media_pump": _PUMP_PURPOSE,
    "waste_pump": _PUMP_PURPOSE,
    "stirring": "It tells which duty cycle gives which speed. Without it, stirring takes longer to reach its speed.",
    "od45": _OD_PURPOSE,
    "od90": _OD_PURPOSE,
    "od135": _OD_PURPOSE,
    "od_fused": "It joins the angles into one optical density. An estimator is made from standards of known density.",
}
# Jobs that read the calibration of a device when they start.
_USED_BY = {"stirring": ("stirring",), "od45": ("od_reading",), "od90": ("od_reading",), "od135": ("od_reading",)} | {
    "od_fused": ("od_reading",),
    **dict.fromkeys(("media_pump", "alt_media_pump", "waste_pump"), ("dosing_automation",)),
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("calibrations", text)


def purpose(device: str) -> str:
    """Say what a calibration of the device is for, and what is missed without it."""
    return _tr(_PURPOSE.get(device, "It tells what this device really does."))


def without_active(device: str) -> str:
    """Say what it means that a device has no active calibration: "Media pump has no active ... : doses ..."."""
    kind = _tr("estimator") if device == "od_fused" else _tr("calibration")
    start = _tr("{} has no active {} afterwards").format(device_title(device), kind)
    means = _WITHOUT.get(device)
    return f"{start}: {_tr(means)}." if means else f"{start}."


def of_deleting(calibration: Calibration) -> str:
    """Say what deleting a calibration does."""
    gone = _tr("Its file is deleted from the unit; this cannot be undone. Save it first if you may want it again.")
    return f"{gone} {without_active(calibration.device)}" if calibration.is_active else gone


def of_activating(calibration: Calibration, running: set[str]) -> str:
    """Say when an activation takes effect: at once, or when the jobs that run are started again."""
    users = [job for job in _USED_BY.get(calibration.device, ()) if job in running]
    if users:
        return _tr("It takes effect when what runs now is started again.")
    return _tr("It is used from now on.")
