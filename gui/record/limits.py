"""What a measurement was held against: its value, its limits in words, and where between them it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

# Of the width of the drawing, how much lies on each side of what is allowed.
_OUTSIDE = 0.2
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", "==": "=", "!=": "≠"}


@dataclass(frozen=True)
class Limits:
    """The least and the most a number may be; None where there is no such limit."""

    low: float | None = None
    high: float | None = None

    def scale(self, value: float) -> tuple[float, float] | None:
        """Return the values at the left and right end of a drawing of `value` and its limits; None without limits."""
        low, high = self.low, self.high
        if low is not None and high is not None and high > low:
            room = (high - low) * _OUTSIDE / (1 - 2 * _OUTSIDE)
            return low - room, high + room
        limit = low if low is not None else high
        if limit is None:
            return None
        reach = max(abs(value - limit) * 1.25, abs(limit) * 0.25, 1e-12)
        return limit - reach, limit + reach

    def share(self, value: float, of: float) -> float:
        """Return where `of` lies in the drawing of `value`: 0 is its left end, 1 its right; never beyond."""
        ends = self.scale(value)
        if ends is None:
            return 0.5
        return min(1.0, max(0.0, (of - ends[0]) / (ends[1] - ends[0])))


def limits_of(validators: list[dict[str, Any]] | None) -> Limits:
    """Return the closest limits that validators set."""
    lows, highs = [], []
    for validator in validators or []:
        expected: Any = validator.get("expected_value")
        if not is_number(expected):
            continue
        if validator.get("operator") in (">=", ">"):
            lows.append(float(expected))
        elif validator.get("operator") in ("<=", "<"):
            highs.append(float(expected))
    return Limits(max(lows, default=None), min(highs, default=None))


def limits_words(validators: list[dict[str, Any]] | None, units: str) -> str:
    """Say what a value must be: "1 … 3 °C", "≥ 1 °C", "= ok"; "" when it was not held against anything."""
    found = limits_of(validators)
    words = []
    if found.low is not None and found.high is not None:
        words.append(with_units(f"{number_words(found.low)} … {number_words(found.high)}", units))
    for validator in validators or []:
        operator, expected = validator.get("operator"), validator.get("expected_value")
        if words and operator in (">=", ">", "<=", "<") and is_number(expected):
            continue
        if operator in _SIGNS and expected is not None:
            words.append(with_units(f"{_SIGNS[operator]} {value_words(expected)}", units))
        else:
            words.append(str(validator.get("expression") or ""))
    return ", ".join(word for word in words if word)


def value_words(value: Any, points: int = 0) -> str:
    """Say a measured value; `points` is how many it has when it is a curve."""
    if points:
        return QCoreApplication.translate("limits", "{} points").format(points)
    if isinstance(value, bool):
        return QCoreApplication.translate("limits", "yes" if value else "no")
    if is_number(value):
        return number_words(value)
    if isinstance(value, list | dict):
        return QCoreApplication.translate("limits", "{} values").format(len(value))
    return "–" if value is None else str(value)


def number_words(value: float) -> str:
    """Write a number with four digits at most, and a true minus sign."""
    text = f"{value:.4g}" if abs(value) < 1e4 or abs(value) >= 1e9 else f"{value:.0f}"
    return text.replace("-", "−")


def with_units(text: str, units: str | None) -> str:
    """Put the unit behind a number."""
    gap = "" if units == "°" else " "
    return f"{text}{gap}{units}" if units else text


def is_number(value: Any) -> bool:
    """Whether a value is a number to be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool)
