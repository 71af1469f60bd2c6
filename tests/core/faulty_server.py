"""A real HTTP server in front of another one, which can be told what goes wrong on the way."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

_PASSED_ON = ("authorization", "content-type", "host")


@dataclass
class Fault:
    """What happens to the next requests that fit, instead of their being answered.

    Attributes:
        path: what the path ends with, without its query.
        status: of the answer given in the server's place; None: there is no answer, the connection is closed.
        happens: the request reaches the server all the same.
        then: called when it has.
        times: how often.
    """

    method: str
    path: str
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    happens: bool = False
    then: Callable[[], None] = lambda: None
    times: int = 1


@dataclass
class FaultyServer:
    """The server, and what it was asked.

    Attributes:
        forgets_refs: passes runs on without `client_run_ref`, as for a server that does not know it.
        asked: (method, path without query) of every request.
        authorized: the keys that came along.
    """

    url: str
    target: str
    faults: list[Fault] = field(default_factory=list)
    forgets_refs: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    authorized: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, path: str) -> int:
        """Return how often it was asked for a path with that ending."""
        return sum(1 for asked in self.asked if asked[0] == method and asked[1].endswith(path))

    def fault(self, method: str, path: str) -> Fault | None:
        """Return what is to go wrong with a request."""
        with self.lock:
            self.asked.append((method, path))
            found = next((each for each in self.faults if each.method == method and path.endswith(each.path)), None)
            if found is not None:
                found.times -= 1
                if found.times <= 0:
                    self.faults.remove(found)
            return found


def refusal(message: str, code: str = "BAD_REQUEST") -> dict[str, Any]:
    """Return a refusal in the form of TofuPilot's API."""
    return {"message": message, "code": code, "issues": []}


@contextlib.contextmanager
def faulty_server(target: str, tls: ssl.SSLContext | None = None) -> Iterator[FaultyServer]:
    """Run the server in a thread as long as the block lasts; with `tls` it speaks HTTPS, as `localhost`."""
    http = httpx.Client(base_url=target, trust_env=False, timeout=20, verify=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.server_state.authorized.append(self.headers.get("Authorization"))
            fault = self.server_state.fault(self.command, self.path.partition("?")[0])
            if fault is None or fault.happens:
                answer = self._pass_on(raw)
            if fault is None:
                self._answer(answer.status_code, answer.content, {"Content-Type": answer.headers["content-type"]})
                return
            fault.then()
            if fault.status is None:
                self.close_connection = True
                self.connection.shutdown(2)
                return
            kind = "text/html" if isinstance(fault.body, str) else "application/json"
            content = fault.body.encode() if isinstance(fault.body, str) else json.dumps(fault.body).encode()
            self._answer(fault.status, content, {"Content-Type": kind, **fault.headers})

        @property
        def server_state(self) -> FaultyServer:
            return state

        def _pass_on(self, raw: bytes) -> httpx.Response:
            if state.forgets_refs and self.command == "POST" and self.path.endswith("/runs"):
                raw = json.dumps({**json.loads(raw), "client_run_ref": None}).encode()
            headers = {name: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
            return http.request(self.command, self.path, content=raw, headers=headers)

        def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    host = "http://127.0.0.1" if tls is None else "https://localhost"
    state = FaultyServer(f"{host}:{server.server_address[1]}", target)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        http.close()
