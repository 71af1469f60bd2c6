"""The wire that can be told to spoil what runs over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from device.simulator.wire import FaultyWire

Bent = Callable[[Coroutine[Any, Any, Any]], Any]
FRAME = bytes(range(1, 101))
COUNT = 1000


def sent_over(arrived: list[bytes], **faults: float) -> list[bytes]:
    """Send COUNT frames over a wire with these faults; return what arrived."""
    wire = FaultyWire(np.random.default_rng(1), arrived.append)
    for fault, value in faults.items():
        setattr(wire, fault, value)
    for _ in range(COUNT):
        wire.push(FRAME)
    return arrived


def test_a_good_wire_delivers_everything_at_once() -> None:
    assert sent_over([]) == [FRAME] * COUNT


def test_dropped_frames_are_gone() -> None:
    arrived = sent_over([], drop=0.2)
    assert len(arrived) == pytest.approx(0.8 * COUNT, rel=0.1)
    assert set(arrived) == {FRAME}


def test_a_corrupted_frame_has_one_wrong_bit() -> None:
    wrong = [frame for frame in sent_over([], corrupt=0.2) if frame != FRAME]
    assert len(wrong) == pytest.approx(0.2 * COUNT, rel=0.2)
    for frame in wrong:
        bits = [bin(was ^ now).count("1") for was, now in zip(FRAME, frame, strict=True)]
        assert sum(bits) == 1


def test_a_truncated_frame_lacks_its_end() -> None:
    short = [frame for frame in sent_over([], truncate=0.2) if frame != FRAME]
    assert len(short) == pytest.approx(0.2 * COUNT, rel=0.2)
    assert all(FRAME.startswith(frame) for frame in short)


def test_a_duplicated_frame_comes_twice() -> None:
    arrived = sent_over([], duplicate=0.2)
    assert len(arrived) == pytest.approx(1.2 * COUNT, rel=0.1)
    assert set(arrived) == {FRAME}


def test_delayed_frames_come_in_order_and_in_time_also_when_the_delay_ends(in_bent_time: Bent) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        arrived: list[tuple[float, bytes]] = []
        wire = FaultyWire(np.random.default_rng(1), lambda frame: arrived.append((round(loop.time(), 6), frame)))
        wire.delay_s = 0.5
        wire.push(b"first")
        await asyncio.sleep(0.2)
        wire.push(b"second")
        wire.heal()
        wire.push(b"third")
        await asyncio.sleep(2.0)
        wire.push(b"fourth")
        assert arrived == [(0.5, b"first"), (0.7, b"second"), (0.7, b"third"), (2.2, b"fourth")]

    in_bent_time(story())


def test_what_is_under_way_is_lost_with_the_plug(in_bent_time: Bent) -> None:
    async def story() -> None:
        arrived: list[bytes] = []
        wire = FaultyWire(np.random.default_rng(1), arrived.append)
        wire.delay_s = 0.5
        wire.push(b"lost")
        wire.clear()
        await asyncio.sleep(1.0)
        assert arrived == []

    in_bent_time(story())
