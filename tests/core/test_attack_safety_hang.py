"""The whole service is held up, as by a computer that sleeps, while a board in another process goes on."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attack_jobs import Slow
from bent_service import started, until
from running_services import serving

from core.bus import LogWritten
from core.plugins.api import JobState
from core.service import ServiceOptions

# The heater's lease, a third of which is when it is renewed, and how late a job may be that is only held up.
_HELD_UP_S = 3.0 + 6.0


@pytest.fixture
def board_url() -> Iterator[str]:
    """The address of a simulated board in a process of its own."""
    command = [sys.executable, "-m", "core.cli", "simulate-board", "--tcp", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"socket://\S+", process.stdout.readline())
        assert found
        yield found[0]
        process.terminate()


async def test_a_job_goes_on_after_the_computer_slept_although_the_board_had_switched_off(
    data_dir: Path, board_url: str
) -> None:
    async with serving(ServiceOptions(data_dir, board_url)) as served:
        service = served.service
        board = service.board_link.current
        assert board is not None
        await board.wait_until_usable(10)
        logged: list[str] = []
        service.bus.listen(LogWritten, lambda event: logged.append(event.item["message"]))
        service.jobs.registry.add(Slow)
        job = await started(service, "slow")
        await asyncio.sleep(0.5)
        time.sleep(_HELD_UP_S)  # noqa: ASYNC251 - nothing in this process goes on meanwhile
        await until(lambda: any("it is on again" in line for line in logged), 5)
        assert job.state is JobState.READY
        job.end()
        await job.gone.wait()
