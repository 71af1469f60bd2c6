"""A service that answers on a real socket exactly what a test orders, for states a healthy service cannot be put in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]
Handler = Callable[[dict[str, Any], dict[str, str]], Answer]
EVENTS = "/unit_api/events"
T0 = "2031-02-03T04:05:06.789Z"

EXP_ONE: dict[str, Any] = {
    "experiment": "exp one", "description": "S288C", "tags": ["yeast"], "created_at": "2031-02-03T04:00:00.000Z",
    "ended_at": None, "is_active": True,
}  # fmt: skip


def refusal(status: int, error: str, cause: str = "", remedy: str = "Do something else.") -> Answer:
    return status, {"error": error, "error_info": {"cause": cause or error, "remediation": remedy, "status": status}}


def snapshot(**changes: Any) -> dict[str, Any]:
    board = {"link": "connected", "state": "connected", "since": T0, "detail": "", "remedy": "", "faults": []}
    whole = {
        "unit": "unit7",
        "experiment": "exp one",
        "board": board | {"round_trip_ms": 0.2, "frames_lost": 0, "commands_repeated": 0},
        "jobs": [],
        "settings": {},
        "leds": {"A": 0.0},
        "pwms": {"1": 0.0},
        "tasks": [],
    }
    return whole | changes


def row(job_id: int, job_name: str, **changes: Any) -> dict[str, Any]:
    whole = {"job_id": job_id, "job_name": job_name, "experiment": "exp one", "unit": "unit7", "is_running": 1}
    return whole | {"is_long_running_job": 0, "started_at": T0, "ended_at": None, "job_source": "user"} | changes


def log_item(log_id: int, message: str = "hello", level: str = "INFO", **changes: Any) -> dict[str, Any]:
    whole = {"id": log_id, "timestamp": T0, "level": level, "source": "app", "task": "stirring", "message": message}
    return whole | {"experiment": "exp one", "pioreactor_unit": "unit7"} | changes


def alarm_item(alarm_id: int, message: str = "It broke.", severity: str = "alarm", **changes: Any) -> dict[str, Any]:
    whole = {"id": alarm_id, "key": f"test:{alarm_id}", "signal": "temperature", "severity": severity}
    whole |= {"message": message, "remedy": "Mend it.", "value": 41.2, "limit": 40.0, "experiment": "exp one"}
    whole |= {"raised_at": T0, "last_raised_at": T0, "times": 1, "cleared_at": None}
    whole |= {"acknowledged_at": None, "acknowledged_by": None} | changes
    condition = "active" if whole["cleared_at"] is None else "cleared"
    return whole | {"state": f"{condition}_{'un' if whole['acknowledged_at'] is None else ''}acknowledged"}


class StandInService:
    """Routes are a dict of "METHOD /path" to a handler (body, query) -> (status, JSON); all requests are remembered."""

    def __init__(self) -> None:
        self.snapshot = snapshot()
        self.logs: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.stream_status = 200
        self.stream_type = "text/event-stream"
        self.routes: dict[str, Handler] = {
            "GET /unit_api/logs": self._answer_logs,
            "GET /unit_api/experiments": lambda body, query: (200, [EXP_ONE]),
            "GET /unit_api/boards": lambda body, query: (200, []),
            "GET /unit_api/health": lambda body, query: (200, {"status": "ok"}),
            "GET /unit_api/capabilities": lambda body, query: (200, []),
        }
        self._is_awake = asyncio.Event()
        self._is_awake.set()
        self._hanging = ""
        self._seq = 0
        self._streams: set[asyncio.Queue[str | None]] = set()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Vanish, as a killed process does: all connections break, the port is closed."""
        if self._server is not None:
            # asyncio leaks a connection whose server is closed while it is being accepted; let those through first.
            await asyncio.sleep(0.03)
            self._server.close()
            self._server = None
        connections = dict(self._connections)
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        for writer in connections.values():
            writer.transport.abort()
        await asyncio.sleep(0.01)  # aborted transports let go of their sockets in the next turns of the loop

    def hang(self, path: str = "") -> None:
        """Keep every connection, and say nothing of paths that start so until `wake_up`."""
        self._hanging = path
        self._is_awake.clear()

    def wake_up(self) -> None:
        self._is_awake.set()

    def send(self, name: str, **data: Any) -> None:
        """Tell every open stream an event."""
        self._seq += 1
        for queue in self._streams:
            queue.put_nowait(self._frame(name, data))

    def end_streams(self) -> None:
        for queue in self._streams:
            queue.put_nowait(None)

    @property
    def last_id(self) -> str:
        """The id of the event sent last."""
        return str(self._seq)

    @property
    def streams(self) -> int:
        return len(self._streams)

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """Return the bodies of the requests of that method and path."""
        return [body for a_method, a_path, body in self.requests if (a_method, a_path) == (method, path)]

    def answer(self, method_and_path: str, status: int, answer: Any) -> None:
        self.routes[method_and_path] = lambda body, query: (status, answer)

    def answer_task(self, path: str, result: dict[str, Any]) -> None:
        """Accept a POST to `path` as a task that ends at once with `result`."""
        poll = f"/unit_api/task_results{path}"
        self.answer(f"POST {path}", 202, {"task_id": "t", "result_url_path": poll, "status": "accepted"})
        self.answer(f"GET {poll}", 200, {"task_id": "t", "status": "complete", "result": result})

    def _answer_logs(self, body: dict[str, Any], query: dict[str, str]) -> Answer:
        order = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"]
        least = order.index(query.get("min_level", "INFO"))
        fits = [item for item in self.logs if order.index(item["level"]) >= least]
        if "experiment" in query:
            fits = [item for item in fits if item["experiment"] == query["experiment"]]
        if "before_id" in query:
            fits = [item for item in fits if item["id"] < int(query["before_id"])]
        page = fits[: int(query.get("limit", "200"))]
        return 200, {"logs": page, "next_before_id": page[-1]["id"] if len(fits) > len(page) else None}

    def _frame(self, name: str, data: dict[str, Any]) -> str:
        told = json.dumps({"seq": self._seq, "t": T0} | data)
        return f"id: {self._seq}\nevent: {name}\ndata: {told}\n\n"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._serve_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        body = json.loads(content) if content else {}
        url = urlsplit(target)
        self.headers.append(headers)
        self.requests.append((method, url.path, body))
        if url.path.startswith(self._hanging):
            await self._is_awake.wait()
        if url.path == EVENTS and self.stream_status == 200:
            await self._stream(writer, headers.get("last-event-id"))
            return False
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == EVENTS:
            status, answer = refusal(self.stream_status, "No.", "The token is wrong.", "Use the right token.")
        else:
            handler = self.routes.get(f"{method} {url.path}")
            status, answer = handler(body, query) if handler else refusal(404, f"No route {method} {url.path}.")
        text = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode()
        )
        writer.write(text)
        await writer.drain()
        return True

    async def _stream(self, writer: asyncio.StreamWriter, last_event_id: str | None) -> None:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {self.stream_type}\r\nConnection: close\r\n\r\n".encode())
        if last_event_id is None:
            self._seq += 1
            writer.write(self._frame("snapshot", self.snapshot).encode())
        self._streams.add(queue)
        try:
            while (frame := await queue.get()) is not None:
                if EVENTS.startswith(self._hanging):
                    await self._is_awake.wait()
                writer.write(frame.encode())
                await writer.drain()
        finally:
            self._streams.discard(queue)
