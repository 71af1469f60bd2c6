"""Keeps one link to one board: connects, notices that it is gone, connects again, and always knows the true state.

A port that is not there yet, a board that restarts, a plug that is pulled: all are states a user is told, with what
to do, while this keeps trying.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from device.ack_timeout import AckTimeout
from device.board import (
    BoardDictionary,
    BoardError,
    CommandTimeoutError,
    Connection,
    LinkState,
    NotConnectedError,
)
from device.board_clock import BoardClock
from device.dictionary import DictionaryError, fetch_dictionary
from device.firmware import messages
from device.link import Link, LinkCounters, NoAnswerError, WrongProtocolError, open_link
from device.transport import ConnectError, Connector, Receiver, Transport

_log = logging.getLogger(__name__)

# Between two tries to connect: short at first, because a board that restarts is back within a second or two.
RETRY_FIRST_S = 0.25
RETRY_FACTOR = 1.6
RETRY_CAP_S = 2.0
# The board reports once a second; silent for longer than this it is asked whether it is there.
SILENCE_S = 2.5
# Pings for the clock: some at once, then at this interval.
FIRST_PINGS = 4
PING_INTERVAL_S = 5.0
# So many losses within the window make the link degraded; as long without any makes it well again.
DEGRADED_LOSSES = 3
DEGRADED_WINDOW_S = 10.0
TELEMETRY_PERIOD_MS = 1000
# A wake-up this much too early still counts as in time: loops round their deadlines.
_EARLY_S = 1e-6

_UPDATE = (
    "Install the firmware that comes with this program on the board (see device/README.md), then plug it in again."
)


@dataclass
class _Losses:
    """What was lost on the wire lately."""

    seen: int = 0
    window_began_s: float = 0.0
    seen_at_window: int = 0
    latest_s: float = float("-inf")

    def degraded(self, now_s: float, total: int, is_degraded: bool) -> bool:
        """Tell whether the link is degraded now, given all losses so far."""
        if total != self.seen:
            self.seen, self.latest_s = total, now_s
        if is_degraded:
            return now_s - self.latest_s < DEGRADED_WINDOW_S
        if now_s - self.window_began_s >= DEGRADED_WINDOW_S:
            self.window_began_s, self.seen_at_window = now_s, total
        return total - self.seen_at_window >= DEGRADED_LOSSES


class Reconnector:
    """Holds the link to the board at `url`.

    Args:
        on_telemetry: called with identity, body of each telemetry frame while connected.
        on_change: called with each new state, in the event loop.
        prepare: awaited with each new link before it is told to be connected: the first commands of all.

    Attributes:
        link: the open link; None while there is none.
        connection: the true state.
        dictionary: what the board said of itself, kept while the link is lost.
        clock: maps the board's time to UTC.
        counters: losses so far.
        timing: the round trip.
        reconnects: how often the link came back.
    """

    def __init__(
        self,
        url: str,
        connector: Connector,
        utc_s: Callable[[], float],
        on_telemetry: Callable[[int, bytes], None],
        on_change: Callable[[Connection], None],
        prepare: Callable[[Link], Awaitable[None]],
    ) -> None:
        self._url, self._connector, self._utc_s = url, connector, utc_s
        self._on_telemetry, self._on_change, self._prepare = on_telemetry, on_change, prepare
        self._boot_id: int | None = None
        self._was_connected = False
        # Set when the link is lost or it is time to ask the board whether it is there.
        self._wake = asyncio.Event()
        self._lost_reason = ""
        self._losses = _Losses()
        self._task: asyncio.Task[None] | None = None
        self.link: Link | None = None
        self.connection = Connection(LinkState.NO_BOARD, utc_s(), url, "not opened yet")
        self.dictionary: BoardDictionary | None = None
        self.clock = BoardClock()
        self.counters = LinkCounters()
        self.timing = AckTimeout()
        self.reconnects = 0

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._task is None:
            what = "the simulated board" if self._url.startswith("simulated:") else f"a board at {self._url}"
            self._tell(LinkState.CONNECTING, f"looking for {what}")
            self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"board {self._url}")

    async def stop(self) -> None:
        """Let go of the link and stop trying."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None
        self._drop_link()
        self._tell(LinkState.NO_BOARD, "the board was let go", "Choose a board to connect to.")

    def _drop_link(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None

    # The loop

    async def _keep(self) -> None:
        """Connect, watch until lost, again and again."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                await self._connect()
                wait_s = RETRY_FIRST_S
                await self._watch()
            except (ConnectError, NoAnswerError, WrongProtocolError, DictionaryError, BoardError) as error:
                self._tell_failure(error)
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, keep trying
                _log.exception("Connecting to %s failed unexpectedly", self._url)
                self._tell_failure(NoAnswerError(f"connecting failed: {error}", heard=False))
            finally:
                self._drop_link()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * RETRY_FACTOR, RETRY_CAP_S)

    async def _connect(self) -> None:
        """Open link and session, read the dictionary, set the clock."""
        link = await open_link(self._open_transport, self._on_telemetry, self._link_lost, self.counters, self.timing)
        self.link = link
        if link.boot_id != self._boot_id:
            self._boot_id = link.boot_id
            self.clock.restart()
        await self._prepare(link)
        for _ in range(FIRST_PINGS):
            await self._ping(link)
        self.dictionary = await fetch_dictionary(link)
        await link.request(messages.SET_TELEMETRY_PERIOD, TELEMETRY_PERIOD_MS)
        if self._was_connected:
            self.reconnects += 1
        self._was_connected = True
        now_s = asyncio.get_running_loop().time()
        self._losses = _Losses(self.counters.troubles, now_s, self.counters.troubles)
        self._tell(LinkState.CONNECTED)

    async def _open_transport(self, receiver: Receiver) -> Transport:
        transport = await self._connector(receiver)
        if self.connection.state in (LinkState.NO_BOARD, LinkState.REFUSED):
            self._tell(LinkState.CONNECTING, f"asking the board at {self._url} who it is")
        return transport

    async def _watch(self) -> None:
        """Ping the board, and return when the link is lost."""
        link = self.link
        while link is not None and link.is_open:
            await self._until_ping_is_due(link)
            if link.is_open:
                await self._ping(link)
                self._judge()
        raise NoAnswerError(self._lost_reason, heard=True)

    async def _until_ping_is_due(self, link: Link) -> None:
        """Return after the ping interval; earlier when the board is silent or the link is lost."""
        loop = asyncio.get_running_loop()
        latest_s = loop.time() + PING_INTERVAL_S
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            nonlocal timer
            due_s = min(latest_s, link.heard_s + SILENCE_S)
            if loop.time() < due_s - _EARLY_S:
                timer = loop.call_at(due_s, look)  # whenever it is heard, silence begins anew
            else:
                self._wake.set()

        self._wake.clear()
        look()
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _ping(self, link: Link) -> None:
        """Ask the board for its time: proves it is there, and sets the clock."""
        sent_s = self._utc_s()
        fields = await link.ask(messages.PING, int(sent_s * 1e6))
        self.clock.add_ping(sent_s, self._utc_s(), int(fields["board_us"]))

    def _judge(self) -> None:
        """Tell whether the link is well or loses frames."""
        now_s = asyncio.get_running_loop().time()
        is_degraded = self.connection.state is LinkState.DEGRADED
        if self._losses.degraded(now_s, self.counters.troubles, is_degraded):
            # No numbers here: a state that told each loss anew would flood the log. They are in the statistics.
            detail = "frames are lost or damaged on the way; commands are repeated until they arrive"
            self._tell(LinkState.DEGRADED, detail, "Use a shorter or better cable, or another USB port.")
        elif is_degraded:
            self._tell(LinkState.CONNECTED)

    def telemetry_arrived(self) -> None:
        """Take notice that a report came: the moment to see what was lost before it."""
        if self.connection.is_usable:
            self._judge()

    def _link_lost(self, reason: str) -> None:
        self._lost_reason = reason
        if self.connection.is_usable:
            self._tell(LinkState.LOST, f"{reason}; reconnecting", "Check that the board is plugged in and has power.")
        self._wake.set()

    # What a user is told

    def _tell_failure(self, error: Exception) -> None:
        what = str(error).rstrip(".")
        if isinstance(error, ConnectError) and error.refused:
            self._tell(LinkState.REFUSED, what, error.remedy)
        elif isinstance(error, WrongProtocolError | DictionaryError) or _is_disagreement(error):
            self._tell(LinkState.WRONG_FIRMWARE, what, _UPDATE)
        elif self._was_connected:
            remedy = error.remedy if isinstance(error, ConnectError) else ""
            remedy = remedy or "Check that the board is plugged in and has power."
            self._tell(LinkState.LOST, f"{what}; reconnecting", remedy)
        elif isinstance(error, ConnectError):
            self._tell(LinkState.NO_BOARD, what, error.remedy or "Plug a board in.")
        elif isinstance(error, NoAnswerError) and error.heard:
            self._tell(
                LinkState.WRONG_FIRMWARE, f"something answers at {self._url}, but not as a board of ours", _UPDATE
            )
        else:
            self._tell(LinkState.FOUND, f"{self._url} is there, but no board answers: {what}", _UPDATE)

    def _tell(self, state: LinkState, detail: str = "", remedy: str = "") -> None:
        old = self.connection
        since_utc_s = old.since_utc_s if old.state is state else self._utc_s()
        self.connection = Connection(state, since_utc_s, self._url, detail, remedy)
        if self.connection != old:
            self._on_change(self.connection)


def _is_disagreement(error: Exception) -> bool:
    """Tell whether a board answered, but not as the protocol says."""
    return isinstance(error, BoardError) and not isinstance(error, NotConnectedError | CommandTimeoutError)
