"""The certificate of a calibration: what was calibrated, by whom and when; the points, the curve, how well it fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.calibrations.calibration import Calibration
from core.calibrations.curves import CurveError, PolynomialCurve
from core.measured import Measured
from core.traceability.certificates.document import Column, Document, Point

# Units of x and y, by the type of calibration.
_UNITS = {
    "simple_peristaltic_pump": ("s", "mL"),
    "simple_stirring": ("%", "rpm"),
    "od": ("", "V"),
    "od600": ("", "V"),
}
# What else a calibration says of how it was made, as people call it and in its unit.
_CONDITIONS = {
    "hz": ("PWM frequency", "Hz"),
    "pwm_hz": ("PWM frequency", "Hz"),
    "dc": ("Duty", "%"),
    "voltage": ("Supply", "V"),
    "ir_led_intensity": ("Infrared LED", "%"),
    "angle": ("Angle", "°"),
    "pd_channel": ("Photodiode", ""),
}
_CURVE_POINTS = 120
# 18 pages; setting them takes 3 s of a processor.
_MOST_ROWS = 1000
_POWERS = {0: "", 1: " x", 2: " x²", 3: " x³"}


@dataclass(frozen=True)
class Origin:
    """Where a calibration comes from.

    Attributes:
        serial_number: of the unit.
        made_at: in words; `person` is who made it, "" when nobody said so.
        protocol: the guided calibration's, "" when there was none.
        file_name, file_sha256: of the calibration's file.
    """

    unit: str
    serial_number: str
    device: str
    made_at: str
    person: str
    protocol: str
    program: str
    file_name: str
    file_sha256: str


@dataclass(frozen=True)
class Fit:
    """A calibration's points and its curve at them.

    Attributes:
        fitted: the curve at each x, None where it has no finite value.
        rms, largest: of the residuals, in the unit of y; 0 without points.
        r_squared: the share of y's variance the curve explains; None where y does not vary, or beyond all numbers.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    fitted: Sequence[float | None]
    rms: float
    largest: float
    r_squared: float | None


def fit_of(made: Calibration) -> Fit:
    """Return how well a calibration's curve goes through its points."""
    xs, ys = made.recorded_data.x, made.recorded_data.y
    fitted = [_value(made, x) for x in xs]
    residuals = [y - at for y, at in zip(ys, fitted, strict=True) if at is not None]
    length = math.hypot(*residuals)
    rms = length / math.sqrt(len(residuals)) if residuals else 0.0
    mean = sum(ys) / len(ys) if ys else 0.0
    spread = sum((y - mean) * (y - mean) for y in ys)
    share = 1 - length * length / spread if 0 < spread < math.inf and len(residuals) == len(ys) else -math.inf
    largest = max((abs(each) for each in residuals), default=0.0)
    return Fit(xs, ys, fitted, rms, largest, share if math.isfinite(share) else None)


def measured_of(made: Calibration, fit: Fit) -> list[Measured]:
    """Return the numbers of a calibration worth following over time, finite ones."""
    x_units, y_units = units_of(made)
    found = [
        Measured("points", len(fit.xs)),
        Measured("rms_residual", fit.rms, y_units),
        Measured("largest_residual", fit.largest, y_units),
    ]
    if fit.r_squared is not None:
        found.append(Measured("r_squared", fit.r_squared))
    curve = made.curve_data_
    if isinstance(curve, PolynomialCurve) and len(curve.coefficients) == 2:
        slope_units = f"{y_units}/{x_units}" if x_units else y_units
        found += [
            Measured("slope", curve.coefficients[0], slope_units),
            Measured("offset", curve.coefficients[1], y_units),
        ]
    return [each for each in found if math.isfinite(each.value)]


def units_of(made: Calibration) -> tuple[str, str]:
    """Return the units of x and y."""
    return _UNITS.get(made.calibration_type, ("", ""))


def calibration_certificate(made: Calibration, origin: Origin) -> Document:
    """Return a calibration's certificate."""
    fit, (x_units, y_units) = fit_of(made), units_of(made)
    x_label, y_label = _label(made.x, x_units), _label(made.y, y_units)
    document = Document(
        title="Calibration certificate",
        author=origin.person,
        foot=f"{origin.serial_number} · {origin.device} · {made.name}",
        made_s=made.created_at.timestamp(),
    )
    document.facts(
        [
            ("Unit", f"{origin.serial_number} ({origin.unit})"),
            ("Device", origin.device),
            ("Calibration", made.name),
            ("Type", made.calibration_type),
            ("Calibrated on", made.calibrated_on_pioreactor_unit),
            ("Calibrated at", origin.made_at),
            ("Guided by", origin.protocol),
            ("Calibrated by", origin.person or "not said"),
            *_conditions(made),
        ]
    )
    document.heading("Fit")
    document.facts(
        [
            ("Curve", curve_words(made)),
            ("Points", str(len(fit.xs))),
            ("RMS residual", f"{fit.rms:.4g} {y_units}".strip()),
            ("Largest residual", f"{fit.largest:.4g} {y_units}".strip()),
            ("R²", "" if fit.r_squared is None else f"{fit.r_squared:.6f}"),
        ]
    )
    if fit.xs:
        document.chart(list(zip(fit.xs, fit.ys, strict=True)), _curve(made), x_label, y_label)
        document.heading("Points")
        columns = [Column("No.", 0.1), *(Column(head, 0.225, True) for head in (x_label, y_label, "Curve", "Residual"))]
        rows = _rows(fit)
        document.table(columns, [_row(number, *row) for number, row in enumerate(rows[:_MOST_ROWS], 1)])
        if len(rows) > _MOST_ROWS:
            document.text(f"The file has {len(rows) - _MOST_ROWS} more points.")
    document.heading("File")
    document.facts([("Name", origin.file_name), ("SHA-256", origin.file_sha256), ("Written by", origin.program)])
    return document


def curve_words(made: Calibration) -> str:
    """Return a calibration's curve in words."""
    curve = made.curve_data_
    if not isinstance(curve, PolynomialCurve):
        return (
            f"piecewise cubic ({curve.type}), {len(curve.knots)} knots from {curve.knots[0]:g} to {curve.knots[-1]:g}"
        )
    terms: list[str] = []
    for power, value in zip(range(len(curve.coefficients) - 1, -1, -1), curve.coefficients, strict=True):
        if value or not power:
            sign = ("-" if value < 0 else "+") if terms else ("-" if value < 0 else "")
            terms.append(f"{sign} {abs(value):.6g}{_POWERS.get(power, f' x^{power}')}".strip())
    return f"y = {' '.join(terms)}"


def _value(made: Calibration, x: float) -> float | None:
    try:
        return made.evaluate(x)
    except CurveError:
        return None


def _curve(made: Calibration) -> list[Point]:
    low, high = made.domain
    places = (low + (high - low) * number / _CURVE_POINTS for number in range(_CURVE_POINTS + 1))
    return [(x, y) for x in places if (y := _value(made, x)) is not None]


def _conditions(made: Calibration) -> list[tuple[str, str]]:
    found: dict[str, Any] = made.model_dump()
    return [(name, f"{found[key]} {units}".strip()) for key, (name, units) in _CONDITIONS.items() if key in found]


def _rows(fit: Fit) -> list[tuple[float, float, float | None]]:
    return list(zip(fit.xs, fit.ys, fit.fitted, strict=True))


def _row(number: int, x: float, y: float, at: float | None) -> list[str]:
    curve, residual = ("–", "–") if at is None else (f"{at:#.6g}", f"{y - at:+#.3g}")
    return [str(number), f"{x:#.6g}", f"{y:#.6g}", curve, residual]


def _label(name: str, units: str) -> str:
    is_said = not units or units.lower() in name.lower()
    return name if is_said else f"{name} ({units})"
