"""Numbers as people type and read them."""

from __future__ import annotations

import math

# More is noise: speed is measured to a few tenths, duty and intensity are set in steps of about 0.002 %.
_DIGITS = {"%": 2, "RPM": 1, "V": 2, "°C": 2, "℃": 2}

Limits = tuple[float | None, float | None]


class NotANumberError(ValueError):
    """What was typed is not a number that fits; the text says what would fit."""


def number_of(text: str, *, whole: bool, limits: Limits, measure: str = "") -> float | int:
    """Return the number in `text`; a comma may stand for the point.

    Raises:
        NotANumberError: no number, not whole, or outside `limits`; says what is wanted.
    """
    try:
        value = float(text.strip().replace(",", ".").replace("−", "-"))
    except ValueError:
        raise NotANumberError("Type a number, such as 5 or 0.25.") from None
    if not math.isfinite(value):
        raise NotANumberError("Type a number, such as 5 or 0.25.")
    if whole and value != int(value):
        raise NotANumberError("Type a whole number.")
    low, high = limits
    if (low is not None and value < low) or (high is not None and value > high):
        raise NotANumberError(f"Must be {limits_text(limits, measure)}.")
    return int(value) if whole else value


def limits_text(limits: Limits, measure: str = "") -> str:
    """Return limits in words: "0 to 1500 RPM", "at least 0.1 s", "" without any."""
    low, high = limits
    unit = f" {measure}" if measure else ""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{unit}"
    if low is not None:
        return f"at least {low:g}{unit}"
    return f"at most {high:g}{unit}" if high is not None else ""


def digits_of(measure: str) -> int | None:
    """Return how many digits after the point matter in a unit; None where that depends on the number."""
    return _DIGITS.get(measure)


def with_digits(value: float, measure: str) -> str:
    """Return a number with the digits that matter in its unit; they stay as many, so that nothing jumps."""
    digits = digits_of(measure)
    return short(value) if digits is None else f"{value:.{digits}f}".replace("-", "−")


def short(value: float) -> str:
    """Return a number with the digits that matter: four, and no thousand cut off."""
    text = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "−")
