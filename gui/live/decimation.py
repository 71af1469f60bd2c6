"""Curves thinned to the width of the screen, so that no spike and no gap is lost.

The visible span is cut into columns about one pixel wide, at fixed places in time so that a moving curve does not
shimmer; of each column its smallest and its largest sample are drawn. A pyramid of minima and maxima over blocks of 16,
256, ... samples makes this independent of how many samples there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]

FACTOR = 16
# Up to this many samples, reading them all is as quick as climbing the pyramid.
_DIRECT = 1 << 21


@dataclass(frozen=True)
class Polyline:
    """Points to draw, all arrays of one length.

    Attributes:
        t: UTC in seconds, ascending.
        y: value.
        joined: whether a line goes on to the next point; False before a gap.
    """

    t: Floats
    y: Floats
    joined: Flags


NOTHING = Polyline(np.empty(0), np.empty(0), np.empty(0, bool))


def in_steps(line: Polyline, until_s: float) -> Polyline:
    """Return a line of values that hold until the next one, the last of them until `until_s`."""
    if not len(line.t):
        return line
    t = np.repeat(line.t, 2)[1:]
    y = np.repeat(line.y, 2)[:-1]
    if until_s > t[-1]:
        t, y = np.append(t, until_s), np.append(y, y[-1])
    joined = np.ones(len(t), bool)
    joined[-1] = False
    return Polyline(t, y, joined)


class MinMaxPyramid:
    """Minima and maxima over blocks of `FACTOR`**level samples, kept up to date as samples are added."""

    def __init__(self) -> None:
        # Of each level the minima and maxima, with room for more.
        self._levels: list[tuple[Floats, Floats]] = []

    def update(self, values: Floats, changed_from: int) -> None:
        """Take in `values` (all samples) of which those from index `changed_from` on are new or changed."""
        minima, maxima = values, values
        level = 0
        while len(minima) > FACTOR:
            if level == len(self._levels):
                self._levels.append((np.empty(0), np.empty(0)))
                changed_from = 0
            blocks, first = -(-len(minima) // FACTOR), changed_from // FACTOR
            low, high = (_with_room(part, blocks) for part in self._levels[level])
            self._levels[level] = low, high
            starts = np.arange(0, len(minima) - first * FACTOR, FACTOR)
            low[first:blocks] = np.minimum.reduceat(minima[first * FACTOR :], starts)
            high[first:blocks] = np.maximum.reduceat(maxima[first * FACTOR :], starts)
            minima, maxima, changed_from = low[:blocks], high[:blocks], first
            level += 1
        del self._levels[level:]

    def min_max(self, values: Floats, starts: Indices, stops: Indices) -> tuple[Floats, Floats]:
        """Return minimum and maximum of each index range `starts[i]` to `stops[i]` (exclusive, not empty)."""
        low = np.full(len(starts), np.inf)
        high = np.full(len(starts), -np.inf)
        minima, maxima = values, values
        lo, hi = starts, stops
        for level in range(len(self._levels) + 1):
            if level == len(self._levels) or int((hi - lo).sum()) <= _DIRECT:
                _fold(low, high, minima, maxima, lo, hi)
                break
            head = np.minimum(-(-lo // FACTOR) * FACTOR, hi)
            tail = np.maximum(hi // FACTOR * FACTOR, head)
            _fold(low, high, minima, maxima, lo, head)
            _fold(low, high, minima, maxima, tail, hi)
            lo, hi = -(-head // FACTOR), tail // FACTOR
            hi = np.maximum(lo, hi)
            minima, maxima = self._levels[level]
        return low, high


def _with_room(part: Floats, size: int) -> Floats:
    """Return the array itself, or a longer copy when `size` does not fit."""
    if size <= len(part):
        return part
    longer = np.empty(max(size, 2 * len(part)))
    longer[: len(part)] = part
    return longer


def _fold(low: Floats, high: Floats, minima: Floats, maxima: Floats, lo: Indices, hi: Indices) -> None:
    """Lower `low` and raise `high` by the entries `lo[i]` to `hi[i]` (exclusive) of a level; ranges may be empty."""
    filled = hi > lo
    if not filled.any():
        return
    lo, hi = lo[filled], hi[filled]
    if (lo[1:] == hi[:-1]).all():  # one range after the other: no need to gather them
        offsets, minima, maxima = lo - lo[0], minima[lo[0] : hi[-1]], maxima[lo[0] : hi[-1]]
    else:
        counts = hi - lo
        offsets = np.cumsum(counts) - counts
        entries = np.repeat(lo - offsets, counts) + np.arange(int(counts.sum()))
        minima, maxima = minima[entries], maxima[entries]
    low[filled] = np.minimum(low[filled], np.minimum.reduceat(minima, offsets))
    high[filled] = np.maximum(high[filled], np.maximum.reduceat(maxima, offsets))


def thin(
    t: Floats, values: Floats, starts_after_gap: Flags, pyramid: MinMaxPyramid, span: tuple[float, float], columns: int
) -> Polyline:
    """Return what to draw of a series between two times.

    Args:
        t: UTC in seconds of every sample, strictly ascending.
        values: their values, finite.
        starts_after_gap: True where no line may lead from the sample before.
        pyramid: the pyramid over `values`.
        span: first and last visible time.
        columns: how many columns the span is cut into; at most `2 * columns + 4` points come back.
    """
    return Thinner().thin(t, values, starts_after_gap, pyramid, span, columns, 0)


class Thinner:
    """Thins one series again and again; columns whose samples are as they were are not read again."""

    def __init__(self) -> None:
        self._asked: tuple[tuple[float, float], int] | None = None
        self._settled = NOTHING
        # The first sample of the last column: more may still fall into it.
        self._seam = 0

    def thin(
        self,
        t: Floats,
        values: Floats,
        starts_after_gap: Flags,
        pyramid: MinMaxPyramid,
        span: tuple[float, float],
        columns: int,
        changed_from: int,
    ) -> Polyline:
        """Do as `decimation.thin`; samples from index `changed_from` on are new or changed since the last time."""
        width = (span[1] - span[0]) / columns
        first, last = (int(i) for i in np.searchsorted(t, span))
        if last - first <= 2 * columns or width <= 0:
            self._asked = None
            chosen = slice(max(first - 1, 0), last + 1)
            joined = np.append(~starts_after_gap[chosen][1:], False)
            return Polyline(t[chosen], values[chosen], joined)
        if (span, columns) != self._asked or changed_from <= self._seam:
            self._asked, self._settled, self._seam = (span, columns), NOTHING, first
        edges = (np.floor(span[0] / width) + np.arange(columns + 2)) * width
        edges = edges[max(int(np.searchsorted(edges, t[self._seam], side="right")) - 1, 0) :]
        bounds = np.clip(np.searchsorted(t[self._seam : last], edges) + self._seam, self._seam, last)
        starts, stops = bounds[:-1], bounds[1:]
        filled = stops > starts
        starts, stops = starts[filled], stops[filled]
        fresh = _columns(t, values, starts_after_gap, pyramid, starts, stops)
        line = _one_after_other(self._settled, fresh)
        open_points = 2 if stops[-1] - starts[-1] > 1 else 1
        self._settled = Polyline(line.t[:-open_points], line.y[:-open_points], line.joined[:-open_points])
        self._seam = int(starts[-1])
        return _with_neighbours(line, t, values, starts_after_gap, first, int(stops[-1]))


def _one_after_other(first: Polyline, second: Polyline) -> Polyline:
    if not len(first.t):
        return second
    return Polyline(
        np.concatenate((first.t, second.t)),
        np.concatenate((first.y, second.y)),
        np.concatenate((first.joined, second.joined)),
    )


def _columns(
    t: Floats, values: Floats, starts_after_gap: Flags, pyramid: MinMaxPyramid, starts: Indices, stops: Indices
) -> Polyline:
    low, high = pyramid.min_max(values, starts, stops)
    rising = values[starts] <= values[stops - 1]
    pairs = np.empty((len(starts), 2))
    pairs[:, 0], pairs[:, 1] = np.where(rising, low, high), np.where(rising, high, low)
    joined = np.ones((len(starts), 2), bool)
    joined[:-1, 1] = ~starts_after_gap[stops[:-1]]
    joined[-1, 1] = stops[-1] < len(t) and not starts_after_gap[stops[-1]]
    keep = np.ones((len(starts), 2), bool)
    keep[:, 0] = stops - starts > 1  # a sample alone in its column is one point
    return Polyline(np.repeat(t[starts], 2)[keep.ravel()], pairs[keep], joined[keep])


def _with_neighbours(
    line: Polyline, t: Floats, values: Floats, starts_after_gap: Flags, start: int, stop: int
) -> Polyline:
    """Add the sample before and the one after, so that the line runs on to the edges of the plot."""
    before, after = slice(max(start - 1, 0), start), slice(stop, stop + 1)
    joined_before = ~starts_after_gap[start : start + 1] if start else np.zeros(0, bool)
    return Polyline(
        np.concatenate((t[before], line.t, t[after])),
        np.concatenate((values[before], line.y, values[after])),
        np.concatenate((joined_before, line.joined, np.zeros(len(t[after]), bool))),
    )
