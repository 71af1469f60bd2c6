"""Which part of time the plots show: following now, paused, or looking at a chosen span."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal

# The edge moves on by this share of the window, not with each reading: giving the axes a new range is dear.
_STEP = 1 / 20
_SHORTEST_S = 2.0
_LONGEST_S = 400 * 86400.0
_FIRST_ALL_S = 120.0


class TimeView(QObject):
    """The visible span of time, shared by all panes.

    Signals:
        span_changed: `span` moved.
        mode_changed: `is_following`, `paused_at_s` or `window_s` changed.

    Attributes:
        window_s: length of the followed window in seconds; None shows everything.
        is_following: whether the span moves on with time.
        paused_at_s: when the view was paused (UTC seconds); nothing after it is drawn. None when not paused.
        span: first and last visible time, UTC seconds.
        now_s: the time told last, UTC seconds.
    """

    span_changed = Signal()
    mode_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.window_s: float | None = None
        self.is_following = True
        self.paused_at_s: float | None = None
        self.span = (0.0, _FIRST_ALL_S)
        self._first_s: float | None = None
        self.now_s = _FIRST_ALL_S

    def advance(self, now_s: float, first_s: float | None) -> None:
        """Tell the time, and when the oldest sample is (None when there is none); a followed span moves on in steps."""
        self.now_s, self._first_s = now_s, first_s
        if self.is_following:
            self._set_span(self._followed())

    def choose_window(self, window_s: float | None) -> None:
        """Show the last `window_s` seconds (None: everything) and follow."""
        self.window_s = window_s
        self.follow()

    def follow(self) -> None:
        """Return to now."""
        self.is_following, self.paused_at_s = True, None
        self.mode_changed.emit()
        self._set_span(self._followed())

    def pause(self) -> None:
        """Hold the picture still; what arrives meanwhile is kept and drawn later."""
        if self.paused_at_s is None:
            self.is_following, self.paused_at_s = False, self.now_s
            self.mode_changed.emit()

    def show_span(self, start_s: float, end_s: float) -> None:
        """Look at a span of time; no longer follow now."""
        length_s = min(max(end_s - start_s, _SHORTEST_S), _LONGEST_S)
        middle_s = (start_s + end_s) / 2
        if self.is_following:
            self.is_following = False
            self.mode_changed.emit()
        self._set_span((middle_s - length_s / 2, middle_s + length_s / 2))

    def zoom(self, factor: float, anchor_s: float | None = None) -> None:
        """Show `factor` times as much time around `anchor_s`; around now while following, else around the middle."""
        start_s, end_s = self.span
        if anchor_s is None:
            anchor_s = min(self.now_s, end_s) if self.is_following else (start_s + end_s) / 2
        self.show_span(anchor_s + (start_s - anchor_s) * factor, anchor_s + (end_s - anchor_s) * factor)

    def pan(self, seconds: float) -> None:
        """Look `seconds` later (negative: earlier)."""
        self.show_span(self.span[0] + seconds, self.span[1] + seconds)

    def _followed(self) -> tuple[float, float]:
        if self.window_s is not None:
            step_s = self.window_s * _STEP
            end_s = (math.floor(self.now_s / step_s) + 1) * step_s
            return end_s - self.window_s, end_s
        nothing_yet_s = math.floor(self.now_s / _FIRST_ALL_S) * _FIRST_ALL_S
        start_s = nothing_yet_s if self._first_s is None else min(self._first_s, self.now_s)
        step_s = _all_step_s(max(self.now_s - start_s, _FIRST_ALL_S))
        return start_s, start_s + max(_FIRST_ALL_S, (math.floor((self.now_s - start_s) / step_s) + 1) * step_s)

    def _set_span(self, span: tuple[float, float]) -> None:
        if span != self.span:
            self.span = span
            self.span_changed.emit()


def _all_step_s(length_s: float) -> float:
    """Return the step by which a window over everything grows: a power of two, between 1/16 and 1/8 of it."""
    return float(2.0 ** math.floor(math.log2(length_s / 8)))
