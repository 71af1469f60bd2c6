"""The simulated board for other programs: over TCP, over a pseudo terminal, and as a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest
import serial

from device.board import Board, BoardEvent, BurstRequest, ConnectionChanged, LinkState
from device.discovery import create_board
from device.simulator.board import SimulatedBoard
from device.simulator.reactor import Setup
from device.simulator.sockets import PtySocket, TcpSocket

ROOT = Path(__file__).parents[2]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")


async def until(board: Board, state: LinkState, timeout_s: float = 10.0) -> None:
    """Wait for a state of the link."""
    reached = asyncio.Event()

    def hear(event: BoardEvent) -> None:
        if isinstance(event, ConnectionChanged) and event.connection.state is state:
            reached.set()

    subscription = board.listen(hear)
    if board.connection.state is not state:
        await asyncio.wait_for(reached.wait(), timeout_s)
    subscription.cancel()


async def pulled_and_put_back(board: Board, simulated: SimulatedBoard) -> None:
    """Use a board, lose it, get it back, use it again."""
    await board.open()
    await board.wait_until_usable(10.0)
    assert (await board.measure(BurstRequest("A", 80.0, settle_s=0.0, window_s=0.1))).samples == 86
    await board.set_pwm(5, 50.0, 16.0, 3.0)
    simulated.misbehave("unplug")
    await until(board, LinkState.LOST)
    assert simulated.truth()["heater_percent"] > 0
    simulated.misbehave("replug")
    await until(board, LinkState.CONNECTED)
    await board.all_off()
    assert simulated.truth()["heater_percent"] == 0.0
    await board.close()


async def test_a_board_on_tcp_can_be_unplugged_and_comes_back_on_the_same_port() -> None:
    simulated = SimulatedBoard()
    announced: list[str] = []
    socket = TcpSocket(simulated, 0, announced.append)
    simulated.offer(socket)
    url = await socket.open()
    await pulled_and_put_back(create_board(url, utc_s=time.monotonic), simulated)
    assert announced == [url, url]
    simulated.close()
    socket.close()


async def test_tcp_serves_one_host_at_a_time() -> None:
    simulated = SimulatedBoard()
    socket = TcpSocket(simulated, 0, lambda _: None)
    port = int((await socket.open()).rpartition(":")[2])
    _, first = await asyncio.open_connection("127.0.0.1", port)
    reader, second = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.read(), 5.0) == b""
    for writer in (first, second):
        writer.close()
        await writer.wait_closed()
    simulated.close()
    socket.close()


@posix_only
async def test_a_board_on_a_pty_hangs_up_like_a_pulled_usb_plug(tmp_path: Path) -> None:
    link = tmp_path / "board"
    announced: list[str] = []
    simulated = SimulatedBoard(Setup(seed=2))
    socket = PtySocket(simulated, link, announced.append)
    simulated.offer(socket)
    assert socket.open() == str(link)
    await pulled_and_put_back(create_board(str(link), utc_s=time.monotonic), simulated)
    assert len(announced) == 2
    simulated.close()
    socket.remove()
    assert not link.is_symlink()


@posix_only
async def test_an_unplugged_pty_is_gone_for_a_host_that_has_it_open(tmp_path: Path) -> None:
    simulated = SimulatedBoard()
    socket = PtySocket(simulated, tmp_path / "board", lambda _: None)
    simulated.offer(socket)
    with serial.Serial(socket.open(), timeout=1.0) as port:
        simulated.misbehave("unplug")
        with pytest.raises(serial.SerialException):
            await asyncio.to_thread(port.read, 1)
    assert not (tmp_path / "board").is_symlink()
    simulated.close()
    socket.remove()


class Process:
    """A simulated board in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 10.0)).decode().rstrip("\n")

    async def tell(self, command: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        return await self.line()

    async def end(self) -> None:
        self._process.terminate()
        await self._process.communicate()


async def start(how: str) -> Process:
    code = f"import asyncio; from device.simulated import Setup, serve; asyncio.run(serve(Setup(seed=5), {how}))"
    pipe = asyncio.subprocess.PIPE
    return Process(await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdin=pipe, stdout=pipe))


async def test_a_process_says_where_it_is_and_answers_commands() -> None:
    process = await start("tcp_port=0")
    address = (await process.line()).removeprefix("Simulated board at ")
    board = create_board(address, utc_s=time.monotonic)
    await board.open()
    await board.wait_until_usable(10.0)
    assert board.dictionary is not None
    assert board.dictionary.serial_number == "SIM-000005"
    await board.set_pwm(5, 25.0, 16.0, 3.0)
    assert json.loads(await process.tell("state"))["heater_percent"] == pytest.approx(25.0, abs=0.01)
    assert (await process.tell("nonsense")).startswith("No: unknown command 'nonsense'; known are ")
    assert await process.tell("unplug 0.2") == "unplugged for 0.2 s"
    assert await process.line() == f"Simulated board at {address}"
    await until(board, LinkState.CONNECTED)
    await board.close()
    await process.end()


async def test_the_heater_of_a_process_goes_off_when_its_host_is_gone() -> None:
    process = await start("tcp_port=0")
    board = create_board((await process.line()).removeprefix("Simulated board at "), utc_s=time.monotonic)
    await board.open()
    await board.wait_until_usable(10.0)
    await board.set_pwm(5, 25.0, 16.0, 0.5)
    await process.tell("unplug")
    lease_over = asyncio.get_running_loop().time() + 2.0
    while json.loads(await process.tell("state"))["heater_percent"] > 0:
        assert asyncio.get_running_loop().time() < lease_over
    await board.close()
    await process.end()


async def test_a_taken_port_is_an_error() -> None:
    simulated = SimulatedBoard()
    first = TcpSocket(simulated, 0, lambda _: None)
    port = int((await first.open()).rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        await TcpSocket(simulated, port, lambda _: None).open()
    simulated.close()
    first.close()
