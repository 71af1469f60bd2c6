"""Whether the thermometer follows the heater: heat goes in and the temperature stays, or the other way round.

A thermometer that is stuck, has come off, or a heater that is not connected: each shows in that the heater board's
temperature does not move when the duty changes. Every cycle has two such changes, because the heater rests while the
culture's temperature is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass

# Changes of duty smaller than this give too little to see; so little heat (a quarter watt) harms no culture.
LEAST_CHANGE_PERCENT = 5.0
# Within this time the heater board moves by some 0.2 °C per percent; a quarter of that is asked for.
FOLLOWS_WITHIN_S = 30.0
LEAST_CELSIUS_PER_PERCENT = 0.05


@dataclass(frozen=True)
class _Change:
    """A change of duty that the temperature has to follow: when it was made, and duty and °C before it."""

    loop_s: float
    from_percent: float
    from_celsius: float


class HeaterWatch:
    """Watches one heater."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start anew with the heater off: what happened meanwhile is not known."""
        self._percent = 0.0
        self._change: _Change | None = None

    def set(self, loop_s: float, percent: float, celsius: float | None) -> None:
        """Note a new duty in percent, and the reading in °C as it was set.

        A change that the temperature has not followed yet is taken together with the new one.
        """
        former, pending = self._percent, self._change
        self._percent = percent
        if percent == former or celsius is None:
            return
        begun = _Change(loop_s, former, celsius)
        if pending is not None:
            begun = _Change(loop_s, pending.from_percent, pending.from_celsius)
        big = abs(percent - begun.from_percent) >= LEAST_CHANGE_PERCENT
        self._change = begun if big else None

    def fault(self, loop_s: float, celsius: float) -> str | None:
        """Return what is wrong as of this reading in °C, None while nothing is."""
        change = self._change
        if change is None:
            return None
        by_percent = self._percent - change.from_percent
        if (celsius - change.from_celsius) / by_percent >= LEAST_CELSIUS_PER_PERCENT:
            self._change = None
            return None
        if loop_s - change.loop_s < FOLLOWS_WITHIN_S:
            return None
        self._change = None
        return (
            f"{FOLLOWS_WITHIN_S:g} s after the heater went from {change.from_percent:g} to {self._percent:g} % its"
            f" thermometer shows {celsius:.2f} °C, and {change.from_celsius:.2f} °C before"
        )
