"""The real service as a process of its own, for the window's tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loop_driver import PATIENCE_S


@dataclass(frozen=True)
class RealService:
    """The real service as a process on a simulated board: its address and its data folder."""

    url: str
    data: Path


@contextmanager
def running_service(data: Path, *arguments: str) -> Iterator[RealService]:
    """Run the service on a simulated board and a data folder."""
    command = [sys.executable, "-m", "core.cli", "serve", "--simulate", "--port", "0", "--data", str(data), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield RealService(process.stdout.readline().strip(), data)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
