"""The firmware's hardware layer on top of the simulated reactor; one instance lives from a start to the next."""

# ruff: noqa: D102 - the methods are documented where they are declared, in Hardware

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from device.firmware.hardware import LED_LEVELS, PWM_LEVELS, Hardware, PhotodiodeSum
from device.simulator.optics import HARMFUL_V, PHOTODIODES
from device.simulator.reactor import Reactor

_STARTUP_GAIN = 1
_CONVERTER_LIMIT = 32767


class SimulatedHardware(Hardware):
    """Pins and converters of the reference board, simulated.

    Args:
        reactor: the physics.
        clock_us: microseconds since the simulation began; the board's own clock starts at 0 with this instance.
        serial_number: what the board calls itself.
        boot_id: random number of this start.
        on_reset: called when the firmware restarts the board.

    Attributes:
        button: whether the button is held down.
        status_led: whether the status LED is lit.
    """

    board_name = "Vialdesk simulated board"
    adc = "ADS1114"

    def __init__(
        self,
        reactor: Reactor,
        clock_us: Callable[[], int],
        serial_number: str,
        boot_id: int,
        on_reset: Callable[[], None],
    ) -> None:
        self._reactor = reactor
        self._clock_us = clock_us
        self._serial_number = serial_number
        self._boot_id = boot_id
        self._on_reset = on_reset
        self._started_us = clock_us()
        self._gains = [_STARTUP_GAIN] * len(PHOTODIODES)
        self._window: tuple[int, int] | None = None
        # What the outputs have been set to: the firmware repeats itself with each renewal of a lease.
        self._led_levels: list[int | None] = [None] * 4
        self._pwm_levels: list[int | None] = [None] * 5
        self.button = False
        self.status_led = False

    def now_us(self) -> int:
        return self._clock_us() - self._started_us

    def serial_number(self) -> str:
        return self._serial_number

    def new_boot_id(self) -> int:
        return self._boot_id

    def set_led(self, channel: int, level: int) -> None:
        if level != self._led_levels[channel - 1]:
            self._led_levels[channel - 1] = level
            self._reactor.set_led(self._clock_us(), channel, level * 100.0 / LED_LEVELS)

    def set_pwm(self, channel: int, level: int, frequency_hz: float) -> None:
        if level != self._pwm_levels[channel - 1]:
            self._pwm_levels[channel - 1] = level
            self._reactor.set_pwm(self._clock_us(), channel, level * 100.0 / PWM_LEVELS)

    def set_status_led(self, lit: bool) -> None:
        self.status_led = lit

    def read_celsius(self) -> float | None:
        return self._reactor.read_celsius(self._clock_us())

    def read_supply_v(self) -> float:
        return self._reactor.read_supply_v()

    def calm_us(self, cutoff_celsius: float, low_supply_v: float) -> int:
        return self._reactor.calm_us(cutoff_celsius, low_supply_v)

    def button_pressed(self) -> bool:
        return self.button

    def hall_edges(self) -> int:
        return self._reactor.stirrer.turns(self._clock_us())

    def hall_edge_times(self, since_us: int) -> list[int]:
        times = self._reactor.stirrer.edge_times(since_us + self._started_us, self._clock_us())
        return [time_us - self._started_us for time_us in times]

    def set_gain(self, photodiode: int, gain: int) -> None:
        self._gains[photodiode - 1] = gain

    def start_sampling(self, window_us: int) -> None:
        now_us = self._clock_us()
        self._window = (now_us, now_us + window_us)

    def next_sample_us(self) -> int:
        return self.now_us() if self._window is None else self._window[1] - self._started_us

    def poll_sampling(self) -> tuple[int, list[PhotodiodeSum]] | None:
        if self._window is None or self._clock_us() < self._window[1]:
            return None
        (start_us, end_us), self._window = self._window, None
        full_scale_v = [self.full_scale_v[gain] for gain in self._gains]
        counts = self._reactor.sample(start_us, end_us, full_scale_v)
        add, least, most = np.add.reduce, np.minimum.reduce, np.maximum.reduce
        minima, maxima = least(counts, axis=1).tolist(), most(counts, axis=1).tolist()
        totals = add(counts, axis=1).tolist()
        squares = add(np.multiply(counts, counts, out=counts), axis=1).tolist()
        sums = []
        for index, gain in enumerate(self._gains):
            each = PhotodiodeSum(gain)
            each.total, each.squares = int(totals[index]), int(squares[index])
            each.minimum, each.maximum = int(minima[index]), int(maxima[index])
            each.saturated = each.maximum >= _CONVERTER_LIMIT
            each.overvoltage = each.maximum * full_scale_v[index] > HARMFUL_V * _CONVERTER_LIMIT
            sums.append(each)
        return counts.shape[1], sums

    def reset(self) -> None:
        self._on_reset()
