"""How long to wait for an answer before a command is sent again.

The wait follows the measured round trip, so that a fast link repairs a lost frame fast and a slow one is not flooded
with repeats. It lies between a floor and a ceiling, and doubles for each repeat of one command.
"""

from __future__ import annotations

# The board may be busy reading a converter or collecting garbage for this long without anything being wrong.
ACK_TIMEOUT_FLOOR_S = 0.05
# Before anything has been measured.
ACK_TIMEOUT_INITIAL_S = 0.2
# A board that is well answers within this even over a slow network; longer waits only delay the repair.
ACK_TIMEOUT_CEILING_S = 0.4
# A command unanswered this often (about 3 s in all) means that the link is dead; losing a fifth of all frames in
# each direction gets there once in 30 000 commands.
TRIES = 10

_ROUND_TRIP_SMOOTHING = 0.125  # weight of a new round trip in the exponential mean
_KEEP = 0.875  # with 0.5 of each new round trip the wait settles at four round trips
_GAIN = 0.5
_AFTER_REPEAT = 1.25  # a repeated command's round trip is ambiguous: it only makes the wait longer


class AckTimeout:
    """The wait for an answer, learnt from the answers.

    Attributes:
        round_trip_s: exponential mean of the unambiguous round trips, None before the first.
    """

    def __init__(self) -> None:
        self._base_s = ACK_TIMEOUT_INITIAL_S
        self.round_trip_s: float | None = None

    def wait_s(self, tries: int) -> float:
        """Return how long to wait after sending a command for the `tries`-th time (1 is the first)."""
        return min(self._base_s * 2.0 ** (tries - 1), ACK_TIMEOUT_CEILING_S)

    def answered(self, round_trip_s: float, tries: int) -> None:
        """Learn from an answer that came `round_trip_s` after the last of `tries` sends."""
        if tries > 1:
            self._base_s = min(self._base_s * _AFTER_REPEAT, ACK_TIMEOUT_CEILING_S)
            return
        self._base_s = _KEEP * self._base_s + _GAIN * round_trip_s
        self._base_s = min(max(self._base_s, ACK_TIMEOUT_FLOOR_S), ACK_TIMEOUT_CEILING_S)
        if self.round_trip_s is None:
            self.round_trip_s = round_trip_s
        else:
            self.round_trip_s += _ROUND_TRIP_SMOOTHING * (round_trip_s - self.round_trip_s)
