"""One curve: a series' samples, thinned to the screen and drawn with a thin line."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from gui import theme
from gui.live.decimation import NOTHING, Polyline, in_steps
from gui.live.line_item import LineItem
from gui.live.series_buffer import SeriesBuffer
from gui.live.trace import Trace


class Curve:
    """Draws one series in one pane.

    Attributes:
        key: its name among all curves: that of its series, or another one where a series is drawn twice.
        trace: its words and colour.
        buffer: its samples.
        line: the item to put into the pane.
        is_shown: whether the user wants to see it.
        drawn: what is on the screen now, values in the series' unit.
        leaves_out: whether values were left out because they have no logarithm.
    """

    def __init__(self, trace: Trace, buffer: SeriesBuffer, key: str = "") -> None:
        self.key = key or trace.series
        self.trace = trace
        self.buffer = buffer
        # A target or a level has no points that were measured.
        self.line = LineItem(marks_points=not (trace.dashed or trace.holds))
        self.is_shown = True
        self._asked: tuple[object, ...] = ()
        self.drawn = NOTHING
        self.leaves_out = False
        self.restyle()

    def restyle(self) -> None:
        """Take the colours of the present theme."""
        self.line.set_pen(pen_of(self.trace))

    def relabel(self, trace: Trace) -> None:
        """Take other words and another colour: the angle or the unit has become known."""
        self.trace = trace
        self.restyle()

    def redraw(self, span: tuple[float, float], until_s: float, now_s: float, columns: int, is_log: bool) -> None:
        """Draw what lies between two times on `columns` pixels.

        Args:
            span: first and last visible UTC second.
            until_s: nothing after this is drawn.
            now_s: until then a value holds that does so.
            columns: width of the span in pixels.
            is_log: draw logarithms; values that have none are gaps.
        """
        held_s = min(until_s, span[1], now_s) if self.trace.holds else 0.0
        asked = (self.buffer.version, span, min(until_s, span[1]), held_s, columns, is_log, self.is_shown)
        if asked == self._asked:
            return
        self._asked = asked
        line = self.buffer.polyline_again(span, columns) if self.is_shown else NOTHING
        if until_s < span[1]:
            early = line.t <= until_s
            line = Polyline(line.t[early], line.y[early], line.joined[early])
        if self.trace.holds:
            line = in_steps(line, held_s)
        self.leaves_out = is_log and bool((line.y <= 0).any())
        if is_log:
            line = _positive(line)
        self.drawn = line
        y = np.log10(line.y) if is_log else line.y
        self.line.show_points(line.t, y, line.joined)


def pen_of(trace: Trace) -> QPen:
    """Return the pen of a curve: one pixel wide, since wider lines cost ten times as much to draw."""
    if trace.dashed:
        return QPen(theme.current().colour("faint"), 1, Qt.PenStyle.DashLine)
    return QPen(trace.colour, 1)


def _positive(line: Polyline) -> Polyline:
    keep = line.y > 0
    joined = line.joined.copy()
    joined[:-1] &= keep[1:]
    return Polyline(line.t[keep], line.y[keep], joined[keep])


def stepped_range(
    low: float, high: float, present: tuple[float, float] | None, smallest: float
) -> tuple[float, float] | None:
    """Return the value range to show for values from `low` to `high`; None to keep the present one.

    The range is left alone while the values fit and fill at least a third of it, so that the axis moves in steps.

    Args:
        low: smallest visible value.
        high: largest visible value.
        present: the range shown now, None at first.
        smallest: the least height of the range; a flat line lies in its middle.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    if present is not None:
        height = present[1] - present[0]
        fits = present[0] <= low and high <= present[1]
        if fits and (high - low >= height / 3 or height <= smallest * 1.3):
            return None
    middle, height = (low + high) / 2, max(high - low, smallest)
    margin = height * 0.12
    return middle - height / 2 - margin, middle + height / 2 + margin
