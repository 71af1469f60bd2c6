"""Running services for tests: in this process on a real port, or as a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.http_server import listen
from core.instances import Instances
from core.security import Access
from core.service import Service, ServiceOptions
from core.web_server import WebServer

START_WITHIN_S = 30


@dataclass
class Served:
    """A service in this process, and a client of it over a real connection."""

    instances: Instances
    http: httpx.AsyncClient
    url: str

    @property
    def service(self) -> Service:
        """The instance that runs now."""
        return self.instances.service

    async def json(self, method: str, path: str, status: int = 200, **request: Any) -> Any:
        """Ask under /unit_api, insist on a status, return the JSON answer."""
        answer = await self.http.request(method, f"/unit_api{path}", **request)
        assert answer.status_code == status, answer.text
        return answer.json()


@contextlib.asynccontextmanager
async def serving(options: ServiceOptions, token_hash: str | None = None) -> AsyncIterator[Served]:
    """Run a service and its HTTP server for the length of the block."""
    web = WebServer(listen("127.0.0.1", 0), options.speed)
    instances = Instances(options, web, lambda _: Access(token_hash is not None, token_hash))
    running = asyncio.create_task(instances.run())
    answers = asyncio.create_task(instances.answers.wait())
    try:
        await asyncio.wait([running, answers], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        url = f"http://{web.address}"
        async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, verify=False) as http:
            yield Served(instances, http, url)
    finally:
        answers.cancel()
        instances.stop()
        try:
            await running
        finally:
            web.close()


class ServiceProcess:
    """`vialdesk serve` as a process; its lines are in `lines`, what it says on stderr in `said`."""

    def __init__(self, data_dir: Path, *arguments: str, pipe: bool = False) -> None:
        self.data_dir = data_dir
        command = [sys.executable, "-m", "core.cli", "serve", "--data", str(data_dir), *arguments]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Starting is three times as fast when compiled modules may be kept.
            env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        )
        self.said = ""
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said += line

    def url(self) -> str:
        """Return the address it prints once it is ready."""
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        if not line:
            self.wait()
        assert line.startswith("http://"), self.said
        return line

    def line(self) -> str:
        """Return the next line of its output."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def say(self, line: str) -> None:
        """Write to its stdin."""
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hang_up(self) -> None:
        """Close its stdin, as the end of a window does."""
        assert self.process.stdin
        self.process.stdin.close()

    def wait(self) -> int:
        """Wait for its end and return its exit code."""
        code = self.process.wait(START_WITHIN_S)
        self._listener.join(5)
        return code

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def clean_up(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@dataclass
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: dict[str, Any]


async def read_events(answer: httpx.Response) -> AsyncIterator[Event]:
    """Yield the events of a stream; fails on a line that does not belong there."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if not line:
            if "data" in fields:
                yield Event(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            assert name in ("retry", "id", "event", "data"), line
            fields[name] = value


def write_config(data_dir: Path, text: str) -> None:
    """Write the configuration file of a data folder that may not be there yet."""
    data_dir.mkdir(exist_ok=True)
    (data_dir / "config.ini").write_text(text, encoding="utf-8")


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
