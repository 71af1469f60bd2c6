"""What can be drawn: each time series with its words, unit, place and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QColor

from gui.theme import colour_of

OPTICAL_DENSITY = "optical_density"
GROWTH = "growth_rate"
TEMPERATURE = "temperature"
STIRRING = "stirring"
REFERENCE = "reference"

HEATER_BOARD = "board_temperature"


@dataclass(frozen=True)
class Trace:
    """One curve.

    Attributes:
        series: name of the time series in the API.
        label: its word in legend, card and export ("90°").
        unit: of its values, "" for a plain number.
        pane: key of the pane it is drawn in.
        decimals: digits after the point when a value is shown.
        angle: of an optical density channel in degrees, None where it is unknown or has none.
        dashed: whether it is a reference or a target, drawn grey and dashed.
    """

    series: str
    label: str
    unit: str
    pane: str
    decimals: int
    angle: str | None = None
    dashed: bool = False

    @property
    def colour(self) -> QColor:
        """Its colour, the same on every page."""
        return colour_of(self.series, self.angle)

    def text_of(self, value: float | None) -> str:
        """Return a value with its digits, without unit; a dash when there is none."""
        return "–" if value is None else f"{value:.{self.decimals}f}".replace("-", "−")


@dataclass(frozen=True)
class Pane:
    """One plot of the stack: `stretch` is its share of the height; a lane is thin and has few ticks."""

    key: str
    title: str
    unit: str
    stretch: int
    can_be_log: bool = False


PANES = (
    Pane(OPTICAL_DENSITY, "Optical density", "AU", 6, can_be_log=True),
    Pane(GROWTH, "Growth rate", "h⁻¹", 3),
    Pane(TEMPERATURE, "Temperature", "°C", 2),
    Pane(STIRRING, "Stirring", "RPM", 2),
    Pane(REFERENCE, "LED reference", "relative", 2),
)

_OTHERS = (
    Trace("od_fused", "Fused", "AU", OPTICAL_DENSITY, 3),
    Trace("growth_rate", "Growth rate", "h⁻¹", GROWTH, 3),
    Trace("temperature", "Vial", "°C", TEMPERATURE, 1),
    Trace(HEATER_BOARD, "Heater board", "°C", TEMPERATURE, 1),
    Trace("measured_rpm", "Stirring", "RPM", STIRRING, 0),
    Trace("relative_intensity_of_ir_led", "REF", "", REFERENCE, 3, dashed=True),
)


def traces(od_settings: dict[str, Any]) -> tuple[Trace, ...]:
    """Return every curve the page can draw.

    Args:
        od_settings: the published settings of `od_reading`; its last readings name angle and unit of each photodiode.
    """
    return tuple(_photodiode(channel, od_settings.get(f"od{channel}")) for channel in "1234") + _OTHERS


def _photodiode(channel: str, reading: Any) -> Trace:
    angle = str(reading["angle"]) if isinstance(reading, dict) and reading.get("angle") else None
    label = f"{angle}°" if angle else f"Photodiode {channel}"
    return Trace(f"od{channel}", label, od_unit(reading), OPTICAL_DENSITY, 3, angle)


def od_unit(reading: Any) -> str:
    """Return the unit of an optical density reading: "OD600" once calibrated, else "AU" (arbitrary units)."""
    return "OD600" if isinstance(reading, dict) and reading.get("calibrated") else "AU"
