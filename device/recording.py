"""Everything on the wire, written to a file: what a support case needs, and what `device.replay` plays as a board.

One JSON object per line. The first says what the file is; each other has `t` (seconds since the first, by the event
loop's clock), and either `to_board` or `to_host` with the bytes in hexadecimal as they were written or arrived, or
`note` with what happened to the connection.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from device.transport import ConnectError, Connector, Receiver, Transport

FORMAT = "vialdesk wire recording"
FORMAT_VERSION = 1


class Recorder:
    """Writes lines to a file from a thread of its own, so that a slow disk delays no command.

    Args:
        path: the file; where it is there already, a number is added to the name. Its folder must be there.
        url: where the recorded board is.
        utc_s: UTC now, for the first line.
    """

    def __init__(self, path: Path, url: str, utc_s: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._file = _open_new(path)
        self._thread = threading.Thread(target=self._write, name=f"record {path.name}", daemon=True)
        self._thread.start()
        self._put({"format": FORMAT, "version": FORMAT_VERSION, "url": url, "utc_s": utc_s()})

    def connector(self, connector: Connector) -> Connector:
        """Return a connector that does what `connector` does and records it."""

        async def connect(receiver: Receiver) -> Transport:
            try:
                transport = await connector(_RecordingReceiver(self, receiver))
            except ConnectError as error:
                self.note(f"not connected: {error}")
                raise
            self.note("connected")
            return _RecordingTransport(self, transport)

        return connect

    def note(self, text: str) -> None:
        """Record what happened to the connection."""
        self._put({"t": self._now_s(), "note": text})

    def bytes(self, direction: str, data: bytes) -> None:
        """Record bytes; `direction` is "to_board" or "to_host"."""
        self._put({"t": self._now_s(), direction: data.hex()})

    async def close(self) -> None:
        """Finish the file; returns when the last line is written."""
        self._lines.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _now_s(self) -> float:
        return round(self._loop.time() - self._began_s, 6)

    def _put(self, line: dict[str, object]) -> None:
        self._lines.put(json.dumps(line))

    def _write(self) -> None:
        with self._file:
            while (line := self._lines.get()) is not None:
                self._file.write(line + "\n")
                if self._lines.empty():
                    self._file.flush()


def _open_new(path: Path) -> TextIO:
    """Create the file, or the first of path-2, path-3, ... that is not there: no recording replaces another."""
    number, name = 1, path
    while True:
        try:
            return name.open("x", encoding="utf-8")
        except FileExistsError:
            number += 1
            name = path.with_stem(f"{path.stem}-{number}")


class _RecordingReceiver:
    """Records what arrives on its way to the receiver."""

    def __init__(self, recorder: Recorder, receiver: Receiver) -> None:
        self._recorder, self._receiver = recorder, receiver

    def data_received(self, data: bytes) -> None:
        self._recorder.bytes("to_host", data)
        self._receiver.data_received(data)

    def connection_lost(self, reason: str) -> None:
        self._recorder.note(f"lost: {reason}")
        self._receiver.connection_lost(reason)


class _RecordingTransport:
    """Records what is written on its way to the transport."""

    def __init__(self, recorder: Recorder, transport: Transport) -> None:
        self._recorder, self._transport = recorder, transport

    def write(self, data: bytes) -> None:
        self._recorder.bytes("to_board", data)
        self._transport.write(data)

    def close(self) -> None:
        self._recorder.note("closed")
        self._transport.close()
