"""The stir bar's speed from the times of its turns: the hall sensor gives one falling edge per turn."""

from device.firmware.long_ticks import LongTicks

REMEMBERED_EDGES = 256  # 5 s at 3000 rpm


class EdgeLog:
    """The times of the latest edges.

    `add` may be called by an interrupt: it allocates nothing. `collect` has to be called often enough that at most
    REMEMBERED_EDGES edges, and a few minutes, lie between two calls.

    Attributes:
        count: edges since the start.
    """

    def __init__(self) -> None:
        self._ticks = [0] * REMEMBERED_EDGES
        self._times_us: "list[int]" = []
        self._collected = 0
        self.count = 0

    def add(self, ticks: int) -> None:
        """Note one edge at this moment of the wrapping clock."""
        self._ticks[self.count % REMEMBERED_EDGES] = ticks
        self.count += 1

    def collect(self, clock: LongTicks) -> None:
        """Turn what was noted into long times."""
        count = self.count
        for index in range(max(self._collected, count - REMEMBERED_EDGES), count):
            self._times_us.append(clock.at_us(self._ticks[index % REMEMBERED_EDGES]))
        self._collected = count
        if len(self._times_us) > REMEMBERED_EDGES:
            self._times_us = self._times_us[-REMEMBERED_EDGES:]

    def since(self, since_us: int) -> "list[int]":
        """Return the collected times from `since_us` on, oldest first."""
        return [time_us for time_us in self._times_us if time_us >= since_us]


def summarise(edges: "list[int]", now_us: int) -> "tuple[int, int, int]":
    """Return (number of edges, from first to last, from last until now) in microseconds.

    Speed is (edges - 1) turns in the first time; with no edge both times are 0.
    """
    if not edges:
        return 0, 0, 0
    return len(edges), edges[-1] - edges[0], now_us - edges[-1]
