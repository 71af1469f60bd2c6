"""What the heater board's thermometer tells of danger: heat that nobody asked for, and a reading that never moves."""

from __future__ import annotations

from dataclasses import dataclass

# The heater board must not come this far when no temperature automation runs.
UNATTENDED_CELSIUS = 65.0
_COOLED_BY_CELSIUS = 5.0
# A real thermometer, quantised to 0.0625 °C, flickers within seconds; this long at one value it is stuck.
_STUCK_AFTER_S = 900.0


class HeatGuard:
    """Says when the heater has to go off: told once, until the heater board has cooled down."""

    def __init__(self, shutdown_celsius: float) -> None:
        self._shutdown_celsius = shutdown_celsius
        self._limit_celsius: float | None = None

    def limit(self, *, is_attended: bool) -> float:
        """Return the temperature of the heater board from which on the heater has to be off."""
        return self._shutdown_celsius if is_attended else min(UNATTENDED_CELSIUS, self._shutdown_celsius)

    def is_too_hot(self, celsius: float, *, is_attended: bool) -> bool:
        """Whether the heater has to be off at this temperature."""
        return celsius >= self.limit(is_attended=is_attended)

    def must_tell(self, celsius: float, *, is_attended: bool) -> bool:
        """Whether this is the first reading that is too hot since the heater board was cool."""
        if self._limit_celsius is not None and celsius < self._limit_celsius - _COOLED_BY_CELSIUS:
            self._limit_celsius = None
        if self._limit_celsius is not None or not self.is_too_hot(celsius, is_attended=is_attended):
            return False
        self._limit_celsius = self.limit(is_attended=is_attended)
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
