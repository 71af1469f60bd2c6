"""The service's one link to the board: which board it is, how it is doing, and who must know.

The board keeps trying to reconnect by itself. Whatever it tells goes to the bus as the API's board object and to the
listeners (the job runner), so that every state shown is the true one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from core.bus import BoardChanged, Bus
from core.clock import Clock, timestamp
from core.errors import NotFoundError, UnavailableError
from device.board import (
    Board,
    BoardError,
    BoardEvent,
    ConnectionChanged,
    FaultRaised,
    LinkState,
    OutputWentOff,
    Simulation,
    StatusReported,
    Subscription,
)
from device.discovery import create_board

_log = logging.getLogger(__name__)

# The board object is published at least this often while the board reports, so that figures on screen stay fresh.
_REFRESH_S = 10.0
# The board reports its status at least this often.
_REPORT_WITHIN_S = 5.0

# How the log begins to tell of a state; what the board's connection says of itself follows.
_SAID = {
    LinkState.NO_BOARD: "no board is connected",
    LinkState.CONNECTED: "the board is connected",
    LinkState.DEGRADED: "the link to the board is bad",
    LinkState.WRONG_FIRMWARE: "the board's firmware does not fit",
    LinkState.LOST: "the board was lost",
    LinkState.REFUSED: "the board cannot be used",
}


class BoardLink:
    """Owns the board in use, or none.

    Args:
        create: makes a board from its address.
    """

    def __init__(self, bus: Bus, clock: Clock, create: Callable[[str], Board] | None = None) -> None:
        self._bus = bus
        self._clock = clock
        self._create = create or self._discover
        self._board: Board | None = None
        self._subscription: Subscription | None = None
        self._listeners: list[Callable[[BoardEvent], None]] = []
        self._published_at_s = 0.0
        self._faults_told: set[str] | None = None  # None: the board has reported nothing yet
        self._choosing = asyncio.Lock()
        self._none_since_utc_s = clock.utc_s()
        self.url: str | None = None
        self.seed = 1

    @property
    def board(self) -> Board:
        """The board, if commands can be sent now; raises UnavailableError with the reason otherwise."""
        if self._board is None:
            raise UnavailableError("No board is connected.", remedy="Choose a board, or the simulated one, first.")
        connection = self._board.connection
        if not connection.is_usable:
            raise UnavailableError(
                "The board is not connected.",
                cause=connection.detail or f"The link is {connection.state.value.replace('_', ' ')}.",
                remedy=connection.remedy,
            )
        return self._board

    @property
    def current(self) -> Board | None:
        """The board in use, connected or not."""
        return self._board

    @property
    def is_usable(self) -> bool:
        """Whether commands can be sent now."""
        return self._board is not None and self._board.connection.is_usable

    @property
    def simulation(self) -> Simulation:
        """The hand on the simulated board; raises NotFoundError when the board is a real one."""
        simulation = self._board.simulation if self._board else None
        if simulation is None:
            raise NotFoundError("The board is not a simulated one.", remedy="Connect to the address simulated: first.")
        return simulation

    def listen(self, listener: Callable[[BoardEvent], None]) -> Callable[[], None]:
        """Call `listener` for every event of whatever board is in use; return what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    async def open(self, url: str | None) -> None:
        """Use the board at `url` from now on, None for no board; returns before it is connected.

        Raises ValueError when the address makes no sense.
        """
        try:
            board = self._create(url) if url else None
        except BoardError as error:
            raise ValueError(f"{error}. {error.remedy}") from error
        async with self._choosing:  # one after another: two boards at once would fight over one unit
            await self._let_go()
            self._board, self.url = board, url
            if board is None:
                self._none_since_utc_s = self._clock.utc_s()
            else:
                self._subscription = board.listen(self._hear)
                await board.open()
        self._publish()

    async def close(self) -> None:
        """Let go of the board; a board that can be reached switches everything off first."""
        async with self._choosing:
            await self._let_go()

    async def _let_go(self) -> None:
        board, self._board = self._board, None
        if board is None:
            return
        await board.close()
        if self._subscription:
            self._subscription.cancel()
        self._publish()

    async def clear_faults(self) -> None:
        """Have the board forget its latched faults and tell how it is; what still persists is latched again.

        Raises:
            UnavailableError: there is no link.
            BoardError: the board did not do it.
        """
        board = self.board
        reported = asyncio.Event()
        await board.clear_faults()
        # A report of before the clearing, come while it was on its way, tells nothing of it.
        stop = self.listen(lambda event: reported.set() if isinstance(event, StatusReported) else None)
        try:
            _log.info("The faults of the board were cleared; what still persists is reported again.")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REPORT_WITHIN_S):
                    await reported.wait()
        finally:
            stop()
        self._publish()

    def describe(self) -> dict[str, Any]:
        """Return the API's board object."""
        board = self._board
        if board is None:
            return {
                "link": "disconnected",
                "state": LinkState.NO_BOARD.value,
                "since": timestamp(self._none_since_utc_s),
                "detail": "",
                "remedy": "Choose a board.",
                "url": None,
                "firmware_version": None,
                "is_simulated": False,
            }
        connection, counts = board.connection, board.statistics
        dictionary, status = board.dictionary, board.status
        round_trip_s = counts.round_trip_s
        return {
            "link": self.word,
            "state": connection.state.value,
            "since": timestamp(connection.since_utc_s),
            "detail": connection.detail,
            "remedy": connection.remedy,
            "url": self.url,
            "is_simulated": board.simulation is not None,
            "board_name": dictionary.board_name if dictionary else None,
            "serial_number": dictionary.serial_number if dictionary else None,
            "firmware_version": dictionary.firmware_version if dictionary else None,
            "round_trip_ms": None if round_trip_s is None else round(round_trip_s * 1000, 3),
            "frames_lost": counts.telemetry_lost,
            "commands_repeated": counts.commands_repeated,
            "heater_celsius": status.heater_celsius if status else None,
            "supply_v": round(status.supply_v, 3) if status and status.supply_v is not None else None,
            "faults": list(status.faults) if status else [],
        }

    @property
    def word(self) -> str:
        """`connected`, `simulated` or `disconnected`."""
        if self._board is None or not self.is_usable:
            return "disconnected"
        return "simulated" if self._board.simulation else "connected"

    def _discover(self, url: str) -> Board:
        return create_board(url, utc_s=self._clock.utc_s, seed=self.seed)

    def _hear(self, event: BoardEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - one deaf listener must not silence the others
                _log.exception("A listener failed on %s", type(event).__name__)
        if isinstance(event, ConnectionChanged):
            self._log_connection(event)
        elif isinstance(event, FaultRaised):
            _log.error("The board reports a fault: %s.", ", ".join(event.faults) or "cleared")
        elif isinstance(event, OutputWentOff):
            _log.warning("The board switched %s off by itself: %s.", event.output, event.reason)
        if not isinstance(event, StatusReported) or self._is_stale() or set(event.status.faults) != self._faults_told:
            self._publish()

    def _log_connection(self, event: ConnectionChanged) -> None:
        if self._board is None:
            _log.info("The board was let go.")
            return
        connection = event.connection
        is_fine = connection.state in (LinkState.CONNECTED, LinkState.FOUND, LinkState.CONNECTING)
        parts = (_SAID.get(connection.state, ""), connection.detail, connection.remedy)
        words = [f"{text[0].upper()}{text[1:].rstrip('.')}." for text in parts if text]
        _log.log(logging.INFO if is_fine else logging.WARNING, "%s", " ".join(words))

    def _is_stale(self) -> bool:
        return self._clock.monotonic_s() - self._published_at_s >= _REFRESH_S

    def _publish(self) -> None:
        self._published_at_s = self._clock.monotonic_s()
        status = self._board.status if self._board else None
        self._faults_told = set(status.faults) if status else None
        self._bus.publish(BoardChanged(self.describe()))
