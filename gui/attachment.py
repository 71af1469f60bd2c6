"""What the window is attached to: the service, its event stream, and the unit they tell of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui import background
from gui.event_stream import EventStream
from gui.service_client import ServiceClient, ServiceRefusedError
from gui.service_host import Address, HostError, RunningService, ServiceHost, WhenWindowDies
from gui.settings import SettingsStore
from gui.unit import Unit

SIMULATED_URL = "simulated:"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """What a user chose to work with: kind "simulated", "board" (url = port) or "service" (url = address, token)."""

    kind: str
    url: str = ""
    token: str = ""

    @property
    def board_url(self) -> str:
        """How the service is told which board to use; empty when it is not to be told."""
        return {"simulated": SIMULATED_URL, "board": self.url}.get(self.kind, "")


class Attachment(QObject):
    """Owns client, unit and event stream, and moves them from one service to another.

    Args:
        make_host: makes the host of the window's own service; only the program's entry knows how.
        settings: where the choice is remembered.
        failures: what a host raises when the service cannot be started; their `remedy`, if any, is shown.

    Signals:
        host_changed: another service is used, or the own one was started or stopped.
        told: a headline and a detail worth a toast.
    """

    host_changed = Signal()
    told = Signal(str, str)

    def __init__(
        self,
        make_host: Callable[[], ServiceHost],
        settings: SettingsStore,
        failures: tuple[type[Exception], ...] = (),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._failures: tuple[type[Exception], ...] = (HostError, *failures)
        self._make_host = make_host
        self._settings = settings
        self.client = ServiceClient()
        self.client.token_renewed = self._keep_token
        self.unit = Unit(self)
        self.stream = EventStream(self.client, self.unit)
        self._host: ServiceHost | None = None
        self._stream_task: asyncio.Task[Any] | None = None
        # A service that is just being started is let start before it is stopped; nothing is left half started.
        self._moving = asyncio.Lock()

    @property
    def owns_service(self) -> bool:
        """Whether the service is the window's own, and ends with it unless the user keeps it."""
        return self._host is not None and self._host.is_ours

    @property
    def can_restart(self) -> bool:
        """Whether the window may start the service anew: its own, or one in its place that is gone."""
        return not self.is_elsewhere and (self.owns_service or not self.unit.service.is_live)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the user attached the window to a service that runs on its own."""
        return self.source.kind == "service"

    @property
    def source(self) -> Source:
        """What the settings say to work with; kind "" before the first choice."""
        values = self._settings.values
        return Source(values.source_kind, values.source_url, values.source_token)

    async def start(self) -> None:
        """Start or find the service the settings name, and follow it from now on."""
        async with self._moving:
            source = self.source
            host = RunningService(source.url) if source.kind == "service" else self._make_host()
            self._host = host
            host.watch(self._on_ended, self._on_back)
            self.host_changed.emit()
            await self._bring_up(host.start(source.board_url, self._when_window_dies))

    async def restart(self) -> None:
        """Start the window's own service anew."""
        if self._host is None:
            await self.start()
            return
        self.unit.set_service("starting", self.tr("The service is being restarted."))
        async with self._moving:
            await self._end_stream()
            await self._bring_up(self._host.restart())

    async def choose(self, source: Source) -> None:
        """Work with `source` from now on and remember it; raise ServiceTroubleError when a board is refused."""
        moved = (source.kind == "service") != self.is_elsewhere or (source.kind == "service" and source != self.source)
        if not moved:
            await self.client.patch("/unit_api/board", {"url": source.board_url})
            if self._host is not None:
                self._host.use_board(source.board_url)
        self._settings.change(source_kind=source.kind, source_url=source.url, source_token=source.token)
        if moved:
            await self.leave(stop=False)
            self.unit.forget()
            await self.start()

    @property
    def goes_on_without_window(self) -> bool:
        """Whether the service goes on when the window is gone without a word."""
        return self._when_window_dies == "keep"

    def choose_when_window_dies(self, *, keep: bool) -> None:
        """Choose and remember whether the service goes on when the window is gone without a word."""
        self._settings.change(when_window_dies="keep" if keep else "stop")
        if self._host is not None:
            self._host.choose(self._when_window_dies)

    @property
    def _when_window_dies(self) -> WhenWindowDies:
        return "stop" if self._settings.values.when_window_dies == "stop" else "keep"

    async def stop_all(self) -> list[str]:
        """Stop every job; return the names of what was stopped.

        Raises:
            ServiceTroubleError: the service was not reached, or some job still runs.
        """
        result = await self.client.run_task("/unit_api/jobs/stop/all")
        still = [str(row["job_name"]) for row in result.get("still_running", [])]
        if still:
            raise ServiceRefusedError(
                self.tr("Still running: {}").format(", ".join(still)),
                self.tr("They did not end in time."),
                self.tr("Press Stop all again; if that does not help, unplug the board: it switches its outputs off."),
            )
        return [str(row["job_name"]) for row in result.get("stopped", [])]

    async def leave(self, *, stop: bool) -> None:
        """Let go of the service; with `stop` the window's own service is brought down safely."""
        async with self._moving:
            await self._end_stream()
            host, self._host = self._host, None
            if host is not None:
                await (host.stop() if stop else host.leave_running())
            await self.client.close()

    async def _bring_up(self, starting: Any) -> None:
        try:
            address: Address
            _, address = await asyncio.gather(self.client.prepare(), starting)
        except self._failures as error:
            self.unit.set_service("failed", _what(error), getattr(error, "remedy", ""))
            self.host_changed.emit()
            return
        if address.found_running and not self.is_elsewhere:
            self.told.emit(
                self.tr("A service was already running here"),
                self.tr("The window is attached to it and shows what it does."),
            )
        self._follow(address)

    def _follow(self, address: Address) -> None:
        token = self.source.token if self.is_elsewhere else address.token
        self.client.point_at(address.url, token or None)
        if self.unit.service.state in ("starting", "failed", "refused", "unreachable"):
            self.unit.set_service("connecting", self.tr("Asking {}").format(address.url))
        self.stream.reconnect()
        if self._stream_task is None:
            self._stream_task = background.run(self.stream.run(), self)
        self.host_changed.emit()

    def _keep_token(self, token: str) -> None:
        """Remember the token that took the place of the one the settings have."""
        if self.is_elsewhere:
            self._settings.change(source_token=token)

    async def _end_stream(self) -> None:
        task, self._stream_task = self._stream_task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _on_ended(self, why: str) -> None:
        _log.error("The service ended: %s", why)
        self.stream.explain(
            why, self.tr("The board switches its outputs off by itself. What is shown is the last known state.")
        )

    def _on_back(self, address: Address) -> None:
        self._follow(address)


def _what(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"The service could not be started: {error.strerror}: {error.filename}"
    return str(error)


async def boards_found(client: ServiceClient) -> list[dict[str, Any]]:
    """Ask the service which boards are plugged in: url, description, serial_number, problem, remedy."""
    answer = await client.get("/unit_api/boards")
    found = answer.get("boards", []) if isinstance(answer, dict) else answer
    return [board for board in found if isinstance(board, dict)]
