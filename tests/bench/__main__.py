"""Runs the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import importlib
import sys

from tests.bench.figures import print_table

BENCHMARKS = ("http", "clients", "streams", "link", "service", "window", "plots", "day", "week", "traceability")


def main(names: list[str]) -> int:
    """Print every figure; return 1 when a bar is missed, so that a script can tell."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"No benchmark named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    met = True
    for name in names or BENCHMARKS:
        module = importlib.import_module(f"tests.bench.bench_{name}")
        print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}")
        met = print_table(module.measure()) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
