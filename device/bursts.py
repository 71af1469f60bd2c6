"""From the sums a board reports to volts.

The board adds up raw converter counts over whole mains periods, so that 50 and 60 Hz hum and its harmonics cancel. One
smallest and one largest sample are left out of the mean: a single spike on the wire between photodiode and converter
must not move a reading.
"""

from __future__ import annotations

import math

from device.board import BoardDictionary, PhotodiodeBurst, PhotodiodeSignal
from device.board_clock import BoardClock

# Counts at full scale of a 16 bit signed converter (ADS1114/5 data sheet, Texas Instruments SBAS444).
FULL_SCALE_COUNTS = 32767

Fields = dict[str, int | float]


def read_burst(fields: Fields, dictionary: BoardDictionary, clock: BoardClock) -> PhotodiodeBurst:
    """Return the burst of a BURST message in volts and UTC; raise ValueError when the fields make no sense."""
    samples = int(fields["samples"])
    if samples < 1:
        raise ValueError("a burst without samples")
    start_us, end_us = int(fields["start_us"]), int(fields["end_us"])
    return PhotodiodeBurst(
        utc_s=clock.utc_s((start_us + end_us) // 2),
        start_us=start_us,
        end_us=end_us,
        samples=samples,
        signals={name: _read_signal(fields, int(name), samples, dictionary) for name in dictionary.photodiode_channels},
    )


def _read_signal(fields: Fields, channel: int, samples: int, dictionary: BoardDictionary) -> PhotodiodeSignal:
    gain = int(fields[f"gain_{channel}"])
    if gain >= len(dictionary.full_scale_v):
        raise ValueError(f"photodiode {channel} reports gain {gain}, the board has {len(dictionary.full_scale_v)}")
    full_scale_v = dictionary.full_scale_v[gain]
    volts = full_scale_v / FULL_SCALE_COUNTS
    total, squares = int(fields[f"sum_{channel}"]), int(fields[f"sum_of_squares_{channel}"])
    low, high = int(fields[f"minimum_{channel}"]), int(fields[f"maximum_{channel}"])
    mean = (total - low - high) / (samples - 2) if samples > 2 else total / samples
    # In whole numbers up to the last step: the two large terms nearly cancel.
    spread = samples * squares - total * total
    variance = max(0, spread) / (samples * (samples - 1)) if samples > 1 else 0.0
    return PhotodiodeSignal(
        mean_v=mean * volts,
        sigma_v=math.sqrt(variance) * volts,
        minimum_v=low * volts,
        maximum_v=high * volts,
        full_scale_v=full_scale_v,
        saturated=bool(int(fields["saturated_mask"]) >> (channel - 1) & 1),
    )
