"""The board's microseconds as UTC.

Each ping gives a pair: the board's time, and the host's time in the middle of the round trip, wrong by at most half
of it. The pair with the shortest round trip is the anchor (Cristian 1989); an early and a late one give the drift
between the two crystals, each of which is off by some tens of millionths. Mapped times never run backwards while the
board's do not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from operator import attrgetter

# Pairs that are remembered: five minutes at one ping in five seconds.
_REMEMBERED = 60
# Shorter spans say nothing about drift: the pairs' own uncertainty is larger.
_SPAN_FOR_DRIFT_S = 20.0
# No crystal is off by more; a larger slope is an error of measurement.
_MAX_DRIFT = 500e-6
# A larger error of prediction means that one of the clocks was set: start anew.
_STEP_S = 0.5


_round_trip = attrgetter("round_trip_s")


@dataclass(frozen=True, slots=True)
class _Pair:
    board_us: int
    utc_s: float
    round_trip_s: float


class BoardClock:
    """Maps board time to UTC.

    Attributes:
        drift: how much faster the host's clock runs than the board's, as a fraction (20e-6 is 20 ppm).
    """

    def __init__(self) -> None:
        self._pairs: deque[_Pair] = deque(maxlen=_REMEMBERED)
        self._anchor: _Pair | None = None
        self._last_us: int | None = None
        self._last_utc_s = float("-inf")
        self.drift = 0.0

    @property
    def is_set(self) -> bool:
        """Whether at least one ping came back since the board started."""
        return self._anchor is not None

    def restart(self) -> None:
        """Forget the mapping: the board restarted, its clock begins again."""
        self._pairs.clear()
        self._anchor = None
        self._last_us = None

    def add_ping(self, sent_utc_s: float, received_utc_s: float, board_us: int) -> None:
        """Learn from a ping sent and answered at these host times that the board's clock read `board_us` in between."""
        if received_utc_s < sent_utc_s:
            return  # the host's clock was set back meanwhile: it would pass for the shortest round trip of all
        pair = _Pair(board_us, (sent_utc_s + received_utc_s) / 2, received_utc_s - sent_utc_s)
        if self._anchor is not None and abs(self._straight(board_us) - pair.utc_s) > _STEP_S + pair.round_trip_s:
            self.restart()
            self._last_utc_s = float("-inf")
        self._pairs.append(pair)
        self._fit()

    def utc_s(self, board_us: int) -> float:
        """Return UTC in seconds since 1970 at the board's `board_us`; raise LookupError before the first ping."""
        utc_s = self._straight(board_us)
        if self._last_us is not None and board_us < self._last_us:
            return min(utc_s, self._last_utc_s)
        self._last_us = board_us
        self._last_utc_s = max(utc_s, self._last_utc_s)
        return self._last_utc_s

    def _straight(self, board_us: int) -> float:
        if self._anchor is None:
            raise LookupError("the board's clock is not known yet")
        return self._anchor.utc_s + (board_us - self._anchor.board_us) * 1e-6 * (1.0 + self.drift)

    def _fit(self) -> None:
        pairs = list(self._pairs)
        half = len(pairs) // 2
        late = min(pairs[half:], key=_round_trip)
        self._anchor = late
        if half == 0:
            return
        early = min(pairs[:half], key=_round_trip)
        span_s = (late.board_us - early.board_us) * 1e-6
        if span_s >= _SPAN_FOR_DRIFT_S:
            drift = (late.utc_s - early.utc_s) / span_s - 1.0
            self.drift = min(max(drift, -_MAX_DRIFT), _MAX_DRIFT)
