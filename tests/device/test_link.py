"""The link against the firmware's own session: exactly once and in order, whatever the wire does."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import pytest
from bad_wires import CountingBoard, Mischief, badly_wired

from device.ack_timeout import TRIES, AckTimeout
from device.board import CommandRefusedError, CommandTimeoutError, NotConnectedError
from device.firmware import frames, messages
from device.link import Link, LinkCounters, NoAnswerError, RefusedByBoardError, WrongProtocolError, open_link
from device.memory_pipe import connect_in_memory
from device.transport import Receiver, Transport

Bent = Callable[[Any], Any]
CLEAN = Mischief(0)


class Heard:
    """What a link told its owner."""

    def __init__(self) -> None:
        self.telemetry: list[tuple[int, bytes]] = []
        self.lost: list[str] = []
        self.counters = LinkCounters()

    async def open(self, connect: Any) -> Link:
        return await open_link(connect, lambda *report: self.telemetry.append(report), self.lost.append, self.counters)


def payload_of(code: int) -> bytes:
    return messages.pack(messages.BLINK_ERROR, "B", code)


async def send_many(link: Link, count: int) -> None:
    await asyncio.gather(*(link.request(messages.BLINK_ERROR, n % 256) for n in range(count)))


async def commands_over(to_board: Mischief, to_host: Mischief, count: int) -> tuple[CountingBoard, Heard]:
    """Send `count` numbered commands over a bad wire; return the board and what was heard."""
    board, heard = CountingBoard(), Heard()
    link = await heard.open(badly_wired(board, to_board, to_host))
    await send_many(link, count)
    link.close()
    return board, heard


@pytest.mark.parametrize(
    ("to_board", "to_host"),
    [
        pytest.param(CLEAN, CLEAN, id="clean"),
        pytest.param(Mischief(1, one_byte=True), Mischief(2, one_byte=True), id="one byte at a time"),
        pytest.param(Mischief(3, delay_s=0.03), Mischief(4, delay_s=0.03), id="slow"),
        pytest.param(Mischief(3, delay_s=0.45), Mischief(4, delay_s=0.45), id="slower than the longest wait"),
        pytest.param(Mischief(5, lose=0.2), Mischief(6, lose=0.2), id="a fifth lost each way"),
        pytest.param(Mischief(7, repeat=0.3), Mischief(8, repeat=0.3), id="repeating"),
        pytest.param(Mischief(9, cut=0.15), Mischief(10, cut=0.15), id="truncating"),
        pytest.param(Mischief(11, corrupt=0.2), Mischief(12, corrupt=0.2), id="flipping bits"),
        pytest.param(
            Mischief(13, 0.05, 0.1, 0.05, 0.05, 0.02, one_byte=True),
            Mischief(14, 0.05, 0.1, 0.05, 0.05, 0.02, one_byte=True),
            id="all of it",
        ),
    ],
)
def test_each_command_is_executed_once_and_in_order(in_bent_time: Bent, to_board: Mischief, to_host: Mischief) -> None:
    board, heard = in_bent_time(commands_over(to_board, to_host, 200))
    assert board.executed == [payload_of(n % 256) for n in range(200)]
    assert heard.lost == []


def test_losses_are_counted(in_bent_time: Bent) -> None:
    _, clean = in_bent_time(commands_over(CLEAN, CLEAN, 100))
    assert clean.counters == LinkCounters()
    _, lossy = in_bent_time(commands_over(Mischief(1, lose=0.2), CLEAN, 100))
    assert lossy.counters.commands_repeated > 10
    assert lossy.counters.frames_skipped == 0
    _, damaged = in_bent_time(commands_over(CLEAN, Mischief(1, corrupt=0.2), 100))
    assert damaged.counters.frames_skipped > 10


def test_telemetry_gaps_are_counted_and_repeats_dropped(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(board.connect)
        for lost in (False, False, True, True, True, False):
            transport, board.transport = board.transport, None if lost else board.transport
            board.session.report(messages.BUTTON, 5, 1)
            board.transport = transport
        sent = frames.encode_frame(frames.TELEMETRY, 0, 0, b"")  # of a foreign session: ignored, asked about
        assert board.transport is not None
        board.transport.write(sent)
        await link.request(messages.PING, 0)
        assert len(heard.telemetry) == 3
        assert heard.counters.telemetry_lost == 3
        link.close()

    in_bent_time(scenario())


def test_repeated_telemetry_is_told_once(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(badly_wired(board, CLEAN, Mischief(1, repeat=1.0)))
        board.session._telemetry_sequence = 65_500  # so that the numbering wraps
        for _ in range(100):
            board.session.report(messages.BUTTON, 5, 1)
            await asyncio.sleep(0)
        await link.request(messages.PING, 0)
        assert len(heard.telemetry) == 100
        assert heard.counters.telemetry_lost == 0
        link.close()

    in_bent_time(scenario())


def test_a_silent_board_fails_the_link_and_everything_that_waits(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(board.connect)
        board.silent = True
        first, second = link.post(messages.IDENTIFY), link.post(messages.IDENTIFY)
        await asyncio.wait((first, second))
        assert isinstance(first.exception(), CommandTimeoutError)
        assert isinstance(second.exception(), NotConnectedError)
        assert len(heard.lost) == 1
        assert "did not answer" in heard.lost[0]
        assert heard.counters.commands_repeated == TRIES - 1
        assert 2.0 < asyncio.get_running_loop().time() < 5.0
        with pytest.raises(NotConnectedError, match="did not answer"):
            await link.request(messages.PING, 0)

    in_bent_time(scenario())


def test_a_lost_transport_fails_what_waits_with_its_cause(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(board.connect)
        board.silent = True
        waiting = [link.post(messages.IDENTIFY) for _ in range(3)]
        assert board.transport is not None
        board.transport.close("the plug was pulled")  # type: ignore[call-arg]
        await asyncio.wait(waiting)
        assert [str(answer.exception()) for answer in waiting] == ["the plug was pulled"] * 3
        assert heard.lost == ["the plug was pulled"]

    in_bent_time(scenario())


def test_a_restarted_board_ends_the_session(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(board.connect)
        board.restart()
        with pytest.raises(NotConnectedError, match="restarted"):
            await link.request(messages.PING, 0)
        assert board.executed == []
        assert len(heard.lost) == 1

    in_bent_time(scenario())


def test_urgent_commands_overtake_and_withdrawn_ones_are_never_sent(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(board.connect)
        first = link.post(messages.BLINK_ERROR, 1)
        led = link.post(messages.SET_LED, 1, 50.0, 1000)
        blink = link.post(messages.BLINK_ERROR, 2)
        link.withdraw(lambda payload: payload[0] == messages.SET_LED, "all off")
        off = link.post(messages.ALL_OFF, urgent=True)
        await asyncio.wait((first, led, blink, off))
        assert [payload[0] for payload in board.executed] == [
            messages.BLINK_ERROR,
            messages.ALL_OFF,
            messages.BLINK_ERROR,
        ]
        with pytest.raises(CommandRefusedError, match="all off"):
            led.result()
        link.close()

    in_bent_time(scenario())


def test_a_cancelled_caller_withdraws_what_was_not_sent(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        link = await heard.open(badly_wired(board, Mischief(0, delay_s=0.01), CLEAN))
        tasks = [asyncio.create_task(link.request(messages.BLINK_ERROR, n)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        tasks[0].cancel()  # under way: brought to its end
        tasks[1].cancel()  # waiting: never sent
        await asyncio.wait(tasks)
        assert board.executed == [payload_of(1), payload_of(3)]
        assert tasks[0].cancelled()
        assert not tasks[2].cancelled()
        link.close()

    in_bent_time(scenario())


def test_a_refusal_carries_the_boards_words_and_the_link_goes_on(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        board.refuse[messages.IDENTIFY] = (messages.BUSY, "still blinking")
        link = await heard.open(board.connect)
        with pytest.raises(RefusedByBoardError, match="busy: still blinking") as caught:
            await link.request(messages.IDENTIFY)
        assert caught.value.status == messages.BUSY
        assert caught.value.remedy
        await link.request(messages.PING, 0)
        with pytest.raises(CommandRefusedError, match="out of range"):
            await link.request(messages.BLINK_ERROR, 300)
        link.close()

    in_bent_time(scenario())


def test_an_answer_of_the_wrong_length_is_an_error_not_a_crash(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        board.answers[messages.PING] = b"123"
        link = await heard.open(board.connect)
        with pytest.raises(Exception, match="makes no sense"):
            await link.ask(messages.PING, 0)
        link.close()

    in_bent_time(scenario())


def test_hello_is_repeated_until_the_board_hears_it(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board, heard = CountingBoard(), Heard()
        board.silent = True
        opening = asyncio.create_task(heard.open(board.connect))
        await asyncio.sleep(0.6)
        board.silent = False
        link = await opening
        assert await link.ask(messages.PING, 0) == {"board_us": 1_000_000}
        link.close()

    in_bent_time(scenario())


def test_nobody_there(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        board = CountingBoard()
        board.silent = True
        with pytest.raises(NoAnswerError) as caught:
            await Heard().open(board.connect)
        assert not caught.value.heard
        await asyncio.sleep(0)
        assert board.transport is None, "the transport was left open"

    in_bent_time(scenario())


class Chatterbox:
    """Something that answers, but not in the board's language."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    async def connect(self, receiver: Receiver) -> Transport:
        host, self.transport = connect_in_memory(receiver, self)
        return host

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.answer)

    def connection_lost(self, reason: str) -> None:
        pass


def test_something_else_answers(in_bent_time: Bent) -> None:
    async def scenario() -> None:
        with pytest.raises(NoAnswerError) as caught:
            await Heard().open(Chatterbox(b"MicroPython v1.24; Raspberry Pi Pico\r\n>>> \x00").connect)
        assert caught.value.heard

    in_bent_time(scenario())


def test_another_protocol_version_is_named(in_bent_time: Bent) -> None:
    class Newer(CountingBoard):
        def data_received(self, data: bytes) -> None:
            for kind, _, _, payload in frames.FrameReader().feed(data):
                if kind == frames.HELLO:
                    _, nonce = struct.unpack(messages.HELLO_FORMAT, payload)
                    welcome = struct.pack(messages.WELCOME_FORMAT, 9, nonce, 1, messages.PROTOCOL_MISMATCH)
                    self._send(frames.encode_frame(frames.WELCOME, 0, 0, welcome))

    async def scenario() -> None:
        with pytest.raises(WrongProtocolError, match="version 9"):
            await Heard().open(Newer().connect)

    in_bent_time(scenario())


def test_the_wait_for_an_answer_follows_the_round_trip() -> None:
    timing = AckTimeout()
    for _ in range(100):
        timing.answered(0.002, 1)
    assert timing.wait_s(1) == pytest.approx(0.05)
    assert timing.round_trip_s == pytest.approx(0.002)
    for _ in range(100):
        timing.answered(0.08, 1)
    assert timing.wait_s(1) == pytest.approx(0.32, rel=0.01)
    assert timing.wait_s(9) == pytest.approx(0.4)
