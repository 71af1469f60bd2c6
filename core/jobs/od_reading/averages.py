"""The exponential moving average used in measuring light."""

from __future__ import annotations


class MovingAverage:
    """new = (1 - weight) * value + weight * old; the first value begins it.

    Args:
        past_weight: weight of the past, 0 (none) to below 1.
    """

    def __init__(self, past_weight: float) -> None:
        self._past_weight = past_weight
        self.value: float | None = None

    def update(self, value: float) -> float:
        """Take one value in; return the average."""
        if self.value is None:
            self.value = value
        else:
            self.value = (1 - self._past_weight) * value + self._past_weight * self.value
        return self.value
