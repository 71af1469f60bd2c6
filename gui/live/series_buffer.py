"""The samples of one time series the window knows: in order, each once, with its gaps."""

from __future__ import annotations

import math

import numpy as np

from gui.live.decimation import Flags, Floats, MinMaxPyramid, Polyline, Thinner, thin

# An interval this many times the usual one is a gap: several readings in a row are missing.
_GAP_FACTOR = 4.0
_RECENT = 31


class SeriesBuffer:
    """Growing arrays of time and value, sorted by time.

    A time that is already there keeps its place and takes the newer value: history and live stream may both tell
    the same reading. Values that are not finite are not samples; they mark a gap.

    Args:
        holds: whether a value holds until the next one: then there are no gaps.

    Attributes:
        t: UTC in seconds, strictly ascending (a view: do not change it).
        values: the values (a view).
        holds: as given.
        starts_after_gap: True for each sample that must not be joined to the one before (a view).
        version: another number after each change.
    """

    def __init__(self, *, holds: bool = False) -> None:
        self.holds = holds
        self._usual_s = math.inf if holds else 0.0
        self._t = np.empty(1024)
        self._values = np.empty(1024)
        self._gaps = np.zeros(1024, bool)
        self._size = 0
        self.version = 0
        self._gap_pending = False
        self._pyramid = MinMaxPyramid()
        self._thinner = Thinner()
        # The first sample the pyramid and the thinner do not know as it is now.
        self._changed_from = 0
        self._unseen_from = 0

    def __len__(self) -> int:
        return self._size

    @property
    def t(self) -> Floats:
        """Times of all samples."""
        return self._t[: self._size]

    @property
    def values(self) -> Floats:
        """Values of all samples."""
        return self._values[: self._size]

    @property
    def starts_after_gap(self) -> Flags:
        """Where a gap ends."""
        return self._gaps[: self._size]

    def append(self, utc_s: float, value: float) -> None:
        """Add one sample, usually the newest."""
        self.version += 1
        if not np.isfinite(value):
            self.mark_gap(utc_s)
            return
        size = self._size
        if size and utc_s <= self._t[size - 1]:
            self._insert(utc_s, value)
            return
        self._reserve(size + 1)
        self._t[size], self._values[size] = utc_s, value
        self._gaps[size] = self._gap_pending or self._is_gap_before(utc_s)
        self._gap_pending = False
        self._size = size + 1
        self._note_change(size)

    def mark_gap(self, utc_s: float) -> None:
        """Do not join the last sample before `utc_s` to the next one, whenever it comes."""
        if self.holds:
            return
        self.version += 1
        after = int(np.searchsorted(self.t, utc_s, side="right"))
        if after < self._size:
            self._gaps[after] = True
            self._unseen_from = min(self._unseen_from, after)
        else:
            self._gap_pending = True

    def splice(self, span: tuple[float, float], t: Floats, values: Floats, usual_s: float = 0.0) -> None:
        """Replace all samples from `span[0]` to `span[1]` (both included) by others, sorted, inside that span.

        Args:
            span: first and last time of what is replaced.
            t: times of the new samples, ascending.
            values: their values; not finite ones are gaps.
            usual_s: interval in seconds below which there is certainly no gap (a bucket's length).
        """
        self.version += 1
        usual_s = max(usual_s, self._usual_s)
        first = int(np.searchsorted(self.t, span[0], side="left"))
        last = int(np.searchsorted(self.t, span[1], side="right"))
        marked = self._t[first:last][self._gaps[first:last]]
        new_t, new_values, new_gaps = _clean(t, values, usual_s)
        new_gaps[np.searchsorted(new_t, marked[marked <= new_t[-1]] if len(new_t) else [])] = True
        tail = slice(last, self._size)
        tail_t, tail_values, tail_gaps = self._t[tail].copy(), self._values[tail].copy(), self._gaps[tail].copy()
        self._size = first + len(new_t) + len(tail_t)
        self._reserve(self._size)
        self._t[first : self._size] = np.concatenate((new_t, tail_t))
        self._values[first : self._size] = np.concatenate((new_values, tail_values))
        self._gaps[first : self._size] = np.concatenate((new_gaps, tail_gaps))
        for seam in (first, first + len(new_t)):
            self._mark_seam(seam, usual_s)
        self._note_change(first)

    def polyline(self, span: tuple[float, float], columns: int) -> Polyline:
        """Return what to draw between two times on `columns` pixels; see `decimation.thin`."""
        self._build()
        return thin(self.t, self.values, self.starts_after_gap, self._pyramid, span, columns)

    def polyline_again(self, span: tuple[float, float], columns: int) -> Polyline:
        """Return the same as `polyline`; quick while it is asked for one span and samples are only added."""
        self._build()
        unseen_from, self._unseen_from = self._unseen_from, self._size
        return self._thinner.thin(self.t, self.values, self.starts_after_gap, self._pyramid, span, columns, unseen_from)

    def between(self, span: tuple[float, float]) -> slice:
        """Return where in the arrays the samples from `span[0]` to `span[1]` (both included) are."""
        return slice(
            int(np.searchsorted(self.t, span[0], side="left")), int(np.searchsorted(self.t, span[1], side="right"))
        )

    def breaks(self, span: tuple[float, float]) -> list[tuple[float, float]]:
        """Return where the curve breaks off within a span: the samples before and after each gap, in seconds."""
        inside = self.between(span)
        first, last = max(inside.start, 1), min(inside.stop + 1, self._size)
        ends = np.flatnonzero(self._gaps[first:last]) + first
        return list(zip(self._t[ends - 1].tolist(), self._t[ends].tolist(), strict=True))

    @property
    def is_broken_off(self) -> bool:
        """Whether a gap follows the newest sample."""
        return self._gap_pending

    def nearest(self, utc_s: float) -> tuple[float, float] | None:
        """Return time and value of the sample nearest to a time; None in a gap and outside all samples.

        Of values that hold, the last one before.
        """
        if self.holds:
            before = int(np.searchsorted(self.t, utc_s, side="right")) - 1
            return None if before < 0 else (float(self._t[before]), float(self._values[before]))
        after = int(np.searchsorted(self.t, utc_s))
        if after < self._size and self._t[after] == utc_s:
            return float(self._t[after]), float(self._values[after])
        if after == 0 or after == self._size or self._gaps[after]:
            return None
        index = after if self._t[after] - utc_s < utc_s - self._t[after - 1] else after - 1
        return float(self._t[index]), float(self._values[index])

    def latest(self) -> tuple[float, float] | None:
        """Return time and value of the newest sample."""
        if not self._size:
            return None
        return float(self._t[self._size - 1]), float(self._values[self._size - 1])

    def clear(self) -> None:
        """Forget all samples."""
        self.version += 1
        self._size = 0
        self._gap_pending = False
        self._changed_from = self._unseen_from = 0

    def _note_change(self, index: int) -> None:
        self._changed_from, self._unseen_from = min(self._changed_from, index), min(self._unseen_from, index)

    def _build(self) -> None:
        if self._changed_from < self._size:
            self._pyramid.update(self.values, self._changed_from)
            self._changed_from = self._size

    def _insert(self, utc_s: float, value: float) -> None:
        index = int(np.searchsorted(self.t, utc_s))
        if self._t[index] == utc_s:
            self._values[index] = value
            self._note_change(index)
        else:
            self.splice((utc_s, utc_s), np.array([utc_s]), np.array([value]))

    def _is_gap_before(self, utc_s: float) -> bool:
        recent = self._t[max(0, self._size - _RECENT) : self._size]
        return bool(_gaps(np.append(recent, utc_s), self._usual_s)[-1]) if len(recent) > 2 else False

    def _mark_seam(self, index: int, usual_s: float) -> None:
        if 0 < index < self._size:
            around = slice(max(0, index - _RECENT), index + _RECENT)
            self._gaps[index] |= _gaps(self.t[around], usual_s)[index - around.start]

    def _reserve(self, size: int) -> None:
        if size <= len(self._t):
            return
        room = max(size, 2 * len(self._t))
        for name in ("_t", "_values", "_gaps"):
            old = getattr(self, name)
            new = np.zeros(room, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)


def _gaps(t: Floats, usual_s: float) -> Flags:
    """Tell which samples come after a gap.

    An interval much longer than the usual one is a gap, unless the one before was about as long: then measuring has
    become slower.
    """
    gaps = np.zeros(len(t), bool)
    intervals = np.diff(t)
    if len(intervals) < 2:
        return gaps
    long = intervals > _GAP_FACTOR * max(float(np.median(intervals)), usual_s)
    before = np.concatenate(([0.0], intervals[:-1]))
    slower = (intervals <= 2 * before) & (before <= 2 * intervals)
    gaps[1:] = long & ~slower
    return gaps


def _clean(t: Floats, values: Floats, usual_s: float) -> tuple[Floats, Floats, Flags]:
    """Return strictly ascending times with finite values, and where gaps end; of equal times the last counts."""
    t, values = np.asarray(t, float), np.asarray(values, float)
    last_of_time = np.append(t[1:] > t[:-1], True) if len(t) else np.zeros(0, bool)
    t, values = t[last_of_time], values[last_of_time]
    finite = np.isfinite(values)
    after_hole = np.diff(np.cumsum(~finite)[finite], prepend=0) > 0
    return t[finite], values[finite], _gaps(t[finite], usual_s) | after_hole
