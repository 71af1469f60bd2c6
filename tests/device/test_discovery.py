"""What is plugged in, as a user is told."""

from __future__ import annotations

import os

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from device.discovery import find_boards


def port(device: str, vendor: int | None, product: str | None = None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.product, info.serial_number = vendor, product, "S1" if vendor else None
    return info


def test_usb_ports_are_found_picos_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [port("/dev/ttyS0", None), port("/dev/ttyUSB0", 0x1A86, "USB Serial"), port("/dev/ttyACM0", 0x2E8A, "Pico")]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    monkeypatch.setattr(os, "access", lambda path, mode: path != "/dev/ttyACM0")
    pico, other = find_boards()
    assert (pico.url, pico.description, pico.is_pico, pico.serial_number) == ("/dev/ttyACM0", "Pico", True, "S1")
    assert (other.url, other.is_pico, other.problem, other.remedy) == ("/dev/ttyUSB0", False, None, None)
    if os.name == "posix":
        assert pico.problem == "no permission to use /dev/ttyACM0"
        assert pico.remedy


def test_looking_on_this_computer_opens_nothing_and_raises_nothing() -> None:
    for found in find_boards():
        assert found.url
        assert found.description
