"""How finely the window knows each part of a series: every reading, or minima and maxima per bucket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A stretch of time known in buckets of `bucket_s` seconds (0: every reading)."""

    start_s: float
    end_s: float
    bucket_s: float


class Coverage:
    """The known stretches of one series, in order and without overlap. What came live is known in full."""

    def __init__(self) -> None:
        self._known: list[Known] = []

    def add(self, new: Known) -> None:
        """Note that a stretch is now known as `new` says, whatever was known of it before."""
        kept: list[Known] = []
        for old in self._known:
            if old.start_s < new.start_s:
                kept.append(Known(old.start_s, min(old.end_s, new.start_s), old.bucket_s))
            if old.end_s > new.end_s:
                kept.append(Known(max(old.start_s, new.end_s), old.end_s, old.bucket_s))
        self._known = sorted([*kept, new], key=_start)

    def lacks_detail(self, span: tuple[float, float], wanted_s: float) -> bool:
        """Tell whether a part of `span` is known only in buckets longer than `wanted_s`."""
        return self.coarsest_s(span) > wanted_s

    def coarsest_s(self, span: tuple[float, float]) -> float:
        """Return the longest bucket by which a part of `span` is known, 0 when every reading is."""
        return max(
            (k.bucket_s for k in self._known if k.start_s < span[1] and k.end_s > span[0]),
            default=0.0,
        )

    def clear(self) -> None:
        """Forget everything."""
        self._known = []


def _start(known: Known) -> float:
    return known.start_s
