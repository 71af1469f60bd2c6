"""The reference board: a Raspberry Pi Pico with an ADS1114 per photodiode and a TMP1075 on the heater board.

Register values are from the converters' data sheets (Texas Instruments SBAS444 and SBOS854). Runs on MicroPython only.
"""

# ruff: noqa: D102 - the methods are documented where they are declared, in Hardware

import binascii
import os
import struct
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

import machine

from device.firmware.hardware import Hardware, PhotodiodeSum
from device.firmware.long_ticks import LongTicks
from device.firmware.tachometer import EdgeLog

# Each PWM output has a slice (a timer with one frequency) of its own; the LEDs share two.
LED_PINS = (16, 17, 18, 19)
PWM_PINS = (4, 6, 8, 10, 12)
I2C_DATA_PIN, I2C_CLOCK_PIN = 20, 21
HALL_PIN, BUTTON_PIN, STATUS_LED_PIN, SUPPLY_PIN = 22, 14, 25, 26
_LED_HZ = 50000
_SUPPLY_DIVIDER = 0.134

_ADS1114_ADDRESSES = (0x49, 0x4A, 0x4B, 0x48)
_ADS1114_CONVERSION, _ADS1114_CONFIG = 0, 1
_ADS1114_CONTINUOUS_860_SPS = 0x00E3  # fastest rate, comparator off; the gain is added
_CONVERTER_LIMIT = 32767
_SAMPLES_PER_S = 860
_STARTUP_GAIN = 1
_HARMFUL_V = 3.2

_TMP1075_ADDRESS = 0x4F
_TMP1075_CELSIUS_PER_COUNT = 0.0625
_BUS_TIMEOUT_US = 5000


class PicoHardware(Hardware):
    """Pins of the reference board."""

    board_name = "Vialdesk reference board"
    adc = "ADS1114"

    def __init__(self) -> None:
        self._leds = [machine.PWM(machine.Pin(pin)) for pin in LED_PINS]
        self._pwms = [machine.PWM(machine.Pin(pin)) for pin in PWM_PINS]
        for led in self._leds:
            led.freq(_LED_HZ)
        self._bus = machine.I2C(
            0,
            sda=machine.Pin(I2C_DATA_PIN),
            scl=machine.Pin(I2C_CLOCK_PIN),
            freq=400000,
            timeout=_BUS_TIMEOUT_US,
        )
        self._status_led = machine.Pin(STATUS_LED_PIN, machine.Pin.OUT)
        self._button = machine.Pin(BUTTON_PIN, machine.Pin.IN, machine.Pin.PULL_DOWN)
        self._supply = machine.ADC(SUPPLY_PIN)
        self._clock = LongTicks(ticks_us, ticks_diff)
        self._edges = EdgeLog()
        self._hall = machine.Pin(HALL_PIN, machine.Pin.IN, machine.Pin.PULL_UP)
        self._hall.irq(self._turned, machine.Pin.IRQ_FALLING)
        self._gains = [_STARTUP_GAIN] * len(_ADS1114_ADDRESSES)
        present = self._bus.scan()
        self.photodiode_channels = tuple(
            [index + 1 for index, address in enumerate(_ADS1114_ADDRESSES) if address in present]
        )
        self.has_thermometer = _TMP1075_ADDRESS in present
        for channel in self.photodiode_channels:
            self.set_gain(channel, _STARTUP_GAIN)
        self._sums: "list[PhotodiodeSum]" = []
        self._samples = 0
        self._next_sample_us = 0
        self._sample_period_us = 0
        self._window_end_us = 0
        self._word = bytearray(2)

    def _turned(self, _pin: object) -> None:
        self._edges.add(ticks_us())

    def now_us(self) -> int:
        now_us = self._clock.now_us()
        self._edges.collect(self._clock)
        return now_us

    def serial_number(self) -> str:
        return binascii.hexlify(machine.unique_id()).decode()

    def new_boot_id(self) -> int:
        return int(struct.unpack("<I", os.urandom(4))[0])

    def set_led(self, channel: int, level: int) -> None:
        self._leds[channel - 1].duty_u16(level * 257)

    def set_pwm(self, channel: int, level: int, frequency_hz: float) -> None:
        pwm = self._pwms[channel - 1]
        if level:
            pwm.freq(int(frequency_hz + 0.5))
        pwm.duty_u16(level)

    def set_status_led(self, lit: bool) -> None:
        self._status_led.value(1 if lit else 0)

    def read_celsius(self) -> "float | None":
        try:
            data = self._bus.readfrom_mem(_TMP1075_ADDRESS, 0, 2)
        except OSError:
            return None
        return (int(struct.unpack(">h", data)[0]) >> 4) * _TMP1075_CELSIUS_PER_COUNT

    def read_supply_v(self) -> float:
        return self._supply.read_u16() * 3.3 / 65535 / _SUPPLY_DIVIDER  # type: ignore[no-any-return]

    def button_pressed(self) -> bool:
        return bool(self._button.value())

    def hall_edges(self) -> int:
        return self._edges.count

    def hall_edge_times(self, since_us: int) -> "list[int]":
        return self._edges.since(since_us)

    def set_gain(self, photodiode: int, gain: int) -> None:
        address = _ADS1114_ADDRESSES[photodiode - 1]
        config = _ADS1114_CONTINUOUS_860_SPS | gain << 9
        self._bus.writeto_mem(address, _ADS1114_CONFIG, struct.pack(">H", config))
        self._gains[photodiode - 1] = gain

    def start_sampling(self, window_us: int) -> None:
        self._sums = [PhotodiodeSum(gain) for gain in self._gains]
        self._samples = 0
        # The converters' own clocks are off by up to a tenth: read in between their conversions, not with them.
        self._sample_period_us = window_us // (window_us * _SAMPLES_PER_S // 1000000)
        self._next_sample_us = self.now_us()
        self._window_end_us = self._next_sample_us + window_us

    def next_sample_us(self) -> int:
        return self._next_sample_us

    def poll_sampling(self) -> "tuple[int, list[PhotodiodeSum]] | None":
        now_us = self.now_us()
        if now_us >= self._window_end_us and self._samples:
            return self._samples, self._finished()
        if now_us >= self._next_sample_us:
            for channel in self.photodiode_channels:
                self._sample(channel)
            self._samples += 1
            # A sample that comes too late is left out, so that the rest stay evenly spaced.
            late = (now_us - self._next_sample_us) // self._sample_period_us
            self._next_sample_us += (late + 1) * self._sample_period_us
        return None

    def _sample(self, channel: int) -> None:
        word = self._word
        self._bus.readfrom_mem_into(_ADS1114_ADDRESSES[channel - 1], _ADS1114_CONVERSION, word)
        count = word[0] << 8 | word[1]
        if count > _CONVERTER_LIMIT:
            count -= 65536
        each = self._sums[channel - 1]
        each.total += count
        each.squares += count * count
        if count < each.minimum:
            each.minimum = count
        if count > each.maximum:
            each.maximum = count

    def _finished(self) -> "list[PhotodiodeSum]":
        for index, each in enumerate(self._sums):
            if index + 1 not in self.photodiode_channels:
                each.minimum = each.maximum = 0
            each.saturated = each.maximum >= _CONVERTER_LIMIT or each.minimum < -_CONVERTER_LIMIT
            each.overvoltage = each.maximum * self.full_scale_v[each.gain] > _HARMFUL_V * _CONVERTER_LIMIT
        return self._sums

    def reset(self) -> None:
        machine.reset()
