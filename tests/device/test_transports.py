"""Real byte streams: pyserial on a pseudo terminal, TCP sockets. Real time, no waiting but for what happens."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bad_wires import CountingBoard

from device import serial_port
from device.board import Board, BurstRequest, ConnectionChanged, LinkState, NotConnectedError
from device.discovery import create_board
from device.firmware import messages
from device.link import Link, NoAnswerError, open_link
from device.serial_port import explain, open_serial_port
from device.simulated import Setup, SimulatedBoard
from device.simulator.sockets import PtySocket, TcpSocket
from device.tcp import open_tcp
from device.transport import ConnectError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals do not exist on Windows")


class Terminal:
    """A pseudo terminal with a counting board at its near end."""

    def __init__(self, board: CountingBoard | None) -> None:
        import tty

        self.near, self.far = os.openpty()
        tty.setraw(self.far)
        os.set_blocking(self.near, False)
        self.path = os.ttyname(self.far)
        self.board = board
        if board is not None:
            board.transport = self
            asyncio.get_running_loop().add_reader(self.near, lambda: board.data_received(os.read(self.near, 4096)))

    def write(self, data: bytes) -> None:
        os.write(self.near, data)

    def close(self) -> None:
        """Pull the plug."""
        if self.near >= 0:
            asyncio.get_running_loop().remove_reader(self.near)
            os.close(self.far)
            os.close(self.near)
            self.near = -1


class Owner:
    """Waits for what a link tells."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def open(self, path: str) -> Link:
        async def connect(receiver: serial_port.Receiver) -> serial_port.Transport:
            return await open_serial_port(path, receiver)

        return await open_link(connect, lambda *_: None, self.lost.set_result)


def port_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(("read /", "write /"))]


async def port_threads_end() -> None:
    async with asyncio.timeout(5):
        for thread in port_threads():
            await asyncio.to_thread(thread.join)
    assert not port_threads()


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    terminal = Terminal(CountingBoard())
    yield terminal
    terminal.close()
    await port_threads_end()


async def test_commands_over_a_serial_port_take_little_time(terminal: Terminal) -> None:
    link = await Owner().open(terminal.path)
    took_s = []
    for _ in range(300):
        began_s = time.perf_counter()
        await link.request(messages.PING, 0)
        took_s.append(time.perf_counter() - began_s)
    link.close()
    median_ms = statistics.median(took_s) * 1e3
    print(f"round trip over a pseudo terminal: median {median_ms:.3f} ms")
    assert median_ms < 10  # the budget of 2 ms is measured where nothing else runs


async def test_a_pulled_plug_is_noticed_at_once_and_leaves_no_thread(terminal: Terminal) -> None:
    owner = Owner()
    link = await owner.open(terminal.path)
    assert len(port_threads()) == 2
    assert terminal.board is not None
    terminal.board.silent = True
    waiting = link.post(messages.IDENTIFY)
    began_s = time.perf_counter()
    terminal.close()
    reason = await asyncio.wait_for(owner.lost, 5)
    assert time.perf_counter() - began_s < 1
    assert "unplugged" in reason
    with pytest.raises(NotConnectedError, match="unplugged"):
        await waiting
    await port_threads_end()


async def test_closing_leaves_no_thread_and_frees_the_port(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port, "READ_TIMEOUT_S", 60.0)  # closing wakes the thread, not time
    for _ in range(5):
        link = await Owner().open(terminal.path)
        await link.request(messages.PING, 0)
        link.close()
        await port_threads_end()


async def test_giving_up_while_connecting_leaves_no_thread(terminal: Terminal) -> None:
    assert terminal.board is not None
    terminal.board.silent = True
    opening = asyncio.create_task(Owner().open(terminal.path))
    while not port_threads():  # noqa: ASYNC110 - there is no event for a thread having started
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait((opening,))
    await port_threads_end()
    with pytest.raises(NoAnswerError):
        await Owner().open(terminal.path)


async def test_a_port_in_use_is_refused_by_name(terminal: Terminal) -> None:
    link = await Owner().open(terminal.path)
    with pytest.raises(ConnectError, match="another program") as caught:
        await Owner().open(terminal.path)
    assert caught.value.refused
    assert "Close" in caught.value.remedy
    link.close()


async def test_a_missing_port_is_not_refused_but_absent(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="no port") as caught:
        await Owner().open(str(tmp_path / "ttyACM9"))
    assert not caught.value.refused
    with pytest.raises(ConnectError):
        await Owner().open(str(tmp_path))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_missing_permission_names_what_grants_it(number: int) -> None:
    problem = explain("/dev/ttyACM0", OSError(number, "no"))
    assert problem.refused
    assert "permission" in str(problem)
    if sys.platform == "linux":
        assert "dialout" in problem.remedy
        assert "udev" in problem.remedy


async def test_a_board_that_takes_no_bytes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port, "WRITE_TIMEOUT_S", 1.0)
    terminal = Terminal(None)
    owner = Owner()

    class Deaf:
        def data_received(self, data: bytes) -> None: ...

        def connection_lost(self, reason: str) -> None:
            owner.lost.set_result(reason)

    transport = await open_serial_port(terminal.path, Deaf())
    began_s = time.perf_counter()
    for _ in range(100):
        transport.write(bytes(10_000))
    assert time.perf_counter() - began_s < 0.8, "writing must not block the loop"
    assert "no more data" in await asyncio.wait_for(owner.lost, 10)
    await port_threads_end()
    terminal.close()


# TCP


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


async def test_nobody_listening_is_told_with_the_address(closed_port: int) -> None:
    with pytest.raises(
        ConnectError, match=rf"no board listens at 127.0.0.1:{closed_port} \(Connection refused\)"
    ) as caught:
        await open_tcp("127.0.0.1", closed_port, CountingBoard())
    assert caught.value.remedy
    with pytest.raises(ConnectError):
        await open_tcp("127.0.0.1", 70_000, CountingBoard())


async def test_tcp_sends_small_frames_at_once() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lost = asyncio.get_running_loop().create_future()

    class Heard:
        def data_received(self, data: bytes) -> None: ...

        def connection_lost(self, reason: str) -> None:
            lost.set_result(reason)

    transport = await open_tcp("127.0.0.1", port, Heard())
    raw = transport._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert await asyncio.wait_for(lost, 5) == "the other end closed the connection"
    transport.write(b"dropped")
    transport.close()
    server.close()
    await server.wait_closed()


# A whole simulated board behind a real stream


class States:
    """The states a board tells, awaited."""

    def __init__(self, board: Board) -> None:
        self.queue: asyncio.Queue[LinkState] = asyncio.Queue()
        board.listen(
            lambda event: (
                self.queue.put_nowait(event.connection.state) if isinstance(event, ConnectionChanged) else None
            )
        )

    async def wait_for(self, state: LinkState) -> None:
        async with asyncio.timeout(10):
            while await self.queue.get() is not state:
                pass


@pytest.mark.parametrize("way", ["pty", "tcp"])
async def test_unplug_and_replug_over_a_real_stream(way: str, tmp_path: Path) -> None:
    simulated = SimulatedBoard(Setup(seed=2))
    if way == "pty":
        terminal = PtySocket(simulated, tmp_path / "board", lambda _: None)
        url = terminal.open()
        simulated.offer(terminal)
    else:
        tcp = TcpSocket(simulated, 0, lambda _: None)
        url = await tcp.open()
        simulated.offer(tcp)
    board = create_board(url, utc_s=time.time)
    states = States(board)
    await board.open()
    await board.wait_until_usable(10)
    assert board.dictionary is not None
    assert board.dictionary.serial_number == "SIM-000002"
    assert await board.set_led("A", 50, 10) == pytest.approx(50, abs=0.3)
    burst = await board.measure(BurstRequest("A", 80, 0.05, 0.1))
    assert burst.signals["1"].mean_v > 0.05
    assert burst.utc_s == pytest.approx(time.time(), abs=1.0)
    simulated.unplug()
    await states.wait_for(LinkState.LOST)
    simulated.replug()
    await states.wait_for(LinkState.CONNECTED)
    assert await board.set_led("A", 20, 10) == pytest.approx(20, abs=0.3)
    assert board.statistics.reconnects == 1
    await board.close()
    assert simulated.truth()["led_a_percent"] == 0
    (terminal if way == "pty" else tcp).close()
    simulated.close()
    await port_threads_end()
