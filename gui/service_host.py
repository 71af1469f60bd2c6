"""Where the window's service comes from: its own child process, or one that already runs somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

WhenWindowDies = Literal["keep", "stop"]


class Address(Protocol):
    """Where a service answers."""

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:4999`."""

    @property
    def found_running(self) -> bool:
        """Whether it ran before this window did."""

    @property
    def token(self) -> str:
        """What requests carry; "" where it is not known, or none is needed."""


@dataclass(frozen=True)
class KnownAddress:
    """The address of a service that somebody else runs."""

    url: str
    found_running: bool = True
    token: str = ""


class HostError(Exception):
    """What was asked of a service's host is not possible; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


# Called with a sentence when the service ended unasked, and with its new address when it is back.
OnEnded = Callable[[str], None]
OnBack = Callable[[Address], None]


class ServiceHost(Protocol):
    """Starts, watches and stops the service."""

    @property
    def is_ours(self) -> bool:
        """Whether this window started the service and may stop or restart it."""

    async def start(self, board_url: str, when_window_dies: WhenWindowDies) -> Address:
        """Start the service, or find the one that owns the data folder.

        Args:
            board_url: "simulated:", a serial port, or "" for none yet.
            when_window_dies: "keep" or "stop".
        """

    def watch(self, ended: OnEnded, back: OnBack) -> None:
        """Be told when the service ends unasked and when it is back."""

    def choose(self, when_window_dies: WhenWindowDies) -> None:
        """Change what the service does when the window is gone without a word."""

    def use_board(self, board_url: str) -> None:
        """Remember the board for the next time the service is started."""

    async def restart(self) -> Address:
        """Stop the service if it still runs, and start it again."""

    async def stop(self) -> None:
        """Bring the service down safely; its outputs are off when this returns."""

    async def leave_running(self) -> None:
        """Let go of the service without stopping it."""


class RunningService:
    """A service somebody else runs; nothing to start, nothing to stop."""

    is_ours = False

    def __init__(self, url: str) -> None:
        self._address = KnownAddress(url)

    async def start(self, board_url: str, when_window_dies: WhenWindowDies) -> Address:
        """Return the address it was given; whether anything answers there the event stream finds out."""
        del board_url, when_window_dies
        return self._address

    def watch(self, ended: OnEnded, back: OnBack) -> None:
        """Nothing can be known of its process; the event stream notices when it is gone."""

    def choose(self, when_window_dies: WhenWindowDies) -> None:
        """Leave it as its owner chose."""

    def use_board(self, board_url: str) -> None:
        """Its owner starts it, not this window."""

    async def restart(self) -> Address:
        """Raise HostError: it is not ours to restart."""
        raise HostError(
            f"The service at {self._address.url} was not started by this window.", "Restart it where it runs."
        )

    async def stop(self) -> None:
        """Leave it alone."""

    async def leave_running(self) -> None:
        """Leave it alone."""
