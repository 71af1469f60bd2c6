"""A microsecond clock that never wraps, made of one that does (MicroPython's, every 18 minutes)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class LongTicks:
    """Counts microseconds since it was made; has to be asked at least every 8 minutes.

    Args:
        ticks_us: the wrapping clock.
        ticks_diff: how far its first argument is after its second, across a wrap.
    """

    def __init__(self, ticks_us: "Callable[[], int]", ticks_diff: "Callable[[int, int], int]") -> None:
        self._ticks_us = ticks_us
        self._ticks_diff = ticks_diff
        self._latest = ticks_us()
        self._total_us = 0

    def now_us(self) -> int:
        """Return microseconds since the start."""
        ticks = self._ticks_us()
        self._total_us += self._ticks_diff(ticks, self._latest)
        self._latest = ticks
        return self._total_us

    def at_us(self, ticks: int) -> int:
        """Return the long time of a recent moment of the wrapping clock, after `now_us` was called."""
        return self._total_us - self._ticks_diff(self._latest, ticks)
