"""Half an hour of everything going wrong at once, in bent time: nothing breaks, nothing hangs, nothing stays on."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.clock import Clock
from device.board import Board, BoardError, BoardEvent, BurstRequest, StatusReported
from device.discovery import create_board

MISCHIEF = (
    "drop 0.2", "drop 0.05 to-host", "drop 1", "corrupt 0.1", "duplicate 0.3", "truncate 0.1", "delay 0.1", "delay 0.5",
    "unplug 3", "unplug 0.1", "hang 1", "hang 3", "reboot", "stall", "sensor-missing", "overheat 80", "press", "heal",
)  # fmt: skip
# A pump run waits for a lost link longest: its own time and 15 s; then there are the repeats.
LONGEST_S = 60.0


class Users:
    """Callers that each do one thing again and again, and sometimes lose patience."""

    def __init__(self, board: Board, rng: random.Random) -> None:
        self.board, self.rng, self.done = board, rng, Counter[str]()

    async def repeat(self, name: str, command: Callable[[], Awaitable[Any]], about_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.rng.uniform(0, about_s))
            began_s = loop.time()
            patience_s = self.rng.uniform(0, 1) if self.rng.random() < 0.1 else LONGEST_S
            try:
                async with asyncio.timeout(patience_s):
                    await command()
                self.done[name] += 1
            except BoardError:
                self.done["refused"] += 1
            except TimeoutError:
                assert patience_s < LONGEST_S, f"{name} hangs"
            assert loop.time() - began_s < patience_s + 5

    def start(self) -> list[asyncio.Task[None]]:
        board, rng = self.board, self.rng
        commands: list[tuple[str, Callable[[], Awaitable[Any]], float]] = [
            ("led", lambda: board.set_led(rng.choice("ABCD"), rng.uniform(0, 100), 5), 1),
            ("stirrer", lambda: board.set_pwm(1, rng.uniform(0, 100), 200, 5), 1),
            ("heater", lambda: board.set_pwm(5, rng.uniform(0, 60), 16, 3), 1),
            ("pump", lambda: board.run_pump(rng.choice((2, 3)), 50, 250, rng.uniform(0.1, 4)), 5),
            ("burst", lambda: board.measure(BurstRequest("A", 80)), 3),
            ("tachometer", lambda: board.read_tachometer(2), 3),
            ("off", board.all_off, 40),
            ("reboot", board.reboot, 300),
        ]
        return [asyncio.create_task(self.repeat(*command)) for command in commands]


@pytest.mark.parametrize("seed", [1, 2])
def test_half_an_hour_of_everything_going_wrong(
    in_bent_time: Callable[[Any], Any], seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        rng, clock = random.Random(seed), Clock(asyncio.get_running_loop(), 1.9e9)
        board = create_board(f"simulated:?seed={seed}", utc_s=clock.utc_s)
        simulation = board.simulation
        assert simulation is not None
        stamps = [0.0]

        def hear(event: BoardEvent) -> None:
            if isinstance(event, StatusReported):
                assert stamps[-1] <= event.status.utc_s <= clock.utc_s() + 0.3
                stamps.append(event.status.utc_s)

        board.listen(hear)
        await board.open()
        users = Users(board, rng)
        tasks = users.start()
        for _ in range(80):
            simulation.misbehave(rng.choice(MISCHIEF))
            await asyncio.sleep(rng.uniform(0, 15))
            if rng.random() < 0.3:
                simulation.misbehave("heal")
                await asyncio.sleep(5)
                await board.wait_until_usable(10)
        for task in tasks:
            assert not task.done(), task
            task.cancel()
        await asyncio.wait(tasks)
        simulation.misbehave("heal")
        await board.wait_until_usable(15)
        await asyncio.sleep(6)  # the longest lease given out
        on = {name for name, value in simulation.truth().items() if name.endswith("_percent") and value}
        assert not on
        assert min(users.done[name] for name in ("led", "stirrer", "heater", "pump", "burst", "tachometer")) > 50
        assert "unexpectedly" not in caplog.text
        assert "listener failed" not in caplog.text
        await board.close()

    in_bent_time(scenario())
