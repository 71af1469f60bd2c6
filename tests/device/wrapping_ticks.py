"""A clock that wraps in the middle of the stir bar's turns; runs under CPython and MicroPython alike."""

# ruff: noqa: UP031, RUF007, B905 - also runs on MicroPython

from device.firmware.long_ticks import LongTicks
from device.firmware.tachometer import EdgeLog

PERIOD = 1 << 30
TURN_US = 10123


class WrappingTicks:
    """MicroPython's microseconds, set by hand."""

    def __init__(self, true_us: int) -> None:
        self.true_us = true_us

    def ticks_us(self) -> int:
        return self.true_us % PERIOD

    def ticks_diff(self, later: int, earlier: int) -> int:
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2


def turns_across_a_wrap() -> str:
    """Turn 600 times, with the wrap in the middle; return all turns, and those of the last second."""
    start_us = PERIOD - 3000000
    ticks = WrappingTicks(start_us)
    clock = LongTicks(ticks.ticks_us, ticks.ticks_diff)
    log = EdgeLog()
    for _ in range(600):
        ticks.true_us += TURN_US - 123
        log.add(ticks.ticks_us())
        ticks.true_us += 123
        assert clock.now_us() == ticks.true_us - start_us
        log.collect(clock)
    edges = log.since(clock.now_us() - 1000000)
    assert edges[-1] == ticks.true_us - start_us - 123
    for earlier, later in zip(edges[:-1], edges[1:]):
        assert later - earlier == TURN_US
    return "%d %d" % (log.count, len(edges))
