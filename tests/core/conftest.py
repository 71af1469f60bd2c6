"""A running service on a throw-away data folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from faulty_server import FaultyServer, faulty_server
from pushing import Lab, lab_in
from running_services import Served, ServiceProcess, serving

from core.service import ServiceOptions
from core.traceability.push import waits


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


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Run a unit with a part P1 and a unit S1 in its record, and the server it can push that to."""
    async with lab_in(tmp_path) as made:
        await made.writer.ok("POST", "/parts", {"number": "P1"})
        await made.writer.unit("S1")
        yield made


@pytest.fixture
def way(lab: Lab) -> Iterator[FaultyServer]:
    """Stand between the unit and the server, told what goes wrong there."""
    with faulty_server(lab.server.url) as made:
        yield made


@pytest.fixture
def short_push_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait next to no time before a push is tried again; the real times are tested where time is bent."""
    for name in ("_FIRST_S", "_LONGEST_S", "_LONGEST_FOR_ONE_S", "_LONGEST_BETWEEN_S"):
        monkeypatch.setattr(waits, name, 0.02)
