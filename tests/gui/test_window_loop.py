"""The window's loop keeps two promises of plain asyncio that qasync alone does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from loop_driver import LoopDriver


def test_a_wait_never_ends_early(driver: LoopDriver) -> None:
    async def waits() -> list[float]:
        lengths = []
        for _ in range(5):
            before_s = driver.loop.time()
            await asyncio.sleep(0.1)
            lengths.append(driver.loop.time() - before_s)
        return lengths

    assert min(driver.run(waits())) >= 0.0999


def test_an_abandoned_generator_is_finished(driver: LoopDriver) -> None:
    finished = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            finished.append(True)

    async def leave_early() -> None:
        async for _ in numbers():
            break

    driver.run(leave_early())
    driver.until(lambda: finished, "its finally ran")


def test_generators_still_open_are_finished_at_the_end(driver: LoopDriver) -> None:
    finished = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            finished.append(True)

    held = numbers()
    driver.run(anext(held))
    driver.run(driver.loop.shutdown_asyncgens())
    assert finished
