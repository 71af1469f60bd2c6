"""The thread in which the other server is asked, on an event loop of its own.

Nothing the network, name look-ups or TLS do can hold up the service so. Where the service's time is bent, it stands
still while an answer is awaited, as it does for a disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from core.clock import new_loop

if TYPE_CHECKING:
    import httpx

_END_WITHIN_S = 1.0
_T = TypeVar("_T")
# The client library's own lines name addresses that carry signatures.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class HttpThread:
    """Runs exchanges one after the other; open until it is closed.

    Args:
        uses_proxies: take a proxy and certificates from the environment, as other programs do.
        connect_within_s, silent_after_s: how long to wait for a connection, and for the next byte.
    """

    def __init__(self, *, uses_proxies: bool, connect_within_s: float, silent_after_s: float) -> None:
        self._pool = ThreadPoolExecutor(1, "unit record push")
        self._uses_proxies = uses_proxies
        self._patience_s = silent_after_s, connect_within_s
        self._runner: asyncio.Runner | None = None
        self._http: httpx.AsyncClient | None = None
        self._under_way: asyncio.Task[object] | None = None
        self._is_closed = False

    async def run(self, exchange: Callable[[httpx.AsyncClient], Awaitable[_T]]) -> _T:
        """Run an exchange in the thread and return its result; raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, exchange)

    async def close(self) -> None:
        """Give up what is under way and end."""
        self._is_closed = True
        runner, task = self._runner, self._under_way
        if runner is not None and task is not None:
            runner.get_loop().call_soon_threadsafe(task.cancel)
        ending = asyncio.get_running_loop().run_in_executor(self._pool, self._end)
        # A name that is being looked up cannot be given up: its thread is left to itself.
        await asyncio.wait({ending}, timeout=_END_WITHIN_S)
        self._pool.shutdown(wait=False)

    # What follows runs in the thread.

    def _run(self, exchange: Callable[[httpx.AsyncClient], Awaitable[_T]]) -> _T:
        if self._runner is None:
            self._runner = asyncio.Runner(loop_factory=new_loop)
        return self._runner.run(self._exchange(exchange))

    async def _exchange(self, exchange: Callable[[httpx.AsyncClient], Awaitable[_T]]) -> _T:
        self._under_way = asyncio.current_task()
        try:
            if self._is_closed:
                raise asyncio.CancelledError
            if self._http is None:
                self._http = self._client()
            return await exchange(self._http)
        finally:
            self._under_way = None

    def _client(self) -> httpx.AsyncClient:
        import httpx  # it takes a tenth of a second, which only who pushes needs to spend

        # Certificates of the usual authorities, and those this computer trusts besides.
        trusted = httpx.create_ssl_context(trust_env=self._uses_proxies)
        trusted.load_default_certs()
        silent_after_s, connect_within_s = self._patience_s
        timeout = httpx.Timeout(silent_after_s, connect=connect_within_s)
        return httpx.AsyncClient(verify=trusted, timeout=timeout, trust_env=self._uses_proxies, follow_redirects=False)

    def _end(self) -> None:
        if self._runner is not None:
            if self._http is not None:
                self._runner.run(self._http.aclose())
            self._runner.close()
