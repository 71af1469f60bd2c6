"""A photodiode burst: light the LED, wait, sample over whole mains periods, put the LEDs back. Never blocks.

The average over whole periods of both 50 and 60 Hz (a multiple of 0.1 s) holds none of the mains hum, nor of its
harmonics, as far as samples are evenly spaced.
"""

from device.firmware.hardware import Hardware, PhotodiodeSum
from device.firmware.outputs import Outputs

MAX_SETTLE_US = 5000000
MAX_WINDOW_US = 10000000
WINDOW_STEP_US = 100000


class Burst:
    """One finished burst; times in microseconds of board time."""

    def __init__(self, burst_id: int, start_us: int, end_us: int, samples: int, sums: "list[PhotodiodeSum]") -> None:
        self.burst_id = burst_id
        self.start_us = start_us
        self.end_us = end_us
        self.samples = samples
        self.sums = sums

    def fields(self) -> "list[int]":
        """Return the fields of BURST and GET_BURST in their order."""
        saturated_mask = 0
        values: "list[int]" = []
        for index, each in enumerate(self.sums):
            if each.saturated:
                saturated_mask |= 1 << index
            values.extend((each.gain, each.total, each.minimum, each.maximum, each.squares))
        return [self.burst_id, self.start_us, self.end_us, self.samples, saturated_mask] + values


class Measurement:
    """The burst under way, and the latest finished one."""

    def __init__(self, hardware: Hardware, outputs: Outputs) -> None:
        self._hardware = hardware
        self._outputs = outputs
        self._burst_id: "int | None" = None
        self._window_us = 0
        self._sampling_from_us: "int | None" = None
        self._due_us = 0
        self.latest: "Burst | None" = None

    def busy(self) -> bool:
        """Return whether a burst is under way."""
        return self._burst_id is not None

    def under_way(self, burst_id: int) -> bool:
        """Return whether it is this burst."""
        return self._burst_id == burst_id

    def start(self, burst_id: int, settle_us: int, window_us: int, now_us: int) -> None:
        """Begin, with arguments already checked and the LEDs already overlaid."""
        self._burst_id = burst_id
        self._window_us = window_us
        self._sampling_from_us = None
        self._due_us = now_us + settle_us

    def cancel(self) -> None:
        """Give up the burst; the LEDs are let go."""
        self._burst_id = None
        self._outputs.restore_leds()

    def step(self, now_us: int) -> "Burst | None":
        """Go on with the burst; return it once it is finished."""
        if self._burst_id is None or now_us < self._due_us:
            return None
        if self._sampling_from_us is None:
            self._sampling_from_us = now_us
            self._hardware.start_sampling(self._window_us)
        try:
            result = self._hardware.poll_sampling()
        except OSError:
            # A converter does not answer: no reading is better than a wrong one. GET_BURST says that there is none.
            self.cancel()
            return None
        if result is None:
            return None
        samples, sums = result
        self.latest = Burst(
            self._burst_id, self._sampling_from_us, self._sampling_from_us + self._window_us, samples, sums
        )
        self._burst_id = None
        self._outputs.restore_leds()
        return self.latest

    def next_due_us(self) -> "int | None":
        """Return when `step` is wanted next: at once while sampling, None when no burst is under way."""
        if self._burst_id is None:
            return None
        if self._sampling_from_us is None:
            return self._due_us
        return self._hardware.next_sample_us()
