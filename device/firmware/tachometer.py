"""The stir bar's speed from the times of its turns: the hall sensor gives one falling edge per turn."""

REMEMBERED_EDGES = 256  # 5 s at 3000 rpm


class EdgeRing:
    """The times of the latest edges, without allocating memory, so that an interrupt may add to it.

    Attributes:
        count: edges since the start.
    """

    def __init__(self) -> None:
        self._times = [0] * REMEMBERED_EDGES
        self.count = 0

    def add(self, time_us: int) -> None:
        """Remember one edge; the oldest is forgotten when the ring is full."""
        self._times[self.count % REMEMBERED_EDGES] = time_us
        self.count += 1

    def latest(self) -> "list[int]":
        """Return what is remembered, oldest first."""
        count = self.count
        first = max(0, count - REMEMBERED_EDGES)
        return [self._times[index % REMEMBERED_EDGES] for index in range(first, count)]


def summarise(edges: "list[int]", now_us: int) -> "tuple[int, int, int]":
    """Return (number of edges, from first to last, from last until now) in microseconds.

    Speed is (edges - 1) turns in the first time; with no edge both times are 0.
    """
    if not edges:
        return 0, 0, 0
    return len(edges), edges[-1] - edges[0], min(now_us - edges[-1], 0xFFFFFFFF)
