"""From the board's sums to volts, against the same done sample by sample."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_dictionary import changed

from device.board_clock import BoardClock
from device.bursts import read_burst
from device.dictionary import parse_dictionary
from device.firmware import messages

DICTIONARY = parse_dictionary(changed())


def burst_of(samples: list[int], gain: int = 0, saturated_mask: int = 0) -> dict[str, int | float]:
    """The fields of a BURST whose channels all saw `samples`, through the wire's packing."""
    sums = (gain, sum(samples), min(samples), max(samples), sum(n * n for n in samples))
    layout, names = messages.TELEMETRY[messages.BURST]
    body = messages.pack(messages.BURST, layout, 1, 1_000_000, 1_400_000, len(samples), saturated_mask, *(sums * 4))
    return messages.unpack(layout, names, body[1:])


def clock() -> BoardClock:
    clock = BoardClock()
    clock.add_ping(1000.0, 1000.0, 0)
    return clock


@given(st.lists(st.integers(-32768, 32767), min_size=3, max_size=400), st.integers(0, 1))
def test_mean_and_sigma_are_those_of_the_samples(samples: list[int], gain: int) -> None:
    signal = read_burst(burst_of(samples, gain), DICTIONARY, clock()).signals["2"]
    volts = (4.096, 2.0)[gain] / 32767
    assert signal.mean_v == pytest.approx(statistics.fmean(sorted(samples)[1:-1]) * volts, abs=1e-9)
    assert signal.sigma_v == pytest.approx(statistics.stdev(samples) * volts, rel=1e-9, abs=1e-12)
    assert (signal.minimum_v, signal.maximum_v) == (min(samples) * volts, max(samples) * volts)
    assert signal.full_scale_v == (4.096, 2.0)[gain]


def test_one_spike_does_not_move_the_mean() -> None:
    calm = read_burst(burst_of([1000] * 300), DICTIONARY, clock())
    spiked = read_burst(burst_of([1000] * 299 + [32767]), DICTIONARY, clock())
    assert spiked.signals["1"].mean_v == calm.signals["1"].mean_v


def test_the_burst_is_stamped_in_the_middle_and_tells_saturation_by_channel() -> None:
    burst = read_burst(burst_of([5, 6, 7], saturated_mask=0b10), DICTIONARY, clock())
    assert burst.utc_s == pytest.approx(1001.2)
    assert burst.samples == 3
    assert set(burst.signals) == {"1", "2"}
    assert (burst.signals["1"].saturated, burst.signals["2"].saturated) == (False, True)


@pytest.mark.parametrize("samples", [[7], [7, 9]])
def test_few_samples_still_give_a_mean(samples: list[int]) -> None:
    signal = read_burst(burst_of(samples), DICTIONARY, clock()).signals["1"]
    assert signal.mean_v == pytest.approx(statistics.fmean(samples) * 4.096 / 32767)


def test_a_gain_the_board_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="gain 2"):
        read_burst(burst_of([1, 2, 3], gain=2), DICTIONARY, clock())
