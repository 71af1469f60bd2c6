"""Same seed, same readings, bit for bit; and cheap enough for a whole day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from core.clock import Clock
from device.board import BurstRequest, StatusReported
from device.discovery import create_board

Bent = Callable[[Coroutine[Any, Any, Any]], Any]


async def some_minutes(seed: int) -> list[object]:
    """Stir, heat, dose and measure; return everything that was read."""
    board = create_board("simulated:", utc_s=Clock(asyncio.get_running_loop(), 1e9).utc_s, seed=seed)
    read: list[object] = []
    board.listen(lambda event: read.append(event) if isinstance(event, StatusReported) else None)
    await board.open()
    await board.wait_until_usable(5.0)
    await board.set_pwm(1, 100.0, 200.0, 60.0)
    for step in range(150):
        if step % 6 == 0:
            await board.set_pwm(1, 30.0, 200.0, 60.0)
            read.append(await board.read_tachometer(1.2))
        if step % 30 == 10:
            pump = await board.run_pump(2, 90.0, 250.0, 0.5)
            read.append((pump.channel, pump.utc_s, pump.ran_s))
        await board.set_pwm(5, 20.0, 16.0, 3.0)
        read.append(await board.measure(BurstRequest("A", 80.0)))
        await asyncio.sleep(4.0)
    assert board.simulation is not None
    read.append(board.simulation.truth())
    await board.close()
    return read


def test_the_same_seed_reads_the_same_bit_for_bit(in_bent_time: Bent) -> None:
    first, again, other = (in_bent_time(some_minutes(seed)) for seed in (3, 3, 4))
    assert len(first) > 700
    assert first == again
    assert first != other


def test_what_one_part_draws_does_not_depend_on_how_often_another_is_asked(in_bent_time: Bent) -> None:
    async def bursts(ask_temperature: bool) -> list[object]:
        board = create_board("simulated:", utc_s=Clock(asyncio.get_running_loop(), 1e9).utc_s)
        await board.open()
        await board.wait_until_usable(5.0)
        read = []
        for _ in range(20):
            read.append((await board.measure(BurstRequest("A", 80.0))).signals["2"].sigma_v)
            if ask_temperature:
                await board.read_heater_celsius()
                await board.read_supply_v()
            await asyncio.sleep(4.0)
        await board.close()
        return read

    assert in_bent_time(bursts(True)) == in_bent_time(bursts(False))


def test_bursts_cost_little(in_bent_time: Bent) -> None:
    start_s = time.process_time()
    in_bent_time(some_minutes(1))
    assert time.process_time() - start_s < 3.0, "24 h would take more than six minutes"
