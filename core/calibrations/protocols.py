"""Which guided calibrations this unit offers for which device: what a user can choose from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from core.config import Config
from core.tagged import tagged

_LAST = 99
_PHOTODIODES = "od_config.photodiode_channel"
_OD_ANGLES = ("45", "90", "135")


@dataclass(frozen=True)
class CalibrationProtocol:
    """One guided calibration of one device; what its steps are is told by the class of the same name.

    Attributes:
        requirements: what must be at hand, for people.
        priority: where several fit, the lowest is shown first.
    """

    target_device: str
    protocol_name: str
    title: str
    description: str
    requirements: tuple[str, ...] = ()
    priority: int = _LAST

    @property
    def id(self) -> str:
        """Device and protocol in one word."""
        return f"{self.target_device}_{self.protocol_name}"


class CalibrationProtocols:
    """The protocols of this unit: those it comes with, and those plug-ins add."""

    def __init__(self, protocols: Iterable[CalibrationProtocol] = ()) -> None:
        self._protocols: dict[str, CalibrationProtocol] = {}
        self.add(*protocols)

    def add(self, *protocols: CalibrationProtocol) -> None:
        """Offer more; one with the device and name of another replaces it."""
        self._protocols |= {protocol.id: protocol for protocol in protocols}
        self.__dict__.pop("body", None)

    @property
    def all(self) -> list[CalibrationProtocol]:
        """Every protocol by device, priority and title."""
        return sorted(self._protocols.values(), key=lambda each: (each.target_device, each.priority, each.title))

    @property
    def devices(self) -> set[str]:
        """The devices there are protocols for."""
        return {protocol.target_device for protocol in self._protocols.values()}

    @cached_property
    def body(self) -> tuple[bytes, str]:
        """The list as JSON, and its entity tag."""
        return tagged([_item(protocol) for protocol in self.all])


def built_in_protocols(config: Config) -> list[CalibrationProtocol]:
    """Return the protocols a unit comes with; those of optical density for the angles its photodiodes look at."""
    angles = [angle for angle in _OD_ANGLES if angle in config.section(_PHOTODIODES).values()]
    return [
        _pump("media_pump", "media"),
        _pump("alt_media_pump", "alternative media"),
        _pump("waste_pump", "waste"),
        CalibrationProtocol(
            "stirring",
            "dc_based",
            "Stirring calibration by duty cycle",
            "Relates the duty cycle of the stirrer's motor to its measured speed. It runs by itself, about a minute.",
            ("vial with liquid and a stir bar", "stirring switched off"),
        ),
        *(_standards(angle) for angle in angles),
        _fusion("od_fusion_standards", "Fused OD from standards", 1,
                "Relates light at three angles to optical density, so that one value holds from thin to dense.",
                ("at least four standards of known OD",)),
        _fusion("od_fusion_offset", "Fused OD from an existing estimator", 2,
                "Adapts an estimator made before to the vial and the LED of now, with two standards.",
                ("an estimator", "two standards of known OD")),
    ]  # fmt: skip


def _pump(device: str, liquid: str) -> CalibrationProtocol:
    return CalibrationProtocol(
        device,
        "duration_based",
        f"{liquid.capitalize()} pump calibration by run time",
        f"Relates the run time of the {liquid} pump to the volume it moves.",
        (f"pump on the {liquid} channel", "scale or measuring cylinder", "water"),
    )


def _standards(angle: str) -> CalibrationProtocol:
    return CalibrationProtocol(
        f"od{angle}",
        "standards",
        f"OD calibration at {angle}° by standards",
        f"Relates the light scattered at {angle}° to the optical density of standards measured elsewhere.",
        ("standards of known OD600", "blank medium", "a vial with a stir bar for each"),
    )


def _fusion(name: str, title: str, priority: int, description: str, needed: tuple[str, ...]) -> CalibrationProtocol:
    requirements = ("photodiodes at 45°, 90° and 135°", *needed)
    return CalibrationProtocol("od_fused", name, title, description, requirements, priority)


def _item(protocol: CalibrationProtocol) -> dict[str, Any]:
    return {"id": protocol.id, **asdict(protocol)}
