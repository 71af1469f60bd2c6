"""The firmware on scripted hardware, and a player of scripts; runs under CPython and MicroPython alike.

A script is a list of steps: ("wait", µs), ("bytes", hexadecimal text from the host), ("celsius", °C or None),
("supply", V), ("button", bool) and ("edge", None), one turn of the stir bar now.
"""

# ruff: noqa: UP031 - also runs on MicroPython

import binascii

from device.firmware.firmware import Firmware
from device.firmware.hardware import Hardware, PhotodiodeSum


class ScriptedHardware(Hardware):
    """Hardware whose readings are set by a test, and that notes what is done to it in `log`."""

    board_name = "scripted"
    adc = "scripted"

    def __init__(self) -> None:
        self.time_us = 0
        self.celsius: float | None = 25.0
        self.supply_v = 5.0
        self.button = False
        self.converter_fails = False
        self.edges: list[int] = []
        self.leds = {1: 0, 2: 0, 3: 0, 4: 0}
        self.pwms = {1: 0, 2: 0, 3: 0, 4: 0, 5: 0}
        self.status_led = False
        self.resets = 0
        self.log: list[str] = []
        self._gains = [1, 1, 1, 1]
        self._window_end_us = 0

    def now_us(self) -> int:
        return self.time_us

    def serial_number(self) -> str:
        return "SCRIPT-1"

    def new_boot_id(self) -> int:
        return 0x12345678

    def set_led(self, channel: int, level: int) -> None:
        if self.leds[channel] != level:
            self.leds[channel] = level
            self.log.append("%d led %d %d" % (self.time_us, channel, level))

    def set_pwm(self, channel: int, level: int, frequency_hz: float) -> None:
        if self.pwms[channel] != level:
            self.pwms[channel] = level
            self.log.append("%d pwm %d %d %d" % (self.time_us, channel, level, int(frequency_hz)))

    def set_status_led(self, lit: bool) -> None:
        if self.status_led != lit:
            self.status_led = lit
            self.log.append("%d status %d" % (self.time_us, int(lit)))

    def read_celsius(self) -> "float | None":
        return self.celsius

    def read_supply_v(self) -> float:
        return self.supply_v

    def button_pressed(self) -> bool:
        return self.button

    def hall_edges(self) -> int:
        return len(self.edges)

    def hall_edge_times(self, since_us: int) -> "list[int]":
        return [edge for edge in self.edges if edge >= since_us]

    def set_gain(self, photodiode: int, gain: int) -> None:
        self._gains[photodiode - 1] = gain

    def start_sampling(self, window_us: int) -> None:
        self._window_end_us = self.time_us + window_us

    def next_sample_us(self) -> int:
        return self._window_end_us

    def poll_sampling(self) -> "tuple[int, list[PhotodiodeSum]] | None":
        if self.converter_fails:
            raise OSError("no answer")
        if self.time_us < self._window_end_us:
            return None
        return 344, [self._sum(channel) for channel in range(1, 5)]

    def _sum(self, channel: int) -> PhotodiodeSum:
        each = PhotodiodeSum(self._gains[channel - 1])
        count = 10 * self.leds[channel] + 100 * channel
        each.total = 344 * count
        each.minimum, each.maximum = count - 3, count + 3
        each.squares = 344 * count * count
        each.saturated = self.leds[1] == 255
        each.overvoltage = self.leds[1] == 255
        return each

    def reset(self) -> None:
        self.resets += 1


class ScriptedBoard:
    """Firmware on scripted hardware; `sent` holds what it sent, oldest first."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.hardware = ScriptedHardware()
        self.firmware = Firmware(self.hardware, self.sent.append)
        self._due_us = self.firmware.step()

    def receive(self, data: bytes) -> None:
        """Hand bytes of the host to the firmware now."""
        self.firmware.receive(data)
        self._due_us = self.firmware.step()

    def poke(self) -> None:
        """Have the firmware look at its hardware now."""
        self._due_us = self.firmware.step()

    def wait(self, duration_us: int) -> None:
        """Let time pass, stepping the firmware exactly when it asked for it."""
        end_us = self.hardware.time_us + duration_us
        while self._due_us <= end_us:
            assert self._due_us >= self.hardware.time_us
            self.hardware.time_us = self._due_us
            self._due_us = self.firmware.step()
        self.hardware.time_us = end_us


def play(script: "list[tuple[str, object]]") -> "list[str]":
    """Play a script; return what the board sent, in hexadecimal, and what it did to its hardware."""
    board = ScriptedBoard()
    for action, value in script:
        if action == "wait":
            board.wait(value)  # type: ignore[arg-type]
        elif action == "bytes":
            board.receive(binascii.unhexlify(value))  # type: ignore[arg-type]
        elif action == "edge":
            board.hardware.edges.append(board.hardware.time_us)
        else:
            setattr(board.hardware, {"celsius": "celsius", "supply": "supply_v", "button": "button"}[action], value)
            board.poke()
    return [binascii.hexlify(frame).decode() for frame in board.sent] + board.hardware.log
