"""Which part of time is shown, and the labels of the axes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QApplication

from gui.live.axes import TimeAxis, ValueAxis, local_midnight_s
from gui.live.coverage import Coverage, Known
from gui.live.curve import stepped_range
from gui.live.heights import room_for
from gui.live.time_view import TimeView

NOW_S = 1.9e9


@pytest.fixture
def view(qapp: QApplication) -> TimeView:
    view = TimeView()
    view.advance(NOW_S, NOW_S - 3600)
    return view


@pytest.mark.parametrize("window_s", [None, 43_200.0, 3600.0, 600.0])
def test_a_followed_view_always_shows_now_and_moves_in_steps(view: TimeView, window_s: float | None) -> None:
    view.choose_window(window_s)
    moves: list[tuple[float, float]] = []
    view.span_changed.connect(lambda: moves.append(view.span))
    for second in range(600):
        view.advance(NOW_S + second, NOW_S - 3600)
        assert view.span[0] <= NOW_S + second <= view.span[1]
        if window_s is not None:
            assert view.span[1] - view.span[0] == pytest.approx(window_s)
    assert len(moves) <= 21


def test_everything_includes_the_first_reading(view: TimeView) -> None:
    assert view.span[0] == NOW_S - 3600


def test_looking_elsewhere_ends_following_until_one_click_brings_it_back(view: TimeView) -> None:
    modes: list[bool] = []
    view.mode_changed.connect(lambda: modes.append(view.is_following))
    view.zoom(0.5, NOW_S - 1800)
    span = view.span
    assert not view.is_following
    assert span[0] < NOW_S - 1800 < span[1]
    view.advance(NOW_S + 5000, NOW_S - 3600)
    assert view.span == span
    view.follow()
    assert view.span[1] >= NOW_S + 5000
    assert modes == [False, True]


def test_the_second_under_the_mouse_stays_there_while_zooming(view: TimeView) -> None:
    share = (NOW_S - 600 - view.span[0]) / (view.span[1] - view.span[0])
    view.zoom(0.25, NOW_S - 600)
    assert (NOW_S - 600 - view.span[0]) / (view.span[1] - view.span[0]) == pytest.approx(share)


def test_zoom_has_ends(view: TimeView) -> None:
    for _ in range(100):
        view.zoom(0.5)
    assert view.span[1] - view.span[0] == pytest.approx(2.0)
    for _ in range(100):
        view.zoom(2)
    assert view.span[1] - view.span[0] == pytest.approx(400 * 86_400)


def test_a_paused_view_remembers_when(view: TimeView) -> None:
    view.pause()
    view.advance(NOW_S + 100, NOW_S - 3600)
    view.pause()
    assert view.paused_at_s == NOW_S
    view.follow()
    assert view.paused_at_s is None


def test_the_value_range_moves_in_steps() -> None:
    present = stepped_range(0.1, 0.2, None, 0.01)
    assert present is not None
    assert present[0] < 0.1 < 0.2 < present[1]
    assert stepped_range(0.11, 0.19, present, 0.01) is None
    assert stepped_range(0.11, 0.5, present, 0.01) is not None
    assert stepped_range(0.11, 0.12, present, 0.01) is not None
    assert stepped_range(float("inf"), float("-inf"), present, 0.01) is None


def test_a_flat_line_does_not_make_the_range_move_for_ever() -> None:
    present = stepped_range(500.0, 500.0, None, 20.0)
    assert present is not None
    assert stepped_range(500.1, 500.1, present, 20.0) is None


class TestTimeAxis:
    @pytest.fixture(autouse=True, params=["UTC", "America/New_York", "Asia/Kolkata"])
    def zone(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("TZ", request.param)
        time.tzset()
        yield
        monkeypatch.undo()
        time.tzset()

    @pytest.mark.parametrize("span_s", [10.0, 600.0, 7200.0, 86_400.0, 7 * 86_400.0, 60 * 86_400.0])
    def test_labels_are_round_local_times_with_room(self, qapp: QApplication, span_s: float) -> None:
        axis = TimeAxis()
        axis.setRange(NOW_S, NOW_S + span_s)
        [(step, ticks)] = axis.tickValues(NOW_S, NOW_S + span_s, 900)
        assert 2 <= len(ticks) <= 11
        labels = axis.tickStrings(ticks, 1.0, step)
        assert len(set(labels)) == len(labels)
        if step >= 60:
            assert {datetime.fromtimestamp(tick).second for tick in ticks} == {0}
        assert axis.words().startswith("Local time, UTC")

    def test_the_day_is_told_where_it_begins(self, qapp: QApplication) -> None:
        midnight = local_midnight_s(NOW_S)
        labels = TimeAxis().tickStrings([midnight - 3600, midnight, midnight + 3600], 1.0, 3600.0)
        assert labels[1] == f"{datetime.fromtimestamp(midnight).day} {datetime.fromtimestamp(midnight):%b}"
        assert labels[2] == "01:00"

    def test_hours_count_from_the_start(self, qapp: QApplication) -> None:
        axis = TimeAxis()
        axis.in_hours, axis.start_utc_s = True, NOW_S
        [(step, ticks)] = axis.tickValues(NOW_S, NOW_S + 36_000, 900)
        assert axis.tickStrings(ticks, 1.0, step)[:3] == ["0", "1", "2"]
        assert axis.words() == "Hours since the start"


def test_a_label_at_the_left_edge_is_drawn(qapp: QApplication) -> None:
    axis = TimeAxis()
    axis.setGeometry(QRectF(0, 0, 400, 30))
    assert axis.boundingRect().left() <= -40, "half of it lies below the value axis"
    assert axis.boundingRect().right() == 400


def test_a_logarithmic_axis_is_labelled_with_plain_numbers(qapp: QApplication) -> None:
    axis = ValueAxis()
    axis.is_log = True
    [(_, ticks)] = axis.tickValues(-2.1, 1.1, 200)
    assert axis.tickStrings(ticks, 1.0, 1.0) == ["0.01", "0.1", "1", "10"]
    [(_, ticks)] = axis.tickValues(-1.05, 0.35, 600)
    assert axis.tickStrings(ticks, 1.0, 1.0) == ["0.1", "0.2", "0.5", "1", "2"]
    [(_, ticks)] = axis.tickValues(np.log10(0.41), np.log10(0.52), 300)
    assert len(ticks) >= 3
    assert {"0.42", "0.5"} <= set(axis.tickStrings(ticks, 1.0, 1.0))


def test_a_linear_axis_has_round_numbers_and_one_zero(qapp: QApplication) -> None:
    axis = ValueAxis()
    [(step, ticks)] = axis.tickValues(-0.013, 0.42, 300)
    labels = axis.tickStrings(ticks, 1.0, step)
    assert labels[0] == "0.00"
    assert len(labels) <= 10


def test_a_thin_lane_and_a_narrow_logarithmic_range_have_labels_enough_to_read_the_scale(qapp: QApplication) -> None:
    axis = ValueAxis()
    for low, high in ((26.4, 27.62), (488.0, 512.0), (-0.012, 0.013)):
        [(step, ticks)] = axis.tickValues(low, high, 56)
        assert 2 <= len(ticks) <= 4
        assert "-" not in "".join(axis.tickStrings(ticks, 1.0, step))
    axis.is_log = True
    [(_, ticks)] = axis.tickValues(-1.885, -1.513, 170)
    assert axis.tickStrings(ticks, 1.0, 1.0) == ["0.015", "0.02", "0.025", "0.03"]


@pytest.mark.parametrize(("low", "high"), [(26.9, 31.4), (0.0, 0.78), (14.9, 16.1), (468.0, 505.0)])
def test_a_scale_never_has_a_single_label(qapp: QApplication, low: float, high: float) -> None:
    [(step, ticks)] = ValueAxis().tickValues(low, high, 36)
    assert len(ticks) >= 2
    assert 36 * step / (high - low) >= 14, "labels do not touch"


def test_coverage_knows_where_detail_is_missing() -> None:
    coverage = Coverage()
    coverage.add(Known(0, 1000, 10.0))
    assert coverage.lacks_detail((100, 200), 5.0)
    coverage.add(Known(50, 250, 0.0))
    assert not coverage.lacks_detail((100, 200), 5.0)
    assert coverage.lacks_detail((100, 300), 5.0)
    assert coverage.coarsest_s((400, 500)) == 10.0
    assert coverage.coarsest_s((2000, 3000)) == 0.0


def test_panes_move_together_before_they_need_to_be_scrolled() -> None:
    everything = [6, 3, 2, 2, 2, 3.3]
    wide, tight, least = (room_for(everything, height_px) for height_px in (900, 400, 100))
    assert wide.title_px > tight.title_px
    assert (wide.whole_px <= 900, tight.whole_px <= 400, least == tight) == (True, True, True)
