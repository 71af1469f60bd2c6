"""A client that sends a request exactly as written: no path is tidied, no header added that was not asked for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_json(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/json")


@dataclass
class RawClient:
    """Asks the server at `host`:`port`; every request has a connection of its own."""

    host: str
    port: int
    within_s: float = 600.0

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        until: bytes = b"",
    ) -> Answer:
        """Send a request and read the answer; `until` ends reading a stream once the body holds it."""
        wanted = {"host": f"{self.host}:{self.port}", "connection": "close"}
        wanted |= {name.lower(): value for name, value in (headers or {}).items()}
        if body is not None:
            wanted["content-length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items())]
        async with asyncio.timeout(self.within_s):
            reader, writer = await asyncio.open_connection(self.host, self.port)
            try:
                writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))
                return await _read_answer(reader, method, until)
            finally:
                writer.close()


async def _read_answer(reader: asyncio.StreamReader, method: str, until: bytes) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    if method == "HEAD" or status in (204, 304):
        body = await reader.read()
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader, until)
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
    return Answer(status, headers, body)


async def _read_chunks(reader: asyncio.StreamReader, until: bytes) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
        if until and until in body:
            break
    return body
