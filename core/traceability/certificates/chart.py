"""Points and a curve through them, drawn on a page under way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fpdf import FPDF, Align

from core.traceability.certificates.document import Chart, Point

HEIGHT_PT = 246.0
_PLOT_PT = 198.0
_LABEL_PT = 7.5
_LEFT_PT, _RIGHT_PT = 46.0, 8.0
_GRID, _CURVE, _INK = (204, 204, 199), (31, 94, 168), (28, 28, 31)
_TICKS = 5


def draw_chart(pdf: FPDF, chart: Chart, x_label: str, y_label: str) -> None:
    """Draw a chart at the current height, which has HEIGHT_PT of room, in the current font and colour.

    The labels are given as they are to be shown. Nothing is drawn where the values are too far apart for an axis.
    """
    shown = (*chart.points, *chart.curve)
    xs, ys = _range([x for x, _ in shown]), _range([y for _, y in shown])
    if not (math.isfinite(xs[1] - xs[0]) and math.isfinite(ys[1] - ys[0])):
        return
    pdf.ln(6)
    top = pdf.y + 14
    bottom, left, right = top + _PLOT_PT, pdf.l_margin + _LEFT_PT, pdf.l_margin + pdf.epw - _RIGHT_PT

    def place(x: float, y: float) -> Point:
        across, up = (x - xs[0]) / (xs[1] - xs[0]), (y - ys[0]) / (ys[1] - ys[0])
        return left + across * (right - left), bottom - up * (bottom - top)

    pdf.set_font_size(_LABEL_PT)
    _label(pdf, y_label, pdf.l_margin, pdf.y, Align.L)
    _grid(pdf, xs, ys, place)
    _label(pdf, x_label, left, bottom + 17, Align.R, right - left)
    pdf.set_draw_color(_CURVE)
    pdf.set_line_width(1.2)
    if len(chart.curve) > 1:
        pdf.polyline([place(*point) for point in chart.curve])
    with pdf.local_context(fill_color=_INK):
        for point in chart.points:
            pdf.circle(*place(*point), radius=2, style="F")
    pdf.set_y(bottom + 28)


def _grid(pdf: FPDF, xs: Point, ys: Point, place: Callable[[float, float], Point]) -> None:
    """Draw lines at round values, and the values beside them."""
    pdf.set_draw_color(_GRID)
    pdf.set_line_width(0.4)
    for x in _ticks(*xs):
        (across, bottom), (_, top) = place(x, ys[0]), place(x, ys[1])
        pdf.line(across, bottom, across, top)
        _label(pdf, f"{x:g}", across - 30, bottom + 4, Align.C, 60)
    for y in _ticks(*ys):
        (left, up), (right, _) = place(xs[0], y), place(xs[1], y)
        pdf.line(left, up, right, up)
        _label(pdf, f"{y:g}", left - 66, up - _LABEL_PT / 2, Align.R, 60)


def _label(pdf: FPDF, text: str, x: float, y: float, align: Align, width: float | None = None) -> None:
    pdf.set_xy(x, y)
    pdf.cell(width or pdf.epw, _LABEL_PT, text, align=align)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return from where to where an axis goes: all values, with a little room."""
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or max(abs(low), 1.0) * 0.5
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Return round values between two, about five."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(number * step, 12) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
