"""Fixtures of the device tests."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from core.bent_loop import BentLoop


@pytest.fixture
def in_bent_time() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a loop whose time jumps to the next timer; every task must be gone at the end."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def checked() -> Any:
            result = await coroutine
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, f"tasks left behind: {left}"
            return result

        with asyncio.Runner(loop_factory=lambda: BentLoop(math.inf)) as runner:
            return runner.run(checked())

    return run
