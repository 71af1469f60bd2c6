"""The simulated stir bar: speed, starting, stalling, and the hall edges it gives."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from device.simulator.stirrer import Stirrer

SECOND_US = 1_000_000


def stirrer(seed: int = 1) -> Stirrer:
    return Stirrer(np.random.default_rng(seed))


def kicked(seed: int, duty: float) -> Stirrer:
    """Return a stirrer that was kicked at 0 s and runs at `duty` from 0.5 s."""
    bar = stirrer(seed)
    bar.set_drive(0, 100.0, 5.0, 0.0)
    bar.set_drive(SECOND_US // 2, duty, 5.0, 0.0)
    return bar


def test_thirty_percent_is_about_500_rpm_on_each_unit() -> None:
    speeds = [kicked(seed, 30.0).rpm(20 * SECOND_US) for seed in range(40)]
    assert np.mean(speeds) == pytest.approx(500.0, rel=0.03)
    assert 0.02 < np.std(speeds) / 500.0 < 0.08


def test_it_needs_a_kick_to_start_slow_and_stalls_below_eleven_percent() -> None:
    bar = stirrer()
    bar.set_drive(0, 15.0, 5.0, 0.0)
    assert bar.rpm(10 * SECOND_US) == 0.0
    bar = kicked(1, 15.0)
    assert bar.rpm(10 * SECOND_US) == pytest.approx(200.0, rel=0.15)
    bar.set_drive(10 * SECOND_US, 10.0, 5.0, 0.0)
    assert bar.rpm(20 * SECOND_US) < 1.0


def test_edges_tell_the_true_speed() -> None:
    bar = kicked(3, 40.0)
    for end_s in range(10, 60, 7):
        edges = bar.edge_times((end_s - 2) * SECOND_US, end_s * SECOND_US)
        rpm = 60e6 * (len(edges) - 1) / (edges[-1] - edges[0])
        assert rpm == pytest.approx(bar.rpm(end_s * SECOND_US), rel=0.01)
        assert all(later > earlier for earlier, later in pairwise(edges))


def test_there_is_one_edge_per_turn_however_often_one_looks() -> None:
    bar = kicked(3, 40.0)
    seen: list[int] = []
    for step in range(10, 400):
        now_us = step * 50_000
        seen.extend(bar.edge_times(now_us - 50_000 + 1 if seen else 0, now_us))
    assert abs(len(seen) - bar.turns(399 * 50_000)) <= 1
    other = kicked(3, 40.0)
    assert other.edge_times(399 * 50_000 - 9_000_000, 399 * 50_000) == pytest.approx(
        [edge for edge in seen if edge >= 399 * 50_000 - 9_000_000], abs=500
    )


def test_a_loose_bar_comes_back_with_a_stop_and_a_kick_only() -> None:
    bar = kicked(1, 30.0)
    bar.come_loose(5 * SECOND_US)
    bar.set_drive(6 * SECOND_US, 100.0, 5.0, 0.0)
    assert bar.rpm(10 * SECOND_US) < 1.0
    bar.set_drive(11 * SECOND_US, 0.0, 5.0, 0.0)
    bar.set_drive(12 * SECOND_US, 100.0, 5.0, 0.0)
    bar.set_drive(13 * SECOND_US, 30.0, 5.0, 0.0)
    assert bar.rpm(20 * SECOND_US) == pytest.approx(500.0, rel=0.2)


def test_a_jammed_bar_stays_until_freed() -> None:
    bar = kicked(1, 30.0)
    bar.jam(5 * SECOND_US)
    bar.set_drive(6 * SECOND_US, 0.0, 5.0, 0.0)
    bar.set_drive(7 * SECOND_US, 100.0, 5.0, 0.0)
    assert bar.rpm(12 * SECOND_US) < 1.0
    assert bar.edge_times(8 * SECOND_US, 12 * SECOND_US) == []
    bar.free(12 * SECOND_US)
    assert bar.rpm(20 * SECOND_US) > 1000.0


def test_a_dense_culture_and_a_weak_supply_slow_it() -> None:
    free, dense, weak = kicked(1, 30.0), kicked(1, 30.0), kicked(1, 30.0)
    dense.set_drive(SECOND_US, 30.0, 5.0, 10.0)
    weak.set_drive(SECOND_US, 30.0, 4.0, 0.0)
    rpm = free.rpm(20 * SECOND_US)
    assert dense.rpm(20 * SECOND_US) == pytest.approx(0.965 * rpm, rel=0.002)
    assert weak.rpm(20 * SECOND_US) == pytest.approx(0.8 * rpm, rel=0.002)
