"""What the heater board's thermometer tells of danger: heat that nobody asked for, and a reading that never moves."""

from __future__ import annotations

from dataclasses import dataclass

# The heater board must not come this far when no temperature automation runs.
UNATTENDED_CELSIUS = 65.0
_COOLED_BY_CELSIUS = 5.0
# A heater board that is no longer heated falls below the limit well within this time.
_LEFT_OVER_S = 60.0
# A real thermometer, quantised to 0.0625 °C, flickers within seconds; this long at one value it is stuck.
_STUCK_AFTER_S = 900.0


class HeatGuard:
    """Says when the heater has to be off, and when a person has to know: once, until the heater board has cooled down.

    Args:
        shutdown_celsius: the heater board must never be this hot, whoever heats.
    """

    def __init__(self, shutdown_celsius: float) -> None:
        self._shutdown_celsius = shutdown_celsius
        self._told_at_celsius: float | None = None
        self._hot_since_s: float | None = None

    def is_at_rest(self, celsius: float) -> bool:
        """Whether this reading is below every limit, and so was the one before: there is nothing to look at."""
        limit = min(UNATTENDED_CELSIUS, self._shutdown_celsius)
        return celsius < limit and self._told_at_celsius is None and self._hot_since_s is None

    def is_too_hot(self, celsius: float, *, is_attended: bool) -> bool:
        """Whether the heater has to be off at this temperature; less is allowed when no job attends to it."""
        limit = self._shutdown_celsius if is_attended else min(UNATTENDED_CELSIUS, self._shutdown_celsius)
        return celsius >= limit

    def must_tell(self, celsius: float, now_s: float, *, is_attended: bool, is_heating: bool) -> bool:
        """Whether this reading is the first that a person has to know of.

        Heat that is left when heating has just ended goes by itself; what stays hot without heating does not.
        """
        if self._told_at_celsius is not None and celsius < self._told_at_celsius - _COOLED_BY_CELSIUS:
            self._told_at_celsius = None
        if not self.is_too_hot(celsius, is_attended=is_attended):
            self._hot_since_s = None
            return False
        self._hot_since_s = now_s if self._hot_since_s is None else self._hot_since_s
        is_left_over = not is_heating and now_s - self._hot_since_s < _LEFT_OVER_S
        if self._told_at_celsius is not None or is_left_over:
            return False
        self._told_at_celsius = min(celsius, UNATTENDED_CELSIUS)
        return True


@dataclass(frozen=True)
class Stuck:
    """A thermometer that stopped moving (`is_stuck`), or moves again after that."""

    is_stuck: bool
    celsius: float
    for_s: float


class StuckWatch:
    """Follows the thermometer's readings; says once when it is stuck, and once when it moves again."""

    def __init__(self) -> None:
        self._celsius: float | None = None
        self._since_s = 0.0
        self._is_stuck = False

    def forget(self) -> None:
        """Begin anew: the readings stopped, or another board has come."""
        self._celsius = None

    def take(self, celsius: float, now_s: float) -> Stuck | None:
        """Take one reading in; return what there is to tell of it."""
        if celsius != self._celsius:
            was_stuck, for_s = self._is_stuck and self._celsius is not None, now_s - self._since_s
            self._celsius, self._since_s, self._is_stuck = celsius, now_s, False
            return Stuck(False, celsius, for_s) if was_stuck else None
        if self._is_stuck or now_s - self._since_s < _STUCK_AFTER_S:
            return None
        self._is_stuck = True
        return Stuck(True, celsius, now_s - self._since_s)
