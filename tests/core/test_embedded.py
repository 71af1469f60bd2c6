"""The service as a window's child process: started, found, watched, started again, stopped, left running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_services import is_alive, write_config

from core.embedded import EmbeddedError, EmbeddedService, ServiceAddress
from core.owner import find_owner

pytestmark = pytest.mark.programs


@pytest.fixture(autouse=True)
def _compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)


@contextlib.asynccontextmanager
async def embedded(data_dir: Path, *arguments: str) -> AsyncIterator[EmbeddedService]:
    """Make an embedded service that is stopped at the end of the block."""
    service = EmbeddedService(data_dir, arguments)
    try:
        yield service
    finally:
        await service.stop()


async def health(address: ServiceAddress) -> dict[str, Any]:
    """Ask a service how it is."""
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as http:
        answer: dict[str, Any] = (await http.get(f"{address.url}/unit_api/health")).json()
        return answer


async def test_it_starts_answers_and_stops(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        address = await service.start("simulated:", "stop")
        assert not address.found_running
        assert service.is_ours
        pid = service.pid
        assert pid
        assert (await health(address))["status"] == "ok"
        await service.stop()
        assert not is_alive(pid)
        assert not service.is_ours


async def test_a_second_window_finds_the_running_service_and_leaves_it_alone(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as first, embedded(data_dir, "--port", "0") as second:
        address = await first.start("", "stop")
        found = await second.start("simulated:", "stop")
        assert found == ServiceAddress(address.url, found_running=True)
        assert not second.is_ours
        await second.stop()
        assert (await health(address))["status"] == "ok"


async def test_windows_that_open_at_the_same_moment_share_one_service(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as first, embedded(data_dir, "--port", "0") as second:
        found = await asyncio.gather(first.start("", "stop"), second.start("", "stop"))
        assert found[0].url == found[1].url
        assert sorted(address.found_running for address in found) == [False, True]
        assert first.is_ours != second.is_ours


async def test_a_service_that_is_killed_comes_back_where_it_was_and_says_why(data_dir: Path) -> None:
    async with embedded(data_dir) as service:
        write_config(data_dir, f"[http]\nport = {free_port()}\n")
        address = await service.start("simulated:", "stop")
        ended, back = asyncio.Queue[str](), asyncio.Queue[ServiceAddress]()
        service.watch(ended.put_nowait, back.put_nowait)
        first = service.pid
        assert first
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(30):
            assert "signal 9" in await ended.get()
            assert await back.get() == address
        assert service.pid != first
        assert (await health(address))["status"] == "ok"


async def test_a_service_stopped_from_outside_stays_stopped(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        await service.start("", "stop")
        ended = asyncio.Queue[str]()
        service.watch(ended.put_nowait, lambda _: pytest.fail("it came back"))
        assert service.pid
        os.kill(service.pid, signal.SIGTERM)
        async with asyncio.timeout(30):
            assert "stopped from outside" in await ended.get()
        assert not service.is_ours


async def test_a_port_that_is_taken_is_replaced_by_a_free_one(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write_config(data_dir, f"[http]\nport = {port}\n")
        async with embedded(data_dir) as service:
            address = await service.start("", "stop")
            assert not address.url.endswith(f":{port}")
            assert (await health(address))["status"] == "ok"


async def test_left_running_it_goes_on_without_the_window(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        address = await service.start("simulated:", "stop")
        pid = service.pid
        assert pid
        await service.leave_running()
        assert not service.is_ours
    try:
        assert (await health(address))["status"] == "ok"
        owner = find_owner(data_dir)
        assert owner
        assert (owner.pid, owner.url) == (pid, address.url)
    finally:
        os.kill(pid, signal.SIGTERM)
        while is_alive(pid):  # noqa: ASYNC110 - nobody tells of the end of a process let go of
            await asyncio.sleep(0.01)


async def test_restarted_it_uses_the_board_chosen_meanwhile(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        assert (await health(await service.start("", "stop")))["board"] == "disconnected"
        service.use_board("simulated:")
        address = await service.restart()
        async with asyncio.timeout(10):
            while (await health(address))["board"] != "simulated":
                continue


async def test_what_keeps_it_from_starting_is_told(tmp_path: Path) -> None:
    (tmp_path / "storage").write_text("in the way")
    async with embedded(tmp_path, "--port", "0") as service:
        with pytest.raises(EmbeddedError, match=r"did not start: The data folder .* cannot be used"):
            await service.start("", "stop")


async def test_a_data_folder_that_cannot_be_used_is_told_with_what_to_do(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    async with embedded(in_the_way, "--port", "0") as service:
        with pytest.raises(EmbeddedError, match=f"the data folder {in_the_way} cannot be used") as raised:
            await service.start("", "stop")
        assert "--data" in raised.value.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="there is no signal that halts a process")
async def test_a_service_that_hangs_is_restarted_without_much_ado(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        await service.start("", "stop")
        assert service.pid
        os.kill(service.pid, signal.SIGSTOP)
        async with asyncio.timeout(16):  # less than what a service is given that only takes its time
            address = await service.restart()
        assert (await health(address))["board"] == "disconnected"


def free_port() -> int:
    """Return a port nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_service_that_is_just_coming_back_is_not_left_behind_when_the_window_stops_it(data_dir: Path) -> None:
    async with embedded(data_dir, "--port", "0") as service:
        await service.start("", "stop")
        first = service.pid
        assert first
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(20):
            while (owner := await asyncio.to_thread(find_owner, data_dir)) is None or owner.pid == first:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await service.stop()
        async with asyncio.timeout(10):
            while is_alive(owner.pid) and await asyncio.to_thread(find_owner, data_dir):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
