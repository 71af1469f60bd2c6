"""Calibrations that a user is led through, from the choice to the result."""

from __future__ import annotations

import time

from tests.screenshots.by_hand import by_hand

_PAUSE_S = 0.8


def choose_calibration(size: tuple[int, int]) -> None:
    """Press Calibrate… on the Calibrations page."""
    by_hand("mousemove", str(size[0] - 313), "84", "click", "1")
    time.sleep(2.0)
    by_hand("mousemove", str(size[0] // 2), str(size[1] // 2))  # no window manager: the keys go where the pointer is


def type_wrong_volumes(size: tuple[int, int]) -> None:
    """Begin with the media pump, and name volumes that no pump can dose."""
    choose_calibration(size)
    _enter(5)
    by_hand("type", "0")
    _enter(1)


def fill_tubing(size: tuple[int, int]) -> None:
    """Have the media pump run for long."""
    choose_calibration(size)
    _enter(8)
    by_hand("type", "290")
    _enter(1)
    time.sleep(1.0)


def calibrate_stirrer(size: tuple[int, int]) -> None:
    """Calibrate the stirrer to the end."""
    choose_calibration(size)
    by_hand("key", "--repeat", "3", "--delay", "100", "Down")
    _enter(3)
    time.sleep(6.0)


def _enter(times: int) -> None:
    for _ in range(times):
        by_hand("key", "Return")
        time.sleep(_PAUSE_S)
