"""The worst moments for a stop, a cancellation or an exchange of boards, against the simulated board in bent time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.clock import Clock
from device.board import BoardError, CommandTimeoutError, NotConnectedError
from device.firmware import messages
from device.simulated import Setup, SimulatedBoard, connect
from device.transport import Receiver, Transport
from device.wired_board import WiredBoard

Bent = Callable[[Any], Any]


class Socket:
    """Where one of several simulated boards is plugged in; counts the commands that reach it."""

    def __init__(self, *boards: SimulatedBoard) -> None:
        self.plugged_in = boards[0]
        self.boards = boards
        clock = Clock(asyncio.get_running_loop(), 1_900_000_000.0)
        self.wired = WiredBoard("socket", self._connect, utc_s=clock.utc_s)
        self.commands: list[int] = []
        for board in boards:
            self._listen(board)

    def _listen(self, board: SimulatedBoard) -> None:
        execute = board._firmware._session._execute

        def noted(payload: bytes) -> bytes:
            self.commands.append(payload[0])
            return execute(payload)

        board._firmware._session._execute = noted

    async def _connect(self, receiver: Receiver) -> Transport:
        return await connect(self.plugged_in, receiver)

    async def __aenter__(self) -> Socket:
        await self.wired.open()
        await self.wired.wait_until_usable(10)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.wired.close()
        for board in self.boards:
            board.close()


def lit(board: SimulatedBoard) -> float:
    return board.truth()["led_b_percent"]


def test_a_stop_whose_caller_stops_waiting_is_still_sent(in_bent_time: Bent) -> None:
    async def run() -> None:
        board = SimulatedBoard()
        async with Socket(board) as socket:
            await socket.wired.set_led("B", 50, 60)
            board.misbehave("delay 0.8")
            identifying = asyncio.create_task(socket.wired.identify())
            await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.wired.all_off()
            await identifying
            await asyncio.sleep(2)
            assert lit(board) == 0
            assert socket.wired.statistics.reconnects == 0
            board.misbehave("delay 0")
            await asyncio.sleep(1)
            await socket.wired.set_led("B", 50, 60)
            board.misbehave("unplug 1")
            await asyncio.sleep(0.5)
            await socket.wired.wait_until_usable(10)
            assert lit(board) > 0, "a stop that was obeyed is not repeated later"

    in_bent_time(run())


@pytest.mark.parametrize("after_commands", range(9))
def test_a_stop_while_the_link_comes_back_is_not_forgotten(in_bent_time: Bent, after_commands: int) -> None:
    async def run() -> None:
        board = SimulatedBoard()
        async with Socket(board) as socket:
            await socket.wired.set_gain("1", 0.256)
            await socket.wired.set_heater_cutoff(50)
            await socket.wired.set_led("B", 50, 60)
            board.misbehave("unplug 1")
            board.misbehave("delay 0.02")
            await asyncio.sleep(0.5)
            socket.commands.clear()
            while len(socket.commands) < after_commands and not socket.wired.connection.is_usable:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            try:
                await socket.wired.all_off()
            except NotConnectedError:
                await socket.wired.wait_until_usable(10)
            await asyncio.sleep(0.1)
            assert lit(board) == 0

    in_bent_time(run())


def test_the_first_command_of_a_program_is_to_switch_everything_off(in_bent_time: Bent) -> None:
    async def run() -> None:
        async with Socket(SimulatedBoard()) as socket:
            assert socket.commands[0] == messages.ALL_OFF

    in_bent_time(run())


def test_another_board_at_the_same_port_is_told_and_made_safe(
    in_bent_time: Bent, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        first, second = SimulatedBoard(Setup(seed=1)), SimulatedBoard(Setup(seed=2))
        async with Socket(first, second) as socket:
            await socket.wired.set_led("B", 50, 60)
            socket.plugged_in = second
            former = WiredBoard("former", socket._connect, utc_s=lambda: 1.0)
            await former.open()
            await former.wait_until_usable(5)
            await former.set_led("B", 50, 60)
            await former._keeper.stop()  # as if its program was killed
            assert lit(second) > 0
            first.unplug()
            await asyncio.sleep(0.1)
            await socket.wired.wait_until_usable(10)
            assert lit(second) == 0
        assert "SIM-000001" in caplog.text
        assert "SIM-000002" in caplog.text

    in_bent_time(run())


def test_the_same_board_back_after_a_restart_is_no_other_board(
    in_bent_time: Bent, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        board = SimulatedBoard()
        async with Socket(board) as socket:
            board.reboot()
            await asyncio.sleep(0.1)
            await socket.wired.wait_until_usable(10)
        assert "another board" not in caplog.text

    in_bent_time(run())


def test_a_pump_run_that_never_ends_is_told_and_stopped(in_bent_time: Bent) -> None:
    async def run() -> None:
        board = SimulatedBoard()
        async with Socket(board) as socket:
            pumps = board._firmware._pumps
            pumps.step, pumps.next_due_us = (lambda now_us: []), (lambda: None)  # type: ignore[method-assign]
            with pytest.raises(CommandTimeoutError):
                async with asyncio.timeout(60):
                    await socket.wired.run_pump(2, 50, 250, 3.0)
            assert socket.commands[-1] == messages.SET_PWM

    in_bent_time(run())


def test_nonsense_from_python_never_reaches_the_wire(in_bent_time: Bent) -> None:
    async def run() -> None:
        async with Socket(SimulatedBoard()) as socket:
            socket.commands.clear()
            nan, inf = float("nan"), float("inf")
            for duty, frequency, lease_s in ((nan, 200, 1), (50, nan, 1), (50, inf, 1), (50, 1e300, 1), (50, 200, nan)):
                with pytest.raises(BoardError):
                    await socket.wired.set_pwm(5, duty, frequency, lease_s)
            assert socket.boards[0].truth()["heater_percent"] == 0
            with pytest.raises(BoardError):
                await socket.wired.set_heater_cutoff(nan)

    in_bent_time(run())


def test_closing_while_the_link_comes_back_switches_everything_off(in_bent_time: Bent) -> None:
    async def run() -> None:
        board = SimulatedBoard()
        async with Socket(board) as socket:
            await socket.wired.set_led("B", 50, 60)
            board.misbehave("unplug 1")
            board.misbehave("delay 0.02")
            await asyncio.sleep(0.5)
            socket.commands.clear()
            while not socket.commands:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            assert not socket.wired.connection.is_usable
            await socket.wired.close()
            assert lit(board) == 0

    in_bent_time(run())
