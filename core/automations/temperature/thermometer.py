"""The heater board's temperature as the board reports it once a second, and what can be read from its course."""

from __future__ import annotations

from collections import deque

# Older than this, a reading is no longer fit for control.
VALID_S = 7.0
SAMPLE_EVERY_S = 5.3
# A sample is drawn from the reports this near to its moment: they lie on a straight line there.
NEAR_S = 2.5
_KEPT_REPORTS = 300
_LEAST_REPORTS = 2


class Thermometer:
    """The latest reports: when they came, in seconds of the loop's clock, and °C of the heater board."""

    def __init__(self) -> None:
        self._reports: deque[tuple[float, float]] = deque(maxlen=_KEPT_REPORTS)

    def take(self, loop_s: float, celsius: float) -> None:
        """Keep a report."""
        self._reports.append((loop_s, celsius))

    def latest(self, loop_s: float) -> float | None:
        """Return the latest reading in °C, None when it is too old to be acted on."""
        if not self._reports or loop_s - self._reports[-1][0] > VALID_S:
            return None
        return self._reports[-1][1]

    def mean_since(self, start_s: float) -> float | None:
        """Return the mean reading since `start_s`, None when there is none."""
        readings = [celsius for when_s, celsius in self._reports if when_s >= start_s]
        return sum(readings) / len(readings) if readings else None

    def fall_since(self, start_s: float) -> float:
        """Return by how many °C the readings have fallen since `start_s`."""
        readings = [celsius for when_s, celsius in self._reports if when_s >= start_s]
        return readings[0] - readings[-1] if readings else 0.0

    def samples(self, start_s: float, count: int) -> list[float] | None:
        """Return `count` samples, SAMPLE_EVERY_S apart from `start_s` on; None when reports are missing."""
        reports = [report for report in self._reports if report[0] >= start_s]
        samples = []
        for k in range(count):
            at_s = start_s + k * SAMPLE_EVERY_S
            near = [(when_s - at_s, celsius) for when_s, celsius in reports if abs(when_s - at_s) <= NEAR_S]
            if len(near) < _LEAST_REPORTS:
                return None
            samples.append(_line_at_zero(near))
        return samples


def _line_at_zero(points: list[tuple[float, float]]) -> float:
    """Return where the straight line nearest to the points (x, y) crosses x = 0."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread > 0 else 0.0
    return mean_y - slope * mean_x
