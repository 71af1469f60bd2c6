"""The window's way to the service: HTTP requests, tasks and the event stream. The one module that imports httpx.

Two things can go wrong with a request, and each has its exception: the service was not reached
(`ServiceUnreachableError`), or it answered no (`ServiceRefusedError`, with what it said).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from gui.person import person_headers
from gui.server_sent_events import ServerSentEvent, events_of
from gui.words import lock_words

if TYPE_CHECKING:
    import httpx

    from gui.connecting import WholeConnections

_ANSWER_WITHIN_S = 10.0
# The service sends a comment line at least every 15 s; twice that and a little without a byte means it is gone.
_STREAM_SILENT_AFTER_S = 35.0
# A large file is read, packed or checked by the service before it goes on talking.
_FILE_SILENT_AFTER_S = 120.0
_FIRST_POLL_S = 0.02
_LONGEST_POLL_S = 0.5


class ServiceTroubleError(Exception):
    """Something asked of the service did not happen: `error` says what, `cause` why, `remedy` what to do next."""

    def __init__(self, error: str, cause: str = "", remedy: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause or error
        self.remedy = remedy


class ServiceUnreachableError(ServiceTroubleError):
    """No connection to the service, or it did not answer in time."""


class ServiceSilentError(ServiceUnreachableError):
    """Something holds the connection open, and says nothing."""


class ServiceRefusedError(ServiceTroubleError):
    """The service answered no. `status` is the HTTP status; `info` holds all of the answer's `error_info`."""

    def __init__(
        self, error: str, cause: str = "", remedy: str = "", status: int = 500, info: dict[str, Any] | None = None
    ) -> None:
        super().__init__(error, cause, remedy)
        self.status = status
        self.info = info or {}


class ServiceBusyError(ServiceRefusedError):
    """Something under way excludes what was asked; it can be asked again after `retry_after_s` seconds."""

    def __init__(self, lock: str, retry_after_s: float) -> None:
        super().__init__(
            lock_words(lock),
            "Both at a time could leave things half done.",
            f"Try again in {retry_after_s:.0f} s.",
            202,
            {"lock": lock},
        )
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class FileAnswer:
    """A file on its way: its length in bytes where it is told, its name where it is told, and its bytes in parts."""

    length: int | None
    name: str
    parts: AsyncIterator[bytes]


def is_loopback(url: str) -> bool:
    """Whether `url` names this very computer."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


class ServiceClient:
    """Talks to one service.

    Args:
        base_url: such as `http://127.0.0.1:4999`.
        token: sent as a bearer token; needed by a service beyond loopback.
    """

    def __init__(self, base_url: str = "", token: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._http: httpx.AsyncClient | None = None
        self._connections: WholeConnections | None = None
        self._requests: set[asyncio.Task[httpx.Response]] = set()
        self._leaving: list[asyncio.Task[None]] = []
        self.token_renewed: Callable[[str], None] = _nobody_keeps_it

    @property
    def base_url(self) -> str:
        """Where the service is; empty while it is not known yet."""
        return self._base_url

    def point_at(self, base_url: str, token: str | None = None) -> None:
        """Use another address from now on; requests under way are given up."""
        if (base_url.rstrip("/"), token) == (self._base_url, self._token):
            return
        self._base_url, self._token = base_url.rstrip("/"), token
        if self._http is not None:
            leaving = _close(self._http, self._connections, set(self._requests))
            self._leaving.append(asyncio.get_running_loop().create_task(leaving))
            self._http = self._connections = None

    def use_token(self, token: str) -> None:
        """Send another token from now on, because the former one is refused; whoever keeps it is told."""
        self.point_at(self._base_url, token)
        self.token_renewed(token)

    async def prepare(self) -> None:
        """Load what requests need, in a thread: it takes most of a second that the window shall not stand still."""
        await asyncio.to_thread(_load)

    async def close(self) -> None:
        """Let go of the open connections; nothing can be asked until it is pointed at an address again."""
        self.point_at("")
        leaving, self._leaving = self._leaving, []
        await asyncio.gather(*leaving)

    async def get(self, path: str, **query: str | int | float | None) -> Any:
        """GET `path` (such as `/unit_api/jobs`); return the JSON answer. Query values of None are left out."""
        return await self._request(
            "GET", path, query={name: value for name, value in query.items() if value is not None}
        )

    async def post(self, path: str, body: dict[str, Any] | None = None, within_s: float | None = None) -> Any:
        """POST a JSON object; return the JSON answer, which may take `within_s` to come, 10 s when left out."""
        return await self._request("POST", path, body=body or {}, within_s=within_s)

    async def patch(self, path: str, body: dict[str, Any]) -> Any:
        """PATCH with a JSON object; return the JSON answer."""
        return await self._request("PATCH", path, body=body)

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        """PUT a JSON object; return the JSON answer."""
        return await self._request("PUT", path, body=body)

    async def delete(self, path: str) -> Any:
        """DELETE `path`; return the JSON answer."""
        return await self._request("DELETE", path)

    @asynccontextmanager
    async def open_file(self, path: str) -> AsyncGenerator[FileAnswer, None]:
        """GET a file of any length without holding it in memory; leaving the block lets go of the rest."""
        import httpx

        timeout = httpx.Timeout(_ANSWER_WITHIN_S, read=_FILE_SILENT_AFTER_S)
        try:
            async with self._connection().stream("GET", path, timeout=timeout) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise _refusal(answer)
                length = answer.headers.get("Content-Length")
                named = answer.headers.get("Content-Disposition", "").partition('filename="')[2].partition('"')[0]
                yield FileAnswer(int(length) if length else None, named, answer.aiter_bytes())
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def text(self, path: str, most_bytes: int = 400_000) -> tuple[str, bool]:
        """GET a text; return its beginning, bytes that are no UTF-8 replaced, and whether that is all of it."""
        content = b""
        async with self.open_file(path) as answer:
            async for part in answer.parts:
                content += part
                if len(content) > most_bytes:
                    return content[:most_bytes].decode(errors="replace"), False
        return content.decode(errors="replace"), True

    async def post_file(self, path: str, field: str, name: str, file: BinaryIO) -> Any:
        """POST a file as a form's `field`, read in parts while it is sent; return the JSON answer."""
        import httpx

        files = {field: (name, file, "application/octet-stream")}
        timeout = httpx.Timeout(_FILE_SILENT_AFTER_S, connect=_ANSWER_WITHIN_S)
        return await self._request("POST", path, files=files, timeout=timeout)

    async def run_task(
        self, path: str, body: dict[str, Any] | None = None, timeout_s: float = 40.0, *, rides_out_restart: bool = False
    ) -> dict[str, Any]:
        """POST to a route that answers with a task, wait for the task's end and return its result.

        With `rides_out_restart` the service may be out of reach meanwhile: its next instance finishes the task.

        Raises:
            ServiceBusyError: something under way excludes this.
            ServiceRefusedError: the request was refused, or the task failed.
            ServiceUnreachableError: the service was lost, or the task had not ended after `timeout_s`.
        """
        accepted = await self.post(path, body)
        return await self.result_of(accepted, timeout_s, rides_out_restart=rides_out_restart)

    async def result_of(
        self, accepted: dict[str, Any], timeout_s: float = 40.0, *, rides_out_restart: bool = False
    ) -> dict[str, Any]:
        """Wait for the end of the task that `accepted` (an accepting answer) names; as `run_task`."""
        if "task_id" not in accepted:
            raise ServiceBusyError(str(accepted.get("lock", "")), float(accepted.get("retry_after_s") or 1))
        try:
            async with asyncio.timeout(timeout_s):
                return await self._result(str(accepted["result_url_path"]), rides_out_restart)
        except TimeoutError as error:
            raise ServiceUnreachableError(
                "The service did not finish in time.",
                f"After {timeout_s:g} s the task was still under way.",
                "Look at the log, then try again.",
            ) from error

    async def stream(self, path: str, last_event_id: str = "") -> AsyncGenerator[ServerSentEvent | None, None]:
        """Yield the events of `path`; None comes first, when the stream is open.

        Ends when the service ends the stream; close it (`contextlib.aclosing`) when leaving earlier. With
        `last_event_id` the service replays what was missed.
        """
        headers = {"Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        import httpx

        timeout = httpx.Timeout(_ANSWER_WITHIN_S, read=_STREAM_SILENT_AFTER_S)
        try:
            async with self._connection().stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise _refusal(answer)
                if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                    raise _not_ours(self._base_url)
                yield None
                async for event in events_of(answer.aiter_lines()):
                    yield event
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def _result(self, path: str, rides_out_restart: bool) -> dict[str, Any]:
        pause_s = _FIRST_POLL_S
        while True:
            answer = await self._poll(path, rides_out_restart)
            if answer["status"] == "complete":
                result: dict[str, Any] = answer["result"]
                return result
            if answer["status"] == "failed":
                info = answer.get("error_info", {})
                raise ServiceRefusedError(
                    answer.get("error", "The task failed."),
                    info.get("cause", ""),
                    info.get("remediation", ""),
                    info.get("status", 500),
                    info,
                )
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_POLL_S)

    async def _poll(self, path: str, rides_out_restart: bool) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await self.get(path)
        except ServiceTroubleError as trouble:
            is_down = isinstance(trouble, ServiceUnreachableError) or getattr(trouble, "status", 0) == 503
            if rides_out_restart and is_down:
                return {"status": "running"}
            raise
        return answer

    def _connection(self) -> httpx.AsyncClient:
        if not self._base_url:
            raise ServiceUnreachableError("The service is not running yet.", remedy="Wait until it has started.")
        if self._http is None:
            import httpx

            from gui.connecting import WholeConnections

            # Reading the certificates costs 40 ms with the interpreter held; plain HTTP to this computer needs none.
            verify = not is_loopback(self._base_url)
            headers = person_headers() | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
            carrying = httpx.AsyncHTTPTransport(verify=verify, trust_env=verify)
            self._connections = WholeConnections()
            carrying._pool._network_backend = self._connections  # noqa: SLF001 - the library offers no other way in
            self._http = httpx.AsyncClient(
                base_url=self._base_url, headers=headers, timeout=_ANSWER_WITHIN_S, trust_env=verify, verify=verify,
                transport=carrying,
            )  # fmt: skip
        return self._http

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        within_s: float | None = None,
        **more: Any,
    ) -> Any:
        http = self._connection()
        import httpx

        if within_s is not None:
            more["timeout"] = httpx.Timeout(_ANSWER_WITHIN_S, read=within_s)
        asking = http.request(method, path, params=query or None, json=body, **more)
        request = asyncio.get_running_loop().create_task(asking)
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        try:
            answer = await request
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if asker is not None and asker.cancelling():
                raise
            raise ServiceUnreachableError("The window has turned to another service.") from None
        if answer.is_error:
            raise _refusal(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise _not_ours(self._base_url) from error

    def _unreachable(self, error: Exception) -> ServiceUnreachableError:
        import httpx

        what, remedy = "The service was not reached.", "Check that it runs, or restart it."
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ServiceUnreachableError(what, f"Nothing answers at {self._base_url}.", remedy)
        if isinstance(error, httpx.TimeoutException):
            return ServiceSilentError(what, f"The service at {self._base_url} is there but silent.", remedy)
        return ServiceUnreachableError(what, f"The connection to {self._base_url} broke.", remedy)


def _nobody_keeps_it(_: str) -> None:
    """Nobody has asked to be told of a new token."""


async def _close(
    http: httpx.AsyncClient, connections: WholeConnections | None, requests: set[asyncio.Task[httpx.Response]]
) -> None:
    """Close a client after its requests: closed while one is connecting, it would leave that connection open."""
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    await http.aclose()
    if connections is not None:
        await connections.end()


def _load() -> None:
    import anyio._backends._asyncio  # noqa: F401 - httpx looks for it by name with the first request
    import httpx  # noqa: F401

    import gui.connecting  # noqa: F401


def _not_ours(base_url: str) -> ServiceRefusedError:
    return ServiceRefusedError(
        f"What answers at {base_url} is not a Vialdesk service.",
        "Its answer is in another form.",
        "Check the address, port included.",
        502,
    )


def _refusal(answer: httpx.Response) -> ServiceRefusedError:
    try:
        body = answer.json()
        info = body["error_info"]
        return ServiceRefusedError(body["error"], info["cause"], info["remediation"], answer.status_code, info)
    except (ValueError, KeyError, TypeError):
        return ServiceRefusedError(
            f"The service answered {answer.status_code} {answer.reason_phrase}.",
            remedy="Check the address: this may be another program.",
            status=answer.status_code,
        )
