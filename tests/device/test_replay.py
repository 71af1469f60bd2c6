"""Recording the wire, and playing the recording as a board."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from device.board import (
    Board,
    BoardError,
    BoardEvent,
    BurstRequest,
    ButtonMoved,
    CommandRefusedError,
    ConnectionChanged,
    LinkState,
    PhotodiodeBurst,
    StatusReported,
)
from device.discovery import create_board

Bent = Callable[[Any], Any]
INFRARED = BurstRequest("A", 80.0)


def board_at(url: str, record_to: Path | None = None) -> tuple[Board, list[BoardEvent]]:
    board = create_board(url, utc_s=Clock(asyncio.get_running_loop(), 1.9e9).utc_s, record_to=record_to)
    events: list[BoardEvent] = []
    board.listen(events.append)
    return board, events


async def record(path: Path) -> tuple[list[PhotodiodeBurst], list[BoardEvent]]:
    """Use a simulated board for a while, unplug it in between."""
    board, events = board_at("simulated:?seed=4", path)
    await board.open()
    await board.wait_until_usable(5)
    assert board.simulation is not None
    bursts = []
    for _ in range(3):
        bursts.append(await board.measure(INFRARED))
        await asyncio.sleep(5)
    await board.run_pump(2, 50, 250, 1.5)
    board.simulation.misbehave("press 0.2")
    await asyncio.sleep(1)
    board.simulation.misbehave("unplug 3")
    await asyncio.sleep(10)
    bursts.append(await board.measure(INFRARED))
    await board.close()
    return bursts, events


async def lost_because(board: Board, reason: str) -> None:
    """Return when the board is lost for `reason`."""
    lost = asyncio.Event()

    def hear(event: BoardEvent) -> None:
        if isinstance(event, ConnectionChanged) and event.connection.state is LinkState.LOST:
            assert reason in event.connection.detail
            lost.set()

    subscription = board.listen(hear)
    await lost.wait()
    subscription.cancel()


def test_a_recording_plays_as_the_board_it_was_made_of(in_bent_time: Bent, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    recorded, recorded_events = in_bent_time(record(path))

    async def play() -> None:
        board, events = board_at(f"replay:{path}")
        await board.open()
        await board.wait_until_usable(5)
        assert board.dictionary is not None
        assert board.dictionary.serial_number == "SIM-000004"
        for expected in recorded[:3]:
            burst = await board.measure(INFRARED)
            assert burst.signals == expected.signals
            assert burst.utc_s == pytest.approx(1.9e9 + asyncio.get_running_loop().time() - 0.2, abs=0.02)
            await asyncio.sleep(2)  # asked sooner than recorded
        run = await board.run_pump(2, 50, 250, 1.5)
        assert run.ran_s == pytest.approx(1.5, abs=0.01)
        with pytest.raises(CommandRefusedError, match="never asked in the recording"):
            await board.identify()
        await lost_because(board, "unplugged")
        assert [event.pressed for event in events if isinstance(event, ButtonMoved)] == [True, False]
        await board.wait_until_usable(10)
        assert (await board.measure(INFRARED)).signals == recorded[3].signals
        await lost_because(board, "the recording has ended")
        statuses, expected = (
            [event.status.heater_celsius for event in told if isinstance(event, StatusReported)]
            for told in (events, recorded_events)
        )
        assert statuses == expected
        await board.close()

    in_bent_time(play())


def test_everything_on_the_wire_is_in_the_file(in_bent_time: Bent, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    in_bent_time(record(path))
    head, *lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert head == {"format": "vialdesk wire recording", "version": 1, "url": "simulated:?seed=4", "utc_s": 1.9e9}
    notes = [line["note"] for line in lines if "note" in line]
    assert notes[0] == "connected"
    assert "lost: the board was unplugged" in notes
    assert any(note.startswith("not connected: ") for note in notes)
    assert notes[-1] == "closed"
    assert [line["t"] for line in lines] == sorted(line["t"] for line in lines)
    assert sum("to_board" in line for line in lines) > 20
    assert sum("to_host" in line for line in lines) > 40


def test_a_second_recording_does_not_replace_the_first(in_bent_time: Bent, tmp_path: Path) -> None:
    for _ in range(3):
        in_bent_time(record(tmp_path / "wire.jsonl"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wire-2.jsonl", "wire-3.jsonl", "wire.jsonl"]


def test_a_recording_cut_short_by_a_crash_still_plays(in_bent_time: Bent, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    in_bent_time(record(path))
    text = path.read_text()
    path.write_text(text[: len(text) // 2])

    async def play() -> None:
        board, _ = board_at(f"replay:{path}")
        await board.open()
        await board.wait_until_usable(5)
        await board.measure(INFRARED)
        await board.close()

    in_bent_time(play())


@pytest.mark.parametrize(
    "text", ["", "hello\n", "[]\n", "{}\n", '{"format": "vialdesk wire recording", "version": 99}\n']
)
def test_what_is_no_recording_is_refused(in_bent_time: Bent, tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(text)

    async def play() -> None:
        with pytest.raises(BoardError, match="not a recording"):
            board_at(f"replay:{path}")

    in_bent_time(play())


def test_a_file_that_cannot_be_written_is_an_error_at_once(in_bent_time: Bent, tmp_path: Path) -> None:
    async def scenario() -> None:
        with pytest.raises(BoardError, match="cannot record"):
            board_at("simulated:", tmp_path / "no" / "such" / "folder")

    in_bent_time(scenario())
