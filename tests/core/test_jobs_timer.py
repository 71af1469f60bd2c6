"""The interval timer keeps its phase: whatever a run does, the next one comes at start + k intervals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from bent_service import bent

from core.clock import Clock
from core.jobs.timer import IntervalTimer

LOG = logging.LoggerAdapter(logging.getLogger("core.test"), {})


def _timer(action: Callable[[], Awaitable[None]], interval_s: float, first_after_s: float = 0.0) -> IntervalTimer:
    clock = Clock(asyncio.get_running_loop(), 0.0)
    return IntervalTimer(clock, asyncio.sleep, action, LOG, interval_s=interval_s, first_after_s=first_after_s)


def _times_of(takes_s: list[float], for_s: float, pause: tuple[float, float] | None = None) -> list[float]:
    """Run a 5 s timer whose k-th run takes `takes_s[k]` (then 0); return when runs began."""
    times: list[float] = []

    async def action() -> None:
        times.append(round(asyncio.get_running_loop().time(), 6))
        await asyncio.sleep(takes_s[len(times) - 1] if len(times) <= len(takes_s) else 0)

    async def run() -> None:
        timer = _timer(action, 5.0, first_after_s=2.0)
        task = asyncio.ensure_future(timer.run())
        loop = asyncio.get_running_loop()
        if pause:
            loop.call_at(pause[0], timer.pause)
            loop.call_at(pause[1], timer.resume)
        await asyncio.sleep(for_s)
        task.cancel()

    bent(run())
    return times


def test_runs_at_a_fixed_phase_whatever_runs_take() -> None:
    assert _times_of([1.3, 4.9, 0.1], 24) == [2, 7, 12, 17, 22]


def test_late_runs_are_skipped_not_bunched() -> None:
    assert _times_of([11.0], 30) == [2, 17, 22, 27]


def test_a_run_that_ends_just_when_the_next_is_due_skips_nothing() -> None:
    assert _times_of([5.0, 5.0], 20) == [2, 7, 12, 17]


def test_a_pause_keeps_the_phase() -> None:
    assert _times_of([], 40, pause=(8, 24.5)) == [2, 7, 27, 32, 37]


def test_a_run_that_raises_is_logged_and_the_timer_lives_on(caplog: pytest.LogCaptureFixture) -> None:
    runs = []

    async def action() -> None:
        runs.append(1)
        raise RuntimeError("a broken run")

    async def run() -> None:
        task = asyncio.ensure_future(_timer(action, 1.0).run())
        await asyncio.sleep(2.5)
        task.cancel()

    bent(run())
    assert len(runs) == 3
    assert "a broken run" in caplog.text


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan")])
def test_an_interval_must_be_positive(interval_s: float) -> None:
    async def nothing() -> None:
        """Never runs."""

    async def run() -> None:
        with pytest.raises(ValueError, match="above 0"):
            _timer(nothing, interval_s)

    bent(run())
