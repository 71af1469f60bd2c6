"""A Mosquitto for tests, and somebody who listens to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiomqtt import Client, Message

_MOSQUITTO = "/usr/sbin/mosquitto"


class Broker:
    """A broker on a port of its own; as long as it is stopped, nobody is there.

    Args:
        lines: more lines of its configuration.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._file = folder / f"mosquitto-{self.port}.conf"
        access = () if any(line.startswith("password_file") for line in lines) else ("allow_anonymous true",)
        text = (f"listener {self.port} 127.0.0.1", "user root", *access, *lines)
        self._file.write_text("\n".join(text) + "\n", encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def config(self, *more: str) -> str:
        """Return the configuration of a unit called `u1` that uses this broker."""
        lines = ["[unit]", "name = u1", "[mqtt]", "broker_address = localhost", f"broker_port = {self.port}", *more]
        return "\n".join(lines) + "\n"

    async def start(self) -> None:
        """Run it; returns when it answers."""
        command, nowhere = [_MOSQUITTO, "-c", str(self._file)], subprocess.DEVNULL
        self._process = await asyncio.to_thread(subprocess.Popen, command, stdout=nowhere, stderr=nowhere)
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.02)

    def stop(self) -> None:
        """End it; what it retained is forgotten, unless its configuration says otherwise."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


class Heard:
    """What one client of the broker hears; it may also speak."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.messages: list[Message] = []
        self._more = asyncio.Event()

    async def listen(self) -> None:
        """Take what comes."""
        async for message in self.client.messages:
            self.messages.append(message)
            self._more.set()

    def texts(self, topic: str) -> list[str]:
        """Return the payloads of a topic, in their order."""
        return [str(bytes(each.payload), "utf-8") for each in self.messages if each.topic.value == topic]

    async def until(self, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        """Wait until something holds of what was heard."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._more.clear()
                await self._more.wait()

    async def newest(self, topic: str, payload: str | None = None) -> str:
        """Wait until a topic has a value, or this one, and return it."""
        await self.until(
            lambda: self.texts(topic)[-1:] == [payload] if payload is not None else bool(self.texts(topic))
        )
        return self.texts(topic)[-1]


@contextlib.asynccontextmanager
async def listening(broker: Broker, topic: str = "pioreactor/#", **login: str) -> AsyncIterator[Heard]:
    """Listen to the broker for the length of the block."""
    async with Client(
        "127.0.0.1", broker.port, username=login.get("username"), password=login.get("password")
    ) as client:
        await client.subscribe(topic, qos=2)
        heard = Heard(client)
        task = asyncio.create_task(heard.listen())
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.wait([task])
