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
VOLUME = "volume"
REFERENCE = "reference"

HEATER_BOARD = "board_temperature"
# Digits of a value whose usual size nobody told.
_SIGNIFICANT = 4


@dataclass(frozen=True)
class Trace:
    """One curve.

    Attributes:
        series: name of the time series in the API.
        label: its word in legend, card and export ("90°").
        unit: of its values, "" for a plain number.
        pane: key of the pane it is drawn in.
        decimals: digits after the point when a value is shown; None for as many as its size asks for.
        angle: of an optical density channel in degrees, None where it is unknown or has none.
        dashed: whether it is a reference or a target, drawn grey and dashed.
        holds: whether a value holds until the next one is told, however long that takes: a level, drawn in steps.
        tint: its colour as "#RRGGBB" where the series has none of its own, "" otherwise.
    """

    series: str
    label: str
    unit: str
    pane: str
    decimals: int | None
    angle: str | None = None
    dashed: bool = False
    holds: bool = False
    tint: str = ""

    @property
    def colour(self) -> QColor:
        """Its colour, the same on every page."""
        return QColor(self.tint) if self.tint else colour_of(self.series, self.angle)

    def text_of(self, value: float | None) -> str:
        """Return a value with its digits, without unit; a dash when there is none."""
        if value is None:
            return "–"
        decimals = _decimals_for(value) if self.decimals is None else self.decimals
        return f"{value:.{decimals}f}".replace("-", "−")


@dataclass(frozen=True)
class Pane:
    """One plot of the stack.

    Attributes:
        key: its lasting name.
        title: its word.
        unit: of its values.
        stretch: its share of the height.
        usual: the range its values usually have, shown while there are none.
        smallest: the least height of its value axis, so that noise does not look like an event; None for a fiftieth
            of the values.
        can_be_log: whether a logarithmic scale makes sense.
        waits: whether it is left out until there is something to show.
        hint: one sentence on what it shows.
    """

    key: str
    title: str
    unit: str
    stretch: int
    usual: tuple[float, float] = (0.0, 1.0)
    smallest: float | None = None
    can_be_log: bool = False
    waits: bool = False
    hint: str = ""


PANES = (
    Pane(OPTICAL_DENSITY, "Optical density", "AU", 7, (0.0, 0.1), 0.01, can_be_log=True),
    Pane(GROWTH, "Growth rate", "h⁻¹", 3, (0.0, 0.5), 0.05, waits=True),
    Pane(TEMPERATURE, "Temperature", "°C", 2, (20.0, 40.0), 1.0),
    Pane(STIRRING, "Stirring", "RPM", 2, (0.0, 600.0), 20.0),
    Pane(VOLUME, "Volume", "mL", 2, (0.0, 20.0), 1.0, waits=True),
    Pane(REFERENCE, "LED reference", "relative", 2, (0.9, 1.1), 0.02),
)

_OTHERS = (
    Trace("od_fused", "Fused", "AU", OPTICAL_DENSITY, 3),
    Trace("growth_rate", "Growth rate", "h⁻¹", GROWTH, 3),
    Trace("temperature", "Vial", "°C", TEMPERATURE, 1),
    Trace(HEATER_BOARD, "Heater board", "°C", TEMPERATURE, 1),
    Trace("target_temperature", "Target", "°C", TEMPERATURE, 1, dashed=True),
    Trace("measured_rpm", "Stirring", "RPM", STIRRING, 0),
    Trace("current_volume_ml", "Volume", "mL", VOLUME, 2, holds=True),
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


def _decimals_for(value: float) -> int:
    before_point = len(str(int(abs(value))))
    return max(0, _SIGNIFICANT - before_point)
