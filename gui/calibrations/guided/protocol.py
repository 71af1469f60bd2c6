"""What can be calibrated here, and how: the protocols the service offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gui.calibrations.calibration import DEVICES
from gui.words import device_title

PROTOCOLS = "/unit_api/calibration_protocols"


@dataclass(frozen=True)
class Protocol:
    """One way to calibrate one device.

    Attributes:
        device: such as "media_pump".
        name: such as "duration_based"; with the device it is unique.
        title, description: for people.
        requirements: what must be at hand.
    """

    device: str
    name: str
    title: str
    description: str
    requirements: tuple[str, ...]

    @property
    def device_title(self) -> str:
        """What a person calls the device."""
        return device_title(self.device)


def read_protocols(items: Iterable[dict[str, Any]]) -> tuple[Protocol, ...]:
    """Read the service's list; devices in the order a person meets them, of each the usual protocol first."""
    known = sorted(items, key=lambda item: (_place(str(item["target_device"])), item.get("priority", 99)))
    return tuple(
        Protocol(
            str(item["target_device"]),
            str(item["protocol_name"]),
            str(item["title"]),
            str(item["description"]),
            tuple(map(str, item.get("requirements") or ())),
        )
        for item in known
    )


def _place(device: str) -> tuple[int, str]:
    return DEVICES.index(device) if device in DEVICES else len(DEVICES), device
