"""The loop that bends time: order, cancelled timers, errors, threads, input, signals and pace."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from core.bent_loop import BentLoop


def run(coroutine: Coroutine[Any, Any, Any], speed: float = math.inf) -> Any:
    with asyncio.Runner(loop_factory=lambda: BentLoop(speed)) as runner:
        return runner.run(coroutine)


def test_a_year_passes_at_once_and_to_the_second() -> None:
    async def live() -> float:
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time()

    began_s = time.monotonic()
    assert run(live()) == 365 * 86_400
    assert time.monotonic() - began_s < 60


def test_timers_run_in_order_and_those_of_one_moment_as_they_were_set() -> None:
    async def live() -> list[int]:
        loop, ran = asyncio.get_running_loop(), list[int]()
        for number, when in enumerate((3.0, 1.0, 2.0, 1.0, 1.0)):
            loop.call_at(when, ran.append, number)
        await asyncio.sleep(5)
        return ran

    assert run(live()) == [1, 3, 4, 2, 0]


def test_cancelled_timers_do_not_run_and_do_not_stay() -> None:
    async def live() -> int:
        loop, ran = asyncio.get_running_loop(), list[int]()
        assert isinstance(loop, BentLoop)
        for number in range(10_000):
            timer = loop.call_later(1e6, ran.append, number)
            if number != 5000:
                timer.cancel()
                timer.cancel()
        held = len(loop._timers)
        first = loop.call_later(1, ran.append, -1)
        loop.call_later(1, ran.append, -2)
        first.cancel()
        await asyncio.sleep(2e6)
        first.cancel()
        assert ran == [-2, 5000]
        return held

    assert run(live()) < 500


def test_a_callback_that_fails_is_told_and_the_loop_goes_on() -> None:
    async def live() -> list[str]:
        loop, told = asyncio.get_running_loop(), list[str]()
        loop.set_exception_handler(lambda _, context: told.append(str(context["exception"])))
        loop.call_soon(int, "no number")
        loop.call_later(1, int, "nor this")
        await asyncio.sleep(2)
        return told

    told = run(live())
    assert len(told) == 2
    assert "nor this" in told[1]


def test_long_work_in_a_thread_does_not_hold_paced_time_for_ever() -> None:
    async def live() -> None:
        loop, ended = asyncio.get_running_loop(), threading.Event()
        loop.call_later(60, ended.set)
        assert await asyncio.to_thread(ended.wait, 20)

    run(live(), speed=100)


def test_time_stands_still_while_a_thread_works_and_what_threads_want_called_is_called() -> None:
    async def live() -> None:
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        await asyncio.to_thread(time.sleep, 0.05)
        assert loop.time() == 0
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set,))
        loop.call_later(1, thread.start)
        while not called.is_set():  # noqa: ASYNC110 - it is bent time that passes
            await asyncio.sleep(1)
        thread.join()

    run(live())


def test_input_is_taken_while_timers_never_end() -> None:
    async def live() -> bytes:
        near, far = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        threading.Timer(0.05, far.sendall, [b"hello"]).start()
        ticking = asyncio.create_task(_tick())
        data = await reader.readexactly(5)
        ticking.cancel()
        writer.close()
        far.close()
        return data

    assert run(live()) == b"hello"


def test_a_signal_is_heard_while_timers_never_end() -> None:
    async def live() -> None:
        heard = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.set)
        threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        ticking = asyncio.create_task(_tick())
        await heard.wait()
        ticking.cancel()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)

    run(live())


@pytest.mark.parametrize("speed", [20.0, 200.0])
def test_at_a_speed_time_keeps_its_pace(speed: float) -> None:
    async def live() -> float:
        began_s = time.monotonic()
        for _ in range(20):
            await asyncio.sleep(0.1)
        return time.monotonic() - began_s

    took_s = run(live(), speed)
    assert 2.0 / speed * 0.9 < took_s < 2.0 / speed + 20.0, "a stall makes it take longer, never shorter"


def test_a_closed_loop_takes_nothing_more() -> None:
    loop = BentLoop(math.inf)
    loop.close()
    for call in (loop.call_soon, lambda callback: loop.call_later(1, callback)):
        with pytest.raises(RuntimeError, match="closed"):
            call(print)
    with pytest.raises(ValueError, match="above 0"):
        BentLoop(0)


async def _tick() -> None:
    while True:  # noqa: ASYNC110 - it is the timers that are wanted
        await asyncio.sleep(1)
