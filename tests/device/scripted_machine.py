"""The `machine` module with scripted pins and converters, to exercise the reference board's hardware layer."""

# ruff: noqa: UP031, RUF005, RUF012 - also runs on MicroPython

import binascii
import sys

notes: "list[str]" = []
words = {0x49: 1000, 0x4A: -1000, 0x48: 32767, 0x4F: 0}
silent = []


class Pin:
    """A pin; the hall sensor's handler is kept."""

    IN = OUT = PULL_DOWN = PULL_UP = IRQ_FALLING = 0
    handlers: "dict[int, object]" = {}

    def __init__(self, number: int, *_settings: int) -> None:
        self.number = number

    def irq(self, handler: object, _edge: int) -> None:
        Pin.handlers[self.number] = handler

    def value(self, *_level: int) -> int:
        return 0


class PWM:
    """A PWM output that notes its duty."""

    def __init__(self, pin: Pin) -> None:
        self._pin = pin
        self._hz = 0

    def freq(self, hz: int) -> None:
        self._hz = hz

    def duty_u16(self, duty: int) -> None:
        notes.append("%d %d Hz %d" % (self._pin.number, self._hz, duty))


class I2C:
    """The bus with three ADS1114 and a TMP1075."""

    def __init__(self, _bus: int, **_settings: object) -> None:
        pass

    def scan(self) -> "list[int]":
        return list(words)

    def readfrom_mem(self, address: int, _register: int, _count: int) -> bytes:
        if address in silent:
            raise OSError("no answer")
        count = words[address] & 0xFFFF
        return bytes((count >> 8, count & 255))

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        buffer[:] = self.readfrom_mem(address, register, 2)

    def writeto_mem(self, address: int, _register: int, data: bytes) -> None:
        notes.append("0x%02x 0x%02x%02x" % (address, data[0], data[1]))


class ADC:
    """The supply's converter: 5.0 V behind its divider."""

    def __init__(self, _pin: int) -> None:
        pass

    def read_u16(self) -> int:
        return int(5.0 * 0.134 / 3.3 * 65535 + 0.5)


class WDT:
    """A watchdog that starves the loop after a while, so that it ends."""

    feeds = 0

    def __init__(self, timeout: int) -> None:
        notes.append("watchdog %d ms" % timeout)

    def feed(self) -> None:
        WDT.feeds += 1
        if WDT.feeds > 20:
            raise RuntimeError("the end of the script")


class ScriptedSerial:
    """A serial port on which a host says a few things; what it hears is noted."""

    said: "list[bytes]" = []

    def read(self) -> bytes:
        return ScriptedSerial.said.pop(0) if ScriptedSerial.said else b""

    def write(self, data: bytes) -> None:
        notes.append("sent %s" % binascii.hexlify(data).decode())


def reset() -> None:
    """Note the restart."""
    notes.append("reset")


def unique_id() -> bytes:
    """Return a Pico's number."""
    return bytes((0xE6, 0x60, 0x58, 0x38, 0x83, 0x72, 0x4A, 0x32))


def exercise() -> "list[str]":
    """Drive every part of the reference board; return what came of it."""
    sys.modules["machine"] = sys.modules["scripted_machine"]
    from device.firmware.pico_hardware import PicoHardware

    board = PicoHardware()
    told = ["board %s %s" % (board.board_name, board.serial_number())]
    told.append("photodiodes %s thermometer %s" % (board.photodiode_channels, board.has_thermometer))
    board.set_gain(1, 5)
    told.append("gain " + notes[-1])
    for word in (0x24F0, -0x0040):
        words[0x4F] = word
        told.append("celsius %s" % board.read_celsius())
    silent.append(0x4F)
    told.append("celsius %s" % board.read_celsius())
    for level in (32768, 0):
        board.set_pwm(5, level, 16.0)
        told.append("pwm " + notes[-1])
    board.set_led(1, 255)
    told.append("led " + notes[-1])
    told.append("supply %s" % round(board.read_supply_v(), 2))
    return told + [_burst(board), _turns(board)]


def exercise_loop(said: "list[str]") -> "list[str]":
    """Run the board's own main loop on what a host says; return the notes from the watchdog's start on."""
    sys.modules["machine"] = sys.modules["scripted_machine"]
    from device.firmware import main, pico_hardware

    pico_hardware.PicoHardware.new_boot_id = _boot_id
    main.UsbSerial = ScriptedSerial
    ScriptedSerial.said = [binascii.unhexlify(each) for each in said]
    try:
        main.run()
    except RuntimeError:
        notes.append("ended")
    return notes[notes.index("watchdog 2000 ms") :]


def _boot_id(_board: object) -> int:
    return 0x78


def _burst(board: "object") -> str:
    board.start_sampling(100000)  # type: ignore[attr-defined]
    result = None
    while result is None:
        result = board.poll_sampling()  # type: ignore[attr-defined]
    samples, sums = result
    # 86 periods of a converter with 860 samples a second fit into the window; its last edge may fall inside or not.
    assert 10 < samples <= 87, samples
    assert sums[0].squares == samples * 1000000
    means = " ".join([str(each.total // samples) for each in sums[:3]])
    return "samples %d %s saturated %s" % (sums[0].maximum, means, [each.saturated for each in sums])


def _turns(board: "object") -> str:
    board.now_us()  # type: ignore[attr-defined]
    Pin.handlers[22](None)  # type: ignore[operator]
    split_us = board.now_us() + 1  # type: ignore[attr-defined]
    while board.now_us() <= split_us:  # type: ignore[attr-defined]
        pass
    for _ in range(2):
        Pin.handlers[22](None)  # type: ignore[operator]
    board.now_us()  # type: ignore[attr-defined]
    return "turns %d window %d" % (board.hall_edges(), len(board.hall_edge_times(split_us)))  # type: ignore[attr-defined]
