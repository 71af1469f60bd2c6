"""What a test measured, in its unit and against its limits: the form in which tests hand it to the unit's record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One measured number.

    Attributes:
        name: in snake case, such as `dark_1`; the same in each run, so that a trend can be drawn.
        units: of the value and its limits, "" for a plain number.
        at_least, at_most: what it must keep to; None where there is no such limit.
    """

    name: str
    value: float
    units: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_fine(self) -> bool:
        """Whether it keeps to its limits."""
        is_enough = self.at_least is None or self.value >= self.at_least
        return is_enough and (self.at_most is None or self.value <= self.at_most)

    @property
    def has_limits(self) -> bool:
        """Whether there is anything to keep to."""
        return self.at_least is not None or self.at_most is not None
