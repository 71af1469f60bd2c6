"""What runs on the Pico: one loop for everything.

The board's own `main.py` calls `run`, see device/README.md. From its first line on a byte 3 from the host is no Ctrl-C.

The hardware watchdog is fed by the loop alone, so a hang restarts the board, and a restart switches every output off.
"""

import select
import sys

import machine
import micropython  # type: ignore[import-not-found]

from device.firmware.firmware import Firmware
from device.firmware.pico_hardware import PicoHardware

WATCHDOG_MS = 2000
_READ_AT_MOST = 512


def run() -> None:
    """Run the board for ever; any error restarts it."""
    micropython.kbd_intr(-1)  # a byte 3 from the host is data, not Ctrl-C
    wire = UsbSerial()
    try:
        hardware = PicoHardware()
        firmware = Firmware(hardware, wire.write)
        watchdog = machine.WDT(timeout=WATCHDOG_MS)
        while True:
            watchdog.feed()
            data = wire.read()
            if data:
                firmware.receive(data)
            firmware.step()
    finally:
        machine.reset()


class UsbSerial:
    """The USB serial port, as bytes and without waiting."""

    def __init__(self) -> None:
        self._readable = select.poll()
        self._readable.register(sys.stdin, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sys.stdout, select.POLLOUT)

    def read(self) -> bytes:
        """Return what has come, possibly nothing."""
        data = bytearray()
        while len(data) < _READ_AT_MOST and self._readable.poll(0):
            data.extend(sys.stdin.buffer.read(1))
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Send, or drop it when no host takes it."""
        if self._writable.poll(0):
            sys.stdout.buffer.write(data)
