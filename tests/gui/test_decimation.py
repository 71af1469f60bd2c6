"""Thinned curves: nothing a person could see on the screen may be lost."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.live import decimation
from gui.live.decimation import MinMaxPyramid, thin

seeds = st.integers(0, 2**32 - 1)


def series(seed: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples at uneven times with a few wide gaps, as an experiment leaves them."""
    random = np.random.default_rng(seed)
    steps = random.exponential(5.0, size) + 0.001
    gaps = random.random(size) < 3 / size
    steps[gaps] += 5000.0
    return 1.9e9 + np.cumsum(steps), np.cumsum(random.normal(0, 0.01, size)), gaps


def pyramid_of(values: np.ndarray) -> MinMaxPyramid:
    pyramid = MinMaxPyramid()
    pyramid.update(values, 0)
    return pyramid


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 3000), st.integers(2, 300), st.floats(0, 1), st.floats(0, 1))
def test_what_is_drawn_is_in_order_small_and_keeps_the_extremes(
    seed: int, size: int, columns: int, left: float, right: float
) -> None:
    t, values, gaps = series(seed, size)
    whole = t[-1] - t[0] + 1.0
    span = (t[0] + whole * min(left, right), t[0] + whole * (max(left, right) + 0.01))
    line = thin(t, values, gaps, pyramid_of(values), span, columns)
    assert len(line.t) == len(line.y) == len(line.joined) <= 2 * columns + 4
    assert (np.diff(line.t) >= 0).all()
    assert np.isin(line.t, t).all()
    assert np.isin(line.y, values).all()
    seen = values[(t >= span[0]) & (t <= span[1])]
    if len(seen):
        assert seen.min() in line.y
        assert seen.max() in line.y


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(50, 3000), st.integers(5, 300))
def test_no_line_crosses_a_gap_wider_than_a_column(seed: int, size: int, columns: int) -> None:
    t, values, gaps = series(seed, size)
    span = (float(t[0]), float(t[-1]))
    line = thin(t, values, gaps, pyramid_of(values), span, columns)
    column_s = (span[1] - span[0]) / columns
    for end in np.flatnonzero(gaps[1:]) + 1:
        if t[end] - t[end - 1] > column_s:
            before = int(np.searchsorted(line.t, t[end - 1], side="right")) - 1
            assert not line.joined[before]
    inside = line.joined[:-1] & (np.diff(line.t) > column_s * 2)
    for index in np.flatnonzero(inside):
        # What lies in the point's own column is told by the point's column.
        between = (t > line.t[index] + column_s) & (t < line.t[index + 1])
        assert not between.any(), "a line passes over samples that were left out"


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 40_000))
def test_the_pyramid_agrees_with_the_samples(seed: int, size: int) -> None:
    _, values, _ = series(seed, size)
    edges = np.unique(np.random.default_rng(seed).integers(0, size + 1, 40))
    starts, stops = edges[:-1], edges[1:]
    if not len(starts):
        return
    direct, decimation._DIRECT = decimation._DIRECT, 0
    try:
        low, high = pyramid_of(values).min_max(values, starts, stops)
    finally:
        decimation._DIRECT = direct
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        assert low[index] == values[start:stop].min()
        assert high[index] == values[start:stop].max()


@settings(max_examples=25, deadline=None)
@given(seeds, st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_a_pyramid_that_grew_equals_one_built_at_once(seed: int, steps: list[int]) -> None:
    _, values, _ = series(seed, sum(steps))
    grown, size = MinMaxPyramid(), 0
    for step in steps:
        grown.update(values[: size + step], size)
        size += step
    built = pyramid_of(values)
    assert len(grown._levels) == len(built._levels)
    blocks = size
    for ours, theirs in zip(grown._levels, built._levels, strict=True):
        blocks = -(-blocks // decimation.FACTOR)
        for part, whole in zip(ours, theirs, strict=True):
            assert (part[:blocks] == whole[:blocks]).all()


def test_columns_stay_at_their_place_while_the_view_moves() -> None:
    t = np.arange(20_000.0)
    values = np.sin(t) + np.random.default_rng(1).normal(0, 0.3, len(t))
    none, pyramid = np.zeros(len(t), bool), pyramid_of(values)
    first = thin(t, values, none, pyramid, (5000.0, 15_000.0), 100)
    moved = thin(t, values, none, pyramid, (5050.0, 15_050.0), 100)
    shared = set(zip(first.t[4:-4], first.y[4:-4], strict=True)) & set(zip(moved.t, moved.y, strict=True))
    assert len(shared) > 0.95 * len(first.t[4:-4])


def test_nothing_is_drawn_of_nothing() -> None:
    empty = np.empty(0)
    line = thin(empty, empty, np.zeros(0, bool), MinMaxPyramid(), (0.0, 1.0), 100)
    assert len(line.t) == 0
