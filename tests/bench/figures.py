"""A measured figure, its bar, and the table that shows both."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measurement: smaller is better; `bar` is the most it may be, None where there is no bar."""

    name: str
    value: float
    unit: str
    bar: float | None = None


def quantile(samples: Sequence[float], fraction: float) -> float:
    """Return the sample that `fraction` of the samples do not exceed (nearest rank)."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(fraction * len(ranked)) - 1)]


def print_table(figures: Iterable[Figure]) -> bool:
    """Print figure, bar and their ratio a line each; return whether every bar is met."""
    met = True
    print(f"{'':54}{'measured':>12}{'bar':>12}{'ratio':>8}")
    for figure in figures:
        row = f"{figure.name:54}{figure.value:>9.4g} {figure.unit:<3}"
        if figure.bar is not None:
            ratio = figure.value / figure.bar
            met = met and ratio <= 1
            row += f"{figure.bar:>8.4g} {figure.unit:<3}{ratio:>7.2f}{'' if ratio <= 1 else '  over'}"
        print(row, flush=True)
    return met
