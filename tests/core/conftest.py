"""A running service on a throw-away data folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from running_services import Served, ServiceProcess, serving

from core.service import ServiceOptions


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what lives outside the data folder out of the user's own folders."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return a folder that is not there yet."""
    return tmp_path / "data"


@pytest.fixture
async def served(data_dir: Path) -> AsyncIterator[Served]:
    """Run a service without a board."""
    async with serving(ServiceOptions(data_dir)) as served:
        yield served


@pytest.fixture
def start_service(data_dir: Path) -> Iterator[Callable[..., ServiceProcess]]:
    """Start services as processes; on a free port unless the test says otherwise."""
    started: list[ServiceProcess] = []

    def start(*arguments: str, data: Path = data_dir, pipe: bool = False) -> ServiceProcess:
        port = () if "--port" in arguments else ("--port", "0")
        process = ServiceProcess(data, *port, *arguments, pipe=pipe)
        started.append(process)
        return process

    yield start
    for process in started:
        process.clean_up()
