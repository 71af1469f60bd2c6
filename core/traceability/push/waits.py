"""How long to wait before the next try: longer each time, up to a limit, and never for all units at the same moment."""

from __future__ import annotations

import random

_FIRST_S = 5.0
# The server may be away for a week: then a try a quarter of an hour is plenty, and it is noticed soon when it is back.
_LONGEST_S = 900.0
# One thing with which the server has a fault.
_LONGEST_FOR_ONE_S = 3600.0
# Until another thing is tried after that: the server is there.
_LONGEST_BETWEEN_S = 60.0
_MOST_DOUBLINGS = 20


def wait_for_server_s(failures: int, retry_after_s: float | None = None) -> float:
    """Return how long the server is left alone after that many failures in a row, at least as long as it asks for."""
    wait_s = _doubled(failures, _LONGEST_S)
    return wait_s if retry_after_s is None else max(retry_after_s, wait_s)


def wait_between_s(failures: int) -> float:
    """Return how long nothing is sent after the server had that many faults in a row."""
    return _doubled(failures, _LONGEST_BETWEEN_S)


def wait_for_one_s(failures: int) -> float:
    """Return how long a thing waits with which the server had that many faults before this one."""
    return _doubled(failures + 1, _LONGEST_FOR_ONE_S)


def _doubled(failures: int, longest_s: float) -> float:
    whole_s = min(_FIRST_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), longest_s)
    return whole_s * random.uniform(0.5, 1.0)  # noqa: S311 - it only spreads the load
