"""Board time mapped to UTC: offset, drift, restarts, steps of the host's clock."""

from __future__ import annotations

import random

import pytest

from device.board_clock import BoardClock

EPOCH = 1_900_000_000.0


class TwoClocks:
    """A board whose crystal is off by `drift`, and a wire with uneven delays."""

    def __init__(self, drift: float, seed: int = 1) -> None:
        self.clock, self.drift, self.rng = BoardClock(), drift, random.Random(seed)
        self.board_us_at_0 = 5_000_000

    def board_us(self, t_s: float) -> int:
        return self.board_us_at_0 + round(t_s * 1e6 / (1.0 + self.drift))

    def ping(self, t_s: float) -> None:
        there_s, back_s = (0.0003 + self.rng.expovariate(1 / 0.002) for _ in range(2))
        self.clock.add_ping(EPOCH + t_s, EPOCH + t_s + there_s + back_s, self.board_us(t_s + there_s))


@pytest.mark.parametrize("drift", [0.0, 50e-6, -80e-6, 200e-6])
def test_offset_and_drift_are_learnt_from_pings_with_uneven_delays(drift: float) -> None:
    two = TwoClocks(drift)
    errors_s = []
    for t_s in range(0, 7200, 5):
        two.ping(t_s)
        errors_s.append(abs(two.clock.utc_s(two.board_us(t_s + 4)) - EPOCH - t_s - 4))
    assert two.clock.drift == pytest.approx(drift, abs=30e-6)
    assert max(errors_s[20:]) < 0.004


def test_before_the_first_ping_there_is_no_time() -> None:
    clock = BoardClock()
    assert not clock.is_set
    with pytest.raises(LookupError):
        clock.utc_s(1)


def test_times_do_not_run_backwards_when_the_mapping_changes() -> None:
    two = TwoClocks(100e-6, seed=3)
    changes_s = []
    two.ping(0)
    for t_s in range(5, 2000, 5):
        board_us = two.board_us(t_s)
        before = two.clock.utc_s(board_us)
        two.ping(t_s)
        assert two.clock.utc_s(board_us - 1) <= before
        after = two.clock.utc_s(board_us + 1)
        assert after >= before
        assert two.clock.utc_s(board_us + 1) == after
        changes_s.append(after - before)
    assert changes_s.count(0.0) > 10, "the mapping never stepped back: this test proves nothing"


def test_a_restarted_board_begins_again_and_time_goes_on() -> None:
    two = TwoClocks(0.0)
    two.ping(100)
    before = two.clock.utc_s(two.board_us(101))
    two.clock.restart()
    assert not two.clock.is_set
    two.clock.add_ping(EPOCH + 110, EPOCH + 110.002, 1_000)
    after = two.clock.utc_s(1_001_000)
    assert after == pytest.approx(EPOCH + 111.001, abs=0.001)
    assert after > before


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_the_mapping_follows_when_the_hosts_clock_is_set(step_s: float) -> None:
    clock = BoardClock()
    clock.add_ping(EPOCH, EPOCH + 0.001, 0)
    clock.utc_s(4_000_000)
    clock.add_ping(EPOCH + step_s + 5, EPOCH + step_s + 5.001, 5_000_000)
    assert clock.utc_s(6_000_000) == pytest.approx(EPOCH + step_s + 6, abs=0.001)


def test_a_ping_during_which_the_hosts_clock_was_set_back_is_not_believed() -> None:
    clock = BoardClock()
    clock.add_ping(EPOCH, EPOCH + 0.002, 1_000)
    clock.add_ping(EPOCH + 5, EPOCH + 4.2, 5_001_000)
    assert clock.utc_s(5_001_000) == pytest.approx(EPOCH + 5, abs=0.01)
