"""The buffer of one series: order, one value per time, gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.live.series_buffer import SeriesBuffer

EPOCH_S = 1.9e9
times = st.integers(0, 400).map(lambda tick: EPOCH_S + tick * 0.5)
samples = st.tuples(times, st.floats(-10, 10))


@settings(max_examples=100, deadline=None)
@given(st.lists(samples, max_size=60))
def test_whatever_the_order_each_time_is_there_once_with_its_last_value(arrived: list[tuple[float, float]]) -> None:
    buffer = SeriesBuffer()
    for utc_s, value in arrived:
        buffer.append(utc_s, value)
    expected = dict(arrived)
    assert list(buffer.t) == sorted(expected)
    assert list(buffer.values) == [expected[utc_s] for utc_s in sorted(expected)]


@settings(max_examples=60, deadline=None)
@given(st.lists(samples, max_size=40), st.lists(samples, max_size=40), times, times)
def test_a_splice_replaces_its_span_and_nothing_else(
    there: list[tuple[float, float]], new: list[tuple[float, float]], one: float, other: float
) -> None:
    span = (min(one, other), max(one, other))
    buffer = SeriesBuffer()
    for utc_s, value in there:
        buffer.append(utc_s, value)
    inside = dict(sorted((t, v) for t, v in new if span[0] <= t <= span[1]))
    buffer.splice(span, np.array(list(inside), float), np.array(list(inside.values()), float))
    expected = {t: v for t, v in there if not span[0] <= t <= span[1]} | inside
    assert list(buffer.t) == sorted(expected)
    assert list(buffer.values) == [expected[t] for t in sorted(expected)]
    line = buffer.polyline((EPOCH_S - 1, EPOCH_S + 300), 1000)
    assert list(line.y) == list(buffer.values)


def regular(count: int, step_s: float = 5.0) -> SeriesBuffer:
    buffer = SeriesBuffer()
    for index in range(count):
        buffer.append(EPOCH_S + index * step_s, 0.1 + index * 0.001)
    return buffer


def test_a_marked_gap_is_not_bridged() -> None:
    buffer = regular(10)
    buffer.mark_gap(EPOCH_S + 46)
    buffer.append(EPOCH_S + 50, 0.2)
    assert list(np.flatnonzero(buffer.starts_after_gap)) == [10]
    line = buffer.polyline((EPOCH_S, EPOCH_S + 60), 800)
    assert list(np.flatnonzero(~line.joined)) == [9, 10]
    assert buffer.nearest(EPOCH_S + 48) is None


def test_missing_readings_are_a_gap_even_if_nobody_said_so() -> None:
    buffer = regular(40)
    buffer.append(EPOCH_S + 39 * 5 + 300, 0.3)
    assert buffer.starts_after_gap[-1]


def test_one_late_reading_is_no_gap() -> None:
    buffer = regular(40)
    buffer.append(EPOCH_S + 39 * 5 + 12, 0.3)
    assert not buffer.starts_after_gap.any()


def test_a_slower_interval_is_a_gap_only_once() -> None:
    buffer = regular(40)
    for index in range(1, 8):
        buffer.append(EPOCH_S + 39 * 5 + index * 60, 0.3)
    assert list(np.flatnonzero(buffer.starts_after_gap)) == [40]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_none_is_a_gap(value: float) -> None:
    buffer = regular(5)
    buffer.append(EPOCH_S + 25, value)
    buffer.append(EPOCH_S + 30, 0.2)
    assert len(buffer) == 6
    assert buffer.starts_after_gap[5]


def test_gaps_in_history_are_found_and_kept_when_more_detail_comes() -> None:
    buffer = SeriesBuffer()
    t = EPOCH_S + np.concatenate((np.arange(0, 1000, 5.0), np.arange(5000, 6000, 5.0)))
    buffer.splice((t[0], t[-1]), t, np.ones(len(t)))
    assert list(np.flatnonzero(buffer.starts_after_gap)) == [200]
    part = t[150:180]
    buffer.splice((part[0], part[-1]), part, np.full(30, 2.0))
    assert list(np.flatnonzero(buffer.starts_after_gap)) == [200]


def test_a_gap_where_history_meets_live_readings_is_found() -> None:
    buffer = regular(3)
    t = EPOCH_S - 5000 + np.arange(0, 1000, 5.0)
    buffer.splice((t[0], t[-1]), t, np.ones(len(t)))
    assert buffer.starts_after_gap[len(t)]


def test_the_nearest_sample_is_told() -> None:
    buffer = regular(10)
    assert buffer.nearest(EPOCH_S + 11) == (EPOCH_S + 10, pytest.approx(0.102))
    assert buffer.nearest(EPOCH_S - 1) is None
    assert buffer.nearest(EPOCH_S + 100) is None
    assert buffer.latest() == (EPOCH_S + 45, pytest.approx(0.109))


def test_cleared_is_empty_and_usable() -> None:
    buffer = regular(5000)
    buffer.polyline((EPOCH_S, EPOCH_S + 9e4), 100)
    buffer.clear()
    assert buffer.latest() is None
    buffer.append(EPOCH_S, 1.0)
    assert list(buffer.polyline((EPOCH_S - 1, EPOCH_S + 1), 100).y) == [1.0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_thinned_again_is_as_if_thinned_afresh(seed: int) -> None:
    random = np.random.default_rng(seed)
    buffer, at_s = regular(300), EPOCH_S + 300 * 5
    span = (EPOCH_S, EPOCH_S + 5000.0)
    for _ in range(60):
        what = random.integers(0, 12)
        for _ in range(int(random.integers(1, 9))):
            at_s += float(random.choice([1.0, 5.0, 60.0]))
            buffer.append(at_s, float(random.normal()))
        if what == 0:
            buffer.mark_gap(float(random.uniform(EPOCH_S, at_s + 5)))
        elif what == 1:
            buffer.append(float(random.uniform(EPOCH_S, at_s)), 9.0)
        elif what == 2:
            t = np.sort(random.uniform(EPOCH_S, at_s, 50))
            buffer.splice((t[0], t[-1]), t, random.normal(size=50))
        elif what == 3:
            span = (span[0] + random.uniform(-100, 100), span[1] + random.uniform(-100, 100))
        again, afresh = buffer.polyline_again(span, 40), buffer.polyline(span, 40)
        assert (again.t == afresh.t).all()
        assert (again.y == afresh.y).all()
        assert (again.joined == afresh.joined).all()
